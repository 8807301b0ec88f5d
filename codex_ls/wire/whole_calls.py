"""A message that is a tool call and nothing else: bare JSON, as qwen2.5-coder and others write it.

It counts only where tools are offered, and only if it names one of them: a JSON answer stays an answer.
Text that may become such a message is held back; anything else passes at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from codex_ls.events import ContentDelta, Reclassified, ToolCallDelta, WireEvent

_MAX_HELD: Final = 256 * 1024
_KEYS: Final = (
    "name", "tool", "tool_name", "function", "function_name", "arguments", "parameters", "args",
    "type", "id", "tool_calls", "action", "command", "input",
)  # fmt: skip
"""What such an object begins with."""
_NAMES: Final = ("name", "tool", "tool_name", "function_name", "function", "action")
_ARGUMENTS: Final = ("arguments", "parameters", "args", "input", "action_input")
_BEGINNING = re.compile(r"\s*(?:```\w*\s*)?(?:\[\s*)?\{\s*\"(\w+)\"\s*:")
_UNDECIDED = re.compile(r"\s*(?:`{1,2}|```\w{0,9}\s*)?(?:\[\s*)?(?:\{\s*(?:\"\w{0,13}\"?\s*)?)?")
_WHOLE = re.compile(r"\s*(?:```\w*\s*\n?)?(?P<json>[\[{].*[\]}])\s*(?:```)?\s*", re.DOTALL)
_SUFFIX = re.compile(r"<\|.*|:\d+$", re.DOTALL)


class WholeMessageCalls:
    """Wire events in, wire events out; calls in place of the text that is one."""

    def __init__(self, names: Collection[str]) -> None:
        """`names` are the tools that were offered."""
        self._names = frozenset(names)
        self._held: list[str] = []
        self._size = 0
        self._is_open = True
        """Whether the text so far may still be the beginning of a call."""

    def feed(self, event: WireEvent) -> list[WireEvent]:
        """Return what is known now."""
        match event:
            case ContentDelta() if self._is_open:
                self._held.append(event.text)
                self._size += len(event.text)
                if self._may_be_call():
                    return []
                return self._released()
            case ToolCallDelta() | Reclassified() if self._is_open:
                return [*self._released(), event]
        return [event]

    def finish(self) -> list[WireEvent]:
        """Return what was held back, as the calls that it is or as text."""
        if not self._held:
            return []
        text, self._is_open = "".join(self._held), False
        calls = list(calls_in_whole(text, self._names))
        if not calls:
            return self._released()
        self._held.clear()
        return [
            ToolCallDelta(index, f"call_{index}", name, arguments)
            for index, (name, arguments) in enumerate(calls)
        ]

    def _may_be_call(self) -> bool:
        if self._size > _MAX_HELD:
            return False
        if len(self._held) > 1 and self._size > 256:
            return True  # its beginning was looked at
        text = "".join(self._held)
        self._held = [text]
        match = _BEGINNING.match(text)
        if match is not None:
            return match[1] in _KEYS
        return len(text) < 256 and _UNDECIDED.fullmatch(text) is not None

    def _released(self) -> list[WireEvent]:
        text, self._is_open = "".join(self._held), False
        self._held.clear()
        return [ContentDelta(text)] if text else []


def calls_in_whole(text: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, arguments) if the whole text is calls of offered tools; else nothing."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        return
    values: list[Any] = []
    decoder, body, at = json.JSONDecoder(strict=False), match["json"], 0
    try:
        while at < len(body):
            value, at = decoder.raw_decode(body, at)
            values += value if isinstance(value, list) else [value]
            while at < len(body) and body[at] in " \t\r\n,;":
                at += 1
    except (ValueError, RecursionError):
        return
    calls = [_call(value, names) for value in values]
    if all(calls):
        yield from (call for call in calls if call is not None)


def _call(value: Any, names: Collection[str]) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return None
    inner = value.get("function")
    if isinstance(inner, dict):
        value = {**value, **inner}
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), "")
    name = clean_name(name)
    if name not in names:
        return None
    arguments: Any = next((value[key] for key in _ARGUMENTS if key in value), {})
    return name, arguments if isinstance(arguments, str) else json.dumps(
        arguments, ensure_ascii=False
    )


def clean_name(name: str) -> str:
    """Return a tool's name without what models and parsers leave on it.

    gpt-oss: `shell<|channel|>commentary` and `functions.shell`; Kimi: `functions.shell:0`.
    """
    clean = _SUFFIX.sub("", name.strip())
    return clean.removeprefix("call:").removeprefix("functions.").strip(". ") or name
