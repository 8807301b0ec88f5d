"""Tool calls that a model wrote into its answer, because its server has no parser for them.

A call is an opener of `families`, the beginning that only a call has behind it, and everything up to
its end. Until the beginning is there, the text is held back, at most `_MAX_HEAD` characters; an opener
that is merely mentioned stays text. A call is not streamed: nobody runs it, and its name may stand last.

It ends with its section's closer or, where a model leaves that out, behind its last bracket or closing
tag, unless another call follows there. What comes then is the answer again, so nothing is lost.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from codex_ls.wire.markers import Body, CallForm, Markers

_MAX_HEAD = 256
_SEPARATORS = " \t\r\n,;"

Verdict = Literal["more", "call", "text"]


class TextCall:
    """One section of calls, from behind its opener.

    `feed` and `finish` say what it is: a call, text after all, or not known yet; `rest` is then what
    they did not take.
    """

    def __init__(self, form: CallForm, opener: str) -> None:
        self._form = form
        self._opener = opener
        self._body: Body | None = None
        self._parts: list[str] = []
        self._held = ""
        self._between = False
        self._gap: list[str] = []  # what separates a call from whatever follows it
        self._marks: Markers | None = None
        self._value: _Brackets | None = None
        self._separators = _SEPARATORS
        self._is_whole = False
        self.rest = ""

    def feed(self, text: str) -> Verdict:
        """Take the next piece."""
        text, self._held = self._held + text, ""
        if self._body is None:
            return self._head(text)
        while text:
            before = len(text)
            verdict, text = self._after(text) if self._between else self._inside(text)
            if verdict != "more":
                self.rest, self._is_whole = text, True
                return verdict
            if len(text) == before:  # the beginning of a marker
                self._held = text
                return "more"
        return "more"

    def finish(self) -> Verdict:
        """What it is now that the message has ended."""
        held, self._held = self._held, ""
        if self._body is None:
            self.rest = held
            return "text"
        self._parts.append(held)
        self.rest = ""
        return "call"

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The (name, arguments) of each call, the arguments as JSON wherever they can be."""
        text = "".join(self._parts)
        calls = list(_calls_in(text)) or [(_any_name(text), text.strip())]
        if not self._is_whole:
            return calls
        return [(name, told if _is_json(told) else _quoted(told)) for name, told in calls]

    def _head(self, text: str) -> Verdict:
        for body in self._form.bodies:
            if match := re.match(body.head, text):
                self._body = body
                marks = self._form.closers + body.ends
                self._marks = Markers(*marks) if marks else None
                if "```" in match[0]:
                    self._separators += "`"
                start = match.start("value") if "value" in match.re.groupindex else 0
                if "value" in match.re.groupindex:
                    self._value = _Brackets()
                self._parts = [self._prefix, text[:start]]
                return self.feed(text[start:])
        if len(text) <= _MAX_HEAD and any(re.fullmatch(b.begun, text) for b in self._form.bodies):
            self._held = text
            return "more"
        self.rest = text
        return "text"

    @property
    def _prefix(self) -> str:
        """The opener, where it is the beginning of what a call is read from."""
        return self._opener if self._opener.endswith("=") else ""

    def _inside(self, text: str) -> tuple[Verdict, str]:
        mark, keep = (None, 0) if self._marks is None else self._marks.scan(text)
        head = text[: mark.start() if mark else len(text) - keep]
        if self._value is not None:
            end = self._value.end_in(head)
            if end:
                self._parts.append(text[:end])
                self._between = True
                return "more", text[end:]
        self._parts.append(head)
        if not mark:
            return "more", text[len(head) :] if head else text
        if mark[0] in self._form.closers:
            return "call", text[mark.end() :]
        self._parts.append(mark[0])
        self._between = True
        return "more", text[mark.end() :]

    def _after(self, text: str) -> tuple[Verdict, str]:
        """Behind one call: its section's closer, another call, or the answer."""
        assert self._body is not None
        body = text.lstrip(self._separators)
        if len(body) < len(text):
            self._gap.append(text[: len(text) - len(body)])
        if not body:
            return "more", ""
        for closer in self._form.closers:
            if body.startswith(closer):
                return "call", body[len(closer) :]
        if body.startswith(self._body.more):
            self._between = False
            self._parts += self._gap
            self._gap.clear()
            if self._value is not None:
                self._value = _Brackets()
            return self._inside(body)
        if any(mark.startswith(body) for mark in self._form.closers + self._body.more):
            return "more", body
        return "call", "".join(self._gap) + body


