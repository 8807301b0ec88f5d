"""What a model does with its tools: as Codex' JSON items, and as lines for a person.

A person sees one line a call, and of a command's output the last ten lines, dim. Everything in an item
is safe to show (`agent/toolbox` has cleaned it).
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any, Final, assert_never

from codex_ls.events import CommandItem, FileChangeItem, Item, PlanItem, ToolItem
from codex_ls.render.cells import clip

_SHOWN_LINES: Final = 10
_DIM, _PLAIN = "\x1b[2m", "\x1b[22m"


def item_json(item: Item, item_id: str) -> dict[str, Any]:
    """Return an item in the shape of Codex 0.169 (`codex exec --json`)."""
    match item:
        case CommandItem():
            return {
                "id": item_id,
                "type": "command_execution",
                "command": shlex.join(["/bin/bash", "-c", item.command]),
                "aggregated_output": item.output,
                "exit_code": item.exit_code,
                "status": item.status,
            }
        case FileChangeItem():
            changes = [{"path": change.path, "kind": change.kind} for change in item.changes]
            return {
                "id": item_id,
                "type": "file_change",
                "changes": changes,
                "status": "failed" if item.status == "declined" else item.status,
            }
        case ToolItem():
            result = {
                "content": [{"type": "text", "text": item.result}],
                "structured_content": None,
            }
            return {
                "id": item_id,
                "type": "mcp_tool_call",
                "server": "codex-ls",
                "tool": item.tool,
                "arguments": json.loads(item.arguments),
                "result": result if item.status == "completed" else None,
                "error": None if item.error is None else {"message": item.error},
                "status": item.status,
            }
        case PlanItem():
            steps = [{"text": text, "completed": is_done} for text, is_done in item.steps]
            return {"id": item_id, "type": "todo_list", "items": steps}
        case _:
            assert_never(item)


def started_lines(item: Item, *, columns: int) -> str:
    """Return what a person sees when an item begins."""
    match item:
        case CommandItem():
            lines = item.command.strip().split("\n")
            more = "" if len(lines) == 1 else f" (+{len(lines) - 1} lines)"
            return f"{clip(f'$ {lines[0]}', columns - 1 - len(more))}{more}\n"
        case FileChangeItem() | ToolItem() | PlanItem():
            return ""
        case _:
            assert_never(item)


def completed_lines(item: Item, *, columns: int, is_dim: bool) -> str:
    """Return what a person sees when an item has ended."""
    match item:
        case CommandItem():
            lines = item.output.rstrip().split("\n") if item.output.strip() else []
            left_out = len(lines) - _SHOWN_LINES
            shown = [f"  {line}" for line in lines[-_SHOWN_LINES:]]
            if left_out > 0:
                shown.insert(0, f"  ... {left_out} lines")
            text = "".join(f"{clip(line, columns - 1)}\n" for line in shown)
            return _dimmed(text, is_dim=is_dim) + _ending(item)
        case FileChangeItem():
            return "".join(_change_lines(item, columns))
        case ToolItem():
            arguments: dict[str, Any] = json.loads(item.arguments)
            about = " ".join(str(value) for value in arguments.values())
            failed = f": {item.error}" if item.error else ""
            line = " ".join(f"{item.tool} {about}{failed}".split())
            return f"{clip(line, columns - 1)}\n"
        case PlanItem():
            return "".join(
                f"[{'x' if is_done else ' '}] {clip(text, columns - 5)}\n"
                for text, is_done in item.steps
            )
        case _:
            assert_never(item)


def _ending(item: CommandItem) -> str:
    if item.status == "declined":
        return "  not run: declined\n"
    if item.exit_code is None:
        return "  stopped\n"
    return "" if item.exit_code == 0 else f"  exit code {item.exit_code}\n"


def _change_lines(item: FileChangeItem, columns: int) -> Iterator[str]:
    words = {"add": "wrote", "update": "edited", "delete": "deleted"}
    ending = {"failed": " (failed)", "declined": " (declined)"}.get(item.status, "")
    for change in item.changes:
        added = sum(
            line.startswith("+") and not line.startswith("+++") for line in change.diff.split("\n")
        )
        removed = sum(
            line.startswith("-") and not line.startswith("---") for line in change.diff.split("\n")
        )
        line = f"{words[change.kind]} {change.name or change.path} (+{added} -{removed}){ending}"
        yield f"{clip(line, columns - 1)}\n"


def _dimmed(text: str, *, is_dim: bool) -> str:
    return f"{_DIM}{text.rstrip(chr(10))}{_PLAIN}\n" if is_dim and text else text
