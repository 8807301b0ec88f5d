"""A session, and settings that point at the fake model server."""

from collections.abc import AsyncIterator

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