_BRACKET = re.compile(r'\\(?:.|\Z)|["()\[\]{}]', re.DOTALL)


class _Brackets:
    """Where a bracketed value ends: the last of its brackets, those in strings left out."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._skip = 0

    def end_in(self, text: str, start: int = 0) -> int:
        """The place behind the value's end, if it is in this piece; else 0."""
        start, self._skip = start + self._skip, 0
        for match in _BRACKET.finditer(text, start):
            char = match[0]
            if char[0] == "\\":
                self._skip = 2 - len(char)
            elif char == '"':
                self._in_string = not self._in_string
            elif self._in_string:
                continue
            elif char in "([{":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth <= 0:
                    return match.end()
        return 0


# ---- what stands in a call ----------------------------------------------------------------------

# `<invoke`, `<DSML|invoke` with any bars, `<steptml:invoke`, `<atem:invoke`.
_TAG = r"(?:[\w:]{1,16}:|[｜|‖]{1,2}DSML[｜|‖]{1,2})?"
_TAGGED = re.compile(
    rf"(?:<{_TAG}(?:function|invoke)|^<xai:function_call)(?:=|\s+name=)[\"']?"
    rf"([^\"'<>\s]{{1,128}})[\"']?[^<>]{{0,256}}>(.*?)(?:</{_TAG}(?:function|invoke)>|\Z)",
    re.DOTALL,
)
_PARAMETER = re.compile(
    rf"<{_TAG}(?:parameter|param)(?:=|\s+name=)[\"']?"
    rf"([^\"'<>\s]{{1,128}})[\"']?[^<>]{{0,256}}>(.*?)(?:</{_TAG}(?:parameter|param)>|\Z)",
    re.DOTALL,
)
_XTML = re.compile(
    r'<\|open\|>call\s[^<]*?tool="([^"]*)"[^<]*<\|sep\|>(.*?)(?:<\|close\|>call<\|sep\|>|\Z)',
    re.DOTALL,
)
_XTML_ARGUMENT = re.compile(
    r'<\|open\|>argument\s[^<]*?key="([^"]*)"[^<]*<\|sep\|>(.*?)(?:<\|close\|>argument<\|sep\|>|\Z)',
    re.DOTALL,
)
_KEYED = re.compile(
    r"<(?:longcat_)?arg_key(?::\w+)?>([^<]{0,256})</(?:longcat_)?arg_key(?::\w+)?>\s*"
    r"<(?:longcat_)?arg_value(?::\w+)?>(.*?)(?:</(?:longcat_)?arg_value(?::\w+)?>|\Z)",
    re.DOTALL,
)
_MINIMAX_NAMESPACE = "]<]minimax[>["
_MINIMAX_PARAMETER = re.compile(r"<(\w+)>(.*?)(?:</\1>|\Z)", re.DOTALL)

_MCP_CALL = re.compile(
    r"<tool_name>\s*([^<\s]{1,128})\s*</tool_name>(?:\s*<arguments>(.*?)(?:</|\Z))?", re.DOTALL
)
_TOOL_SEPARATOR = re.compile(r"^\s*<tool_sep(?::\w+)?>|</\w*tool_call(?::\w+)?>\s*$")
_WORD = re.compile(r"[\w.:/-]{1,128}+")
_FRONT = re.compile(r"^\s*(?:<[^<>\s=|]{0,32}\|[^<>\s]{0,32}>\s*)*(?:```(?:json)?)?\s*")
_PYTHON_CALL = re.compile(r"(?:^|[\[,\n])\s*([\w.]{1,128}+)\(")
_MAX_PYTHON = 10_000
_NAME_BEFORE_VALUE = re.compile(
    r"(?<![\w.:/-])(\w[\w.:/-]{0,127}+)"
    r"(?:\s*(?:<[^<>]{0,64}>|\[CALL_ID\]\s*\w+|\[[A-Z_]{1,16}\]|```))*+\s*(?:json\b|code\b)?(?:\s*<[^<>]{0,64}>)*+\s*(?=[\[{])"
)
_SAID_NAME = re.compile(r'"(?:name|tool_name)"\s*:\s*"([^"]{1,128})"')
_VALUE = re.compile(r"[\[{]")
_DECODER = json.JSONDecoder()


