"""JSON lines: the shape of `codex exec --json`, whole lists of lines compared."""

import json
from typing import Any

import pytest

from codex_ls.errors import NoProfile, ServerError
from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    Notice,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    ReasoningSource,
    Reclassified,
    RetryScheduled,
    Timing,
    TurnFinished,
    TurnStarted,
    Usage,
)
from codex_ls.render.human import EVERY_SOURCE
from codex_ls.render.jsonl import JsonlRenderer

STARTED = TurnStarted(turn_id="u1", thread_id="h1", model="gpt-oss", provider="lmstudio")
START_LINES = [{"type": "thread.started", "thread_id": "h1"}, {"type": "turn.started"}]


def finished(**changes: Any) -> TurnFinished:
    fields: dict[str, Any] = {
        "status": "completed",
        "finish_reason": "stop",
        "reasoning": "",
        "content": "",
        "timing": Timing(total_ms=9),
        "usage": Usage(
            input_tokens=100, output_tokens=60, cached_input_tokens=7, reasoning_tokens=40
        ),
    }
    return TurnFinished(**{**fields, **changes})


COMPLETED = {
    "type": "turn.completed",
    "usage": {
        "input_tokens": 100,
        "cached_input_tokens": 7,
        "cache_write_input_tokens": 0,
        "output_tokens": 60,
        "reasoning_output_tokens": 40,
    },
}


def written(*events: Event, sources: frozenset[ReasoningSource] = EVERY_SOURCE) -> list[str]:
    lines: list[str] = []
    renderer = JsonlRenderer(write=lines.append, sources=sources)
    for event in events:
        renderer.render(event)
    return lines


def told(*events: Event, sources: frozenset[ReasoningSource] = EVERY_SOURCE) -> list[Any]:
    lines = written(*events, sources=sources)
    assert all(line.endswith("\n") and "\n" not in line[:-1] for line in lines)
    return [json.loads(line) for line in lines]


def item(number: int, item_type: str, text: str) -> dict[str, Any]:
    return {"id": f"item_{number}", "type": item_type, "text": text}


def delta(number: int, item_type: str, text: str) -> dict[str, Any]:
    return {
        "type": "item.delta",
        "item": {"id": f"item_{number}", "type": item_type},
        "delta": text,
    }


def told_item(number: int, item_type: str, text: str) -> list[Any]:
    """All lines of an item that came in one piece."""
    return [
        {"type": "item.started", "item": item(number, item_type, "")},
        delta(number, item_type, text),
        {"type": "item.updated", "item": item(number, item_type, text)},
        {"type": "item.completed", "item": item(number, item_type, text)},
    ]


def test_thinking_and_answer_are_two_items() -> None:
    assert told(
        STARTED,
        PhaseChanged("thinking"),
        ReasoningDelta("hm"),
        ContentDelta("4"),
        finished(),
    ) == [
        *START_LINES,
        *told_item(0, "reasoning", "hm"),
        *told_item(1, "agent_message", "4"),
        COMPLETED,
    ]


def test_updates_carry_the_whole_text_each_time_it_has_doubled() -> None:
    lines = told(STARTED, *(ContentDelta("x") for _ in range(9)), finished())
    updates = [line["item"]["text"] for line in lines if line["type"] == "item.updated"]
    assert updates == ["x", "xx", "xxxx", "xxxxxxxx"]
    assert [line["delta"] for line in lines if line["type"] == "item.delta"] == ["x"] * 9


def test_the_cost_of_a_long_answer_is_linear() -> None:
    pieces = 20_000
    lines = written(STARTED, *(ContentDelta("word ") for _ in range(pieces)), finished())
    updated = sum(len(line) for line in lines if '"item.updated"' in line)
    assert updated < 2 * len("word ") * pieces + 200 * len(lines) / 1_000


def test_a_model_that_thinks_again_keeps_one_message() -> None:
    lines = told(
        STARTED,
        ContentDelta("a"),
        ReasoningDelta("hm"),
        ContentDelta("b"),
        finished(),
    )
    assert [line for line in lines if line["type"] == "item.completed"] == [
        {"type": "item.completed", "item": item(1, "reasoning", "hm")},
        {"type": "item.completed", "item": item(0, "agent_message", "ab")},
    ]


def test_content_that_turns_out_to_be_thinking_becomes_a_reasoning_item() -> None:
    assert told(STARTED, ContentDelta("hm"), Reclassified(), ContentDelta("4"), finished()) == [
        *START_LINES,
        *told_item(0, "agent_message", "hm")[:3],
        {"type": "item.updated", "item": item(0, "reasoning", "hm")},
        {"type": "item.completed", "item": item(0, "reasoning", "hm")},
        *told_item(1, "agent_message", "4"),
        COMPLETED,
    ]


def test_thinking_that_turns_out_to_be_the_answer_becomes_a_message() -> None:
    assert told(STARTED, ReasoningDelta("4"), AnsweredInThinking("4"), finished()) == [
        *START_LINES,
        *told_item(0, "reasoning", "4")[:3],
        {"type": "item.updated", "item": item(0, "agent_message", "4")},
        {"type": "item.completed", "item": item(0, "agent_message", "4")},
        COMPLETED,
    ]


def test_blank_space_behind_thinking_that_is_the_answer_is_none_of_it() -> None:
    events = (ReasoningDelta("4"), ContentDelta("\n\n"), AnsweredInThinking("4"), finished())
    assert told(STARTED, *events) == [
        *START_LINES,
        *told_item(0, "reasoning", "4")[:3],
        {"type": "item.updated", "item": item(0, "agent_message", "4")},
        {"type": "item.completed", "item": item(0, "agent_message", "4")},
        COMPLETED,
    ]


