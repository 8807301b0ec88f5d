"""What LM Studio's native API is asked: every turn of a conversation, once, whoever answered it."""

from typing import Any

import pytest

from codex_ls.errors import (
    BadRequest,
    ContextOverflow,
    InvalidParams,
    NotFound,
    ProviderError,
    ServerError,
    Unauthorized,
    Unreachable,
)
from codex_ls.events import ReasoningEcho
from codex_ls.wire import Image, Message, ModelCall, quirks_for, request_for
from codex_ls.wire.lmstudio_request import as_text, echo_of, may_have_forgotten

SYSTEM = Message("system", "Be brief.")
CAT = Image("image/png", "Y2F0")


def kept(response_id: str) -> ReasoningEcho:
    echo = echo_of(response_id, field=None)
    assert echo is not None
    return echo


def body_of(*messages: Message, **call: Any) -> dict[str, Any]:
    path, body = request_for(
        "lmstudio", ModelCall("m", messages, **call), quirks_for(wire_api="lmstudio")
    )
    assert path == "/api/v1/chat"
    return body


def test_a_first_question() -> None:
    assert body_of(SYSTEM, Message("user", "hi")) == {
        "model": "m",
        "input": "hi",
        "stream": True,
        "system_prompt": "Be brief.",
    }


def test_every_setting_that_the_api_has_a_field_for() -> None:
    body = body_of(
        Message("user", "hi"),
        effort="high",
        summary="auto",
        verbosity="low",
        max_output_tokens=99,
        context_window=8192,
        may_be_kept=False,
    )
    assert body == {
        "model": "m",
        "input": "hi",
        "stream": True,
        "store": False,
        "reasoning": "high",
        "max_output_tokens": 99,
        "context_length": 8192,
    }


@pytest.mark.parametrize(
    ("effort", "sent"),
    [("none", "off"), ("minimal", "low"), ("low", "low"), ("medium", "medium"), ("high", "high")],
)
def test_efforts_have_the_names_that_lm_studio_gives_them(effort: Any, sent: str) -> None:
    assert body_of(Message("user", "hi"), effort=effort)["reasoning"] == sent


def test_a_conversation_goes_on_from_the_answer_that_the_server_keeps() -> None:
    body = body_of(
        SYSTEM,
        Message("user", "My color is blue."),
        Message("assistant", "Nice.", echo=kept("resp_1")),
        Message("user", "And my size is 4."),
        Message("assistant", "Noted.", echo=kept("resp_2")),
        Message("user", "Which color?"),
    )
    assert body == {
        "model": "m",
        "input": "Which color?",
        "stream": True,
        "previous_response_id": "resp_2",
    }


def test_what_was_said_since_stands_before_the_question_as_text() -> None:
    body = body_of(
        SYSTEM,
        Message("user", "My color is blue."),
        Message("assistant", "Nice.", echo=kept("resp_1")),
        Message("user", "And my size is 4."),
        Message("assistant", "Not", reasoning="a secret"),
        Message("user", "Which size?"),
    )
    assert body["previous_response_id"] == "resp_1"
    assert "system_prompt" not in body
    assert body["input"] == (
        "This conversation began before. What was said:\n\n"
        "<earlier>\n<user>\nAnd my size is 4.\n</user>\n<assistant>\nNot\n</assistant>\n</earlier>\n\n"
        "Go on from there. The newest message:\n\nWhich size?"
    )


def test_without_anything_kept_the_whole_conversation_is_text() -> None:
    body = body_of(
        SYSTEM, Message("user", "a"), Message("assistant", "b"), Message("user", "c"), effort=None
    )
    assert body["system_prompt"] == "Be brief."
    assert "previous_response_id" not in body
    assert body["input"] == (
        "This conversation began before. What was said:\n\n"
        "<earlier>\n<user>\na\n</user>\n<assistant>\nb\n</assistant>\n</earlier>\n\n"
        "Go on from there. The newest message:\n\nc"
    )


def test_pictures_stand_where_they_were_shown() -> None:
    assert body_of(Message("user", "What is this?", (CAT,)))["input"] == [
        {"type": "text", "content": "What is this?"},
        {"type": "image", "data_url": "data:image/png;base64,Y2F0"},
    ]
    earlier = body_of(
        Message("user", "What is this?", (CAT,)),
        Message("assistant", "A cat."),
        Message("user", "?"),
    )
    assert earlier["input"] == [
        {
            "type": "text",
            "content": "This conversation began before. What was said:\n\n<earlier>\n"
            "<user>\nWhat is this?\n",
        },
        {"type": "image", "data_url": "data:image/png;base64,Y2F0"},
        {
            "type": "text",
            "content": "</user>\n<assistant>\nA cat.\n</assistant>\n</earlier>\n\n"
            "Go on from there. The newest message:\n\n?",
        },
    ]


def test_an_output_schema_is_refused_with_the_wire_that_has_one() -> None:
    with pytest.raises(InvalidParams) as refused:
        body_of(Message("user", "hi"), output_schema={"type": "object"})
    assert (
        refused.value.hint
        == 'Remove wire_api = "lmstudio" from this provider: Chat Completions supports them.'
    )


def test_a_conversation_that_is_not_kept_any_more_becomes_text() -> None:
    call = ModelCall(
        "m",
        (
            SYSTEM,
            Message("user", "a"),
            Message("assistant", "b", echo=kept("resp_1")),
            Message("user", "c"),
            Message("assistant", "d", echo=kept("resp_2")),
            Message("user", "e"),
        ),
    )
    whole = as_text(call)
    assert whole is not None
    _, body = request_for("lmstudio", whole, quirks_for(wire_api="lmstudio"))
    assert "previous_response_id" not in body
    assert [body["input"].count(f"\n{word}\n") for word in "abcd"] == [1, 1, 1, 1]
    assert body["input"].endswith("\n\ne")
    assert as_text(whole) is None


@pytest.mark.parametrize(
    "response_id", [None, "", 7, ["resp_1"], {"id": "resp_1"}, "r" * 257, True, 1.5]
)
def test_only_an_id_is_gone_on_from(response_id: Any) -> None:
    assert echo_of(response_id, field=None) is None
    assert echo_of(response_id, field="reasoning") == ReasoningEcho("reasoning")


def test_the_echo_of_another_wire_is_no_id() -> None:
    echo = ReasoningEcho("item", ({"type": "reasoning", "id": "rs_1"}, {"response_id": "resp_1"}))
    body = body_of(Message("user", "a"), Message("assistant", "b", echo=echo), Message("user", "c"))
    assert "previous_response_id" not in body


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BadRequest("The model server says: Response with id 'resp_1' not found."), True),
        (NotFound("The model server says: No such previous_response_id."), True),
        (
            ServerError("The model server says: Prediction history node with id 'x' not found."),
            True,
        ),
        (ServerError("The model server says: An error of some kind."), True),
        (NotFound("The model server says: Model qwen9 not found."), False),
        (ServerError("The model server says: Failed to load the model."), False),
        (ContextOverflow("The model server says: The conversation exceeds the context."), False),
        (Unauthorized("The model server rejected the API key."), False),
        (Unreachable("Nothing listens there."), False),
    ],
)
def test_what_may_mean_that_a_conversation_was_forgotten(
    error: ProviderError, expected: bool
) -> None:
    assert may_have_forgotten(error) is expected
