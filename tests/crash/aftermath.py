"""What a killed program leaves: its processes, its files, its connections."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codex_ls.turn.kept_thread import KeptTurn, thread_from
from tests.support.answers import Answer
from tests.support.model_connection import Request
from tests.support.model_server import ModelServer
from tests.support.streams import Pause, Text, chat_stream

PIECE_S = 0.002
PIECES = 40
TURN_S = 2 * PIECES * PIECE_S
"""How long a turn of `Talker` takes at least."""

_SOON_S = 20.0


def pieces(turn: int, kind: str) -> list[str]:
    """What the model says in its turn with that number."""
    return [f"{turn}.{kind[0]}{index} ünd " for index in range(PIECES)]


class Talker(ModelServer):
    """A model server that answers its Nth question with numbered pieces, two milliseconds apart."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.on(self._talk)

    def _talk(self, request: Request) -> Answer | None:
        if not request.is_turn:
            return None
        texts: dict[str, list[Text]] = {"reasoning": [], "content": []}
        for kind, said in texts.items():
            for piece in pieces(self.asked, kind):
                said += [piece, Pause(PIECE_S)]
        self.asked += 1
        return chat_stream(reasoning=texts["reasoning"], content=texts["content"], usage=(9, 80))

    def forget_record(self) -> None:
        """Count requests from 0 again."""
        self.requests.clear()
        self._arrivals.clear()

    async def is_left_alone(self) -> float:
        """Wait until nobody is connected any more; the `time.perf_counter()` of that, 0 if nobody was."""
        left_at = 0.0
        for connection in self.connections:
            await connection.hung_up.wait()
            left_at = max(left_at, connection.hung_up.at or 0.0)
        self.connections.clear()
        return left_at


@dataclass(slots=True)
class Screen:
    """Every piece of one turn that somebody has seen."""

    thread_id: str = ""
    reasoning: str = ""
    content: str = ""

    def show(self, event: dict[str, str]) -> None:
        """Take one typed event of `codex/exec`."""
        match event["type"]:
            case "begin":
                self.thread_id = event["threadId"]
            case "reasoning":
                self.reasoning += event["text"]
            case "content":
                self.content += event["text"]


@dataclass(slots=True)
class Home:
    """A `$CODEX_HOME`, which also marks every process that was started with it."""

    path: Path
    more_env: dict[str, str] = field(default_factory=dict)
    _torn: dict[Path, int] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """The environment of whoever is started here."""
        return {"CODEX_HOME": str(self.path), "HOME": str(self.path), **self.more_env}

    def configure(self, base_url: str) -> None:
        """Let the model server there be the one that is asked."""
        (self.path / "config.toml").write_text(
            'model = "test-model"\nmodel_provider = "fake"\n'
            f'[model_providers.fake]\nname = "Fake"\nbase_url = "{base_url}"\n'
            'wire_api = "chat"\nrequest_max_retries = 0\n'
        )

    # ---- processes -----------------------------------------------------------------------------

    def processes(self) -> list[int]:
        """Everything that runs with this home or in it, whoever its parent is by now.

        A child may get an environment of its own; where it runs it inherits.
        """
        mark = f"CODEX_HOME={self.path}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (
                    mark in (entry / "environ").read_bytes().split(b"\0")
                    or (entry / "cwd").readlink() == self.path
                ):
                    found.append(int(entry.name))
        return found

    async def until_nothing_runs(self) -> None:
        """Wait until nothing runs any more."""
        started = time.perf_counter()
        while left := self.processes():
            assert time.perf_counter() - started < _SOON_S, f"still running: {left}"
            await asyncio.sleep(0.01)

    def end_what_is_left(self) -> None:
        """Leave nothing of a failed test behind."""
        for process_id in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)

    # ---- files ---------------------------------------------------------------------------------

    def has(self, thread_id: str) -> bool:
        """Whether the thread's file has any turn."""
        return self._file(thread_id).exists() and bool(self.turns(thread_id))

    def turns(self, thread_id: str) -> Sequence[KeptTurn]:
        """What the thread's file has."""
        return thread_from(thread_id, self._file(thread_id).read_bytes()).turns

    def _file(self, thread_id: str) -> Path:
        return self.path / "codex-ls" / "threads" / f"{thread_id}.jsonl"

    def check(self, screen: Screen, turn: int) -> KeptTurn | None:
        """The turn on that screen as its file has it; None if it has no text.

        All that was shown is in it, and nothing that the model has not said.
        """
        self.check_files()
        if not screen.thread_id or not self.has(screen.thread_id):
            assert not screen.reasoning, "the thread is not there"
            return None
        kept = self.turns(screen.thread_id)[-1]
        if not kept.reasoning.startswith(f"{turn}."):  # the turn was killed before its first word
            assert not screen.reasoning, "the turn is not there"
            return None
        said = {kind: "".join(pieces(turn, kind)) for kind in ("reasoning", "content")}
        assert kept.reasoning.startswith(screen.reasoning)
        assert kept.content.startswith(screen.content)
        assert said["reasoning"].startswith(kept.reasoning)
        assert said["content"].startswith(kept.content)
        assert not kept.content or kept.reasoning == said["reasoning"]
        return kept

    def check_files(self) -> None:
        """No lock, no half-made file, and no line that is torn where nobody was killed."""
        for path in self.path.rglob("*"):
            name = path.relative_to(self.path).as_posix()
            if path.is_dir() or name == "config.toml":
                continue
            assert name == "codex-ls/turns.jsonl" or (
                name.startswith("codex-ls/threads/") and name.endswith(".jsonl")
            ), name
            lines = path.read_bytes().split(b"\n")
            torn = sum(not _is_json(line) for line in lines if line)
            assert torn <= self._torn.get(path, 0) + 1, f"{name}: {torn} torn lines"
            self._torn[path] = torn


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
