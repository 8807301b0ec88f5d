"""A scripted model server in a process of its own, which knows to the microsecond what it sent when.

`python -m benchmarks.model_server` prints its port as one line and ends when its standard input does.
It is raw asyncio, because a framework's own delays would be charged to whoever is measured.

It speaks Chat Completions and the Responses API, to each client the one it asks for, and streams words
that carry their own address: `t7.42 ` is piece 42 of turn 7, and thinking; `a7.43 ` is answer. Whoever
sees one of them in any output knows which write it was. All times are CLOCK_MONOTONIC, in seconds, and
so comparable with those of every other process of this machine.

Control, on the same port: `POST /script` takes a `Script` and forgets the turns so far; `GET /turns`
gives the list of `Turn`s.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
END = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Script:
    """How every turn is answered, until there is another script."""

    thinking: int = 50
    """Pieces of thinking."""
    answer: int = 50
    """Pieces of the answer, after it."""
    pace_ms: float = 20.0
    """Between two pieces; 0 sends all of them at once."""
    hold: bool = False
    """Whether the stream stays open, silent, after the last piece, as that of a model in thought."""

    @property
    def pieces(self) -> int:
        """How many there are in all."""
        return self.thinking + self.answer


@dataclass(slots=True)
class Turn:
    """What happened to one request."""

    number: int
    path: str
    request_at: float
    """When the whole request had arrived."""
    body_bytes: int
    body: str
    sent_at: list[float] = field(default_factory=list)
    """When each piece was handed to the kernel; one time alone if all were sent at once."""
    closed_at: float | None = None
    """When the client closed the connection."""


class ModelServer:
    """The script, and the turns since it was set."""

    def __init__(self) -> None:
        self.script = Script()
        self.turns: list[Turn] = []
        self.numbers = 0

    def control(self, method: str, path: str, body: bytes) -> bytes | None:
        """The answer to what is no question to the model, as JSON; None if it is one."""
        match method, path:
            case "POST", "/script":
                self.script, self.turns = Script(**json.loads(body)), []
                return b"{}"
            case "GET", "/turns":
                return json.dumps([asdict(turn) for turn in self.turns]).encode()
            case "GET", _:
                models = [{"id": "bench", "object": "model", "owned_by": "bench"}]
                return json.dumps({"object": "list", "data": models, "models": []}).encode()
            case _:
                return None

    def turn(self, path: str, body: bytes, at: float) -> Turn:
        """The record of a new turn."""
        # A request body of 50 KB per turn would only be carried about: the first is as good as all.
        kept = "" if self.turns else body.decode()
        turn = Turn(self.numbers, path, at, len(body), kept)
        self.numbers += 1
        self.turns.append(turn)
        return turn


class Connection(asyncio.Protocol):
    """One client's connection: kept alive, one request after the other."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._turn: Turn | None = None  # the one that is being answered
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        at = time.monotonic()
        self._buffer += data
        while (request := self._take()) is not None:
            method, path, body = request
            answer = self._server.control(method, path, body)
            if answer is not None:
                self._transport.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                    b"content-length: %d\r\n\r\n%s" % (len(answer), answer)
                )
            elif path.endswith(("/chat/completions", "/responses")):
                self._begin(self._server.turn(path, body, at))
            else:
                self._transport.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop writing, and note when; `exc` or not, the client is gone."""
        del exc
        if self._turn is not None:
            self._turn.closed_at = time.monotonic()
        if self._timer is not None:
            self._timer.cancel()

    def _take(self) -> tuple[str, str, bytes] | None:
        """The next whole request: method, path and body."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        stop = end + 4 + int(headers.get("content-length", 0))
        if len(self._buffer) < stop:
            return None
        body = bytes(self._buffer[end + 4 : stop])
        del self._buffer[:stop]
        method, target, _ = first.split(" ")
        return method, target.partition("?")[0], body

    def _begin(self, turn: Turn) -> None:
        self._turn = turn
        script = self._server.script
        wire = responses if turn.path.endswith("/responses") else chat
        parts = (b"%x\r\n%s\r\n" % (len(part), part) for part in wire(script, turn.number))
        if script.pace_ms:
            self._transport.write(HEAD)
            self._pace(turn, parts, asyncio.get_running_loop().time(), script)
            return
        body = b"".join(islice(parts, script.pieces) if script.hold else [*parts, END])
        turn.sent_at.append(time.monotonic())
        self._transport.write(HEAD + body)
        if not script.hold:
            self._turn = None

    def _pace(self, turn: Turn, parts: Iterator[bytes], due: float, script: Script) -> None:
        """Send the next piece, and come back when the one after it is due."""
        part = next(parts)
        if len(turn.sent_at) < script.pieces:
            turn.sent_at.append(time.monotonic())
            self._transport.write(part)
            due += script.pace_ms / 1000
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(due, self._pace, turn, parts, due, script)
        elif not script.hold:
            self._transport.write(part + END)
            self._turn = None


