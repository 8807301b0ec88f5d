"""What is asked, whole bodies compared, on each wire and in each server's form."""

from typing import Any

import pytest

from codex_ls.events import Effort, ReasoningEcho
from codex_ls.wire import Image, Message, ModelCall, ToolCall, quirks_for, request_for

SYSTEM, HI = Message("system", "Be brief."), Message("user", "hi")
CALL = ModelCall("m", (SYSTEM, HI))


def chat(call: ModelCall, **who: str) -> dict[str, Any]:
    path, body = request_for("chat", call, quirks_for(**who))
    assert path == "/chat/completions"
    return body


def test_the_plain_request_asks_for_nothing_it_does_not_need() -> None:
    assert chat(CALL) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_the_same_call_on_the_responses_wire() -> None:
    call = ModelCall(
        "m",
        (SYSTEM, HI),
        effort="low",
        summary="auto",
        verbosity="low",
        max_output_tokens=9,
        output_schema={"type": "object"},
    )
    path, body = request_for("responses", call, quirks_for(provider="openai", wire_api="responses"))
    schema = {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True}
    assert path == "/responses"
    assert body == {
        "model": "m",
        "instructions": "Be brief.",
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
        ],
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"verbosity": "low", "format": schema},
        "max_output_tokens": 9,
    }


def test_the_same_call_on_ollamas_own_wire() -> None:
    call = ModelCall("qwen3", (HI,), effort="low", max_output_tokens=9, context_window=8192)
    path, body = request_for("ollama", call, quirks_for(model="qwen3", wire_api="ollama"))
    assert path == "/api/chat"
    assert body == {
        "model": "qwen3",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "think": True,
        "options": {"num_ctx": 8192, "num_predict": 9},
    }


EFFORTS: list[tuple[dict[str, str], Effort, dict[str, Any]]] = [
    ({}, "low", {"reasoning_effort": "low"}),
    ({"provider": "openai"}, "minimal", {"reasoning_effort": "minimal"}),
    ({"provider": "vllm"}, "none", {"chat_template_kwargs": {"enable_thinking": False}}),
    (
        {"provider": "vllm"},
        "minimal",
        {"reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": True}},
    ),
    (
        {"provider": "llamacpp"},
        "none",
        {
            "reasoning_effort": "none",
            "chat_template_kwargs": {"enable_thinking": False},
            "thinking_budget_tokens": 0,
        },
    ),
    (
        {"provider": "llamacpp"},
        "high",
        {"reasoning_effort": "high", "chat_template_kwargs": {"enable_thinking": True}},
    ),
    ({"provider": "openrouter"}, "high", {"reasoning": {"effort": "high"}}),
    ({"host": "api.deepseek.com"}, "none", {"thinking": {"type": "disabled"}}),
    ({"host": "dashscope.aliyuncs.com"}, "none", {"enable_thinking": False}),
]


@pytest.mark.parametrize(("who", "effort", "expected"), EFFORTS)
def test_one_effort_in_every_servers_form(
    who: dict[str, str], effort: Effort, expected: dict[str, Any]
) -> None:
    asked = chat(ModelCall("m", (HI,), effort=effort), **who)
    for always in ("model", "messages", "stream", "stream_options", "return_progress"):
        asked.pop(always, None)
    assert asked == expected


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [("qwen3", "none", False), ("qwen3", "high", True), ("gpt-oss:20b", "minimal", "low")],
)
def test_ollamas_think_is_a_flag_or_for_gpt_oss_a_level(
    model: str, effort: Effort, expected: object
) -> None:
    call = ModelCall(model, (HI,), effort=effort)
    _, body = request_for("ollama", call, quirks_for(model=model, wire_api="ollama"))
    assert body["think"] == expected


def test_gpt_oss_also_reads_its_effort_from_the_system_message() -> None:
    call = ModelCall("openai/gpt-oss-20b", (SYSTEM, HI), effort="high")
    body = chat(call, model="openai/gpt-oss-20b")
    assert body["messages"][0]["content"] == "Be brief.\n\nReasoning: high"
    assert body["reasoning_effort"] == "high"


THOUGHT = Message("assistant", "4", reasoning="hm", echo=ReasoningEcho("reasoning"))
CALLED = Message(
    "assistant",
    "",
    reasoning="hm",
    echo=ReasoningEcho("reasoning_content"),
    tool_calls=(ToolCall("c", "f", "{}"),),
)
DETAILS = ({"type": "reasoning.text", "text": "hm", "signature": "s"},)


@pytest.mark.parametrize(
    ("who", "message", "expected"),
    [
        pytest.param({}, THOUGHT, {"content": "4"}, id="left out by default"),
        pytest.param(
            {"provider": "zai"}, THOUGHT, {"content": "4", "reasoning": "hm"}, id="as it came"
        ),
        pytest.param(
            {"provider": "ollama"}, THOUGHT, {"content": "4", "reasoning": "hm"}, id="ollama"
        ),
        pytest.param({"provider": "deepseek"}, THOUGHT, {"content": "4"}, id="deepseek, no tools"),
        pytest.param(
            {"provider": "deepseek"},
            CALLED,
            {
                "content": None,
                "reasoning_content": "hm",
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            id="deepseek, with tools",
        ),
        pytest.param(
            {"provider": "openrouter"},
            Message("assistant", "4", reasoning="hm", echo=ReasoningEcho("reasoning", DETAILS)),
            {"content": "4", "reasoning_details": list(DETAILS)},
            id="openrouter, verbatim",
        ),
    ],
)
def test_what_goes_back(who: dict[str, str], message: Message, expected: dict[str, Any]) -> None:
    body = chat(ModelCall("m", (HI, message)), **who)
    assert body["messages"][1] == {"role": "assistant", **expected}


def test_encrypted_reasoning_items_go_back_on_the_responses_wire() -> None:
    item = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "xyz"}
    readable = {"type": "reasoning", "id": "rt", "content": []}
    message = Message("assistant", "4", echo=ReasoningEcho("item", (item, readable)))
    _, body = request_for("responses", ModelCall("m", (HI, message)), quirks_for())
    assert body["input"][1:] == [
        item,
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]},
    ]


def test_pictures_and_schemas() -> None:
    picture = Image("image/png", "AAAA")
    asked = Message("user", "what?", (picture,))
    body = chat(ModelCall("m", (asked,), output_schema={"type": "object"}))
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "what?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
    }
    _, native = request_for("ollama", ModelCall("m", (asked,)), quirks_for(wire_api="ollama"))
    assert native["messages"][0]["images"] == ["AAAA"]


def test_the_built_in_servers_extras_are_laid_over_the_rest() -> None:
    assert chat(ModelCall("m", (HI,), extras={"grammar": "root"}))["grammar"] == "root"
