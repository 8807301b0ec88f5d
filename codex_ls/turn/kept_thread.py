"""A thread as its file tells it: what was asked, what came, how it ended.

Reading is tolerant, since the file may have been cut anywhere: a line that is not JSON is passed over,
a turn without an end was broken off, and a value of another kind than expected counts as not there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast, get_args

from codex_ls.events import (
    FinishReason,
    Notice,
    ReasoningEcho,
    Status,
    Timing,
    Usage,
)
from codex_ls.sanitize import sanitize
from codex_ls.wire import Image, Message, ToolCall

_TITLE_CHARS = 80
_PIECE_HEAD_BYTES = len('{"turn":"') + 36
"""How far a line reaches that names its turn first, a UUID."""
_STATUSES: tuple[str, ...] = get_args(Status)
_REASONS: tuple[str, ...] = get_args(FinishReason)

Figures = TypeVar("Figures", Usage, Timing)


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """One question and what came of it."""

    turn_id: str
    at: str
    """When it was asked, as in `2026-01-31T12:00:00.000Z`."""
    prompt: str
    """The user's own words."""
    sent: str
    """The words with their context, as the model got them."""
    model: str = ""
    provider: str = ""
    profile: str | None = None
    local_only: bool = False
    images: tuple[Image, ...] = ()
    reasoning: str = ""
    content: str = ""
    status: Status = "truncated"
    """`truncated` where no end was written: the turn still runs, or its process died."""
    finish_reason: FinishReason = "other"
    timing: Timing | None = None
    usage: Usage | None = None
    notices: tuple[Notice, ...] = ()
    error: Notice | None = None
    echo: ReasoningEcho | None = None
    steps: tuple[Message, ...] = ()
    """Of a turn with tools: its calls and their results."""
    last_text: str = ""

    @property
    def has_text(self) -> bool:
        """Whether anything of the model's came."""
        return bool(self.reasoning or self.content or self.steps)


@dataclass(frozen=True, slots=True)
class KeptThread:
    """One conversation, oldest turn first."""

    thread_id: str
    turns: tuple[KeptTurn, ...]
    """Those that no later turn replaces."""
    updated_at: str = ""
    folder: str | None = None
    """Where it began; None where nobody said so (an editor's, or from an earlier version)."""
    forked_from: str | None = None
    """The thread that this one is a copy of, up to where it goes its own way."""
    forked_at: str = ""
    """When it went its own way."""
    replaced: frozenset[str] = frozenset()
    """The turns that are no longer part of it."""

    @property
    def title(self) -> str:
        """The first question's first line, cut to 80 characters; of a copy its own first question."""
        title = _first_line(self.turns)
        if self.forked_from is not None:
            own = _first_line(turn for turn in self.turns if turn.at >= self.forked_at)
            title = f"{own} (after: {title})" if own else title
        return title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1].rstrip() + "…"


def thread_from(thread_id: str, data: bytes) -> KeptThread:
    """The thread in the bytes of its file; never raises."""
    return _thread(thread_id, _lines(data))


def outline_from(thread_id: str, data: bytes) -> KeptThread:
    """The same without the text behind each turn's first piece, which is all that a list needs.

    Nearly every line of a file is a piece, and taking them apart nearly all of the time.
    """
    return _thread(thread_id, _outline_lines(data))


def _thread(thread_id: str, in_file: Iterable[Mapping[str, Any]]) -> KeptThread:
    kept: dict[str, _Lines] = {}
    head: Mapping[str, Any] = {}
    updated_at = ""
    for line in in_file:
        if line.get("type") == "thread":
            head = head or line
        turn_id = _text(line, "turn")
        updated_at = _text(line, "at") or updated_at
        if line.get("type") == "turn" and turn_id:
            kept.setdefault(turn_id, _Lines(line))
        elif (lines := kept.get(turn_id)) is not None:
            lines.take(line)
    replaced = frozenset(_text(lines.begin, "replaces") for lines in kept.values()) - {""}
    turns = tuple(lines.turn(turn_id) for turn_id, lines in kept.items() if turn_id not in replaced)
    return KeptThread(
        thread_id,
        turns,
        updated_at,
        folder=_text(head, "folder") or None,
        forked_from=_text(head, "forked_from") or None,
        forked_at=_text(head, "at"),
        replaced=replaced,
    )


def _first_line(turns: Iterable[KeptTurn]) -> str:
    lines = (line for turn in turns for line in turn.prompt.split("\n"))
    # What was piped in may hold escapes.
    return next(filter(None, (" ".join(sanitize(line).split()) for line in lines)), "")


def turn_lines(data: bytes) -> bytes:
    """The lines of a thread's file that tell of its turns, whole ones only: what a copy begins with."""
    whole = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
    return b"".join(line for line in whole if not line.startswith(b'{"type":"thread"'))


def folder_from(first_line: bytes) -> str | None:
    """The folder in which a thread began, from the first line of its file."""
    return next((_text(line, "folder") for line in _lines(first_line)), "") or None


