"""The changes that a call asks for, of the tools that write; nothing is changed here.

`toolbox` makes them, as far as policy and user allow. A call that can't be done is a ToolError.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from codex_ls.agent.edit_text import replaced
from codex_ls.agent.patch import FilePatch, parse_patch, patched
from codex_ls.agent.workspace import Change, ToolError, Workspace, as_text

_SHORT_FILE: Final = 2_000
"""Characters of a file that an edit that does not fit is answered with."""


def edited(workspace: Workspace, arguments: dict[str, Any]) -> list[Change]:
    """Return the change of `edit_file`."""
    path = workspace.writable(arguments["path"])
    data = workspace.read(path)
    if data is None:
        raise ToolError(f"{arguments['path']} does not exist; use write_file for a new file")
    workspace.check_unchanged(path, data)
    text = as_text(data, arguments["path"])
    try:
        new = replaced(
            text,
            arguments["old"],
            arguments["new"],
            replace_all=arguments.get("replace_all", False),
        )
    except ToolError as error:
        if len(text) > _SHORT_FILE:
            raise
        # A small model quotes from memory: with the text before it, its next call is right.
        workspace.note(path, data)
        raise ToolError(f"{error}\nThe file is:\n{text}") from None
    return [Change(path, data, _encoded(new))]


def written(workspace: Workspace, arguments: dict[str, Any]) -> list[Change]:
    """Return the change of `write_file`."""
    path = workspace.writable(arguments["path"])
    data = workspace.read(path)
    workspace.check_unchanged(path, data)
    return [Change(path, data, _encoded(arguments["content"]))]


def of_patch(workspace: Workspace, folder: str, text: str) -> list[Change]:
    """Return the changes of a patch, whose paths are those of a folder; one for each file."""
    changes: dict[Path, Change] = {}
    for patch in parse_patch(text):
        for change in _of_file(workspace, folder, patch, changes):
            before = changes[change.path].before if change.path in changes else change.before
            changes[change.path] = Change(change.path, before, change.after)
    return list(changes.values())


def _of_file(
    workspace: Workspace, folder: str, patch: FilePatch, done: Mapping[Path, Change]
) -> list[Change]:
    name = f"{folder.rstrip('/')}/{patch.path}" if folder else patch.path
    path = workspace.writable(name)
    data = done[path].after if path in done else workspace.read(path)
    workspace.check_unchanged(path, done[path].before if path in done else data)
    if patch.kind == "add":
        return [Change(path, data, _encoded(patch.text))]
    if data is None:
        raise ToolError(f"{patch.path} does not exist, so nothing was changed")
    if patch.kind == "delete":
        return [Change(path, data, None)]
    new = _encoded(patched(as_text(data, patch.path), patch.hunks, patch.path))
    if patch.move_to is None:
        return [Change(path, data, new)]
    target_name = f"{folder.rstrip('/')}/{patch.move_to}" if folder else patch.move_to
    target = workspace.writable(target_name)
    there = workspace.read(target)
    if target == path:
        return [Change(path, data, new)]
    return [Change(target, there, new), Change(path, data, None)]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
