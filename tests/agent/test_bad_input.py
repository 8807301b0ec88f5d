"""What a model, its repository and its user get wrong: one result each, one line, and nothing lost."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from codex_ls.agent.workspace import Change
from codex_ls.events import ItemChanged
from codex_ls.sandbox import confine
from codex_ls.sandbox.confine import Sandbox
from codex_ls.wire import ToolCall
from tests.agent.boxes import Box

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the sandbox of this test is Linux'"
)

CASES: tuple[tuple[str, str | dict[str, Any], str, str], ...] = (
    ("fly", {}, "format", "there is no tool fly"),
    ("red_file", {"path": "a"}, "format", "Did you mean read_file?"),
    ("x" * 10_000, {}, "format", "there is no tool xxx"),
    ("read_file", "{", "format", "the arguments are not JSON"),
    ("read_file", "[" * 100_000, "format", "the arguments are not JSON"),
    ("read_file", "[]", "format", "not a JSON object"),
    ("read_file", {"path": 5}, "format", "path must be of the type string"),
    ("read_file", {"path": "../outside"}, "error", "outside of the workspace"),
    ("read_file", {"path": "link"}, "error", "outside of the workspace"),
    ("read_file", {"path": "loop"}, "error", "error:"),
    ("read_file", {"path": "binary"}, "error", "is a binary file"),
    ("read_file", {"path": "pipe"}, "error", "is not a regular file"),
    ("read_file", {"path": "huge"}, "error", "too many to read"),
    ("read_file", {"path": "a" * 5000}, "error", "name too long"),
    ("read_file", {"path": "a/b"}, "error", "not a directory"),
    ("search", {"pattern": "(" * 5000}, "error", "no regular expression"),
    ("edit_file", {"path": "binary", "old": "a", "new": "b"}, "error", "is a binary file"),
    ("edit_file", {"path": "link", "old": "out", "new": "in"}, "error", "outside"),
    ("write_file", {"path": "link", "content": "x"}, "error", "outside of the workspace"),
    ("write_file", {"path": "folder", "content": "x"}, "error", "is a folder"),
    ("write_file", {"path": ".git/hooks/x", "content": "x"}, "error", "is protected"),
    ("apply_patch", {"input": "*** Begin Patch"}, "error", "must end with"),
    ("shell", {"command": " "}, "error", "the command is empty"),
    ("shell", {"command": "echo \0"}, "error", "NUL character"),
    ("shell", {"command": "true", "workdir": "../.."}, "error", "outside of the workspace"),
    ("shell", {"command": "sleep 60", "timeout_ms": 100}, "ok", "stopped after 0.1 seconds"),
    ("shell", {"command": "true", "timeout_ms": -5}, "ok", "exit code 0"),
    ("shell", {"command": "yes | head -c 100000000"}, "ok", "characters left out"),
    ("shell", {"command": "head -c 100000 /dev/urandom"}, "ok", "exit code 0"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    (root / "folder").mkdir(parents=True)
    (root / "a").write_text("text\n")
    (root / "binary").write_bytes(b"a\0b")
    (tmp_path / "outside").write_text("out\n")
    (root / "link").symlink_to("../outside")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    with (root / "huge").open("wb") as file:
        file.truncate(1 << 30)
    return root


def everything(folder: Path) -> dict[str, Any]:
    """Every file below a folder, with its text where it is short."""
    found: dict[str, Any] = {}
    for path in folder.rglob("*"):
        is_read = path.is_file() and not path.is_symlink() and path.stat().st_size < 1000
        found[path.relative_to(folder).as_posix()] = path.read_bytes() if is_read else None
    return found


@pytest.mark.parametrize(
    ("name", "arguments", "outcome", "words"),
    CASES,
    ids=[f"{number}-{case[0][:12]}" for number, case in enumerate(CASES)],
)
async def test_a_bad_call_has_one_result_and_one_line_and_changes_nothing(
    root: Path, name: str, arguments: str | dict[str, Any], outcome: str, words: str
) -> None:
    box, before = Box(root, approval="never"), everything(root.parent)
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    result = await box.toolbox.run(ToolCall("1", name, text), box.events.append)
    assert (result.outcome, words in result.text) == (outcome, True), result.text[:500]
    assert len(result.text) < box.toolbox.max_result_chars + 500
    assert everything(root.parent) == before
    assert len(box.ends) == 1
    shown = [event.item.item_id for event in box.events if isinstance(event, ItemChanged)]
    assert len(set(shown)) == 1


@pytest.mark.parametrize("swapped_to", ["link", "folder", "gone"])
async def test_a_file_that_is_swapped_while_the_user_decides_is_not_written(
    root: Path, swapped_to: str
) -> None:
    """What was approved is that change of that file, and nothing that stands there by then."""
    (root / "sub").mkdir()
    (root / "sub" / "file").write_text("one\n")
    box = Box(root, approval="untrusted", answers=["accept"])

    def swap_now() -> None:
        (root / "sub").rename(root / "before")
        if swapped_to == "link":
            (root / "sub").symlink_to("..")
        elif swapped_to == "folder":
            (root / "sub" / "file").mkdir(parents=True)

    answer = box._answer

    async def swap(request: Any) -> Any:
        swap_now()
        return await answer(request)

    box.toolbox._approvals.ask = swap
    result = await box.call("edit_file", path="sub/file", old="one", new="two")
    assert result.outcome == "error"
    assert box.ends == [("FileChangeItem", "failed")]
    assert not (root.parent / "file").exists()
    assert (root.parent / "outside").read_text() == "out\n"


async def test_a_file_that_somebody_saves_while_the_user_decides_keeps_that_text(
    root: Path,
) -> None:
    box = Box(root, approval="untrusted")

    async def save(_request: Any) -> Any:
        (root / "a").write_text("mine\n")
        return "accept"

    box.toolbox._approvals.ask = save
    result = await box.call("edit_file", path="a", old="text", new="theirs")
    assert "changed meanwhile: read it again" in result.text
    assert (root / "a").read_text() == "mine\n"


async def test_an_approval_that_is_never_answered_ends_with_the_turn(root: Path) -> None:
    asked = asyncio.Event()
    box, before = Box(root, approval="untrusted"), everything(root.parent)

    async def wait(_request: Any) -> Any:
        asked.set()
        await asyncio.Event().wait()

    box.toolbox._approvals.ask = wait
    running = asyncio.ensure_future(box.call("write_file", path="a", content="x"))
    await asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert box.ends == [("FileChangeItem", "failed")]
    assert everything(root.parent) == before


async def test_a_sandbox_that_stops_working_runs_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there when it was looked for; bubblewrap itself then says why it can't."""
    monkeypatch.setattr(confine, "_found", Sandbox("bubblewrap", root.parent / "no-bwrap"))
    box, before = Box(root, approval="never"), everything(root.parent)
    result = await box.call("shell", command="echo x > a")
    assert result.outcome == "error"
    assert "no such file" in result.text.lower()
    assert box.ends == [("CommandItem", "failed")]
    assert everything(root.parent) == before


async def test_a_patch_whose_second_file_can_not_be_written_leaves_the_first_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(root, approval="never")
    apply = box.toolbox.workspace.apply

    def full(change: Change) -> None:
        if change.path.name == "new":
            raise OSError(28, "No space left on device")
        apply(change)

    monkeypatch.setattr(box.toolbox.workspace, "apply", full)
    patch = (
        "*** Begin Patch\n*** Update File: a\n@@\n-text\n+x\n*** Add File: new\n+y\n*** End Patch"
    )
    result = await box.call("apply_patch", input=patch)
    assert (result.outcome, result.text) == ("error", "error: No space left on device")
    assert (root / "a").read_text() == "text\n"
    assert box.ends == [("FileChangeItem", "failed")]
