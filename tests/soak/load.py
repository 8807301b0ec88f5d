"""Many users at one language server for a while, each with a document and one conversation after another.

Each of them asks turn after turn, in threads of five; between two turns it edits its document. What
every turn says is compared with what the model server sent (`script`), on the screen, in the reply and in
the thread's file.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from codex_ls.turn.kept_thread import thread_from
from tests.soak.client import LoadClient
from tests.soak.samples import Sample, holds
from tests.soak.script import Script
from tests.support.lsp_client import Message

TURNS_PER_THREAD = 5
EDITS_PER_TURN = 10
_SAMPLE_S = 0.25
_CLOSING_S = 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """How much, and for how long."""

    seconds: float
    users: int = 64
    pieces: int = 60
    """Each turn has up to so many pieces of thinking, and as many of answer."""
    pause_ms: int = 20
    """Between two pieces."""
    seed: int = 1


@dataclass(slots=True)
class Soaked:
    """What was seen."""

    turns: dict[str, int] = field(default_factory=dict)
    """How many turns had which fate."""
    edits: int = 0
    faults: list[str] = field(default_factory=list)
    """Every turn whose text was not what was sent, and everything else that should not be."""
    samples: list[Sample] = field(default_factory=list)
    at_rest: Sample | None = None
    """The last look, with no turn running and the client still there."""
    first_words: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, and milliseconds from the question to the first piece of text."""
    cancels: list[tuple[float, float]] = field(default_factory=list)
    """The same, from a cancel to the turn's reply."""
    open_at_the_end: int = -1
    """Connections at the model server when the client has left."""
    exit_code: int = -1


async def soak(load: Load, home: Path) -> Soaked:
    """Run the load with `home` as the (empty) configuration folder."""
    seen = Soaked()
    async with model_server() as model:
        write_config(home, model.port)
        async with LoadClient.spawned(env={"CODEX_HOME": str(home)}) as client:
            users = _Users(load, client, home, seen)
            async with asyncio.TaskGroup() as group:
                sampling = group.create_task(_sample(users, model, seen))
                async with asyncio.TaskGroup() as asking:
                    for number in range(load.users):
                        asking.create_task(users.one(number))
                sampling.cancel()
            seen.at_rest = await _look_at_rest(users, model)
            seen.faults += [f"nobody asked for {message}" for message in client.stray]
            seen.exit_code = await client.leave()
        seen.open_at_the_end = await model.open_connections()
    return seen


class _Users:
    def __init__(self, load: Load, client: LoadClient, home: Path, seen: Soaked) -> None:
        self.load, self.client, self.seen = load, client, seen
        self.started_at = time.perf_counter()
        self.asking = 0
        self._threads = home / "codex-ls" / "threads"
        self._numbers = count()

    @property
    def now_s(self) -> float:
        return time.perf_counter() - self.started_at

    async def one(self, user: int) -> None:
        """Ask until the time is over."""
        uri = f"file:///soak/{user}.py"
        document = {"uri": uri, "languageId": "python", "version": 1, "text": "x = 1\n" * 50}
        await self.client.notify("textDocument/didOpen", {"textDocument": document})
        while self.now_s < self.load.seconds:
            thread_id, turns = None, []
            for _ in range(TURNS_PER_THREAD):
                await self._edit(uri)
                script = Script.of(
                    next(self._numbers),
                    seed=self.load.seed,
                    pieces=self.load.pieces,
                    pause_ms=self.load.pause_ms,
                )
                result = await self._turn(script, thread_id)
                if result is None:
                    return
                thread_id = result["threadId"]
                turns.append((result["reasoning"], result["content"]))
                if self.now_s > self.load.seconds:
                    break
            self._compare_file(str(thread_id), turns)

    async def _edit(self, uri: str) -> None:
        end = {"line": 3, "character": 1}
        change = {"range": {"start": {"line": 3, "character": 0}, "end": end}, "text": "y"}
        for version in range(EDITS_PER_TURN):
            params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
            await self.client.notify("textDocument/didChange", params)
        self.seen.edits += EDITS_PER_TURN

    async def _turn(self, script: Script, thread_id: str | None) -> Message | None:
        """Ask one turn, and judge it; None if there was no result at all."""
        screen = _Screen(script, started_at=time.perf_counter())
        params = {"prompt": script.prompt, "workDoneToken": f"turn-{script.number}"}
        if thread_id is not None:
            params["threadId"] = thread_id
        self.asking += 1
        try:
            message_id, reply = self.client.begin("codex/exec", params, on_value=screen.take)
            screen.cancel = partial(self.client.tell, "$/cancelRequest", {"id": message_id})
            message = await reply
        finally:
            self.asking -= 1
        self.seen.turns[script.fate] = self.seen.turns.get(script.fate, 0) + 1
        if screen.first_word_ms is not None:
            self.seen.first_words.append((self.now_s, screen.first_word_ms))
        if screen.cancelled_at is not None:
            waited_ms = (time.perf_counter() - screen.cancelled_at) * 1000
            self.seen.cancels.append((self.now_s, waited_ms))
        if "error" in message:
            self.seen.faults.append(f"turn {script.number}: {message['error']}")
            return None
        result: Message = message["result"]
        shown = ("".join(screen.reasoning), "".join(screen.content))
        if shown != (result["reasoning"], result["content"]):
            self.seen.faults.append(f"turn {script.number}: screen and reply differ")
        if screen.numbers != list(range(len(screen.numbers))):
            self.seen.faults.append(f"turn {script.number}: events are missing or doubled")
        if wrong := script.what_is_wrong(result["status"], *shown):
            self.seen.faults.append(wrong)
        return result

    def _compare_file(self, thread_id: str, turns: list[tuple[str, str]]) -> None:
        path = self._threads / f"{thread_id}.jsonl"
        kept = thread_from(thread_id, path.read_bytes()).turns
        if [(turn.reasoning, turn.content) for turn in kept] != turns:
            self.seen.faults.append(f"thread {thread_id}: its file is not what was shown")
        path.unlink()


