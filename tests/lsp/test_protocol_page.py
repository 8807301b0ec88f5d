"""The page, and the mirrors in the editors, say what `lsp/protocol.py` defines."""

import json
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from codex_ls.events import Effort
from codex_ls.lsp import params, protocol
from codex_ls.lsp.handshake import Client, initialize_result

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text()
TYPESCRIPT = ROOT / "editors" / "vscode" / "src" / "protocol.ts"
LUA = ROOT / "editors" / "nvim" / "lua" / "codex_ls" / "protocol.lua"

METHODS = {*protocol.REQUESTS, protocol.SECRET, protocol.DID_CHANGE_TRUST}
SHAPES: dict[str, Any] = {
    shape.__name__: shape
    for shape in vars(protocol).values()
    if isinstance(shape, type) and hasattr(shape, "__required_keys__")
}
WORDS = {
    *protocol.EVENT_FIELDS,
    *protocol.PHASES,
    *protocol.STATUSES,
    *protocol.ERROR_KINDS,
    *protocol.REASONING_SOURCES,
}
ALIASES = {"Check": "DoctorCheck"}  # Lua's names for our shapes


def fields_of(shape: Any) -> set[str]:
    """The keys of a shape, `?` behind those that may be absent."""
    return {*shape.__required_keys__, *(f"{key}?" for key in shape.__optional_keys__)}


def typescript_shapes(text: str) -> dict[str, set[str]]:
    """The interfaces of a text, in the same notation."""
    found = re.findall(r"interface (\w+) \{[^\n]*\n(.*?)\n\}", text, re.DOTALL)
    return {name: set(re.findall(r"^  (\w+\??):", body, re.MULTILINE)) for name, body in found}


def lua_shapes(text: str) -> dict[str, set[str]]:
    """The annotated classes of a text, in the same notation."""
    found = re.findall(r"---@class codex_ls\.(\w+)\n((?:---@field .*\n)+)", text)
    return {
        ALIASES.get(name, name): set(re.findall(r"---@field (\w+\??) ", body))
        for name, body in found
    }


def test_every_shape_is_on_the_page() -> None:
    on_page = typescript_shapes(PAGE)
    ours = {name: fields_of(shape) for name, shape in SHAPES.items() if name != "TurnError"}
    assert on_page == ours
    assert fields_of(protocol.TurnError) == {"message", *on_page["ErrorData"]}


def test_every_method_has_its_section() -> None:
    assert set(re.findall(r"^## `(codex/\w+)`$", PAGE, re.MULTILINE)) == METHODS - {
        protocol.DID_CHANGE_TRUST
    }
    assert set(re.findall(r"codex/[a-zA-Z]+", PAGE)) == METHODS


def table(heading: str) -> dict[str, str]:
    """The rows of the table that begins with this heading: first cell to second."""
    rows = PAGE.split(f"| `{heading}` |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [row.strip("| ").split(" | ") for row in rows]
    return {row[0].strip("`"): row[1] for row in cells}


def test_every_event_and_its_fields_are_on_the_page() -> None:
    on_page = {name: tuple(re.findall(r"`([\w?]+)`", cell)) for name, cell in table("type").items()}
    assert on_page == protocol.EVENT_FIELDS


def test_every_error_and_every_word_is_on_the_page() -> None:
    assert tuple(table("kind")) == protocol.ERROR_KINDS
    for word in (
        *protocol.PHASES,
        *protocol.STATUSES,
        *protocol.NOTICE_KINDS,
        *protocol.SETTINGS,
        *protocol.THINKING_SHOW,
        *protocol.REASONING_SOURCES,
    ):
        assert f"`{word}`" in PAGE, word
    for words in (
        protocol.FINISH_REASONS,
        protocol.EFFORTS,
        protocol.PROFILE_SOURCES,
    ):
        assert ", ".join(words) in PAGE


def test_the_page_shows_what_initialize_says() -> None:
    announced = initialize_result(Client({}))["capabilities"]["experimental"]
    (line,) = (line for line in PAGE.splitlines() if line.startswith('{"experimental"'))
    assert json.loads(line) == {"experimental": announced}


def test_the_code_reads_the_params_that_are_defined() -> None:
    read = {
        name if name == "prompt" else f"{name}?" for name in params.ExecParams.__dataclass_fields__
    }
    assert read == fields_of(protocol.ExecParams)
    assert get_type_hints(params.ExecParams)["effort"] == Effort | None
    assert Effort.__args__ == protocol.EFFORTS  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", [TYPESCRIPT, LUA], ids=["typescript", "lua"])
def test_the_editors_know_every_name(path: Path) -> None:
    if not path.exists():
        pytest.skip("this checkout has no such editor")
    text = path.read_text()
    assert set(re.findall(r'"(codex/\w+)"', text)) == METHODS
    quoted = set(re.findall(r'"([a-zA-Z]+)"', text))
    assert quoted >= WORDS
    shapes = typescript_shapes(text) if path is TYPESCRIPT else lua_shapes(text)
    for name in ("ExecParams", "ExecResult", "Usage", "Timing", "Notice", "ErrorData"):
        assert name in shapes
    for name in shapes.keys() & SHAPES.keys():
        assert {field.rstrip("?") for field in shapes[name]} <= {
            field.rstrip("?") for field in fields_of(SHAPES[name])
        }, name
    for fields in protocol.EVENT_FIELDS.values():
        for field in fields:
            assert re.search(rf"\b{field.rstrip('?')}\b", text), field
