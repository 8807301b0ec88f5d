"""A client's own tools: its messages and tools go to the model, the model's calls come back to it."""

import itertools
import json
from collections.abc import AsyncGenerator, Coroutine, Iterable
from typing import Any

import pytest

from codex_ls.agent.client_tools import CallReasoning, ClientTools
from codex_ls.agent.loop import Step
from codex_ls.events import (
    ContentDelta,
    Noticed,
    ReasoningDelta,
    ReasoningEcho,
    RetryScheduled,
    StreamFinished,
    ToolCallDelta,
    WireEvent,
)
from codex_ls.wire import Message, ModelCall, Quirks, Tool, ToolCall, WireApi
from codex_ls.wire.decoder import decoder_for
from tests.support.streams import (
    chat_stream,
    lmstudio_stream,
    ollama_stream,
    responses_stream,
    sse_event,
)
from tests.wire.splitting import coalesced, cuts

TOOLS = (Tool("read", "Reads a file.", {"type": "object"}), Tool("list", "Lists.", {}))
QUESTION = (Message("system", "s"), Message("user", "q"))
NATIVE = [
    {
        "index": 0,
        "id": "abc",
        "type": "function",
        "function": {"name": "read", "arguments": '{"pa'},
    },
    {"index": 0, "function": {"arguments": 'th": "ä"}'}},
]
HERMES = '<tool_call>\n{"name": "read", "arguments": {"path": "ä"}}\n</tool_call>'
ITEM = {"type": "function_call", "id": "f", "call_id": "abc", "name": "read"}
RESPONSES = (
    sse_event({"type": "response.output_item.added", "output_index": 0, "item": ITEM}),
    sse_event(
        {
            "type": "response.function_call_arguments.delta",
            "output_index": 0,
            "item_id": "f",
            "delta": '{"path": "ä"}',
        }
    ),
)


def ollama_call() -> bytes:
    function = {"name": "read", "arguments": {"path": "ä"}}
    message = {"role": "assistant", "content": "", "tool_calls": [{"function": function}]}
    return json.dumps({"model": "m", "message": message, "done": False}).encode() + b"\n"


STREAMS: dict[str, tuple[WireApi, bytes]] = {
    "chat": ("chat", chat_stream(content=["Look."], tool_calls=NATIVE).payload),
    "chat, as text": ("chat", chat_stream(content=["Look.", HERMES]).payload),
    "chat, one JSON object": (
        "chat",
        chat_stream(content=['{"name": "read", "arg', 'uments": {"path": "ä"}}']).payload,
    ),
    "ollama": ("ollama", ollama_call() + ollama_stream(content=[""]).payload),
    "lmstudio": ("lmstudio", lmstudio_stream(content=["Look.", HERMES]).payload),
    "responses": ("responses", b"".join(RESPONSES) + responses_stream().payload),
}


class Model:
    """Answers each request with the next steps, and keeps what it was asked."""

    def __init__(self, *answers: Iterable[Step]) -> None:
        self.answers = list(answers)
        self.asked: list[ModelCall] = []

    async def ask(self, call: ModelCall) -> AsyncGenerator[Step, None]:
        self.asked.append(call)
        for step in self.answers.pop(0):
            yield step


async def wait(awaitable: Coroutine[Any, Any, Any]) -> Any:
    return await awaitable


async def run(
    model: Model,
    messages: tuple[Message, ...] = QUESTION,
    tools: tuple[Tool, ...] = TOOLS,
    *,
    provider: str = "p",
    must_call: bool = False,
    reasoning: CallReasoning | None = None,
) -> tuple[ClientTools, list[Step]]:
    """The tools after one request, and what came of it."""
    client = ClientTools(
        messages,
        tools,
        must_call=must_call,
        provider=provider,
        reasoning=reasoning or CallReasoning(),
    )
    running = client.run(model.ask, ModelCall("m", ()), turn_id="t", wait=wait)
    return client, [step async for step in running]


def decoded(wire: WireApi, pieces: Iterable[bytes]) -> list[WireEvent]:
    decoder = decoder_for(wire, Quirks())
    return [event for piece in pieces for event in decoder.feed(piece)] + list(decoder.finish())


@pytest.mark.parametrize(("wire", "payload"), STREAMS.values(), ids=STREAMS)
async def test_a_call_in_every_form_and_at_every_cut_is_the_clients(
    wire: WireApi, payload: bytes
) -> None:
    for pieces in cuts(payload):
        client, steps = await run(Model(decoded(wire, pieces)))
        [call] = client.calls
        assert (call.name, json.loads(call.arguments)) == ("read", {"path": "ä"}), pieces
        assert call.call_id.isalnum()
        told = coalesced(step for step in steps if not isinstance(step, RetryScheduled))
        [delta] = [step for step in told if isinstance(step, ToolCallDelta)]
        assert (delta.call_id, delta.name) == (call.call_id, "read")
        assert json.loads(delta.arguments) == {"path": "ä"}
        text = "".join(step.text for step in steps if isinstance(step, ContentDelta))
        assert text.strip() in ("", "Look.")
        end = steps[-1]
        assert isinstance(end, StreamFinished)
        assert end.finish_reason == "toolCalls"


