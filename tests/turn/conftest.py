"""A session, and settings that point at the fake model server."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.events import Event
from codex_ls.turn.run import Turn
from codex_ls.turn.session import Session
from tests.support.model_server import ModelServer


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