def test_thinking_that_was_not_shown_and_is_the_answer_is_a_message_of_its_own() -> None:
    events = (STARTED, ReasoningDelta("4"), AnsweredInThinking("4"), finished())
    assert told(*events, sources=frozenset()) == [
        *START_LINES,
        *told_item(0, "agent_message", "4"),
        COMPLETED,
    ]


def test_blank_space_alone_is_no_item_and_is_not_lost_before_a_word() -> None:
    assert told(
        STARTED, ReasoningDelta("\n"), ContentDelta("\n"), ContentDelta("4"), finished()
    ) == [
        *START_LINES,
        *told_item(0, "agent_message", "\n4"),
        COMPLETED,
    ]


def test_thinking_that_is_not_wanted_is_left_out() -> None:
    assert told(
        STARTED,
        ReasoningDelta("raw"),
        ReasoningDelta("short", source="summary"),
        finished(),
        sources=frozenset({"summary"}),
    ) == [*START_LINES, *told_item(0, "reasoning", "short"), COMPLETED]


def test_notices_and_retries_are_error_items_that_end_nothing() -> None:
    notice = Notice("effortRefused", "The server knows no effort.", hint="Leave it out.")
    assert told(
        STARTED,
        RetryScheduled(attempt=2, max_attempts=5, delay_ms=500, reason="503"),
        Noticed(notice),
        ContentDelta("4"),
        finished(notices=(notice,)),
    ) == [
        *START_LINES,
        {
            "type": "item.completed",
            "item": {"id": "item_0", "type": "error", "message": "Attempt 2 of 5 in 0.5 s: 503"},
        },
        {
            "type": "item.completed",
            "item": {
                "id": "item_1",
                "type": "error",
                "message": "The server knows no effort. (Leave it out.)",
            },
        },
        *told_item(2, "agent_message", "4"),
        COMPLETED,
    ]


def test_a_failed_turn_ends_in_error_and_turn_failed() -> None:
    error = ServerError("The server said: out of memory.", hint="Use a smaller model.")
    message = "The server said: out of memory. (Use a smaller model.)"
    assert told(STARTED, finished(status="failed", finish_reason="other", error=error)) == [
        *START_LINES,
        {"type": "error", "message": message},
        {"type": "turn.failed", "error": {"message": message}},
    ]


def test_what_a_server_says_of_itself_is_made_harmless() -> None:
    error = ServerError("\x1b]0;evil\x07boom\x1b[2J")
    assert told(finished(status="failed", finish_reason="other", error=error)) == [
        {"type": "error", "message": "boom"},
    ]


def test_a_failure_before_the_turn_is_one_error_line() -> None:
    lines: list[str] = []
    JsonlRenderer(write=lines.append, sources=EVERY_SOURCE).fail(NoProfile("No model."))
    assert lines == ['{"type":"error","message":"No model."}\n']


def test_a_broken_answer_is_kept_as_an_item_and_the_turn_fails() -> None:
    broken = Notice("streamBroken", "The connection broke.")
    assert told(
        STARTED,
        ContentDelta("Fo"),
        finished(status="truncated", finish_reason="other", notices=(broken,)),
    ) == [
        *START_LINES,
        *told_item(0, "agent_message", "Fo"),
        {"type": "error", "message": "The connection broke."},
        {"type": "turn.failed", "error": {"message": "The connection broke."}},
    ]


def test_an_answer_that_reached_its_limit_is_an_answer_with_a_remark() -> None:
    message = "The model reached its limit of output tokens."
    assert told(
        STARTED,
        ContentDelta("Fo"),
        finished(status="truncated", finish_reason="length", content="Fo"),
    ) == [
        *START_LINES,
        *told_item(0, "agent_message", "Fo"),
        {"type": "item.completed", "item": {"id": "item_1", "type": "error", "message": message}},
        COMPLETED,
    ]


def test_an_interrupted_turn_keeps_its_text_and_fails() -> None:
    assert told(
        STARTED, ReasoningDelta("hm"), finished(status="cancelled", finish_reason="cancelled")
    ) == [
        *START_LINES,
        *told_item(0, "reasoning", "hm"),
        {"type": "turn.failed", "error": {"message": "The turn was interrupted."}},
    ]


def test_usage_that_nobody_told_is_zero_and_named() -> None:
    assert told(STARTED, finished(usage=None))[-1] == {
        "type": "turn.completed",
        "usage": dict.fromkeys(COMPLETED["usage"], 0),
        "untold": [
            "input_tokens",
            "cached_input_tokens",
            "output_tokens",
            "reasoning_output_tokens",
        ],
    }
    unsent = told(STARTED, finished(usage=Usage(input_tokens=9)))[-1]
    assert unsent["usage"]["output_tokens"] == 0  # the SDK's types want a number
    assert "output_tokens" in unsent["untold"]
    part = Usage(input_tokens=9, output_tokens=0, reasoning_tokens=0)
    assert told(STARTED, finished(usage=part))[-1]["untold"] == ["cached_input_tokens"]


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_line_separators_in_a_text_cannot_cut_a_line(separator: str) -> None:
    lines = written(STARTED, ContentDelta(f"a{separator}é"))
    assert len("".join(lines).splitlines()) == len(lines)
    assert json.loads(lines[3])["delta"] == f"a{separator}é"
    assert "é" in lines[3]


def test_the_models_window_stands_beside_the_usage_where_it_is_known() -> None:
    known = Usage(input_tokens=9, output_tokens=1, context_window=8192)
    assert told(STARTED, finished(usage=known))[-1]["model_context_window"] == 8192
    unknown = Usage(input_tokens=9, output_tokens=1)
    assert "model_context_window" not in told(STARTED, finished(usage=unknown))[-1]
