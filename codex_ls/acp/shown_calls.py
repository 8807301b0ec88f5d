"""What a model does with its tools, as the tool calls that a client shows: kind, places, diffs.

An item has a unified diff and the protocol wants old and new text: each hunk becomes a pair of its own,
so that no file has to be sent whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from acp.helpers import (
    plan_entry,
    text_block,
    tool_content,
    tool_diff_content,
    update_plan,
)
from acp.schema import (
    AgentPlanUpdate,
    ContentToolCallContent,
    FileEditToolCallContent,
    TerminalToolCallContent,
    ToolCallLocation,
    ToolCallProgress,
    ToolCallStart,
    ToolCallStatus,
    ToolCallUpdate,
    ToolKind,
)

from codex_ls.agent.approval import ApprovalRequest, visible
from codex_ls.events import CommandItem, FileChange, FileChangeItem, Item, ItemStatus, PlanItem
from codex_ls.sanitize import sanitize

Content = ContentToolCallContent | FileEditToolCallContent | TerminalToolCallContent
CallUpdate = ToolCallStart | ToolCallProgress | AgentPlanUpdate

_KINDS: Final[Mapping[str, ToolKind]] = {
    "read_file": "read",
    "list_files": "search",
    "search": "search",
    "edit_file": "edit",
    "write_file": "edit",
    "apply_patch": "edit",
    "shell": "execute",
}
_STATUSES: Final[Mapping[ItemStatus, ToolCallStatus]] = {
    "in_progress": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "declined": "failed",
}
_HUNK: Final = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_MAX_TITLE_CHARS: Final = 200


def started(item: Item, call_id: str, workspace: Path) -> CallUpdate:
    """Return the update for an item that has begun."""
    if isinstance(item, PlanItem):
        return _plan(item)
    return ToolCallStart(
        session_update="tool_call", tool_call_id=call_id, **_parts(item, workspace)
    )


def completed(item: Item, call_id: str, workspace: Path) -> CallUpdate:
    """Return the update for an item that has ended."""
    if isinstance(item, PlanItem):
        return _plan(item)
    return ToolCallProgress(
        session_update="tool_call_update", tool_call_id=call_id, **_parts(item, workspace)
    )


def output_so_far(call_id: str, text: str) -> ToolCallProgress:
    """Return the update for the output of a running command: `text` is its newest part."""
    return ToolCallProgress(
        session_update="tool_call_update",
        tool_call_id=call_id,
        status="in_progress",
        content=[_console(text)],
    )


def past_call(call_id: str, name: str, arguments: str, result: str) -> ToolCallStart:
    """Return the update for a call of an earlier turn."""
    values = _arguments(arguments)
    title = values.get("command") if name == "shell" else _about(name, values)
    return ToolCallStart(
        session_update="tool_call",
        tool_call_id=call_id,
        title=_title(str(title or name)),
        kind=_KINDS.get(name, "other"),
        status="completed",
        content=[_console(sanitize(result))] if result else None,
    )


def asked_call(request: ApprovalRequest, call_id: str) -> ToolCallUpdate:
    """Return everything that the user should see before deciding: the whole command, or the diff."""
    if request.kind == "edit":
        folder = request.cwd or Path()
        changes = [
            FileChange(sanitize(str(change.path)), change.kind, change.diff(folder))
            for change in request.changes
        ]
        return ToolCallUpdate(
            tool_call_id=call_id,
            title=_title("Edit " + ", ".join(Path(change.path).name for change in changes)),
            kind="edit",
            status="pending",
            content=[part for change in changes for part in diff_content(change)],
            locations=_locations(changes),
        )
    command = visible(request.command)
    about = [f"```sh\n{command}\n```", f"In {sanitize(str(request.cwd))}"]
    if request.kind == "escalate":
        about.append("Without a sandbox: it could change all of your files and use the network.")
    if request.reason:
        about.append(f"Reason given: {sanitize(' '.join(request.reason.split()))}")
    return ToolCallUpdate(
        tool_call_id=call_id,
        title=_title(command),
        kind="execute",
        status="pending",
        content=[_text("\n\n".join(about))],
    )


def fenced(text: str, language: str = "") -> str:
    """Return text in a block of code, whose fence no line of it can close."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def diff_content(change: FileChange) -> Iterator[Content]:
    """Yield the hunks of a change as old and new text; a sentence where it has no diff."""
    hunks = list(_hunks(change.diff))
    if not hunks:
        yield _text(change.diff or f"{change.kind} {change.path}")
    for _, old, new in hunks:
        before = None if change.kind == "add" else old
        yield tool_diff_content(change.path, new, before)


