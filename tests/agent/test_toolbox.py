"""Tools in a real folder and the real sandbox."""

import asyncio
import sys
from pathlib import Path

import pytest

from codex_ls.agent.approval import Cancelled
from codex_ls.events import ItemChanged, ItemOutput, PlanItem
from codex_ls.sandbox import confine
from codex_ls.sandbox.confine import Sandbox
from codex_ls.wire import ToolCall
from tests.agent.boxes import Box

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the sandbox of this test is Linux'"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("x = 1\ny = 2\n")
    (root / "ignored").mkdir()
    (root / "ignored" / "b.py").write_text("x = 3\n")
    (root / ".gitignore").write_text("ignored/\n*.log\n")
    (root / "c.log").write_text("x = 4\n")
    return root


@pytest.fixture
def box(root: Path) -> Box:
    return Box(root)


async def test_reading(box: Box, root: Path) -> None:
    assert (await box.call("read_file", path="src/a.py")).text == "x = 1\ny = 2"
    part = await box.call("read_file", path=str(root / "src/a.py"), offset=2, limit=1)
    assert part.text == "(lines 2 to 2 of 2)\ny = 2"
    assert (await box.call("read_file", path="src/a.py", offset=9)).text == (
        "error: src/a.py has 2 lines"
    )
    assert (await box.call("list_files", path=".")).text == ".gitignore\nsrc/a.py"
    assert (await box.call("list_files", path=".", glob="*.py")).text == "src/a.py"
    assert (await box.call("search", pattern=r"x = \d")).text == "src/a.py:1: x = 1"
    assert (await box.call("search", pattern="z")).text == "(nothing found)"
    assert (await box.call("search", pattern="y", path="src/a.py")).text == "a.py:2: y = 2"
    assert "no regular expression" in (await box.call("search", pattern="(")).text


async def test_a_long_file_is_read_in_whole_lines(box: Box, root: Path) -> None:
    (root / "long").write_text("".join(f"line {n} {'x' * 90}\n" for n in range(1000)))
    text = (await box.call("read_file", path="long")).text
    assert len(text) < box.toolbox.max_result_chars
    head, *lines = text.split("\n")
    assert head == f"(lines 1 to {len(lines)} of 1000)"
    assert all(line.endswith("x" * 90) for line in lines)


async def test_a_pattern_without_end_ends(
    box: Box, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "codex_ls.agent.reading_tools.trusted_ripgrep", lambda *_: None
    )  # never backtracks
    monkeypatch.setattr("codex_ls.agent.reading_tools._SEARCH_S", 1.0)
    (root / "src" / "evil").write_text("a" * 100 + "b")
    result = await box.call("search", pattern="(a+)+$")
    assert "(stopped after" in result.text


async def test_edits_are_made_told_and_undone(box: Box, root: Path) -> None:
    result = await box.call("edit_file", path="src/a.py", old="x = 1", new="x = 9")
    assert result.text == "done: src/a.py (update)"
    await box.call("write_file", path="new/b.py", content="b\n")
    patch = "*** Begin Patch\n*** Update File: src/a.py\n*** Move to: src/z.py\n@@\n-y = 2\n+y = 8\n*** End Patch"
    result = await box.call("shell", command=f"apply_patch <<'EOF'\n{patch}\nEOF")
    assert result.text == "done: src/z.py (add), src/a.py (delete)"
    assert (root / "src/z.py").read_text() == "x = 9\ny = 8\n"
    assert box.ends == [("FileChangeItem", "completed")] * 3
    assert [change.kind for change in box.last_change.changes] == ["add", "delete"]
    undone = box.undo.undo("turn")
    assert undone.changed_since == ()
    assert (root / "src/a.py").read_text() == "x = 1\ny = 2\n"
    assert not (root / "src/z.py").exists()
    assert not (root / "new/b.py").exists()


