"""What a model server tells about itself: one small module for each kind of server.

`look` says what the server is doing while it says nothing, `queue` how many requests wait there,
`window` how many tokens fit, `count` how many a conversation has. Each asks its server's own interface
with `ask`, which sends a GET (or, with a body, a POST) to the provider's own origin with the provider's
own key, and gives the JSON, or None for anything that went wrong. None of it delays an answer: a look
runs beside the request, and the window is asked for beforehand only where a prompt is long, and briefly.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from codex_ls.config.address import is_loopback
from codex_ls.config.profile import Provider
from codex_ls.events import PhaseChanged
from codex_ls.providers.servers import (
    llamacpp_status,
    lmstudio_status,
    ollama_status,
    vllm_status,
)

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Ask(Protocol):
    """Asks the provider's server; `path` begins at its root."""

    async def __call__(
        self, path: str, body: dict[str, Any] | None = None, /, *, as_text: bool = False
    ) -> Any:
        """The JSON of the answer, or its text, the beginning of one that is very long; or None."""


Look = Callable[[Any, str], Coroutine[Any, Any, PhaseChanged | None]]
Window = Callable[[Any, str], Coroutine[Any, Any, int | None]]
Queue = Callable[[Any, str], Coroutine[Any, Any, int | None]]
Count = Callable[[Any, str, list[dict[str, Any]]], Coroutine[Any, Any, int | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of server can tell."""

    look: Look
    window: Window
    count: Count | None = None
    queue: Queue | None = None


LLAMACPP = Kind(
    llamacpp_status.look, llamacpp_status.window, llamacpp_status.count, llamacpp_status.queue
)
LMSTUDIO = Kind(lmstudio_status.look, lmstudio_status.window)
OLLAMA = Kind(ollama_status.look, ollama_status.window)
VLLM = Kind(vllm_status.look, vllm_status.window, vllm_status.count, vllm_status.queue)
SGLANG = Kind(
    vllm_status.sglang_look, vllm_status.window, vllm_status.count, vllm_status.sglang_queue
)

_ANY = (OLLAMA, LMSTUDIO, replace(LLAMACPP, look=llamacpp_status.recognise), VLLM, SGLANG)

_BY_ID = {
    "llamacpp": LLAMACPP,
    "embedded": LLAMACPP,
    "lmstudio": LMSTUDIO,
    "ollama": OLLAMA,
    "vllm": VLLM,
    "sglang": SGLANG,
}

_KNOWN_S = 0.25
_UNKNOWN_S = 2.0
"""A server of an unknown kind is only asked what it is when it has been silent for long."""
_MAX_VAIN_LOOKS = 3
"""A server that said nothing to so many looks has nothing to say."""


class Signals:
    """What one provider's server tells: the kind that answered once is the one that is asked again."""

    def __init__(self, provider: Provider, model: str, ask: Ask) -> None:
        self._model = model
        self._ask = ask
        self._kinds: Sequence[Kind] = ()  # a server elsewhere is asked for nothing but the answer
        self._looks_left = _MAX_VAIN_LOOKS
        self._place = QueuePosition()
        self.patience_s = _KNOWN_S
        """Seconds of silence before the first look."""
        self.silences = 0
        """How many questions got no answer at all: a later one may get one."""
        if (known := _BY_ID.get(provider.id)) is not None:
            self._kinds = (known,)
        elif provider.wire_api == "ollama":
            self._kinds = (OLLAMA,)
        elif provider.wire_api == "lmstudio":
            self._kinds = (LMSTUDIO,)
        elif is_loopback(provider.base_url):
            self._kinds = _ANY
            self.patience_s = _UNKNOWN_S

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def note_silence(self) -> None:
        """A question got no answer."""
        self.silences += 1

    @property
    def are_recognised(self) -> bool:
        """Whether it is known what kind of server this is."""
        return len(self._kinds) == 1

    async def look(self) -> PhaseChanged | None:
        """What the server is doing."""
        if not self._looks_left:
            return None
        for kind in self._kinds:
            if (phase := await kind.look(self._ask, self._model)) is not None:
                self._kinds = (kind,)
                return await self._with_queue(kind, phase)
        if not self.are_recognised:
            self._looks_left -= 1
        return None

    async def _with_queue(self, kind: Kind, phase: PhaseChanged) -> PhaseChanged:
        """The phase, and how many requests wait where this one may be among them."""
        if phase.phase != "prompt" or kind.queue is None or self._place.is_settled:
            return phase
        self._place.note(await kind.queue(self._ask, self._model))
        return replace(phase, waiting=self._place.waiting or None)

    async def window(self, *, until: float | None = None) -> int | None:
        """How many tokens a conversation may have, as the model is loaded now.

        All kinds that it may be are asked at the same time; what has come by `until`, a time of the
        running loop, has to do.
        """
        asked = [
            (kind, asyncio.ensure_future(kind.window(self._ask, self._model)))
            for kind in self._kinds
        ]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    for _, telling in asked:
                        if await telling is not None:
                            break
        finally:
            for _, telling in asked:
                telling.cancel()
            await asyncio.gather(*(telling for _, telling in asked), return_exceptions=True)
        is_sure = True
        for kind, telling in asked:
            if telling.cancelled():
                is_sure = False  # it may be this kind as well
            elif (window := telling.result()) is not None:
                self._kinds = (kind,) if is_sure else self._kinds
                return window
        return None

    async def count(self, messages: list[dict[str, Any]]) -> int | None:
        """How many tokens the conversation has, exactly."""
        for kind in self._kinds:
            if kind.count is not None:
                counted = await kind.count(self._ask, self._model, messages)
                if counted is not None:
                    return counted
        return None

    async def largest_window(self) -> int | None:
        """How many tokens the model could have (Ollama loads it with fewer)."""
        return await ollama_status.largest_window(self._ask, self._model)


_VAIN_LOOKS = 3
_EMPTY_LOOKS = 2
"""The first look may be too early: a server counts a request when its scheduler has seen it."""


class QueuePosition:
    """Takes note of a queue's length from look to look."""

    def __init__(self) -> None:
        self.waiting: int | None = None
        """How many wait, this request perhaps among them; None while nothing is known."""
        self.is_settled = False
        """Whether there is nothing more to ask: its turn has come, or the server does not tell."""
        self._vain = 0
        self._empty = 0

    def note(self, length: int | None) -> None:
        """The queue is so long now; None if the server did not tell."""
        if length is None:
            self._vain += 1
            self.is_settled = self.waiting is None and self._vain >= _VAIN_LOOKS
            return
        has_waited = bool(self.waiting)
        self.waiting = (
            length if self.waiting is None or not has_waited else min(self.waiting, length)
        )
        self._empty = 0 if length else self._empty + 1
        self.is_settled = not self.waiting and (has_waited or self._empty >= _EMPTY_LOOKS)


async def suppress_errors(ask: Callable[[], Awaitable[T]]) -> T | None:
    """What is told; None where that fails, which is logged. Only a cancellation is raised."""
    try:
        return await ask()
    except Exception as error:
        logger.debug("a look at the server failed: %s: %s", type(error).__name__, error)
        return None