def _parts(item: Item, workspace: Path) -> dict[str, Any]:
    """Return the fields that the first and the last update of a call share."""
    status = _STATUSES["completed" if isinstance(item, PlanItem) else item.status]
    if isinstance(item, CommandItem):
        text = item.output
        if item.status == "declined":
            text = "not run: declined"
        elif item.exit_code:
            text = f"{text.rstrip()}\nexit code {item.exit_code}".lstrip()
        return {
            "title": _title(item.command),
            "kind": "execute",
            "status": "failed" if item.exit_code else status,
            "content": [_console(text)] if text else None,
            "raw_input": {"command": item.command, "cwd": item.cwd},
        }
    if isinstance(item, FileChangeItem):
        words = {"add": "Write", "update": "Edit", "delete": "Delete"}
        names = (f"{words[change.kind]} {change.name or change.path}" for change in item.changes)
        is_deletion = all(change.kind == "delete" for change in item.changes)
        return {
            "title": _title(", ".join(names)),
            "kind": "delete" if is_deletion else "edit",
            "status": status,
            "content": [part for change in item.changes for part in diff_content(change)],
            "locations": _locations(item.changes),
        }
    assert not isinstance(item, PlanItem)
    values = _arguments(item.arguments)
    path = values.get("path")
    text = item.error or item.result
    return {
        "title": _title(_about(item.tool, values)),
        "kind": _KINDS.get(item.tool, "other"),
        "status": status,
        "content": [_console(text)] if text else None,
        "locations": [ToolCallLocation(path=str(workspace / path))]
        if isinstance(path, str) and path and "\0" not in path
        else None,
        "raw_input": values or None,
    }


def _plan(item: PlanItem) -> AgentPlanUpdate:
    return update_plan(
        plan_entry(step, status="completed" if is_done else "pending")
        for step, is_done in item.steps
    )


def _locations(changes: Iterable[FileChange]) -> list[ToolCallLocation]:
    return [
        ToolCallLocation(
            path=change.path, line=next((at for at, _, _ in _hunks(change.diff)), None)
        )
        for change in changes
    ]


def _hunks(diff: str) -> Iterator[tuple[int, str, str]]:
    """Yield of each hunk its first line in the new file, its old text and its new text."""
    line: int | None = None
    old, new = list[str](), list[str]()
    for text in diff.split("\n"):
        if (head := _HUNK.match(text)) is not None:
            if line is not None:
                yield line, _joined(old), _joined(new)
            line, old, new = max(1, int(head[1])), [], []
        elif line is None:
            continue  # the names of the file
        elif text.startswith("-"):
            old.append(text[1:])
        elif text.startswith("+"):
            new.append(text[1:])
        else:
            old.append(text[1:])
            new.append(text[1:])
    if line is not None:
        yield line, _joined(old), _joined(new)


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _arguments(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _about(name: str, values: Mapping[str, Any]) -> str:
    return " ".join([name, *(str(value) for value in values.values())])


def _title(text: str) -> str:
    line = " ".join(sanitize(text).split())
    return line if len(line) <= _MAX_TITLE_CHARS else line[: _MAX_TITLE_CHARS - 1] + "…"


def _text(text: str) -> ContentToolCallContent:
    return tool_content(text_block(text))


def _console(text: str) -> ContentToolCallContent:
    return _text(fenced(text))
