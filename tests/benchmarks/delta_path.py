"""The way of a delta without its ends: bytes through decoder, record and progress, no I/O, no clock.

`python -m tests.benchmarks.delta_path WIRE COUNT` walks it in a process of its own, for tools that count a
whole process's instructions.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lsprotocol import types

from benchmarks.model_server import Script, chat, responses
from codex_ls.events import Timing, TurnFinished, TurnStarted, Usage
from codex_ls.lsp.converter import converter
from codex_ls.lsp.payloads import Names, Payload
from codex_ls.lsp.stream import ProgressTokens, ShownReasoning, Stream
from codex_ls.protocol import ProgressToken
from codex_ls.turn.clock import TurnClock
from codex_ls.turn.record import TurnRecord
from codex_ls.wire import WireApi, quirks_for
from codex_ls.wire.decoder import decoder_for

READ_BYTES = 65_536
_TIMING = Timing(total_ms=1, request_ms=1, estimated=True)


@dataclass(slots=True)
class Timer:
    """A call that is due at a time."""

    when: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass(slots=True)
class Clock:
    """An event loop's timers, whose time passes when `sleep` is called."""

    now: float = 0.0
    timers: list[Timer] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(when, callback)
        self.timers.append(timer)
        return timer

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        for timer in sorted(self.timers, key=lambda timer: timer.when):
            if not timer.cancelled and timer.when <= end:
                self.now = max(self.now, timer.when)
                timer.callback()
                timer.cancelled = True
        self.timers = [timer for timer in self.timers if not timer.cancelled]
        self.now = end


def reads(wire: WireApi, count: int, *, at_once: bool) -> Iterator[bytes]:
    """A stream of so many deltas, half of them thinking: a read for each, or as full as reads get."""
    script = Script(thinking=count // 2, answer=count // 2)
    parts = chat(script, 0) if wire == "chat" else responses(script, 0)
    if not at_once:
        yield from parts
        return
    data = b"".join(parts)
    for start in range(0, len(data), READ_BYTES):
        yield data[start : start + READ_BYTES]


def walk(
    wire: WireApi, chunks: Iterator[bytes], send: Callable[[bytes], None], *, pace_ms: float
) -> TurnRecord:
    """Everything that one turn does with these reads, so far apart."""
    clock = Clock()
    as_json = converter()

    def tell(token: ProgressToken | None, value: Payload) -> None:
        params = types.ProgressParams(token=token or "", value=value)
        message = as_json.unstructure(types.ProgressNotification(params=params))
        send(json.dumps(message).encode())

    stream = Stream(
        send=tell,
        tokens=ProgressTokens.of(work_done="t", partial=None),
        names=Names("bench", None),
        shown=ShownReasoning(),
        timers=clock,
    )
    record = TurnRecord(TurnClock(time.perf_counter()), prefer="raw")
    decoder = decoder_for(wire, quirks_for(wire_api=wire))
    stream.handle(TurnStarted("u", "h", "m", "bench", None))
    for chunk in chunks:
        for event in decoder.feed(chunk):
            for told in record.take(event):
                stream.handle(told)
        clock.sleep(pace_ms / 1000)
    stream.handle(TurnFinished("completed", "stop", "", "", _TIMING, Usage(1, 1)))
    return record


if __name__ == "__main__":
    wire_api: WireApi = "responses" if sys.argv[1] == "responses" else "chat"
    walk(wire_api, reads(wire_api, int(sys.argv[2]), at_once=True), lambda _: None, pace_ms=0)
