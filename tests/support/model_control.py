"""Drives the fake model server from other languages: a scenario in JSON, and control over HTTP.

::

    python -m tests.support.model_server --scenario file.json --port 0 [--with-stdin]

prints one line, `{"port": 40123, "origin": "http://127.0.0.1:40123"}`, and serves until it is
killed (or, with `--with-stdin`, until its standard input ends: when the parent process dies).

A scenario is an object; every key may be left out:

    {"answers": [ANSWER, ...],              one for each model request, in order
     "always": ANSWER,                      when they are used up
     "routes": {"GET /v1/models": ANSWER}}

An ANSWER has exactly one of these keys, and `"before": [PIECE, ...]` beside it if something happens
before the status line; `"atOnce": true` sends neighbouring pieces in one write.

    {"chat": {...}}        arguments of streams.chat_stream: reasoning, content, field, usage, ...
    {"responses": {...}}   ... of streams.responses_stream
    {"ollama": {...}}      ... of streams.ollama_stream
    {"lmstudio": {...}}    ... of streams.lmstudio_stream
    {"error": {"status": 429, "message": "slow down", "headers": {"Retry-After": "1"}}}
    {"json": VALUE}
    {"stream": "tests/fixtures/streams/.../stream.sse"}     a recorded body, as an event stream
    {"http": {"status": 200, "headers": {}, "framing": "chunked", "body": [PIECE, ...]}}

A PIECE is a string, `{"base64": "..."}`, `{"repeat": "...", "times": 1000}`, `{"gate": "name"}`,
`{"pauseMs": 50}`, or a cut: `{"cut": "stall"}`, `reset`, `close`, `half_close`. Gates, pauses and
cuts may stand among the texts of `reasoning` and `content` too.

Control (never recorded). `N` counts model requests from 0. A wait that takes longer than
`?timeoutMs=` (default 10000) is answered with 504.

    GET  /control/log                  {"requests": [...], "connections": N, "openConnections": N,
                                        "peakConnections": N, "gates": {...}, "unexpected": N}
    POST /control/answers              a scenario to add
    POST /control/reset                drops script and record
    POST /control/gates/NAME/open
    GET  /control/gates/NAME/reached   waits until the stream is held there
    GET  /control/turns/N              waits until that request has arrived; gives it
    GET  /control/turns/N/hung-up      waits until its client hung up; gives {"afterMs": 812},
                                       counted from the request's arrival
"""

import argparse
import asyncio
import base64
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from tests.support.model_server import ModelServer, Request
from tests.support.streams import (
    WAIT_SECONDS,
    Answer,
    Cut,
    Framing,
    Gate,
    Pause,
    Piece,
    Text,
    chat_stream,
    error_answer,
    json_answer,
    lmstudio_stream,
    ollama_stream,
    responses_stream,
    sse_answer,
)

_BUILDERS: Mapping[str, Callable[..., Answer]] = {
    "chat": chat_stream,
    "responses": responses_stream,
    "ollama": ollama_stream,
    "lmstudio": lmstudio_stream,
}


class Scenario:
    """Turns JSON into answers, and knows every gate by its name."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}

    def apply(self, script: Mapping[str, Any], server: ModelServer) -> None:
        """Add a scenario's answers to the server's script."""
        server.enqueue(*(self.answer(item) for item in script.get("answers", ())))
        if "always" in script:
            server.always(self.answer(script["always"]))
        for route, item in script.get("routes", {}).items():
            method, path = route.split(" ", 1)
            server.route(method, path, self.answer(item))

    def answer(self, item: Mapping[str, Any]) -> Answer:
        """One ANSWER."""
        answer = self._bare_answer(item).held(*map(self.piece, item.get("before", ())))
        return answer.at_once() if item.get("atOnce") else answer

    def _bare_answer(self, item: Mapping[str, Any]) -> Answer:
        match item:
            case {"error": dict(error)}:
                return error_answer(**error)
            case {"json": value}:
                return json_answer(value)
            case {"stream": path}:
                return sse_answer(Path(path).read_bytes())
            case {"http": dict(http)}:
                assert http.get("framing", "chunked") in get_args(Framing)
                return Answer(**{**http, "body": tuple(map(self.piece, http.get("body", ())))})
        (kind,) = item.keys() & _BUILDERS.keys()
        arguments = dict(item[kind])
        for key in ("reasoning", "summary", "content"):
            if key in arguments:
                arguments[key] = [self.text(text) for text in arguments[key]]
        if isinstance(arguments.get("usage"), list):
            arguments["usage"] = tuple(arguments["usage"])
        return _BUILDERS[kind](**arguments)

    def text(self, item: Any) -> Text:
        """A delta, or what happens between two."""
        if isinstance(item, str):
            return item
        piece = self.piece(item)
        assert not isinstance(piece, bytes), f"not possible among texts: {item}"
        return piece

    def piece(self, item: Any) -> Piece:
        """One PIECE."""
        match item:
            case str():
                return item.encode()
            case {"base64": data}:
                return base64.b64decode(data)
            case {"repeat": text, "times": times}:
                return bytes(text.encode() * times)
            case {"gate": name}:
                return self.gates.setdefault(name, Gate(name))
            case {"pauseMs": pause_ms}:
                return Pause(pause_ms / 1000)
            case {"cut": kind}:
                return Cut(kind)
        raise ValueError(f"not a piece: {item!r}")


class Control:
    """Answers the `/control/` requests of one server."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._scenario = Scenario()
        server.controller = self

    def apply(self, script: Mapping[str, Any]) -> None:
        """Add a scenario."""
        self._scenario.apply(script, self._server)

    async def __call__(self, request: Request) -> Answer | None:
        """The answer, or None for a request that is not ours."""
        if not request.path.startswith("/control/"):
            return None
        try:
            return json_answer(await self._do(request))
        except TimeoutError as error:
            return error_answer(504, str(error))
        except (LookupError, ValueError, TypeError, AssertionError) as error:
            return error_answer(400, f"{type(error).__name__}: {error}")

    async def _do(self, request: Request) -> object:
        seconds = float(request.query.get("timeoutMs", WAIT_SECONDS * 1000)) / 1000
        match request.method, request.path.split("/")[2:]:
            case "GET", ["log"]:
                return self._log()
            case "POST", ["answers"]:
                self.apply(request.json)
            case "POST", ["reset"]:
                self._server.forget()
                self._scenario = Scenario()
            case "POST", ["gates", name, "open"]:
                self._scenario.gates[name].open()
            case "GET", ["gates", name, "reached"]:
                await self._scenario.gates[name].reached.wait(seconds)
            case "GET", ["turns", number]:
                return self._told(await self._server.turn(int(number), seconds=seconds))
            case "GET", ["turns", number, "hung-up"]:
                turn = await self._server.turn(int(number), seconds=seconds)
                await turn.hung_up.wait(seconds)
                return {"afterMs": _after_ms(turn, turn.hung_up.at)}
            case _:
                raise LookupError(f"no such control: {request.method} {request.path}")
        return {}

    def _log(self) -> dict[str, object]:
        server = self._server
        gates = {
            name: {"reached": bool(gate.reached), "open": bool(gate.opened)}
            for name, gate in self._scenario.gates.items()
        }
        return {
            "requests": [self._told(request) for request in server.requests],
            "connections": len(server.connections),
            "openConnections": server.open_connections,
            "peakConnections": server.peak_connections,
            "unexpected": len(server.unexpected),
            "gates": gates,
        }

    def _told(self, request: Request) -> dict[str, object]:
        told = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "json": request.json,
            "connection": request.connection.number,
            "answeredMs": _after_ms(request, request.answered.at),
            "hungUpMs": _after_ms(request, request.hung_up.at),
        }
        return {key: value for key, value in told.items() if value is not None}


def _after_ms(request: Request, at: float | None) -> int | None:
    return None if at is None else round((at - request.arrived_at) * 1000)


async def serve(script: Mapping[str, Any], *, port: int, with_stdin: bool) -> None:
    """Serve a scenario until cancelled, or until stdin ends."""
    async with ModelServer(port=port) as server:
        Control(server).apply(script)
        print(json.dumps({"port": server.port, "origin": server.origin}), flush=True)
        if with_stdin:
            await asyncio.to_thread(sys.stdin.read)
        else:
            await asyncio.Event().wait()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.model_server")
    parser.add_argument("--scenario", type=Path, help="a JSON file; without it, script over HTTP")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--with-stdin", action="store_true", help="end when standard input ends")
    options = parser.parse_args()
    script = json.loads(options.scenario.read_text()) if options.scenario else {}
    try:
        asyncio.run(serve(script, port=options.port, with_stdin=options.with_stdin))
    except KeyboardInterrupt:
        return
