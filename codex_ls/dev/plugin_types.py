"""The types of `codex/*` for the plugins: TypeScript and annotated Lua."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic.json_schema import JsonSchemaValue

from codex_ls import protocol
from codex_ls.config.built_in import EMBEDDED
from codex_ls.dev.protocol_reading import (
    CLOSED_SETS,
    EVENTS,
    LSP_SHAPES,
    METHODS,
    NOTE,
    fields,
    sentence,
    shapes,
    type_of,
)
from codex_ls.events import Effort
from codex_ls.json_model import Shape


def _is_token(kind: Mapping[str, Any]) -> bool:
    return kind.get("type") == ["integer", "string"]


def _members(kind: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the values of a closed set; None for any other type."""
    if "const" in kind:
        return (str(kind["const"]),) if isinstance(kind["const"], str) else None
    if "enum" in kind:
        return tuple(kind["enum"])
    if "anyOf" in kind:
        found = [_members(one) for one in kind["anyOf"]]
        if all(one is not None for one in found):
            return tuple(member for one in found for member in one or ())
    return None


def typescript_type(kind: Mapping[str, Any], *, with_names: bool = True) -> str:
    """Return a type of TypeScript. Without names, closed sets of few members are written out."""
    members = _members(kind)
    if members is not None:
        name = CLOSED_SETS.get(members)
        if name is not None and (with_names or name.endswith("Kind")):
            return name
        return _union(members)
    match kind:
        case {"$ref": "TextDocument"}:
            return "TextDocumentIdentifier"
        case {"$ref": str(name)}:
            return name
        case {"type": "array", "items": items}:
            return f"{typescript_type(items, with_names=with_names)}[]"
        case {"oneOf": _}:
            return "TurnEvent"
        case {"const": value}:
            return str(value)
        case {"type": "integer" | "number"}:
            return "number"
        case _ if _is_token(kind):
            return "ProgressToken"
        case {"type": str(name)}:
            return name
    raise ValueError(kind)


def typescript() -> str:
    """Return editors/vscode/src/protocol.ts."""
    lines = [
        f"/** The `codex/*` protocol, version {protocol.PROTOCOL_VERSION}. {NOTE} */",
        "",
        "/* eslint max-lines: off */",
        "",
        "import type {",
        *(f"  {name}," for name in _IMPORTED),
        '} from "vscode-languageserver-protocol";',
        "",
        f"export const PROTOCOL_VERSION = {protocol.PROTOCOL_VERSION};",
        "",
        *(f'export const {name} = "{method}";' for name, method in METHODS.items()),
        "",
        "/** The provider, and the profile, that are there without any config.toml. */",
        f'export const BUILT_IN = "{EMBEDDED}";',
        "",
        f"export const EFFORTS = [{_quoted(get_args(Effort))}] as const;",
        "",
    ]
    for members, name in CLOSED_SETS.items():
        union = f"export type {name} = {_union(members)};"
        if len(union) > _PRETTIER_WIDTH:
            below = f"  {_union(members)};"
            if len(below) > _PRETTIER_WIDTH:
                below = "\n".join(f'  | "{one}"' for one in members) + ";"
            union = f"export type {name} =\n{below}"
        lines.append(union)
    for name, shape in _plugin_shapes():
        lines += [
            "",
            f"/** {_capital(sentence(shape).partition(';')[0])} */",
            f"export interface {name} {{",
        ]
        for field in fields(shape):
            if field.note:
                lines.append(f"  /** {field.note} */")
            lines.append(f"  {field.marked}: {typescript_type(field.kind)};")
        lines.append("}")
        if shape is protocol.DoneEvent:
            union = "\n".join(f"  | {event.__name__}" for event in get_args(protocol.TurnEvent))
            lines += ["", f"export type TurnEvent =\n{union};"]
    return "\n".join(lines) + "\n"


_PRETTIER_WIDTH = 110
_IMPORTED = ("Diagnostic", "ProgressToken", "Range", "TextDocumentIdentifier", "TextEdit")


