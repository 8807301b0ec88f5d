"""JSON that servers send: read with bounds, and the texts inside what came where a string was meant.

A value nested deeper than `MAX_DEPTH` is not JSON to us, so that whatever is done with one later can't
run out of stack.
"""

import json
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100
"""Levels of arrays and objects; a Responses answer that repeats a tool's schema has twenty."""

MAX_KEPT = 16 * 1024 * 1024
"""Characters that one answer may make us keep beside its text: tool calls, reasoning to send back."""


_MAX_VALUES = 1_000
_DECODER = json.JSONDecoder()
_BLANKS = " \t\n\r"


def parse_json(text: str | bytes) -> Any:
    """The JSON value of `text`, or None if it is not JSON (hostile nesting included).

    It is on the way of every word: `json.loads` would look for blanks on both sides, to find none.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        text = text.lstrip(_BLANKS)
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if end != len(text) and text[end:].strip(_BLANKS):
        return None
    brackets = text.count("[") + text.count("{")
    return value if brackets <= MAX_DEPTH or _depth(value) <= MAX_DEPTH else None


def size_of(value: Any) -> int:
    """About how many characters a JSON value takes."""
    return sum(len(leaf) if isinstance(leaf, str) else 8 for leaf, _ in _walk(value))


def _depth(value: Any) -> int:
    """How many arrays and objects stand around the innermost of them, itself included."""
    return max((d for inner, d in _walk(value) if isinstance(inner, (dict, list))), default=0)


def _walk(value: Any) -> Iterator[tuple[Any, int]]:
    """Every key and value in a JSON value, each with how deep it stands; without recursion."""
    left: list[tuple[Any, int]] = [(value, 1)]
    while left:
        value, depth = left.pop()
        yield value, depth
        if isinstance(value, dict):
            left += ((key, depth) for key in value)
            left += ((inner, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            left += ((inner, depth + 1) for inner in value)


def parse_values(text: str) -> list[Any]:
    """The JSON values of `text`, right behind each other; none if any of it is not JSON."""
    values: list[Any] = []
    text = text.strip(_BLANKS)
    while text:
        try:
            value, end = _DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            return []
        if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
            return []
        values.append(value)
        text = text[end:].lstrip(_BLANKS)
        if len(values) > _MAX_VALUES:
            return []
    return values


def plain(value: Any) -> str:
    """The text of a string, of an object around one, or of a list of either."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for key in ("text", "content", "reasoning", "summary"):
            if isinstance(text := value.get(key), str) and text:
                return text
    if isinstance(value, list):
        return "".join(plain(item) for item in value)
    return ""


def detail_text(detail: Any) -> str:
    """The readable part of one entry of `reasoning_details` (OpenRouter)."""
    if not isinstance(detail, dict):
        return ""
    for key in ("text", "summary"):
        if isinstance(text := detail.get(key), str):
            return text
    return ""


def is_flagged(delta: dict[str, Any]) -> bool:
    """Whether a delta says of itself that its content is thinking (Gemini)."""
    extra = delta.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    return isinstance(google, dict) and google.get("thought") is True


def part_texts(part: dict[str, Any]) -> tuple[str, str]:
    """The (thinking, text) of one content part."""
    kind = part.get("type")
    if kind in ("thinking", "reasoning", "reasoning_text", "thought", "summary_text"):
        texts = (part.get(key) for key in ("thinking", "text", "reasoning", "summary", "content"))
        return plain(next(filter(None, texts), "")), ""
    if part.get("thought") is True:
        return plain(part.get("text") or ""), ""
    texts = (part.get(key) for key in ("text", "content", "refusal"))
    return "", plain(next(filter(None, texts), ""))


def message_texts(content: Any) -> tuple[str, str]:
    """The (thinking, text) of a whole message's content: a string, a part, or a list of either."""
    if isinstance(content, str):
        return "", content
    thinking, text = "", ""
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            text += part
        elif isinstance(part, dict):
            more_thinking, more_text = part_texts(part)
            thinking, text = thinking + more_thinking, text + more_text
    return thinking, text
