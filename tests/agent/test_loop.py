"""The loop: requests, calls, results, limits."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from codex_ls.agent.loop import AgentEvent, AgentLoop, Step
from codex_ls.agent.tool_specs import TOOLS
from codex_ls.agent.toolbox import Emit, ToolResult
from codex_ls.errors import ContextOverflow
from codex_ls.events import (
    ContentDelta,
    ItemChanged,
    Noticed,
    ReasoningDelta,
    Reclassified,
    StreamFinished,
    ToolCallDelta,
    Usage,
    UsageReported,
)
from codex_ls.turn.interrupt import Interrupted
from codex_ls.wire import Message, ModelCall, ToolCall
from tests.agent.boxes import Box

QUESTION = (Message("system", "s"), Message("user", "q"))
END = StreamFinished("stop")


def calls(*wanted: tuple[str, Any], text: str = "", call_id: str = "c") -> list[Step]:
    """An answer with calls."""
    deltas = [
        ToolCallDelta(at, call_id, name, told if isinstance(told, str) else json.dumps(told))
        for at, (name, told) in enumerate(wanted)
    ]
    return [*([ContentDelta(text)] if text else []), *deltas, StreamFinished("toolCalls")]


def answer(text: str) -> list[Step]:
    return [ContentDelta(text), END]


class Model:
    """Answers each request with the next script, and keeps what it was asked."""

    def __init__(self, *answers: list[Step]) -> None:
        self.answers = list(answers)
        self.asked: list[ModelCall] = []

    async def ask(self, call: ModelCall) -> AsyncGenerator[Step, None]:
        self.asked.append(call)
        script = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        for step in script:
            yield step

    @property
    def results(self) -> list[str]:
        """The results that the last request had."""
        return [message.text for message in self.asked[-1].messages if message.role == "tool"]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    root = tmp_path / "w"
    root.mkdir()
    (root / "a").write_text("text")
    return Box(root)


async def wait(awaitable: Coroutine[Any, Any, Any]) -> Any:
    return await awaitable


async def run(
    box: Box, model: Model, *, window: int | None = None
) -> tuple[AgentLoop, list[AgentEvent]]:
    loop = AgentLoop(box.toolbox, TOOLS, window=window)
    events = [event async for event in loop.run(model.ask, ModelCall("m", QUESTION), wait=wait)]
    return loop, events


READ = ("read_file", {"path": "a"})


async def test_an_answer_without_calls_is_one_request(box: Box) -> None:
    model = Model(answer("hi"))
    loop, events = await run(box, model)
    assert events == [ContentDelta("hi"), END]
    assert (loop.steps, loop.last_text) == ((), "hi")
    assert model.asked[0].tools == TOOLS


async def test_every_call_gets_its_result_in_order_and_messages_are_only_added(box: Box) -> None:
    model = Model(
        calls(READ, ("read_file", {"path": "b"}), text="Look."),
        calls(("shell", {"command": "echo hi"})),
        answer("Done."),
    )
    loop, events = await run(box, model)
    assert model.results == ["text", "error: b does not exist", "exit code 0\nhi"]
    for before, after in zip(model.asked, model.asked[1:], strict=False):
        assert after.messages[: len(before.messages)] == before.messages
    ids = [call.call_id for message in loop.steps for call in message.tool_calls]
    assert ids == ["c", "c_2", "c_3"]
    assert ids == [message.tool_call_id for message in loop.steps if message.role == "tool"]
    texts = [event.text for event in events if isinstance(event, ContentDelta)]
    assert texts == ["Look.", "\n\n", "Done."]
    assert loop.last_text == "Done."
    assert events[-1] == END


async def test_thinking_goes_with_the_call_that_came_of_it(box: Box) -> None:
    model = Model([ReasoningDelta("hm"), *calls(READ)], answer("x"))
    loop, _ = await run(box, model)
    assert loop.steps[0].reasoning == "hm"


async def test_a_message_that_is_a_call_is_no_answer(box: Box) -> None:
    text = '{"name": "read_file", "arguments": {"path": "a"}}'
    model = Model([*(ContentDelta(char) for char in text), END], answer("ok"))
    _, events = await run(box, model)
    assert [event for event in events if isinstance(event, ContentDelta)] == [ContentDelta("ok")]
    assert model.results == ["text"]


@pytest.mark.parametrize(
    "name", ["functions.read_file", "read_file<|channel|>commentary", "functions.read_file:0"]
)
async def test_what_parsers_leave_on_a_name_is_cut(box: Box, name: str) -> None:
    model = Model(calls((name, {"path": "a"})), answer("ok"))
    await run(box, model)
    assert model.results == ["text"]


async def test_a_template_that_drops_tools_is_asked_again_in_words(box: Box) -> None:
    system = "word " * 100
    dropped = [UsageReported(Usage(160, 5)), *answer("I can't do that.")]
    model = Model(dropped, [UsageReported(Usage(600, 5)), *calls(READ)], answer("Done."))
    loop = AgentLoop(box.toolbox, TOOLS, window=None)
    call = ModelCall("m", (Message("system", system), QUESTION[1]))
    events = [event async for event in loop.run(model.ask, call, wait=wait)]
    assert [asked.tools_as_text for asked in model.asked] == [False, True, True]
    assert model.asked[0].messages == model.asked[1].messages
    assert events.index(Reclassified()) == 2
    assert loop.last_text == "Done."
    assert loop.leaves_out_tools


@pytest.mark.parametrize("tokens", [600, 1])
async def test_a_template_that_tells_of_tools_is_believed(box: Box, tokens: int) -> None:
    """So few tokens that they are not even enough for the text are a count without the cache."""
    model = Model([UsageReported(Usage(tokens, 5)), *answer("No.")])
    loop = AgentLoop(box.toolbox, TOOLS, window=None)
    call = ModelCall("m", (Message("system", "word " * 100), QUESTION[1]))
    async for _ in loop.run(model.ask, call, wait=wait):
        pass
    assert len(model.asked) == 1
    assert not loop.leaves_out_tools


def notices(events: list[AgentEvent]) -> list[str]:
    return [event.notice.message for event in events if isinstance(event, Noticed)]


async def test_three_calls_in_a_row_that_no_tool_takes_end_it(box: Box) -> None:
    model = Model(calls(("read_file", "{")), calls(READ), calls(("x", "{}")))
    loop, events = await run(box, model)
    assert notices(events) == ["The model made 3 invalid tool calls in a row."]
    assert len(model.asked) == 5
    assert len(loop.steps) == 10


async def test_the_same_call_with_the_same_result_is_warned_of_and_then_ends_it(box: Box) -> None:
    model = Model(calls(READ))
    loop, events = await run(box, model)
    assert notices(events) == ["The model made the same call 5 times, with the same result."]
    results = [message.text for message in loop.steps if message.role == "tool"]
    assert results[1] == "text"
    assert results[2] == "text\n(This is call 3 with the same result: do something else.)"
    assert len(model.asked) == 5


async def test_forty_requests_are_enough(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(1000))

    async def ask(_: ModelCall) -> AsyncGenerator[Step, None]:
        for step in calls(("shell", {"command": f"echo {next(numbers)}"})):
            yield step

    monkeypatch.setattr(box.toolbox, "run", _instantly)
    loop = AgentLoop(box.toolbox, TOOLS, window=None)
    events = [e async for e in loop.run(ask, ModelCall("m", QUESTION), wait=wait)]
    assert notices(events) == ["The model made 40 requests without finishing."]
    assert next(numbers) == 40


async def _instantly(call: ToolCall, _emit: Emit) -> ToolResult:
    return ToolResult(call.arguments)


async def test_a_small_window_is_refused(box: Box) -> None:
    with pytest.raises(ContextOverflow, match="4,096 tokens is too small for tools"):
        await run(box, Model(answer("x")), window=4096)
    told = [UsageReported(Usage(10, 5, context_window=4096)), *calls(READ)]
    with pytest.raises(ContextOverflow):
        await run(box, Model(told))


async def test_old_results_are_shortened_once_the_window_is_nearly_full(box: Box) -> None:
    (box.root / "long").write_text("word word word word\n" * 400)
    numbers = iter(range(1, 100))
    model = Model(answer("x"))

    async def ask(call: ModelCall) -> AsyncGenerator[Step, None]:
        model.asked.append(call)
        number = next(numbers)
        limit = {"path": "long", "limit": 1000 + number}
        for step in calls(("read_file", limit)) if number < 8 else answer("done"):
            yield step

    loop = AgentLoop(box.toolbox, TOOLS, window=8192)
    async for _ in loop.run(ask, ModelCall("m", QUESTION), wait=wait):
        pass
    sizes = [sum(len(m.text) for m in call.messages) for call in model.asked]
    assert max(sizes) < 8192 * 3.5
    results = [message.text for message in loop.steps if message.role == "tool"]
    assert "characters left out: call again if needed]" in results[0]
    assert results[0].startswith("(lines 1 to ")
    assert results[-1].count("word") > 500
    # The prefix changes seldom: the cache of the server holds in between.
    changes = sum(
        after.messages[: len(before.messages)] != before.messages
        for before, after in zip(model.asked, model.asked[1:], strict=False)
    )
    assert changes == 1


async def test_tokens_are_those_of_the_whole_turn(box: Box) -> None:
    model = Model(
        [UsageReported(Usage(10, 1, 0)), UsageReported(Usage(10, 5, 0)), *calls(READ)],
        [UsageReported(Usage(20, 2, 10, context_window=9000)), *answer("x")],
    )
    _, events = await run(box, model)
    reports = [event.usage for event in events if isinstance(event, UsageReported)]
    assert reports == [Usage(10, 1, 0), Usage(10, 5, 0), Usage(30, 7, 10)]


async def test_stop_in_a_command_answers_every_call(box: Box) -> None:
    begun = asyncio.Event()
    model = Model(calls(READ, ("shell", {"command": "echo begun; sleep 60"}), READ))
    loop = AgentLoop(box.toolbox, TOOLS, window=None)

    async def interrupted(awaitable: Coroutine[Any, Any, Any]) -> Any:
        waiting = asyncio.ensure_future(awaitable)
        stop = asyncio.ensure_future(begun.wait())
        await asyncio.wait([waiting, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if begun.is_set():
            waiting.cancel()
            raise Interrupted
        return waiting.result()

    events: list[AgentEvent] = []
    with pytest.raises(Interrupted):
        async for event in loop.run(model.ask, ModelCall("m", QUESTION), wait=interrupted):
            events.append(event)
            if type(event).__name__ == "ItemOutput":
                begun.set()
    assert [m.text for m in loop.steps if m.role == "tool"] == ["text", "cancelled", "cancelled"]
    last = events[-1]
    assert isinstance(last, ItemChanged)
    assert (last.stage, last.item.status) == ("completed", "failed")  # type: ignore[union-attr]


async def test_the_users_cancel_ends_the_turn(tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    box = Box(root, approval="untrusted", answers=["cancel"])
    model = Model(calls(("write_file", {"path": "a", "content": "x"})))
    with pytest.raises(Interrupted):
        await run(box, model)
    assert not (root / "a").exists()
