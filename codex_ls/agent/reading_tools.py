"""What the tools that only read give back: `read_file`, `list_files` and `search`."""

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from codex_ls.agent.listing import trusted_ripgrep, walk
from codex_ls.agent.workspace import ToolError, Workspace
from codex_ls.sandbox.policy import command_environment
from codex_ls.sandbox.process import run_command

_LINES: Final = 400
_LISTED: Final = 300
_FOUND: Final = 100
_SEARCH_S: Final = 10.0


def read_file(workspace: Workspace, arguments: dict[str, Any], *, max_chars: int) -> str:
    """Return a part of a file, as many whole lines of it as fit into `max_chars`."""
    path = workspace.readable(arguments["path"])
    lines = workspace.read_text(path).splitlines()
    first = max(arguments.get("offset", 1), 1)
    limit = max(arguments.get("limit", _LINES), 1)
    part = lines[first - 1 : first - 1 + limit]
    if lines and not part:
        raise ToolError(f"{arguments['path']} has {len(lines)} lines")
    text = "\n".join(part)
    # A cut in the middle would be quoted as if it were the file's text.
    while len(text) > max_chars - 200 and len(part) > 1:
        part = part[: max(1, len(part) * (max_chars - 200) // len(text) - 1)]
        text = "\n".join(part)
    if first == 1 and len(part) == len(lines):
        return text or "(the file is empty)"
    last = first - 1 + len(part)
    return f"(lines {first} to {last} of {len(lines)})\n{text}"


def list_files(workspace: Workspace, arguments: dict[str, Any]) -> str:
    """Return the files of a folder, relative to it."""
    root = workspace.readable(arguments["path"])
    if not root.is_dir():
        raise ToolError(f"{arguments['path']} is not a folder")
    found: list[str] = []
    is_cut = False
    for path in walk(root, glob=arguments.get("glob", ""), hidden=workspace.policy.hidden):
        if len(found) == _LISTED:
            is_cut = True
            break
        found.append(path.relative_to(root).as_posix())
    if not found:
        return "(no files)"
    return "\n".join(found) + ("\n(there are more; use a glob or a subfolder)" if is_cut else "")


async def search(workspace: Workspace, arguments: dict[str, Any], env: Mapping[str, str]) -> str:
    """Return the lines that match a pattern. A process of its own looks for them."""
    root = workspace.readable(arguments.get("path") or ".")
    try:
        re.compile(arguments["pattern"])
    except (re.error, RecursionError, OverflowError) as error:
        raise ToolError(f"the pattern is no regular expression: {error}") from None
    roots = (workspace.policy.workspace, *workspace.policy.writable_roots)
    ripgrep = trusted_ripgrep(env.get("PATH", ""), roots)
    asked = {
        "root": str(root),
        "pattern": arguments["pattern"],
        "glob": arguments.get("glob", ""),
        "hidden": [str(path) for path in workspace.policy.hidden],
        "limit": _FOUND + 1,
        "ripgrep": None if ripgrep is None else str(ripgrep),
    }
    argv = [sys.executable, "-I", "-m", "codex_ls.agent.listing", json.dumps(asked)]
    clean = command_environment(env, workspace.policy) | {"PYTHONIOENCODING": "utf-8"}
    result = await run_command(argv, cwd=root.parent, env=clean, timeout_s=_SEARCH_S)
    lines = result.output.splitlines()
    if result.exit_code is None:
        return "\n".join([*lines, "(stopped after 10 seconds; search a smaller folder)"])
    if result.exit_code:
        raise ToolError(f"the search failed: {lines[-1] if lines else ''}")
    if len(lines) > _FOUND:
        lines[_FOUND:] = ["(there are more; make the pattern narrower)"]
    return "\n".join(lines) or "(nothing found)"
