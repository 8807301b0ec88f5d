"""Conversations that outlive their process: `exec resume`, `threads`, and a process that is killed."""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.cli.command import Command, Result
from tests.support.model_server import ModelServer
from tests.support.streams import Cut, chat_stream, error_answer

FOUR = chat_stream(reasoning=["Two and", " two."], content=["Fo", "ur."])
FIVE = chat_stream(content=["Five."])


def sent(server: ModelServer, number: int) -> list[str]:
    """What was sent with a model request, but for the system prompt."""
    return [message["content"] for message in server.turns[number].json["messages"][1:]]


def threads(command: Command) -> list[dict[str, object]]:
    found = json.loads(command.run("threads", "--json").out)["threads"]
    assert isinstance(found, list)
    return found


def only_thread(command: Command) -> str:
    (thread,) = threads(command)
    return str(thread["threadId"])


def test_the_last_conversation_goes_on(server: ModelServer, command: Command) -> None:
    server.enqueue(FOUR, FIVE)
    command.run("exec", "2 + 2?")
    done = command.run("exec", "resume", "--last", "and 1 more?")
    assert (done.exit_code, done.out) == (0, "Five.\n")
    assert sent(server, 1) == ["2 + 2?", "Four.", "and 1 more?"]


def test_a_conversation_goes_on_by_how_its_id_begins(server: ModelServer, command: Command) -> None:
    server.enqueue(FOUR, FIVE, FIVE)
    command.run("exec", "2 + 2?")
    thread = only_thread(command)
    command.run("exec", "another one")
    done = command.run("exec", "--json", "resume", thread[:8], stdin=b"and 1 more?")
    assert json.loads(done.out.splitlines()[0]) == {"type": "thread.started", "thread_id": thread}
    assert sent(server, 2) == ["2 + 2?", "Four.", "and 1 more?"]


def test_an_unknown_conversation_is_told_before_anything_is_asked(
    server: ModelServer, command: Command
) -> None:
    assert command.run("exec", "resume", "no-such-id", "hi") == Result(
        1,
        "",
        "error: There is no thread no-such-id.\n"
        "hint: codex-ls threads lists them; without an id a new one begins.\n",
    )
    assert command.run("exec", "resume", "--last", "hi").err.startswith(
        "error: No thread is kept yet."
    )
    assert server.requests == []


def test_a_question_that_failed_is_not_the_last_conversation(
    server: ModelServer, command: Command
) -> None:
    server.enqueue(FOUR, error_answer(400, "no"), FIVE)
    command.run("exec", "2 + 2?")
    assert command.run("exec", "in vain").exit_code == 1
    command.run("exec", "resume", "--last", "and 1 more?")
    assert sent(server, 2) == ["2 + 2?", "Four.", "and 1 more?"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_was_shown_is_there_after_the_process_has_died(
    server: ModelServer, command: Command, number: signal.Signals
) -> None:
    server.enqueue(chat_stream(content=["All of", " this", Cut.STALL]), FIVE)
    with command.start("exec", "tell me") as running:
        running.out_until("All of this")
        running.interrupt(number)
        running.process.wait()
    command.run("exec", "resume", "--last", "go on")
    assert sent(server, 1) == ["tell me", "All of this", "go on"]


def test_an_ephemeral_question_leaves_nothing(server: ModelServer, command: Command) -> None:
    server.always(FOUR)
    before = sorted(command.home.iterdir())
    assert command.run("exec", "--ephemeral", "hi").out == "Four.\n"
    command.configure(server.base_url, more='history.persistence = "none"')
    assert command.run("exec", "hi").out == "Four.\n"
    assert sorted(command.home.iterdir()) == before


def test_the_list_and_one_conversation(server: ModelServer, command: Command) -> None:
    assert command.run("threads") == Result(0, "No conversation is kept yet.\n", "")
    server.enqueue(FOUR, FIVE)
    command.run("exec", "2 + 2?\nquickly")
    command.run("exec", "resume", "--last", "and 1 more?")
    thread = only_thread(command)
    listed = command.run("threads").out
    assert re.fullmatch(
        rf"{thread[:8]}  \d{{4}}-\d\d-\d\d \d\d:\d\d    2 turns  2 \+ 2\?\n", listed
    )
    assert command.run("threads", thread[:6]).out == (
        "## 2 + 2?\nquickly\n\n> Two and two.\n\nFour.\n\n## and 1 more?\n\nFive.\n"
    )
    shown = json.loads(command.run("threads", thread, "--json").out)
    assert [(turn["prompt"], turn["reasoning"], turn["content"]) for turn in shown["turns"]] == [
        ("2 + 2?\nquickly", "Two and two.", "Four."),
        ("and 1 more?", "", "Five."),
    ]


def test_a_home_that_cant_be_written_costs_one_note(server: ModelServer, command: Command) -> None:
    server.always(FIVE)
    Path(command.home, "codex-ls").write_text("no folder")
    done = command.run("exec", "hi")
    assert (done.exit_code, done.out) == (0, "Five.\n")
    assert done.err.startswith("note: This conversation is not kept on disk: Not a directory.\n")