class _Screen:
    """What one turn has shown."""

    def __init__(self, script: Script, *, started_at: float) -> None:
        self.reasoning: list[str] = []
        self.content: list[str] = []
        self.numbers: list[int] = []
        self.first_word_ms: float | None = None
        self.cancelled_at: float | None = None
        self.cancel: Callable[[], None] | None = None
        self._script = script
        self._started_at = started_at
        self._shown = 0

    def take(self, value: Message) -> None:
        event = value["codex"]
        self.numbers.append(event["seq"])
        if event["type"] not in ("reasoning", "content"):
            return
        if self.first_word_ms is None:
            self.first_word_ms = (time.perf_counter() - self._started_at) * 1000
        (self.reasoning if event["type"] == "reasoning" else self.content).append(event["text"])
        self._shown += event["text"].count(f"{self._script.number}.{event['type'][0]}")
        if (
            self._script.fate == "cancel"
            and self.cancel is not None
            and self.cancelled_at is None
            and self._shown >= self._script.ends_after
        ):
            self.cancelled_at = time.perf_counter()
            self.cancel()


async def _sample(users: _Users, model: "Model", seen: Soaked) -> None:
    while True:
        seen.samples.append(await _look(users, model))
        await asyncio.sleep(max(_SAMPLE_S, users.load.seconds / 600))


async def _look_at_rest(users: _Users, model: "Model") -> Sample:
    """A look when no connection is on its way out any more."""
    look = await _look(users, model)
    while True:
        await asyncio.sleep(_CLOSING_S)
        before, look = look, await _look(users, model)
        if look.open_connections == before.open_connections:
            return look


async def _look(users: _Users, model: "Model") -> Sample:
    open_connections = await model.open_connections()
    held = holds(users.client.process.pid)
    return Sample(users.now_s, *held, users.asking, open_connections)


@dataclass(frozen=True, slots=True)
class Model:
    """The model server's process."""

    process: asyncio.subprocess.Process
    port: int

    async def open_connections(self) -> int:
        """How many connections it has."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /soak HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = await reader.read()
        writer.close()
        return int(json.loads(reply.partition(b"\r\n\r\n")[2])["open"])


@contextlib.asynccontextmanager
async def model_server(port: int = 0) -> AsyncIterator[Model]:
    """A model server of its own process, which ends with this one."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak.model", str(port)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd()},  # noqa: PTH109
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Model(process, json.loads(await process.stdout.readline())["port"])
    finally:
        process.stdin.close()
        await process.wait()


def write_config(home: Path, port: int) -> None:
    """Let the model server be the one that is asked."""
    (home / "config.toml").write_text(
        'model = "test-model"\nmodel_provider = "soak"\n'
        '[model_providers.soak]\nname = "Soak"\nwire_api = "chat"\nrequest_max_retries = 0\n'
        f'base_url = "http://127.0.0.1:{port}/v1"\n'
    )