def _plugin_shapes() -> Iterator[tuple[str, type[Shape]]]:
    for name, shape in shapes().items():
        is_command = name.endswith("Arguments") or name == "CommandResult"
        if name not in LSP_SHAPES and not is_command and shape.model_fields:
            yield name, shape


def _union(members: Iterable[str], between: str = " | ") -> str:
    return between.join(f'"{member}"' for member in members)


def _quoted(members: Iterable[str]) -> str:
    return ", ".join(f'"{member}"' for member in members)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---- Lua ---------------------------------------------------------------------------------------

_LUA_TYPES = {
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "object": "table",
    "string": "string",
}
_LUA_ENUMS = {"Phase": "PHASE", "Status": "STATUS", "ErrorKind": "ERROR_KIND"}


def lua_type(kind: Mapping[str, Any]) -> str:
    """Return a type of LuaCATS."""
    members = _members(kind)
    if members is not None:
        name = CLOSED_SETS.get(members)
        return f"codex_ls.{name}" if name is not None else _union(members, "|")
    match kind:
        case {"$ref": "TextDocument"}:
            return "{ uri: string }"
        case {"$ref": str(name)}:
            return f"lsp.{name}" if name in LSP_SHAPES else f"codex_ls.{name}"
        case {"type": "array", "items": items}:
            return f"{lua_type(items)}[]"
        case {"oneOf": _}:
            return "codex_ls.Event"
        case {"const": value}:
            return str(value)
        case _ if _is_token(kind):
            return "string|integer"
        case {"type": str(name)}:
            return _LUA_TYPES[name]
    raise ValueError(kind)


def lua() -> str:
    """Return editors/nvim/lua/codex_ls/protocol.lua."""
    lines = [
        f"---The `codex/*` protocol, version {protocol.PROTOCOL_VERSION}. {NOTE}",
        "local M = {}",
        "",
        f"M.VERSION = {protocol.PROTOCOL_VERSION}",
        *_lua_enum("Method", "METHOD", METHODS),
        *_lua_enum(
            "EventType",
            "EVENT",
            {_constant(type_of(one)): type_of(one) for one in EVENTS.values()},
        ),
    ]
    for members, name in CLOSED_SETS.items():
        if name in _LUA_ENUMS:
            lines += _lua_enum(name, _LUA_ENUMS[name], {_constant(one): one for one in members})
        else:
            lines += ["", f"---@alias codex_ls.{name}", *(f'---| "{one}"' for one in members)]
    lines += [
        "",
        "---How hard a model can be told to think.",
        "---@type codex_ls.Effort[]",
        f"M.EFFORTS = {{ {_quoted(get_args(Effort))} }}",
    ]
    for name, shape in _plugin_shapes():
        if shape not in EVENTS.values():
            lines += ["", f"---{_capital(sentence(shape))}", f"---@class codex_ls.{name}"]
            lines += [_lua_field(field.marked, field.kind, field.note) for field in fields(shape)]
    lines += [
        "",
        "---What is under the key `codex` of a progress value; the fields depend on `type`.",
        "---@class codex_ls.Event",
        "---@field type codex_ls.EventType",
        "---@field turnId string",
        "---@field seq integer",
        *_merged_events(),
        "",
        "return M",
    ]
    return "\n".join(lines) + "\n"


def _constant(word: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).upper()


def _lua_enum(name: str, constant: str, members: Mapping[str, str]) -> list[str]:
    entries = [f'  {key} = "{value}",' for key, value in members.items()]
    return ["", f"---@enum codex_ls.{name}", f"M.{constant} = {{", *entries, "}"]


def _lua_field(marked: str, kind: Mapping[str, Any], note: str) -> str:
    return f"---@field {marked} {lua_type(kind)}{f' {note}' if note else ''}"


def _merged_events() -> Iterator[str]:
    kinds: dict[str, JsonSchemaValue] = {}
    events: dict[str, list[str]] = {}
    for event in EVENTS.values():
        for field in fields(event):
            if field.key not in ("type", "turnId", "seq"):
                kinds.setdefault(field.key, field.kind)
                events.setdefault(field.key, []).append(type_of(event))
    for key, kind in kinds.items():
        yield _lua_field(f"{key}?", kind, ", ".join(events[key]))
