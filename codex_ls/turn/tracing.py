"""One OpenTelemetry trace a turn, where the user's environment asks for it (`OTEL_*`, docs/threads.md).

A turn hands over its figures when it is over; a thread of its own loads the SDK, builds the spans
(`turn/otel_spans`) and sends them. Invariant: nothing of it runs before a turn's last event, none of it
holds a word of a prompt or an answer, and nothing that goes wrong in it reaches a turn.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from codex_ls.config.address import is_loopback
from codex_ls.config.model_settings import ModelSettings
from codex_ls.events import Phase, TurnFinished, TurnStarted

if TYPE_CHECKING:
    from codex_ls.turn.clock import TurnClock

FLUSH_LIMIT_S = 1.0
"""How long leaving a session waits for spans that are still on their way."""

_MAX_WAITING = 64
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_DEFAULT_ENDPOINT = "http://localhost:4318"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TracedTurn:
    """What a trace tells of one turn. Moments are nanoseconds since 1970."""

    started: TurnStarted
    settings: ModelSettings
    finished: TurnFinished
    received_at_ns: int
    ended_at_ns: int
    phases: tuple[tuple[Phase, int], ...] = ()
    """Each phase with the moment it began, in order."""
    retries: int = 0
    wants_json: bool = False

    @classmethod
    def of(
        cls,
        started: TurnStarted,
        settings: ModelSettings,
        finished: TurnFinished,
        clock: "TurnClock",
        *,
        wants_json: bool,
    ) -> "TracedTurn":
        """The turn that ends now."""
        now, offset_ns = time.perf_counter(), time.time_ns() - time.perf_counter_ns()

        def moment(at: float) -> int:
            return round(at * 1e9) + offset_ns

        return cls(
            started,
            settings,
            finished,
            moment(clock.received_at),
            moment(now),
            tuple((phase, moment(at)) for phase, at in clock.phases),
            clock.retries,
            wants_json,
        )


class Sender(Protocol):
    """Turns a finished turn into spans, and sends them."""

    def send(self, turn: TracedTurn) -> None:
        """Send the spans of one turn. Raises whatever goes wrong."""


class Tracing:
    """The traces of one session. `connect` makes the sender, in the sending thread."""

    def __init__(self, env: Mapping[str, str], *, connect: Callable[[str], Sender]) -> None:
        self._endpoint = endpoint(env)
        self._connect = connect
        self._waiting: queue.Queue[TracedTurn | None] = queue.Queue(_MAX_WAITING)
        self._over: Future[None] | None = None

    def add(self, turn: TracedTurn) -> None:
        """Hand over a turn that is over. Never waits, never raises."""
        if self._endpoint is None:
            return
        if turn.settings.local_only and not is_loopback(self._endpoint):
            logger.debug(
                "no trace: the local-only lock is on, and the collector is not on this machine"
            )
            return
        try:
            self._waiting.put_nowait(turn)
        except queue.Full:
            logger.debug("no trace: the collector does not keep up")
            return
        if self._over is None:
            self._over = Future()
            sending = threading.Thread(
                target=self._send_all,
                args=(self._endpoint, self._over),
                name="codex-ls traces",
                daemon=True,  # a collector that hangs holds up nobody's exit
            )
            sending.start()

    async def close(self, *, limit_s: float = FLUSH_LIMIT_S) -> None:
        """Wait until everything is sent, but no longer than `limit_s`."""
        if self._over is None:
            return
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        await asyncio.wait([asyncio.wrap_future(self._over)], timeout=limit_s)

    def _send_all(self, where: str, over: "Future[None]") -> None:
        sender: Sender | None = None
        try:
            sender = self._connect(where)
        except ImportError as error:
            logger.info("no traces: %s; pip install 'codex-ls[otel]'", error)
        except Exception as error:
            logger.info("no traces: %s", error)
        while (turn := self._waiting.get()) is not None:
            if sender is None:
                continue
            try:
                sender.send(turn)
            except Exception as error:
                logger.info("a trace was not sent: %s", error)
        over.set_result(None)


def endpoint(env: Mapping[str, str]) -> str | None:
    """Where traces go, with its path; None unless the environment asks for them.

    `OTEL_TRACES_EXPORTER=otlp` or an OTLP endpoint turns them on; `OTEL_SDK_DISABLED=true` and another
    exporter turn them off (OpenTelemetry specification, environment variables).
    """
    exporters = env.get("OTEL_TRACES_EXPORTER", "").replace(",", " ").split()
    own, shared = (env.get(name, "").strip() for name in _ENDPOINTS)
    is_wanted = "otlp" in exporters if exporters else bool(own or shared)
    if not is_wanted or env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    protocol = next(filter(None, (env.get(name, "").strip() for name in _PROTOCOLS)), "")
    if protocol not in ("", "http/protobuf"):
        logger.info("no traces: of the OTLP protocols only http/protobuf is supported")
        return None
    return own or f"{(shared or _DEFAULT_ENDPOINT).rstrip('/')}/v1/traces"