def words(script: Script, number: int) -> Iterator[tuple[bool, str]]:
    """Each piece: whether it is thinking, and its text."""
    for index in range(script.pieces):
        thinking = index < script.thinking
        yield thinking, f"{'t' if thinking else 'a'}{number}.{index} "


def chat(script: Script, number: int) -> Iterator[bytes]:
    """One part for each piece, and one for the end: Chat Completions."""
    base = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"bench"'
    for thinking, word in words(script, number):
        delta = f'{{"{"reasoning" if thinking else "content"}":"{word}"}}'
        choice = f'{{"index":0,"delta":{delta},"finish_reason":null}}'
        yield f'data: {{{base},"choices":[{choice}]}}\n\n'.encode()
    usage = {"prompt_tokens": 9, "completion_tokens": script.pieces}
    usage["total_tokens"] = sum(usage.values())
    yield (
        f'data: {{{base},"choices":[{{"index":0,"delta":{{}},"finish_reason":"stop"}}]}}\n\n'
        f'data: {{{base},"choices":[],"usage":{json.dumps(usage)}}}\n\ndata: [DONE]\n\n'
    ).encode()


def responses(script: Script, number: int) -> Iterator[bytes]:
    """One part for each piece, and one for the end: the Responses API.

    What opens and closes an item travels with the piece beside it.
    """
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    message: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "assistant"}
    pieces = list(words(script, number))
    said = {
        kind: "".join(word for thinking, word in pieces if thinking is kind)
        for kind in (True, False)
    }
    whole_thought = {**thought, "content": [{"type": "reasoning_text", "text": said[True]}]}
    whole_message = {
        **message,
        "status": "completed",
        "content": [{"type": "output_text", "text": said[False], "annotations": []}],
    }
    opening = _event("response.created", response={"id": "resp_1", "status": "in_progress"})
    for index, (thinking, word) in enumerate(pieces):
        if index == 0 and thinking:
            opening += _event("response.output_item.added", output_index=0, item=thought)
        if index == script.thinking:
            if script.thinking:
                opening += _event("response.output_item.done", output_index=0, item=whole_thought)
            item = {**message, "status": "in_progress", "content": []}
            opening += _event("response.output_item.added", output_index=1, item=item)
        kind = "response.reasoning_text.delta" if thinking else "response.output_text.delta"
        where = {
            "item_id": "rs_1" if thinking else "msg_1",
            "output_index": 0 if thinking else 1,
            "content_index": 0,
        }
        yield opening + _event(kind, **where, delta=word)
        opening = b""
    ends = _event("response.output_item.done", output_index=1, item=whole_message)
    usage = {"input_tokens": 9, "output_tokens": script.pieces, "total_tokens": script.pieces + 9}
    usage_details = {
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": script.thinking},
    }
    response = {
        "id": "resp_1",
        "status": "completed",
        "output": [whole_thought, whole_message],
        "usage": {**usage, **usage_details},
    }
    yield ends + _event("response.completed", response=response)


def _event(kind: str, **values: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n".encode()


async def serve() -> None:
    """Serve on a free loopback port until standard input ends."""
    server = ModelServer()
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=512)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(serve())
