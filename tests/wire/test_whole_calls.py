"""A message that is a tool call and nothing else."""

import json

import pytest

from codex_ls.events import ContentDelta, ReasoningDelta, StreamFinished, ToolCallDelta, WireEvent
from codex_ls.wire.whole_calls import WholeMessageCalls, calls_in_whole, clean_name

NAMES = ("shell", "read_file")
ONE = '{"name": "shell", "arguments": {"command": "ls"}}'
ARGUMENTS = '{"command": "ls"}'

CALLS = {
    "qwen2.5-coder": ONE,
    "fenced": f"```json\n{ONE}\n```",
    "fenced, with blanks": f"\n ```\n{ONE}\n```\n",
    "llama 3": '{"name": "shell", "parameters": {"command": "ls"}}',
    "llama 3 with a type": '{"type": "function", "name": "shell", "parameters": {"command": "ls"}}',
    "openai": '{"type": "function", "function": {"name": "shell", "arguments": {"command": "ls"}}}',
    "arguments first": '{"arguments": {"command": "ls"}, "name": "shell"}',
    "arguments as text": '{"name": "shell", "arguments": "{\\"command\\": \\"ls\\"}"}',
    "a list": f"[{ONE}]",
    "tool": '{"tool": "shell", "args": {"command": "ls"}}',
    "kimi's name": '{"name": "functions.shell:0", "arguments": {"command": "ls"}}',
}
ANSWERS = {
    "prose": "The name is shell.",
    "another tool": '{"name": "python", "arguments": {"code": "1"}}',
    "an answer in JSON": '{"name": "Ada", "born": 1815}',
    "other keys": '{"answer": 42, "why": {"a": 1}}',
    "a call in prose": f"I would call {ONE}",
    "a call and prose": f"{ONE}\nThat lists the files.",
    "code": "```python\nprint({'name': 'shell'})\n```",
    "half a call": '{"name": "shell", "arguments": {"command": "l',
    "an empty message": "",
    "a brace": "{",
    "a list of numbers": "[1, 2, 3]",
    "one call of an unknown tool": f'[{ONE}, {{"name": "x", "arguments": {{}}}}]',
    "a long text that begins with a brace": "{" + "a" * 1000,
    "text with blanks": "   \n  hello",
}


def events_of(*pieces: str) -> tuple[str, list[tuple[str, str]]]:
    """The text and the calls that come of the pieces of a message."""
    reader = WholeMessageCalls(NAMES)
    events: list[WireEvent] = []
    for piece in pieces:
        events += reader.feed(ContentDelta(piece))
    events += reader.finish()
    events += reader.feed(StreamFinished("stop"))
    assert events.pop() == StreamFinished("stop")
    text = "".join(event.text for event in events if isinstance(event, ContentDelta))
    calls = [(e.name or "", e.arguments) for e in events if isinstance(e, ToolCallDelta)]
    return text, calls


@pytest.mark.parametrize("text", CALLS.values(), ids=CALLS)
def test_a_call_at_every_cut(text: str) -> None:
    for at in range(len(text) + 1):
        told, [(name, arguments)] = events_of(*filter(None, (text[:at], text[at:])))
        assert (told, name, json.loads(arguments)) == ("", "shell", {"command": "ls"})
    assert events_of(*text) == events_of(text)


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_at_every_cut(text: str) -> None:
    for at in range(len(text) + 1):
        assert events_of(*filter(None, (text[:at], text[at:]))) == (text, [])
    assert events_of(*text) == (text, [])


def test_two_calls() -> None:
    other = '{"name": "read_file", "arguments": {"path": "a"}}'
    for text in (f"{ONE}\n{other}", f"[{ONE}, {other}]", f"{ONE};{other}"):
        assert [name for name, _ in events_of(text)[1]] == ["shell", "read_file"]


def test_ordinary_text_passes_at_once() -> None:
    reader = WholeMessageCalls(NAMES)
    assert reader.feed(ContentDelta("He")) == [ContentDelta("He")]
    assert reader.feed(ContentDelta("{")) == [ContentDelta("{")]
    for text in ("`a", "``` a", "{1", '{"x":', "[1", "[]"):
        reader = WholeMessageCalls(NAMES)
        told = [e for char in text for e in reader.feed(ContentDelta(char))]
        assert "".join(e.text for e in told if isinstance(e, ContentDelta)) == text


def test_thinking_passes_while_text_is_held() -> None:
    reader = WholeMessageCalls(NAMES)
    assert reader.feed(ContentDelta("{")) == []
    assert reader.feed(ReasoningDelta("hm")) == [ReasoningDelta("hm")]


def test_a_native_call_behind_held_text_keeps_the_text() -> None:
    reader = WholeMessageCalls(NAMES)
    call = ToolCallDelta(0, "c", "shell", "{}")
    assert reader.feed(ContentDelta("{")) == []
    assert reader.feed(call) == [ContentDelta("{"), call]
    assert reader.finish() == []


def test_what_is_held_is_bounded() -> None:
    reader = WholeMessageCalls(NAMES)
    begin = '{"name": "shell", "arguments": {"command": "'
    events = reader.feed(ContentDelta(begin))
    for _ in range(100):
        events += reader.feed(ContentDelta("x" * 10_000))
    assert sum(len(event.text) for event in events if isinstance(event, ContentDelta)) > 900_000


def test_deep_nesting_is_text() -> None:
    assert list(calls_in_whole('{"name": "shell", "arguments": ' + "[" * 100_000, NAMES)) == []


@pytest.mark.parametrize(
    ("name", "clean"),
    [("shell", "shell"), ("functions.shell", "shell"), ("shell<|channel|>commentary", "shell"),
     ("functions.shell:12", "shell"), ("call:shell", "shell"), (" shell ", "shell"), (":1", ":1")],
)  # fmt: skip
def test_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean
