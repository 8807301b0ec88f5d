"""A server for editors, and the least client that it takes: what came is stamped, and read later.

A client that parsed every message as it came would be measured with the server. So what is read is put
away with its time, and only searched for the few bytes that say that a turn has ended.
"""

import json
import re
import select
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.contenders import NEW, Contender
from benchmarks.pieces import Chunk

WAIT_S = 120.0
_READ_BYTES = 1 << 20
_HEADER = re.compile(rb"Content-Length: \d+\r\n(?:[\w-]+: [^\r\n]*\r\n)*\r\n")

Message = dict[str, Any]


class EditorServer(ABC):
    """A context manager: a running server, and the connection to it."""

    ended: re.Pattern[bytes]
    """What every ended turn brings exactly once."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._ids = 0
        self.chunks: list[Chunk] = []
        """What has been read since `forget`."""

    def __enter__(self) -> Self:
        self._log = tempfile.TemporaryFile()
        self.started_at = time.monotonic()
        self._process = subprocess.Popen(
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._contender.env,
            cwd=self._contender.folder,
            bufsize=0,
        )
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        self._out, self._in = self._process.stdout, self._process.stdin
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._in.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()
        self._log.close()

    def _command(self) -> tuple[str, ...]:
        assert self._contender.editor is not None
        return self._contender.editor

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @abstractmethod
    def initialize(self) -> float:
        """Greet; return when the greeting was answered."""

    @abstractmethod
    def prepare(self, conversations: int) -> None:
        """Open so many conversations, where the protocol wants that before a turn."""

    @abstractmethod
    def ask(self, conversation: int = 0, *, prompt: str = "hi") -> float:
        """Begin a turn; return when its request was written."""

    def ask_about(self, path: Path, text: str) -> None:
        """Begin a turn about a file, whose text goes along as this protocol has it."""
        self.ask(prompt=f"Explain {path.name}:\n{text}")

    @abstractmethod
    def cancel(self) -> float:
        """Cancel the turn that was begun last; return when that was written."""

    def forget(self) -> None:
        """Drop what has been read."""
        self.chunks.clear()

    def wait_for_ends(self, count: int = 1) -> None:
        """Read until so many turns have ended since `forget`."""
        counter = _Counter(self.ended, count)
        if not any(counter(data) for _, data in self.chunks):
            self._read_until(counter)

    def wait_for(self, pattern: re.Pattern[bytes]) -> None:
        """Read until this has come. Raises RuntimeError if the turn has ended without it."""
        came, ended = _Counter(pattern, 1), _Counter(self.ended, 1)

        def enough(data: bytes) -> bool:
            there, over = came(data), ended(data)
            return there or over

        self._read_until(enough)
        if not came(b""):
            said = b"".join(data for _, data in self.chunks)[-500:].decode(errors="replace")
            raise RuntimeError(f"{self._contender.key} ended a turn without a word: {said}")

    def read_for(self, limit_s: float) -> None:
        """Read what comes in this time."""
        end = time.monotonic() + limit_s
        while (rest := end - time.monotonic()) > 0:
            self._read(rest)

    def settle(self, quiet_s: float = 0.1) -> None:
        """Read until nothing has come for this long."""
        while self._read(quiet_s) is not None:
            pass

    def _call(self, method: str, params: Message) -> tuple[Message, float]:
        """Send a request; return its result, and when that had come."""
        message_id = self._send(method, params)
        found: list[Message] = []
        from_here = len(self.chunks)

        def answered(_: bytes) -> bool:
            data = b"".join(data for _, data in self.chunks[from_here:])
            found.extend(x for x in self._messages(data) if x.get("id") == message_id)
            return bool(found)

        self._read_until(answered)
        result: Message = found[0]["result"]
        return result, self.chunks[-1][0]

    def _send(self, method: str, params: Message, *, notification: bool = False) -> int:
        message: Message = {"jsonrpc": "2.0", "method": method, "params": params}
        if not notification:
            self._ids += 1
            message["id"] = self._ids
        frame = memoryview(self._frame(json.dumps(message).encode()))
        while frame:
            frame = frame[self._in.write(frame) :]
        return self._ids

    @abstractmethod
    def _frame(self, body: bytes) -> bytes: ...

    @abstractmethod
    def _messages(self, data: bytes) -> list[Message]:
        """The whole messages of this."""

    def _read(self, limit_s: float) -> bytes | None:
        if not select.select([self._out], [], [], limit_s)[0]:
            return None
        data: bytes = self._out.read(_READ_BYTES)
        if not data:
            self._log.seek(0)
            said = self._log.read().decode(errors="replace")[-500:]
            raise RuntimeError(f"{self._contender.key} left: {said}")
        self.chunks.append((time.monotonic(), data))
        return data

    def _read_until(self, enough: Callable[[bytes], bool]) -> None:
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            data = self._read(1.0)
            if data is not None and enough(data):
                return
        raise TimeoutError(f"{self._contender.key} did not answer within {WAIT_S} s")


class _Counter:
    """Whether a pattern has come so often, even where a read cuts it in two."""

    def __init__(self, pattern: re.Pattern[bytes], count: int) -> None:
        self._pattern = pattern
        self._missing = count
        self._rest = b""

    def __call__(self, data: bytes) -> bool:
        whole = self._rest + data
        end = 0
        for match in self._pattern.finditer(whole):
            self._missing -= 1
            end = match.end()
        self._rest = whole[max(end, len(whole) - 32) :]
        return self._missing <= 0


class LanguageServer(EditorServer):
    """`codex-ls serve`: LSP with `codex/exec`."""

    ended = re.compile(rb'"type": ?"done"')

    def initialize(self) -> float:
        capabilities = {"window": {"workDoneProgress": True}}
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        _, at = self._call("initialize", params)
        self._send("initialized", {}, notification=True)
        return at

    def prepare(self, conversations: int) -> None:
        del conversations  # a turn without a thread begins one

    def ask(self, conversation: int = 0, *, prompt: str = "hi") -> float:
        at = time.monotonic()
        token = f"turn-{self._ids + 1}-{conversation}"
        self._send("codex/exec", {"prompt": prompt, "workDoneToken": token})
        return at

    def ask_about(self, path: Path, text: str) -> None:
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
        self._send("textDocument/didOpen", {"textDocument": document}, notification=True)
        where = {"textDocument": {"uri": path.as_uri()}, "intent": "explain"}
        self._send("codex/exec", {"prompt": "", "workDoneToken": "about", **where})

    def cancel(self) -> float:
        at = time.monotonic()
        self._send("$/cancelRequest", {"id": self._ids}, notification=True)
        return at

    def results(self) -> list[Message]:
        """What the turns since `forget` were answered with."""
        found = self._messages(b"".join(data for _, data in self.chunks))
        return [message["result"] for message in found if "status" in message.get("result", {})]

    def _frame(self, body: bytes) -> bytes:
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)

    def _messages(self, data: bytes) -> list[Message]:
        return _whole(_HEADER.split(data))


class AppServer(EditorServer):
    """`codex app-server`: a JSON message a line."""

    ended = re.compile(rb'"method":"turn/completed"')

    def initialize(self) -> float:
        client = {"name": "bench", "title": "bench", "version": "1"}
        _, at = self._call("initialize", {"clientInfo": client})
        self._send("initialized", {}, notification=True)
        return at

    def prepare(self, conversations: int) -> None:
        work = {"cwd": str(self._contender.folder)}
        calls = (self._call("thread/start", work) for _ in range(conversations))
        self._threads = [result["thread"]["id"] for result, _ in calls]

    def ask(self, conversation: int = 0, *, prompt: str = "hi") -> float:
        at = time.monotonic()
        thread = self._threads[conversation]
        self._last = thread
        self._send("turn/start", {"threadId": thread, "input": [{"type": "text", "text": prompt}]})
        return at

    def cancel(self) -> float:
        data = b"".join(data for _, data in self.chunks)
        started = [x for x in self._messages(data) if x.get("method") == "turn/started"]
        turn = started[-1]["params"]["turn"]["id"]
        at = time.monotonic()
        self._send("turn/interrupt", {"threadId": self._last, "turnId": turn})
        return at

    def _frame(self, body: bytes) -> bytes:
        return body + b"\n"

    def _messages(self, data: bytes) -> list[Message]:
        return _whole(data.splitlines())


class AgentServer(EditorServer):
    """An agent of the Agent Client Protocol: a JSON message a line."""

    ended = re.compile(rb'"stopReason": ?"')

    def initialize(self) -> float:
        _, at = self._call("initialize", {"protocolVersion": 1, "clientCapabilities": {}})
        return at

    def prepare(self, conversations: int) -> None:
        work = {"cwd": str(self._contender.folder), "mcpServers": []}
        calls = (self._call("session/new", work) for _ in range(conversations))
        self._sessions = [result["sessionId"] for result, _ in calls]

    def ask(self, conversation: int = 0, *, prompt: str = "hi") -> float:
        at = time.monotonic()
        words = [{"type": "text", "text": prompt}]
        self._last = self._sessions[conversation]
        self._send("session/prompt", {"sessionId": self._last, "prompt": words})
        return at

    def cancel(self) -> float:
        at = time.monotonic()
        self._send("session/cancel", {"sessionId": self._last}, notification=True)
        return at

    def _command(self) -> tuple[str, ...]:
        assert self._contender.agent is not None
        return self._contender.agent

    def _frame(self, body: bytes) -> bytes:
        return body + b"\n"

    def _messages(self, data: bytes) -> list[Message]:
        return _whole(data.splitlines())


def _whole(bodies: list[bytes]) -> list[Message]:
    """The messages that are whole."""
    messages = []
    for body in bodies:
        try:
            messages.append(json.loads(body))
        except ValueError:
            continue
    return messages


def editor_server(contender: Contender) -> EditorServer:
    """The contender's server for editors, not yet started."""
    return AppServer(contender) if contender.key == NEW else LanguageServer(contender)
