"""A model that acts, as people and programs start it: the real command, the real sandbox."""

import json
import os
import select
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import SECONDS, Command, Terminal
from tests.support.answers import Answer
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux'")


def call(name: str, *, text: str = "", **arguments: Any) -> Answer:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return chat_stream(
        content=[text] if text else [],
        tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
        finish_reason="tool_calls",
        usage=(10, 5),
    )


DONE = chat_stream(content=["Done."], usage=(20, 2))


@pytest.fixture
def root(command: Command) -> Path:
    root = command.home / "w"
    root.mkdir()
    (root / "a.txt").write_text("one\n")
    return root


def results(server: ModelServer) -> list[str]:
    """The results of calls that the last request had."""
    messages = server.turns[-1].json["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_without_a_sandbox_named_anywhere_the_request_is_that_of_a_question(
    server: ModelServer, command: Command, root: Path
) -> None:
    server.always(DONE)
    assert command.run("exec", "-C", str(root), "hi").exit_code == 0
    command.configure(server.base_url, 'sandbox_mode = "workspace-write"')
    assert command.run("exec", "-C", str(root), "--no-tools", "hi").exit_code == 0
    first, second = (request.body for request in server.turns)
    assert first == second
    assert b"tool" not in first
    assert command.run("exec", "-C", str(root), "hi").exit_code == 0
    assert len(server.turns[2].json["tools"]) == 6


@pytest.mark.parametrize(
    "options", [("--sandbox", "workspace-write"), ("-s", "workspace-write"), ("--full-auto",), ()]
)
def test_a_model_edits_and_runs(
    server: ModelServer, command: Command, root: Path, options: tuple[str, ...]
) -> None:
    if not options:
        command.configure(server.base_url, 'sandbox_mode = "workspace-write"')
    server.enqueue(
        call("edit_file", text="I edit.", path="a.txt", old="one", new="two"),
        call("shell", command="cat a.txt; echo x > .git; exit 3"),
        DONE,
    )
    done = command.run("exec", *options, "-C", str(root), "do it")
    assert done.exit_code == 0
    assert (root / "a.txt").read_text() == "two\n"
    assert done.out == "I edit.\nDone.\n"
    told = done.err
    assert "edited a.txt (+1 -1)\n$ cat a.txt; echo x > .git; exit 3\n  two\n" in told
    assert "  exit code 3\n" in told
    assert results(server)[0] == "done: a.txt (update)"
    assert results(server)[1].startswith("exit code 3\ntwo\n")


def test_json_has_codexs_items(server: ModelServer, command: Command, root: Path) -> None:
    patch = "*** Begin Patch\n*** Add File: b.txt\n+new\n*** Update File: a.txt\n@@\n-one\n+two\n*** End Patch"
    server.enqueue(
        call("shell", command="echo hi; exit 3"),
        call("shell", command=f"apply_patch <<'EOF'\n{patch}\nEOF"),
        call("update_plan", plan=[{"step": "a", "status": "completed"}, {"step": "b"}]),
        call("nothing"),
        DONE,
    )
    options = ("--sandbox", "workspace-write", "--json", "-o", "last")
    done = command.run("exec", *options, "-C", str(root), "do it")
    events = [event for event in lines(done.out) if event["type"].startswith("item.")]
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    assert items[0] == {
        "id": "item_0",
        "type": "command_execution",
        "command": "/bin/bash -c 'echo hi; exit 3'",
        "aggregated_output": "hi\n",
        "exit_code": 3,
        "status": "failed",
    }
    assert events[0]["item"] == {
        **items[0],
        "aggregated_output": "",
        "exit_code": None,
        "status": "in_progress",
    }
    changes = [
        {"path": str(root / "b.txt"), "kind": "add"},
        {"path": str(root / "a.txt"), "kind": "update"},
    ]
    assert items[1] == {
        "id": "item_1",
        "type": "file_change",
        "changes": changes,
        "status": "completed",
    }
    assert items[2] == {
        "id": "item_2",
        "type": "todo_list",
        "items": [{"text": "a", "completed": True}, {"text": "b", "completed": False}],
    }
    assert (items[3]["type"], items[3]["status"]) == ("mcp_tool_call", "failed")
    assert items[4] == {"id": "item_4", "type": "agent_message", "text": "Done."}
    usage = lines(done.out)[-1]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (60, 22)
    assert (command.home / "last").read_text() == "Done."


