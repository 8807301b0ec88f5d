"""Tools in a request, their calls and results in a conversation, on each wire."""

from typing import Any

import pytest

from codex_ls.errors import BadRequest, RateLimited
from codex_ls.events import ReasoningEcho
from codex_ls.wire import Message, ModelCall, Quirks, Tool, ToolCall, WireApi, request_for
from codex_ls.wire.refusals import refuses_tools

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
TOOL = Tool("read", "Read a file.", SCHEMA)
FUNCTION = {"name": "read", "description": "Read a file.", "parameters": SCHEMA}
MESSAGES = (
    Message("system", "Be brief."),
    Message("user", "hi"),
    Message(
        "assistant",
        "Look.",
        tool_calls=(ToolCall("c1", "read", '{"path":"a"}'), ToolCall("c2", "read", "{")),
    ),
    Message("tool", "text", tool_call_id="c1", name="read"),
    Message("tool", "error", tool_call_id="c2", name="read"),
)
CALL = ModelCall("m", MESSAGES, tools=(TOOL,))
ANSWERED = ModelCall("m", (*MESSAGES, Message("assistant", "x"), Message("user", "y")))


def body(wire: WireApi, call: ModelCall = CALL, quirks: Quirks | None = None) -> dict[str, Any]:
    return request_for(wire, call, quirks or Quirks())[1]


def test_chat_completions() -> None:
    sent = body("chat")
    assert sent["tools"] == [{"type": "function", "function": FUNCTION}]
    assert sent["messages"][2:] == [
        {
            "role": "assistant",
            "content": "Look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path":"a"}'}},
                {"id": "c2", "type": "function", "function": {"name": "read", "arguments": "{"}},
            ],
        },
        {"role": "tool", "content": "text", "tool_call_id": "c1"},
        {"role": "tool", "content": "error", "tool_call_id": "c2"},
    ]  # fmt: skip


def test_responses() -> None:
    sent = body("responses")
    assert sent["tools"] == [{"type": "function", **FUNCTION, "strict": False}]
    assert [item["type"] for item in sent["input"][2:]] == [
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert sent["input"][-1] == {
        "type": "function_call_output",
        "call_id": "c2",
        "output": "error",
    }


def test_ollama() -> None:
    sent = body("ollama")
    assert sent["tools"] == [{"type": "function", "function": FUNCTION}]
    assert sent["messages"][2:] == [
        {
            "role": "assistant",
            "content": "Look.",
            "tool_calls": [
                {"function": {"name": "read", "arguments": {"path": "a"}}},
                {"function": {"name": "read", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "text", "tool_name": "read"},
        {"role": "tool", "content": "error", "tool_name": "read"},
    ]


def test_a_server_without_tools_gets_them_as_text() -> None:
    sent = body("chat", quirks=Quirks(tools_as_text=True))
    assert "tools" not in sent
    system, _, called, answered = sent["messages"]
    assert system["content"].startswith("Be brief.\n\n# Tools\n")
    assert '{"name": "read", "description": "Read a file.", "parameters": ' in system["content"]
    assert called == {
        "role": "assistant",
        "content": 'Look.\n<tool_call>\n{"name": "read", "arguments": {"path":"a"}}\n</tool_call>'
        '\n<tool_call>\n{"name": "read", "arguments": {}\n</tool_call>',
    }
    assert answered == {
        "role": "user",
        "content": "<tool_response>\ntext\n</tool_response>\n<tool_response>\nerror\n</tool_response>",
    }


def test_without_a_system_text_the_tools_are_one() -> None:
    sent = body("chat", ModelCall("m", MESSAGES[1:2], tools=(TOOL,)), Quirks(tools_as_text=True))
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]


def test_lm_studio_has_no_field_for_tools() -> None:
    sent = body("lmstudio", ModelCall("m", MESSAGES[:2], tools=(TOOL,)))
    assert set(sent) == {"model", "input", "stream", "system_prompt"}
    assert "# Tools" in sent["system_prompt"]
    kept = ReasoningEcho(None, ({"type": "response", "response_id": "resp_1"},))
    called = Message("assistant", "", echo=kept, tool_calls=(ToolCall("c1", "read", "{}"),))
    sent = body("lmstudio", ModelCall("m", (*MESSAGES[:2], called, MESSAGES[3]), tools=(TOOL,)))
    assert sent["previous_response_id"] == "resp_1"
    assert sent["input"] == "<tool_response>\ntext\n</tool_response>"


@pytest.mark.parametrize("wire", ["chat", "responses", "ollama"])
def test_messages_are_only_added(wire: WireApi) -> None:
    key = "input" if wire == "responses" else "messages"
    before = body(wire, ModelCall("m", MESSAGES[:3], tools=(TOOL,)))
    after = body(wire)
    assert after[key][: len(before[key])] == before[key]
    assert after["tools"] == before["tools"]


@pytest.mark.parametrize("wire", ["chat", "responses", "ollama", "lmstudio"])
def test_a_question_has_no_word_of_tools(wire: WireApi) -> None:
    assert "tool" not in str(body(wire, ModelCall("m", MESSAGES[:2]))).lower()


@pytest.mark.parametrize(
    "message",
    [
        "registry.ollama.ai/library/gemma:2b does not support tools",
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        "tools param requires --jinja flag",
        "No endpoints found that support tool use.",
        "Function calling is not enabled for models/gemma-3",
        "Unrecognized request argument supplied: tools",
        "extra fields not permitted: tools",
    ],
)
def test_refusals_of_tools(message: str) -> None:
    assert refuses_tools(BadRequest(message, http_status=400))


@pytest.mark.parametrize(
    "error",
    [
        BadRequest("temperature is not supported", http_status=400),
        RateLimited("tools are not supported", http_status=429),
        BadRequest("The model gpt-tool was not found", http_status=400),
    ],
)
def test_other_refusals(error: BadRequest) -> None:
    assert not refuses_tools(error)


def test_a_call_that_is_required_is_a_field_or_a_sentence() -> None:
    call = ModelCall("m", MESSAGES, tools=(TOOL,), must_call_tool=True)
    for wire in ("chat", "responses"):
        assert body(wire, call)["tool_choice"] == "required"
        assert "tool_choice" not in body(wire)
    sentence = "Call a tool now"
    assert sentence in body("ollama", call)["messages"][0]["content"]
    assert sentence not in body("ollama")["messages"][0]["content"]
    assert sentence in str(body("lmstudio", call))
    as_text = body("chat", call, Quirks(tools_as_text=True))
    assert sentence in as_text["messages"][0]["content"]
    assert "tool_choice" not in as_text
