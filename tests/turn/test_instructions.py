"""The user's instructions in the request, on every wire."""

from dataclasses import replace
from typing import Any

import pytest

from codex_ls.config.model_settings import Sampling
from codex_ls.events import Noticed
from codex_ls.turn.prompt_context import SYSTEM_PROMPT
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.streams import (
    chat_stream,
    lmstudio_stream,
    ollama_stream,
    responses_stream,
)
from tests.turn.conftest import events_of, settings_for

ANSWERS = {
    "chat": chat_stream(content=["4"]),
    "responses": responses_stream(content=["4"]),
    "ollama": ollama_stream(content=["4"]),
    "lmstudio": lmstudio_stream(content=["4"]),
}


def system_in(wire_api: str, body: dict[str, Any]) -> str | None:
    match wire_api:
        case "responses":
            return body.get("instructions")
        case "lmstudio":
            return body.get("system_prompt")
        case _:
            texts = [m["content"] for m in body["messages"] if m["role"] == "system"]
            return texts[0] if texts else None


@pytest.mark.parametrize("wire_api", ANSWERS)
@pytest.mark.parametrize(
    ("instructions", "developer", "expected"),
    [
        (None, None, SYSTEM_PROMPT),
        (None, "Answer in Dutch.\n", f"{SYSTEM_PROMPT}\n\nAnswer in Dutch."),
        ("You are a pirate.", None, "You are a pirate."),
        ("You are a pirate.", "Answer in Dutch.", "You are a pirate.\n\nAnswer in Dutch."),
        ("", None, None),
    ],
)
async def test_instructions_reach_the_model(
    session: Session,
    wire_api: str,
    instructions: str | None,
    developer: str | None,
    expected: str | None,
) -> None:
    async with ModelServer(ANSWERS[wire_api]) as server:
        settings = replace(
            settings_for(server, wire_api=wire_api),
            instructions=instructions,
            developer_instructions=developer,
        )
        await events_of(session.start(TurnRequest("2+2?"), settings))
        assert system_in(wire_api, server.turns[0].json) == expected


async def test_a_parameter_without_a_field_on_the_wire_is_a_notice(session: Session) -> None:
    async with ModelServer(ANSWERS["lmstudio"]) as server:
        settings = replace(
            settings_for(server, wire_api="lmstudio"), sampling=Sampling(temperature=0.5, seed=7)
        )
        events = await events_of(session.start(TurnRequest("2+2?"), settings))
        assert server.turns[0].json["temperature"] == 0.5
        assert "seed" not in server.turns[0].json
    told = [event.notice for event in events if isinstance(event, Noticed)]
    assert [(notice.kind, notice.message) for notice in told] == [
        (
            "parameterRefused",
            "Local does not support seed here; the request was sent without it.",
        )
    ]