async def test_a_patch_is_all_or_nothing(box: Box, root: Path) -> None:
    patch = "*** Begin Patch\n*** Add File: new\n+x\n*** Update File: src/a.py\n@@\n-nowhere\n+y\n*** End Patch"
    result = await box.call("apply_patch", input=patch)
    assert result.outcome == "error"
    assert not (root / "new").exists()


async def test_a_file_that_changed_is_read_again_first(box: Box, root: Path) -> None:
    await box.call("read_file", path="src/a.py")
    (root / "src/a.py").write_text("x = 1\nmine\n")
    edit = {"path": "src/a.py", "old": "x = 1", "new": "x = 2"}
    assert "read it again" in (await box.call("edit_file", **edit)).text
    await box.call("read_file", path="src/a.py")
    assert (await box.call("edit_file", **edit)).outcome == "ok"
    assert (root / "src/a.py").read_text() == "x = 2\nmine\n"


async def test_an_edit_that_does_not_fit_a_short_file_is_answered_with_its_text(
    box: Box, root: Path
) -> None:
    edit = {"path": "src/a.py", "old": "x = 7", "new": "x = 2"}
    result = await box.call("edit_file", **edit)
    assert result.outcome == "error"
    assert result.text.endswith("\nThe file is:\nx = 1\ny = 2\n")
    (root / "src/a.py").write_text("x = 7\n")  # the model knows the other text now
    assert "read it again" in (await box.call("edit_file", **edit)).text
    (root / "long").write_text("x = 1\n" * 1000)
    assert "The file is" not in (await box.call("edit_file", **{**edit, "path": "long"})).text


async def test_commands(box: Box, root: Path) -> None:
    result = await box.call("shell", command="cat src/a.py; exit 3", workdir="src/..")
    assert result.text == "exit code 3\nx = 1\ny = 2"
    assert (box.last_command.status, box.last_command.exit_code) == ("failed", 3)
    outputs = [event.text for event in box.events if isinstance(event, ItemOutput)]
    assert "".join(outputs) == "x = 1\ny = 2\n"
    assert (await box.call("shell", command="sleep 60", timeout_ms=200)).text == (
        "stopped after 0.2 seconds"
    )
    assert "outside of the workspace" in (await box.call("shell", command="ls", workdir="/")).text


async def test_escapes_in_commands_and_output_are_not_shown(box: Box) -> None:
    command = "printf '\\033]0;evil\\007\\033[2Jtext'; echo \x1b[1A\x1b[2Kls"
    await box.call("shell", command=command)
    shown = box.last_command.command + box.last_command.output
    assert "\x1b" not in shown
    assert "\x07" not in shown


async def test_a_result_is_cut_in_its_middle(box: Box) -> None:
    text = (await box.call("shell", command="seq 100000; echo end")).text
    assert len(text) < box.toolbox.max_result_chars + 100
    assert text.startswith("exit code 0\n1\n2\n")
    assert text.endswith("end")


async def test_read_only_asks_before_an_edit_and_never_refuses_it(root: Path) -> None:
    edit = {"path": "src/a.py", "old": "x = 1", "new": "x = 2"}
    box = Box(root, "read-only", answers=["decline", "accept"])
    assert (await box.call("edit_file", **edit)).text == (
        "declined: the user does not want this change"
    )
    assert (root / "src/a.py").read_text() == "x = 1\ny = 2\n"
    assert (await box.call("edit_file", **edit)).outcome == "ok"
    assert [request.kind for request in box.asked] == ["edit", "edit"]
    never = Box(root, "read-only", "never")
    result = await never.call("write_file", path="new", content="x")
    assert result.outcome == "declined"
    assert never.ends == [("FileChangeItem", "declined")]
    assert not (root / "new").exists()