class _Lines:
    """The lines of one turn so far."""

    def __init__(self, begin: Mapping[str, Any]) -> None:
        self.begin = begin
        self.end: Mapping[str, Any] = {}
        self.reasoning: list[str] = []
        self.content: list[str] = []
        self.steps: Mapping[str, Any] = {}

    def take(self, line: Mapping[str, Any]) -> None:
        match line:
            case {"content": str(text)}:
                self.content.append(text)
            case {"reasoning": str(text)}:
                self.reasoning.append(text)
            case {"reclassified": True}:
                self.reasoning += self.content
                self.content.clear()
            case {"reclassified": "content"}:
                self.content, self.reasoning = self.reasoning or self.content, []
            case {"steps": list()}:
                self.steps = line
            case {"type": "end"}:
                self.end = line
            case _:
                pass

    def turn(self, turn_id: str) -> KeptTurn:
        begin, end = self.begin, self.end
        prompt = _text(begin, "prompt")
        status, reason = end.get("status"), end.get("finish_reason")
        return KeptTurn(
            turn_id=turn_id,
            at=_text(begin, "at"),
            prompt=prompt,
            sent=_text(begin, "sent") or prompt,
            model=_text(begin, "model"),
            provider=_text(begin, "provider"),
            profile=_text(begin, "profile") or None,
            local_only=begin.get("local_only") is True,
            images=tuple(_images(begin.get("images"))),
            reasoning="".join(self.reasoning),
            content="".join(self.content),
            status=cast("Status", status if status in _STATUSES else "truncated"),
            finish_reason=cast("FinishReason", reason if reason in _REASONS else "other"),
            timing=_figures(Timing, end.get("timing")),
            usage=_figures(Usage, end.get("usage")),
            notices=tuple(_notices(end.get("notices"))),
            error=next(_notices([end.get("error")]), None),
            echo=_echo(end.get("echo")),
            steps=tuple(_messages(self.steps.get("steps"))),
            last_text=_text(self.steps, "last_text"),
        )


def _lines(data: bytes) -> Iterator[Mapping[str, Any]]:
    for raw in data.split(b"\n"):
        if (line := _line(raw)) is not None:
            yield line


def _outline_lines(data: bytes) -> Iterator[Mapping[str, Any]]:
    """The lines, but of a turn that has text no further pieces."""
    begun: set[bytes] = set()
    for raw in data.split(b"\n"):
        head = raw[:_PIECE_HEAD_BYTES]
        if head in begun or (line := _line(raw)) is None:
            continue
        if line.get("type") == "turn":
            begun.clear()
        elif _text(line, "content") or _text(line, "reasoning"):
            begun.add(head)
        yield line


def _line(raw: bytes) -> Mapping[str, Any] | None:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def _text(line: Mapping[str, Any], key: str) -> str:
    value = line.get(key)
    return value if isinstance(value, str) else ""


def _figures(kind: type[Figures], value: object) -> Figures | None:
    """Usage or timing with every number that is one."""
    if not isinstance(value, dict):
        return None
    names = {field.name for field in fields(kind)}
    numbers: dict[str, Any] = {
        name: number
        for name, number in value.items()
        if name in names and isinstance(number, int | float)
    }
    try:
        return kind(**numbers) if numbers else None
    except TypeError:
        return None


def _images(value: object) -> Iterator[Image]:
    for entry in value if isinstance(value, list) else ():
        match entry:
            case {"media_type": str(media_type), "base64": str(data)}:
                yield Image(media_type, data)
            case _:
                pass


def _notices(value: object) -> Iterator[Notice]:
    for entry in value if isinstance(value, list) else ():
        match entry:
            case {"kind": str(kind), "message": str(message)}:
                yield Notice(kind, message, _text(entry, "hint") or None)
            case _:
                pass


def _messages(value: object) -> Iterator[Message]:
    """The messages of a turn with tools, as far as each call has its result."""
    for entry in value if isinstance(value, list) else ():
        match entry:
            case {"role": "assistant", "tool_calls": list(calls)}:
                yield Message(
                    "assistant",
                    _text(entry, "text"),
                    reasoning=_text(entry, "reasoning"),
                    echo=_echo(entry.get("echo")),
                    tool_calls=tuple(
                        ToolCall(*(_text(call, key) for key in ("call_id", "name", "arguments")))
                        for call in calls
                        if isinstance(call, dict)
                    ),
                )
            case {"role": "tool", "tool_call_id": str(call_id)}:
                text, name = _text(entry, "text"), _text(entry, "name")
                yield Message("tool", text, tool_call_id=call_id, name=name)
            case _:
                pass


def _echo(value: object) -> ReasoningEcho | None:
    if not isinstance(value, dict):
        return None
    details = value.get("details")
    listed = details if isinstance(details, list) else []
    kept = tuple(entry for entry in listed if isinstance(entry, dict))
    field = _text(value, "field") or None
    return ReasoningEcho(field, kept) if field or kept else None
