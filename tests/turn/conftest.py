"""A session, and settings that point at the fake model server."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

import codex_ls.wire.decoder  # noqa: F401  else the first test waits for it while it is answered
from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.events import (
    ContentDelta,
    Event,
    PhaseChanged,
    ReasoningDelta,
    TurnFinished,
)
from codex_ls.turn.session import Session, Turn
from tests.support.model_server import ModelServer
from tests.support.signals import WAIT_SECONDS


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    async with Session(env={}) as session:
        yield session


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Puts the event loop's clock forward by so many seconds."""
    jumped = [0.0]

    def by(seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if not jumped[0]:
            real = loop.time
            monkeypatch.setattr(loop, "time", lambda: real() + jumped[0])
        jumped[0] += seconds

    return by


def settings_for(
    server: ModelServer, *, provider_id: str = "local", model: str = "m", **provider: object
) -> ModelSettings:
    return ModelSettings(
        model=model,
        provider=Provider(provider_id, "Local", server.base_url, **provider),  # type: ignore[arg-type]
        profile="local-oss",
    )


async def events_of(turn: Turn) -> list[Event]:
    return [event async for event in turn]


class Watched:
    """A turn that runs beside the test, and what it has told so far."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.events: list[Event] = []
        self._news = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        async for event in self.turn:
            self.events.append(event)
            self._news.set()

    async def until(self, reached: Callable[[Event], bool]) -> None:
        """Wait for an event."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not any(reached(event) for event in self.events):
                self._news.clear()
                await self._news.wait()
        await asyncio.sleep(0)  # the turn waits for the next one

    async def event(self, wanted: Event) -> None:
        """Wait for this very event."""
        await self.until(lambda event: event == wanted)

    async def text(self, text: str) -> None:
        """Wait for a piece of text."""
        await self.until(
            lambda event: isinstance(event, ContentDelta | ReasoningDelta) and event.text == text
        )

    async def end(self, *, within_s: float = 1.0) -> TurnFinished:
        """The last event, soon."""
        async with asyncio.timeout(within_s):
            await self._task
        last = self.events[-1]
        assert isinstance(last, TurnFinished)
        return last

    @property
    def silences(self) -> list[PhaseChanged]:
        """The silences that were reported."""
        return [
            event
            for event in self.events
            if isinstance(event, PhaseChanged) and event.silent_ms is not None
        ]