def _calls_in(text: str) -> Iterator[tuple[str, str]]:
    """Whatever calls a section holds, in whatever syntax."""
    start = _FRONT.sub("", text)
    if start[:1] in ("{", "["):
        told = list(_json_calls(start))
        yield from told or (_python_calls(start) if start[0] == "[" else ())
    elif _PYTHON_CALL.match(start):
        yield from _python_calls(start)
    elif _TAGGED.search(text):
        text = text.replace(_MINIMAX_NAMESPACE, "")
        for match in _TAGGED.finditer(text):
            yield _clean(match[1]), _arguments(match[2])
    elif "<|open|>call" in text:
        for match in _XTML.finditer(text):
            yield match[1], _pairs(_XTML_ARGUMENT, match[2]) or "{}"
    elif "<tool_name>" in text:
        for match in _MCP_CALL.finditer(text):
            yield match[1], (match[2] or "").strip()
    elif "arg_key" not in text and _NAME_BEFORE_VALUE.search(text):
        yield from _named_values(text)
    else:
        yield from _keyed_calls(text)


def _json_calls(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while value_start := _VALUE.search(text, at):
        try:
            value, at = _DECODER.raw_decode(text, value_start.start())
        except (ValueError, RecursionError):
            return
        yield from _told(value)


def _told(value: Any) -> Iterator[tuple[str, str]]:
    """The call that a JSON value is, or the calls of a list."""
    for call in value if isinstance(value, list) else [value]:
        if not isinstance(call, dict):
            continue
        if len(call) == 1 and isinstance(next(iter(call.values())), dict):
            call = dict(zip(("name", "arguments"), *call.items(), strict=True))  # Apertus
        inner = call.get("function")
        call = {**call, **inner} if isinstance(inner, dict) else call
        names = (call.get(key) for key in ("name", "tool_name", "function", "tool"))
        name = next((name for name in names if isinstance(name, str)), "")
        keys = ("arguments", "parameters", "args", "input")
        arguments: Any = next((call[key] for key in keys if key in call), {})
        told = (
            arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        )
        yield name, told


def _python_calls(text: str) -> Iterator[tuple[str, str]]:
    """`name(key="value")`, alone, in lines or in a list (LFM2, Llama 4, OLMo 3)."""
    at = 0
    while match := _PYTHON_CALL.search(text, at):
        opened = match.end() - 1
        at = _Brackets().end_in(text, opened) or len(text)
        told = text[opened + 1 : at - 1]
        yield match[1], _keywords(told) if told.strip() else "{}"


def _keywords(text: str) -> str:
    """Python's keyword arguments as JSON, where they are literals."""
    if len(text) > _MAX_PYTHON:
        return text
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        pairs = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        return json.dumps(pairs, ensure_ascii=False)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, AssertionError):
        return text


def _keyed_calls(text: str) -> Iterator[tuple[str, str]]:
    """`name`, then keys and values in tags (GLM, Hunyuan, LongCat)."""
    for part in re.split(r"<tool_call(?::\w+)?>", text):
        name = _WORD.search(part)
        if name is None:
            continue
        rest = _TOOL_SEPARATOR.sub("", part[name.end() :]).strip()
        told = _pairs(_KEYED, rest) or rest or "{}"
        yield _clean(name[0]), told


def _named_values(text: str) -> Iterator[tuple[str, str]]:
    """`name`, whatever markers, and a JSON value: DeepSeek, Kimi, Mistral, PLaMo, harmony."""
    at = 0
    while match := _NAME_BEFORE_VALUE.search(text, at):
        try:
            value, at = _DECODER.raw_decode(text, match.end())
            told = json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            # Not JSON (Gemma's own notation), or cut off.
            told, at = text[match.end() :].strip(), len(text)
        yield _clean(match[1]), told


def _arguments(body: str) -> str:
    """The arguments inside a tag: parameters, or JSON."""
    if told := _pairs(_PARAMETER, body):
        return told
    body = body.strip()
    if body[:1] == "<" and (told := _pairs(_MINIMAX_PARAMETER, body)):
        return told
    return body or "{}"


def _pairs(pattern: re.Pattern[str], text: str) -> str:
    pairs = {match[1].strip(): match[2].strip("\n") for match in pattern.finditer(text)}
    return json.dumps(pairs, ensure_ascii=False) if pairs else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text or "{}")
    except (ValueError, RecursionError):
        return False
    return True


def _clean(name: str) -> str:
    """The name alone: Kimi and harmony write `functions.read:0`, Gemma `call:read`."""
    name = re.sub(r":\d+$", "", name)
    return name.removeprefix("call:").removeprefix("functions.").strip(".:") or name


def _any_name(text: str) -> str:
    match = _SAID_NAME.search(text)
    return match[1] if match else ""