async def test_messages_and_tools_are_the_clients_and_nothing_is_kept_by_the_server() -> None:
    model = Model([ContentDelta("hi"), StreamFinished("stop")])
    client, steps = await run(model, must_call=True)
    [asked] = model.asked
    assert (asked.messages, asked.tools, asked.must_call_tool) == (QUESTION, TOOLS, True)
    assert not asked.may_be_kept
    assert steps == [ContentDelta("hi"), StreamFinished("stop")]
    assert (client.calls, client.steps, client.takes_calls) == ((), (), True)


async def test_templates_get_one_system_text_and_no_user_twice_in_a_row() -> None:
    model = Model([StreamFinished("stop")])
    sent = (
        Message("user", "a"),
        Message("system", "one"),
        Message("user", "b"),
        Message("assistant", "c"),
        Message("system", "two"),
        Message("user", "d"),
    )
    await run(model, sent)
    assert model.asked[0].messages == (
        Message("system", "one\n\ntwo"),
        Message("user", "a\n\nb"),
        Message("assistant", "c"),
        Message("user", "d"),
    )


async def test_an_id_is_the_servers_own_unless_it_is_none_or_was_used_before() -> None:
    def answer(*ids: str | None) -> list[Step]:
        calls = [ToolCallDelta(at, call_id, "list") for at, call_id in enumerate(ids)]
        return [*calls, StreamFinished("toolCalls")]

    used = (Message("assistant", "", tool_calls=(ToolCall("abc", "list", "{}"),)), QUESTION[1])
    given = ("abc", "call_0", None, "call_1", "call_Zx9", "chatcmpl-tool-1")
    client, _ = await run(Model(answer(*given)), used)
    ids = [call.call_id for call in client.calls]
    assert ids[4:] == ["call_Zx9", "chatcmpl-tool-1"]
    assert len({*ids, "abc"}) == 7
    for made in ids[:4]:
        assert len(made) == 9
        assert made.isalnum()


async def test_a_call_without_a_name_or_with_broken_arguments_is_left_out_with_a_notice() -> None:
    steps: list[Step] = [
        ToolCallDelta(0, "a", "functions.read", '{"path": 1}'),
        ToolCallDelta(1, "b", "list", '{"path": '),
        ToolCallDelta(2, "c", None, "{}"),
        ToolCallDelta(3, "d", "list", "[1]"),
        StreamFinished("length"),
    ]
    client, told = await run(Model(steps))
    assert client.calls == (ToolCall("a", "read", '{"path": 1}'),)
    notices = [step.notice for step in told if isinstance(step, Noticed)]
    assert [(notice.kind, notice.message) for notice in notices] == [
        ("toolCallIgnored", "The model called list with broken arguments."),
        ("toolCallIgnored", "The model called a tool with broken arguments."),
    ]


async def test_a_call_that_a_broken_connection_cut_is_not_joined_with_the_next_attempt() -> None:
    steps: list[Step] = [
        ToolCallDelta(0, "a", "read", '{"pa'),
        RetryScheduled(2, 3, 10, "broken"),
        ToolCallDelta(0, "b", "read", "{}"),
        StreamFinished("toolCalls"),
    ]
    client, told = await run(Model(steps))
    assert client.calls == (ToolCall("b", "read", "{}"),)
    assert told[1] == steps[1]


async def test_reasoning_goes_back_with_its_calls_to_the_same_provider_only() -> None:
    echo = ReasoningEcho("reasoning_content")
    memory = CallReasoning()
    answer: list[Step] = [
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        ToolCallDelta(0, "a", "list"),
        StreamFinished("toolCalls", echo=echo),
    ]
    client, _ = await run(Model(answer), reasoning=memory)
    called = Message("assistant", "", tool_calls=client.calls)
    then = (*QUESTION, called, Message("tool", "x", tool_call_id="a", name="list"))
    for provider, wanted in (("p", ("hm", echo)), ("other", ("", None))):
        model = Model([StreamFinished("stop")])
        await run(model, then, provider=provider, reasoning=memory)
        sent = model.asked[0].messages[2]
        assert (sent.reasoning, sent.echo) == wanted


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    memory = CallReasoning()
    calls = [ToolCall(str(n), "list", "{}") for n in range(300)]
    for call in calls:
        memory.add("p", (call,), "hm", None)
    kept = [
        bool(memory.restored("p", Message("assistant", "", tool_calls=(call,))).reasoning)
        for call in calls
    ]
    assert kept == list(itertools.chain([False] * 44, [True] * 256))