def test_exec_is_read_only_where_config_says_so_and_asks_nobody(
    server: ModelServer, command: Command, root: Path
) -> None:
    command.configure(server.base_url, 'sandbox_mode = "read-only"\napproval_policy = "on-request"')
    server.enqueue(
        call("write_file", path="b", content="x"),
        call("shell", command="echo x > b", justification="please"),
        DONE,
    )
    done = command.run("exec", "-C", str(root), "do it")
    assert done.exit_code == 0
    assert not (root / "b").exists()
    assert results(server)[0] == "refused: the sandbox is read-only, and nobody can be asked"
    assert results(server)[1].startswith("exit code 1")
    assert "wrote b (+1 -0) (declined)\n" in done.err


def test_further_folders_and_the_table_of_the_configuration(
    server: ModelServer, command: Command, root: Path
) -> None:
    for name in ("more", "third", "fourth"):
        (command.home / name).mkdir()
    command.configure(
        server.base_url,
        'sandbox_mode = "workspace-write"\n[sandbox_workspace_write]\n'
        f'writable_roots = ["{command.home}/third"]\nexclude_slash_tmp = true\n',
    )
    tries = "; ".join(f"echo x > ../{name}/f" for name in ("more", "third", "fourth"))
    server.enqueue(call("shell", command=tries), DONE)
    command.run("exec", "-C", str(root), "--add-dir", str(command.home / "more"), "do it")
    written = [name for name in ("more", "third", "fourth") if (command.home / name / "f").exists()]
    assert written == ["more", "third"]


def test_no_sandbox_and_no_questions_have_their_warning(
    server: ModelServer, command: Command, root: Path
) -> None:
    server.enqueue(call("shell", command="echo x > ../outside"), DONE)
    done = command.run(
        "exec", "--dangerously-bypass-approvals-and-sandbox", "-C", str(root), "do it"
    )
    assert done.err.startswith(
        "warning: the model runs every command without a sandbox and without approval\n"
    )
    assert (command.home / "outside").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sandbox", "all"), "invalid choice: 'all'"),
        (("-a", "sometimes"), "invalid choice: 'sometimes'"),
        (("--yolo", "--full-auto"), "cannot be combined with --sandbox"),
        (("--yolo", "-s", "read-only"), "cannot be combined with --sandbox"),
    ],
)
def test_command_lines_that_make_no_sense(
    command: Command, options: tuple[str, ...], words: str
) -> None:
    done = command.run("exec", *options, "hi")
    assert done.exit_code == 2
    assert words in done.err


def test_a_person_is_asked_with_everything_on_the_screen(
    server: ModelServer, command: Command, root: Path
) -> None:
    server.enqueue(
        call(
            "shell",
            command="echo hi;\x1b[2K\recho \u202etxt > ../outside",
            justification="I have to",
        ),
        call("edit_file", path="a.txt", old="one", new="two"),
        call("shell", command="ls"),
        DONE,
    )
    options = ("--sandbox", "read-only", "-a", "on-request")
    with command.start_at_terminal(
        "exec", *options, "-C", str(root), "do", NO_COLOR="1"
    ) as terminal:
        seen = asked(terminal, 1)
        assert f"The model wants to run in {root}:\n" in seen
        assert "  echo hi;\\x1b[2K\\recho \\u202etxt > ../outside\n" in seen
        assert "without a sandbox: it could change all of your files and use the network.\n" in seen
        assert "Reason given: I have to\n" in seen
        terminal.type("maybe\n")
        asked(terminal, 2)
        terminal.type("n\n")
        seen = asked(terminal, 3)
        assert "The model wants to change:\n  --- a/a.txt\n  +++ b/a.txt\n" in seen
        assert "  -one\n  +two\n" in seen
        terminal.type("y\n")
        terminal.until("Done.")
        assert terminal.finish().exit_code == 0
    assert (root / "a.txt").read_text() == "two\n"
    assert not (command.home / "outside").exists()
    assert results(server)[0] == "declined: the user does not want this command"