async def test_leaving_the_sandbox_is_asked_with_the_models_reason(root: Path) -> None:
    box = Box(root, answers=["decline", "accept"])
    call = {"command": "echo x > ../outside", "justification": "I want to"}
    assert (await box.call("shell", **call)).outcome == "declined"
    assert not (root.parent / "outside").exists()
    assert (await box.call("shell", **call)).text == "exit code 0"
    assert (root.parent / "outside").exists()
    assert [(r.kind, r.reason) for r in box.asked] == [("escalate", "I want to")] * 2


async def test_on_failure_asks_when_the_sandbox_was_the_reason(root: Path) -> None:
    box = Box(root, approval="on-failure", answers=["accept"])
    await box.call("shell", command="false")
    assert box.asked == []
    assert (await box.call("shell", command="echo x > ../outside")).text == "exit code 0"
    assert (root.parent / "outside").exists()


async def test_never_runs_inside_whatever_the_model_wants(root: Path) -> None:
    box = Box(root, approval="never")
    result = await box.call("shell", command="echo x > ../outside", justification="please")
    assert result.text.startswith("exit code 1")
    assert not (root.parent / "outside").exists()


async def test_without_a_sandbox_every_command_is_asked_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "_found", Sandbox("none", reason="There is none."))
    box = Box(root, answers=["accept"])
    assert (await box.call("shell", command="echo hi")).text == "exit code 0\nhi"
    assert [(r.kind, r.reason) for r in box.asked] == [("escalate", "There is none.")]
    never = Box(root, approval="never")
    assert (await never.call("shell", command="ls")).text.startswith("refused: no sandbox")
    assert never.ends == [("CommandItem", "declined")]


async def test_untrusted_asks_for_all_but_reading(root: Path) -> None:
    box = Box(root, "read-only", "untrusted", answers=["accept", "cancel"])
    assert (await box.call("shell", command="cat src/a.py")).outcome == "ok"
    assert box.asked == []
    await box.call("shell", command="python3 -c 'print(1)'")
    with pytest.raises(Cancelled):
        await box.call("write_file", path="n", content="")
    assert [request.kind for request in box.asked] == ["command", "edit"]


async def test_calls_that_no_tool_takes_are_shown_and_answered(box: Box) -> None:
    result = await box.toolbox.run(ToolCall("1", "shel", "{"), box.events.append)
    assert (result.outcome, "Did you mean shell?" in result.text) == ("format", True)
    result = await box.toolbox.run(ToolCall("1", "read_file", "{"), box.events.append)
    assert result.outcome == "format"
    assert box.ends == [("ToolItem", "failed")] * 2


async def test_a_plan_is_an_item(box: Box) -> None:
    await box.call("update_plan", plan=[{"step": "a", "status": "completed"}, {"step": "b"}, 5])
    assert box.events[-1].item == PlanItem("plan", (("a", True), ("b", False)))  # type: ignore[union-attr]


async def test_stop_in_mid_command_ends_it_and_its_item(box: Box) -> None:
    begun = asyncio.Event()

    def emit(event: ItemChanged | ItemOutput) -> None:
        box.events.append(event)
        if isinstance(event, ItemOutput):
            begun.set()

    call = ToolCall("id", "shell", '{"command": "echo begun; sleep 60"}')
    task = asyncio.ensure_future(box.toolbox.run(call, emit))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert box.ends == [("CommandItem", "failed")]


async def test_undo_leaves_alone_what_somebody_changed(box: Box, root: Path) -> None:
    await box.call("edit_file", path="src/a.py", old="x = 1", new="x = 2")
    await box.call("write_file", path="b", content="b")
    (root / "src/a.py").write_text("mine")
    undone = box.undo.undo("turn")
    assert undone.restored == (root / "b",)
    assert undone.changed_since == (root / "src/a.py",)
    assert (root / "src/a.py").read_text() == "mine"


async def test_without_room_for_undo_nothing_is_written(box: Box, root: Path) -> None:
    (root.parent / "undo").write_text("a file where the folder should be")
    result = await box.call("write_file", path="b", content="b")
    assert result.outcome == "error"
    assert not (root / "b").exists()
