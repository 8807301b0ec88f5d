"""Writes what is generated from the code: `make generate`.

From `codex_ls/protocol.py` and `codex_ls/config/models.py`: two JSON Schemas, the types of both plugins,
and the tables and interfaces of docs/protocol.md. From a turn that runs: the path of a delta in
ARCHITECTURE.md.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic.json_schema import models_json_schema

from codex_ls import protocol
from codex_ls.config.models import json_schema
from codex_ls.dev import delta_path
from codex_ls.dev.plugin_types import lua, typescript, typescript_type
from codex_ls.dev.protocol_reading import (
    EVENTS,
    NOTE,
    PlainSchema,
    fields,
    member_notes,
    sentence,
    shapes,
    type_of,
)
from codex_ls.json_model import Shape

ROOT: Final = Path(__file__).resolve().parents[2]

# ---- JSON Schema -------------------------------------------------------------------------------


def protocol_schema() -> str:
    """Return the JSON Schema of the protocol: every shape, and which message has which."""
    found = shapes()
    _, whole = models_json_schema(
        [(shape, "validation") for shape in found.values()],
        schema_generator=PlainSchema,
        ref_template="#/$defs/{model}",
    )
    for name, shape in found.items():
        for field in fields(shape):
            if field.note:
                whole["$defs"][name]["properties"][field.key].setdefault("description", field.note)
    requests = {**protocol.REQUESTS, **protocol.CLIENT_REQUESTS}
    messages = {
        method: {"properties": {"params": _ref(one.params), "result": _ref(one.result)}}
        for method, one in requests.items()
    } | {
        method: {"properties": {"params": _ref(params)}}
        for method, params in protocol.NOTIFICATIONS.items()
    }
    schema = {
        "$schema": PlainSchema.schema_dialect,
        "title": f"The codex/* protocol, version {protocol.PROTOCOL_VERSION}",
        "description": NOTE,
        "properties": messages,
        "$defs": whole["$defs"],
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _ref(shape: type[Shape]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{shape.__name__}"}


def config_schema() -> str:
    """Return the JSON Schema of config.toml, as `codex-ls schema` prints it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


# ---- docs/protocol.md --------------------------------------------------------------------------

_COMMENT_COLUMN = 43


def interfaces(names: Iterable[str]) -> str:
    """Return the interfaces of shapes, as the page shows them."""
    known = shapes()
    return "```ts\n" + "\n".join(_interface(name, known[name]) for name in names) + "\n```"


def _interface(name: str, shape: type[Shape]) -> str:
    lines = [_commented(f"interface {name} {{", sentence(shape).replace("`", ""))]
    for field in fields(shape):
        kind = typescript_type(field.kind, with_names=False)
        lines.append(_commented(f"  {field.marked}: {kind};", field.note))
    return "\n".join([*lines, "}"])


def _commented(code: str, note: str) -> str:
    return f"{code:<{_COMMENT_COLUMN - 1}} // {note}" if note else code


def event_table() -> str:
    """Return the table of events."""
    rows = []
    for event in EVENTS.values():
        listed = [f for f in fields(event) if f.key not in ("type", "turnId", "seq")]
        keys = ", ".join(f"`{field.marked}`" for field in listed)
        rows.append((f"`{type_of(event)}`", keys, sentence(event)))
    return _table(("`type`", "fields besides `turnId` and `seq`", "meaning"), rows)


def member_table(name: str) -> str:
    """Return the table of a closed set."""
    rows = [(f"`{member}`", note) for member, note in member_notes(name).items()]
    return _table(("`kind`", "when"), rows)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (heading, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(heading)}", *lines[1:]])


def announcement() -> str:
    """Return what the server announces."""
    announced = {"experimental": {"codex": protocol.capability().dump()}}
    return f"```json\n{json.dumps(announced)}\n```"


_MARKED = re.compile(r"(<!-- GENERATED (.+?) -->\n).*?(<!-- END -->)", re.DOTALL)


def page(text: str) -> str:
    """Return docs/protocol.md with every marked part written anew."""

    def part(match: re.Match[str]) -> str:
        match match[2].split():
            case ["announcement"]:
                body = announcement()
            case ["events"]:
                body = event_table()
            case ["members", name]:
                body = member_table(name)
            case names:
                body = interfaces(names)
        return f"{match[1]}{body}\n{match[3]}"

    return _MARKED.sub(part, text)


# ---- ARCHITECTURE.md ---------------------------------------------------------------------------

ARCHITECTURE: Final = ROOT / "ARCHITECTURE.md"


def architecture(text: str) -> str:
    """Return ARCHITECTURE.md with the path of a delta written anew; this runs a turn."""
    path = delta_path.table(delta_path.steps())
    return _MARKED.sub(lambda match: f"{match[1]}{path}\n{match[3]}", text)


# ---- all of it ---------------------------------------------------------------------------------


def outputs() -> dict[Path, str]:
    """Return what each file that is generated from the models must hold."""
    docs = ROOT / "docs" / "protocol.md"
    return {
        ROOT / "editors" / "vscode" / "src" / "protocol.ts": typescript(),
        ROOT / "editors" / "nvim" / "lua" / "codex_ls" / "protocol.lua": lua(),
        ROOT / "schema" / "codex-protocol.schema.json": protocol_schema(),
        ROOT / "schema" / "codex-config.schema.json": config_schema(),
        docs: page(docs.read_text()),
    }


def main() -> None:
    """Write every generated file."""
    for path, text in outputs().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    ARCHITECTURE.write_text(architecture(ARCHITECTURE.read_text()))


if __name__ == "__main__":
    main()
