"""The tools that a model is offered: names, arguments, words it can follow; short, as it reads them all.

Names and shapes are those that small models have seen most. Other names for an argument are accepted,
never offered.
"""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

from codex_ls.agent.workspace import ToolError
from codex_ls.wire import Tool

_MAX_QUOTED = 800


def _tool(name: str, description: str, required: dict[str, Any], **optional: Any) -> Tool:
    schema = {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }
    return Tool(name, description, schema)


def _text(description: str = "") -> dict[str, str]:
    return {"type": "string", "description": description} if description else {"type": "string"}


_NUMBER: Final = {"type": "integer"}
_FLAG: Final = {"type": "boolean"}

TOOLS: Final = (
    _tool(
        "read_file",
        "Read a text file.",
        {"path": _text()},
        offset={**_NUMBER, "description": "first line, from 1"},
        limit={**_NUMBER, "description": "number of lines"},
    ),
    _tool(
        "list_files",
        "List the files below a folder.",
        {"path": _text("a folder, . for the workspace")},
        glob=_text("such as *.py"),
    ),
    _tool(
        "search",
        "Find lines that match a regular expression.",
        {"pattern": _text()},
        path=_text("a file or folder"),
        glob=_text("such as *.py"),
    ),
    _tool(
        "edit_file",
        "Replace text in a file. old is quoted exactly from the file and stands in it once.",
        {"path": _text(), "old": _text(), "new": _text()},
        replace_all=_FLAG,
    ),
    _tool(
        "write_file",
        "Write a new file, or replace a whole one.",
        {"path": _text(), "content": _text()},
    ),
    _tool(
        "shell",
        "Run a shell command.",
        {"command": _text()},
        workdir=_text(),
        timeout_ms=_NUMBER,
        justification=_text("only to ask the user to run it outside of the sandbox: why"),
    ),
)
"""What every model is offered."""

APPLY_PATCH: Final = _tool(
    "apply_patch",
    "Change files by a patch: *** Begin Patch, then *** Add File: PATH (+lines), *** Delete File:"
    " PATH or *** Update File: PATH (@@ and lines that begin with a blank, - or +), *** End Patch.",
    {"input": _text("the whole patch")},
)
"""Offered to models of OpenAI, which were trained on it; understood from every model."""

UPDATE_PLAN: Final = _tool(
    "update_plan",
    "Update the plan.",
    {"plan": {"type": "array", "items": {"type": "object"}}},
    explanation=_text(),
)
"""Never offered; models that were trained with Codex call it anyway."""

KNOWN: Final[Mapping[str, Tool]] = {tool.name: tool for tool in (*TOOLS, APPLY_PATCH, UPDATE_PLAN)}

_OTHER_NAMES: Final[Mapping[str, str]] = {
    "bash": "shell",
    "exec": "shell",
    "exec_command": "shell",
    "execute_command": "shell",
    "local_shell": "shell",
    "container.exec": "shell",
    "run_command": "shell",
    "run_shell_command": "shell",
    "run_terminal_cmd": "shell",
    "shell_command": "shell",
    "create_file": "write_file",
    "edit": "edit_file",
    "grep": "search",
    "grep_search": "search",
    "list_dir": "list_files",
    "list_directory": "list_files",
    "ls": "list_files",
    "open_file": "read_file",
    "read": "read_file",
    "replace": "edit_file",
    "search_files": "search",
    "str_replace": "edit_file",
    "write": "write_file",
}
_OTHER_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "path": ("file_path", "filepath", "file", "filename", "dir", "directory", "dir_path", "folder"),
    "old": ("old_string", "old_str", "old_text", "search"),
    "new": ("new_string", "new_str", "new_text", "replace"),
    "content": ("contents", "text", "file_text"),
    "command": ("cmd", "script", "code"),
    "pattern": ("query", "regex"),
    "glob": ("include", "file_pattern"),
    "workdir": ("cwd", "working_directory"),
    "timeout_ms": ("timeout",),
    "input": ("patch", "diff"),
}


class FormatError(ToolError):
    """The call itself makes no sense: an unknown tool, or arguments that do not fit."""


def offered_to(model: str) -> tuple[Tool, ...]:
    """Return the tools for a model, the same for a whole conversation."""
    name = model.lower()
    is_openai = "gpt-oss" in name or "codex" in name or name.split("/")[-1].startswith("gpt-")
    return (*TOOLS, APPLY_PATCH) if is_openai else TOOLS


def tool_named(name: str) -> Tool:
    """Return the tool that a call means. Raises FormatError."""
    known = KNOWN.get(name) or KNOWN.get(_OTHER_NAMES.get(name.lower(), name.lower()))
    if known is not None:
        return known
    near = difflib.get_close_matches(name.lower()[:100], KNOWN, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    names = ", ".join(tool.name for tool in TOOLS)
    raise FormatError(f"there is no tool {name[:100]}.{meant} The tools are {names}.")


def arguments_of(tool: Tool, text: str) -> dict[str, Any]:
    """Return a call's arguments under their own names and types. Raises FormatError."""
    try:
        value = json.loads(text, strict=False) if text.strip() else {}
        if isinstance(value, str):  # JSON in JSON
            value = json.loads(value, strict=False)
    except (ValueError, RecursionError) as error:
        raise _unfit(tool, text, f"the arguments are not JSON ({error})") from None
    if not isinstance(value, dict):
        raise _unfit(tool, text, "the arguments are not a JSON object")
    properties: Mapping[str, Any] = tool.parameters["properties"]
    found: dict[str, Any] = {}
    for name, schema in properties.items():
        names = (name, *_OTHER_ARGUMENTS.get(name, ()))
        key = next((key for key in names if value.get(key) is not None), None)
        if key is not None:
            found[name] = _typed(tool, text, name, schema["type"], value[key])
    missing = [name for name in tool.parameters["required"] if name not in found]
    if missing == ["path"] and tool.name == "list_files":
        return {**found, "path": "."}
    if missing:
        raise _unfit(tool, text, f"missing: {', '.join(missing)}")
    return found


def _typed(tool: Tool, text: str, name: str, kind: str, value: Any) -> Any:
    match kind, value:
        case "string", str():
            return value
        case "string", [*words] if name == "command" and all(isinstance(w, str) for w in words):
            is_shell = len(words) == 3 and words[0].endswith("sh") and words[1] in ("-c", "-lc")
            return words[2] if is_shell else shlex.join(words)
        case "integer", int() if not isinstance(value, bool):
            return value
        case "integer", float() if value.is_integer():
            return int(value)
        case "integer", str() if value.strip().lstrip("-").isdecimal():
            return int(value)
        case "boolean", bool():
            return value
        case "boolean", str() if value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        case "array", list():
            return value
    raise _unfit(tool, text, f"{name} must be of the type {kind}")


def _unfit(tool: Tool, text: str, reason: str) -> FormatError:
    schema = json.dumps(tool.parameters, separators=(",", ":"))
    shown = text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}..."
    return FormatError(f"{tool.name}: {reason}. Schema: {schema} You sent: {shown}")