@pytest.mark.parametrize(("typed", "exit_code"), [("q\n", 1), ("\x03", 130)])
def test_stop_instead_of_an_answer_ends_the_turn(
    server: ModelServer, command: Command, root: Path, typed: str, exit_code: int
) -> None:
    server.enqueue(call("write_file", path="b", content="x"), DONE)
    options = ("--sandbox", "read-only", "-a", "on-request")
    with command.start_at_terminal(
        "exec", *options, "-C", str(root), "do", NO_COLOR="1"
    ) as terminal:
        terminal.until("q stop: ")
        terminal.type(typed)
        terminal.until("interrupted")
        assert terminal.finish().exit_code == exit_code
    assert not (root / "b").exists()
    assert len(server.turns) == 1


def test_ctrl_c_ends_a_running_command(server: ModelServer, command: Command, root: Path) -> None:
    server.enqueue(call("shell", command="echo begun > begun; sleep 600"), DONE)
    options = ("--sandbox", "workspace-write", "--json")
    with command.start("exec", *options, "-C", str(root), "do") as running:
        running.out_until('"status":"in_progress"')
        running.interrupt()
        done = running.finish()
    assert done.exit_code == 130
    items = [event["item"] for event in lines(done.out) if event["type"] == "item.completed"]
    assert [(item["type"], item["status"]) for item in items] == [("command_execution", "failed")]


def test_undo_puts_back_what_the_last_turn_changed(
    server: ModelServer, command: Command, root: Path
) -> None:
    server.enqueue(
        call("edit_file", path="a.txt", old="one", new="two"),
        call("write_file", path="b.txt", content="b\n"),
        DONE,
    )
    command.run("exec", "--full-auto", "-C", str(root), "do it")
    code = f"import os; os.chdir({str(root)!r}); from codex_ls.cli import run; raise SystemExit(run({{}}))"
    shown = command.run(python=("-c", code.format('["undo", "--diff"]')))
    assert shown.out == (
        "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n"
        "--- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+b\n"
    )
    undone = command.run(python=("-c", code.format('["undo"]')))
    assert (undone.exit_code, undone.out) == (0, "restored b.txt\nrestored a.txt\n")
    assert sorted(path.name for path in root.iterdir()) == ["a.txt"]
    assert (root / "a.txt").read_text() == "one\n"
    again = command.run(python=("-c", code.format('["undo"]')))
    assert again.exit_code == 2
    assert again.err.startswith("error: No model has changed anything in ")


def test_chat_has_tools_and_undo(server: ModelServer, command: Command) -> None:
    command.configure(server.base_url, 'sandbox_mode = "workspace-write"')
    (command.home / "a.txt").write_text("one\n")
    server.enqueue(call("edit_file", path="a.txt", old="one", new="two"), DONE, DONE)
    where = f"workspace-write in {command.home}, without network, approvals on-request.\n"
    steps = [
        ("/tools", where),
        ("do it", "edited a.txt (+1 -1)\nDone.\n"),
        ("/diff", "-one\n+two\n"),
        ("/undo", "restored a.txt\n"),
        ("/tools off", "Tools are off; /tools on turns them on.\n"),
        ("why?", "Done.\n"),
    ]
    with command.start_at_terminal("chat", NO_COLOR="1") as terminal:
        for number, (line, told) in enumerate(steps, 1):
            screen_with(terminal, "\n> ", number)
            terminal.type(f"{line}\n")
            screen_with(terminal, told, 2 if line == "why?" else 1)
        screen_with(terminal, "\n> ", len(steps) + 1)
        terminal.type("/quit\n")
        assert terminal.finish().exit_code == 0
    assert (command.home / "a.txt").read_text() == "one\n"
    assert ["tools" in request.json for request in server.turns] == [True, True, False]


def asked(terminal: Terminal, number: int) -> str:
    return screen_with(terminal, "q stop: ", number)


def screen_with(terminal: Terminal, text: str, times: int) -> str:
    """The screen once a text stands on it so many times."""
    while terminal.text.count(text) < times:
        assert select.select([terminal._master], [], [], SECONDS)[0], terminal.text
        terminal._seen += os.read(terminal._master, 65536)
    return terminal.text
