"""The plugin's copy of the protocol says what the server's own definition says."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from codex_ls import __version__
from codex_ls.lsp import protocol
from tests.nvim.editor import PLUGIN, find_nvim

MIRROR = PLUGIN / "lua" / "codex_ls" / "protocol.lua"


def load(tmp_path: Path) -> dict[str, Any]:
    """Return the mirror's values, as Neovim sees them."""
    script = tmp_path / "dump.lua"
    script.write_text(
        f"vim.opt.runtimepath:prepend([[{PLUGIN}]])\n"
        "local mirror = require('codex_ls.protocol')\n"
        "io.stdout:write(vim.json.encode({ mirror = mirror, version = require('codex_ls.version') }))\n"
    )
    nvim = find_nvim()
    assert nvim is not None
    done = subprocess.run(
        [nvim, "--clean", "-l", script], capture_output=True, text=True, check=True
    )
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def fields_of(class_name: str) -> list[str]:
    """Return the fields of an annotated class, `?` after the optional ones."""
    text = MIRROR.read_text()
    block = re.search(rf"---@class codex_ls\.{class_name}\n((?:---@field .*\n)+)", text)
    assert block is not None, class_name
    return re.findall(r"---@field (\w+\??)", block[1])


def fields_in_python(shape: Any) -> list[str]:
    optional: frozenset[str] = shape.__optional_keys__
    return [f"{key}?" if key in optional else key for key in shape.__annotations__]


def test_names_and_closed_sets_are_the_same(tmp_path: Path) -> None:
    values = load(tmp_path)
    mirror = values["mirror"]
    assert values["version"] == __version__
    assert mirror["VERSION"] == protocol.PROTOCOL_VERSION
    assert mirror["EFFORTS"] == list(protocol.EFFORTS)
    assert set(mirror["PHASE"].values()) == set(protocol.PHASES)
    assert set(mirror["STATUS"].values()) == set(protocol.STATUSES)
    assert set(mirror["EVENT"].values()) == set(protocol.EVENT_FIELDS)
    assert set(mirror["ERROR_KIND"].values()) >= set(protocol.ERROR_KINDS)
    assert set(mirror["METHOD"].values()) >= {
        *protocol.REQUESTS,
        protocol.SECRET,
        protocol.DID_CHANGE_TRUST,
    }


def test_shapes_are_the_same() -> None:
    for name, shape in {
        "Usage": protocol.Usage,
        "Timing": protocol.Timing,
        "Notice": protocol.Notice,
        "ExecParams": protocol.ExecParams,
        "ExecResult": protocol.ExecResult,
        "ProfileSummary": protocol.ProfileSummary,
        "DoctorCheck": protocol.DoctorCheck,
        "ThreadSummary": protocol.ThreadSummary,
        "ThreadTurn": protocol.ThreadTurn,
        "ProfilesResult": protocol.ProfilesResult,
    }.items():
        assert fields_of(name) == fields_in_python(shape), name


def test_every_field_of_an_event_is_known() -> None:
    known = {field.rstrip("?") for field in fields_of("Event")}
    told = {field.rstrip("?") for fields in protocol.EVENT_FIELDS.values() for field in fields}
    # Both ends of a reclassification are always the same: content, reasoning.
    assert known >= {"type", "turnId", "seq"} | (told - {"from", "to"})
