"""What is generated from the code is up to date, and says what the code says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from codex_ls import __version__, errors, protocol
from codex_ls.dev import generate, protocol_reading

ROOT = Path(__file__).parents[1]
OUTPUTS = generate.outputs()
SCHEMA = json.loads(generate.protocol_schema())


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.read_text() == OUTPUTS[path], "run `make generate`"


@pytest.mark.integration
def test_the_path_of_a_delta_is_up_to_date() -> None:
    text = generate.ARCHITECTURE.read_text()
    assert text == generate.architecture(text), "run `make generate`"
    assert "| `turn/journal.py` | `Journal.add`" in text


def test_the_page_has_every_shape_of_the_protocol() -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    shown = {name for name in protocol_reading.shapes() if f"interface {name} {{" in page}
    events = {event.__name__ for event in protocol_reading.EVENTS.values()}
    in_words = {
        "TurnError",
        "ProgressValue",
        "TextEdit",  # LSP's
        "PromptsParams",
        "DidChangeTrustParams",
        "DidChangeProfilesParams",
        "ServerCapability",
        "ClientCapability",
        "StopArguments",
        "ProfileArguments",
        "ModelArguments",
        "EffortArguments",
        "DoctorArguments",
    }
    assert set(protocol_reading.shapes()) == shown | events | in_words
    for word in (*protocol.REQUESTS, *protocol.NOTIFICATIONS, *get_args(protocol.NoticeKind)):
        assert f"`{word}`" in page, word


def test_the_schema_is_one_and_describes_messages() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    definition = {"$ref": "#/$defs/ExecParams", "$defs": SCHEMA["$defs"]}
    asked = {"prompt": "why?", "workDoneToken": 1, "effort": "low"}
    jsonschema.validate(asked, definition)
    for wrong in ({"effort": "LOW"}, {"range": {"start": {"line": 1}}}, {"prompt": 5}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**asked, **wrong}, definition)


def test_every_error_has_a_kind_of_the_protocol() -> None:
    def kinds(error: type[errors.CodexError]) -> Iterator[str]:
        if hasattr(error, "kind"):
            yield error.kind
        for one in error.__subclasses__():
            yield from kinds(one)

    assert set(kinds(errors.CodexError)) - {"invalidParams"} == set(get_args(protocol.ErrorKind))


def test_the_members_of_a_closed_set_are_described() -> None:
    notes: dict[str, Any] = protocol_reading.member_notes("ErrorKind")
    assert tuple(notes) == get_args(protocol.ErrorKind)
    assert all(notes.values())
    assert notes["rateLimited"] == "429"


def test_the_neovim_plugin_has_the_servers_version() -> None:
    lua = (ROOT / "editors" / "nvim" / "lua" / "codex_ls" / "version.lua").read_text()
    assert f'return "{__version__}"' in lua
