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


def short_ids(command: Command) -> list[str]:
    """The first column of the list."""
    return [line.split()[0] for line in command.run("threads").out.splitlines()]


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
    done = command.run("exec", "--json", "resume", short_ids(command)[-1], stdin=b"and 1 more?")
    assert json.loads(done.out.splitlines()[0]) == {"type": "thread.started", "thread_id": thread}
    assert sent(server, 2) == ["2 + 2?", "Four.", "and 1 more?"]


def test_an_unknown_conversation_is_told_before_anything_is_asked(
    server: ModelServer, command: Command
) -> None:
    assert command.run("exec", "resume", "no-such-id", "hi") == Result(
        1,
        "",
        "error: There is no thread no-such-id.\nhint: codex-ls threads lists them.\n",
    )
    assert command.run("exec", "resume", "--last", "hi").err.startswith(
        "error: No conversation is saved yet."
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


def test_the_list_needs_no_language_server(command: Command) -> None:
    done = command.run("threads", "--json", python=("-X", "importtime", "-m", "codex_ls"))
    assert json.loads(done.out) == {"threads": []}
    assert "codex_ls.cli" in done.err
    assert "pygls" not in done.err
    assert "lsprotocol" not in done.err


def test_the_list_and_one_conversation(server: ModelServer, command: Command) -> None:
    assert command.run("threads") == Result(0, "No conversation is saved yet.\n", "")
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


def test_the_last_one_is_that_of_this_folder(server: ModelServer, command: Command) -> None:
    server.enqueue(FOUR, FOUR, FIVE, FIVE)
    for name in ("one", "two", "empty"):
        Path(command.home, name).mkdir()
        if name != "empty":
            command.run("exec", "-C", name, f"asked in {name}")
    refused = command.run("exec", "-C", "empty", "resume", "--last", "hi")
    assert refused == Result(
        1,
        "",
        "error: No conversation was started in this folder.\n"
        "hint: --last --all resumes the last one of all folders: asked in two\n",
    )
    command.run("exec", "-C", "one", "resume", "--last", "go on")
    assert sent(server, 2) == ["asked in one", "Four.", "go on"]
    command.run("exec", "-C", "empty", "resume", "--last", "--all", "more")
    assert sent(server, 3) == ["asked in one", "Four.", "go on", "Five.", "more"]
    assert command.run("threads", "--here").out == "No conversation was started in this folder.\n"


def test_a_fork_leaves_the_conversation_as_it_is(server: ModelServer, command: Command) -> None:
    server.enqueue(FOUR, FIVE, FIVE)
    command.run("exec", "2 + 2?")
    source = only_thread(command)
    forked = command.run("exec", "--json", "fork", "--last", "and 1 more?")
    begun = json.loads(forked.out.splitlines()[0])
    assert begun["type"] == "thread.started"
    assert begun["thread_id"] != source
    assert sent(server, 1) == ["2 + 2?", "Four.", "and 1 more?"]
    command.run("exec", "fork", source, "and 2 more?")
    assert sent(server, 2) == ["2 + 2?", "Four.", "and 2 more?"]
    assert sorted(thread["turns"] for thread in threads(command)) == [1, 2, 2]  # type: ignore[type-var]


def test_without_an_id_a_person_picks_one(server: ModelServer, command: Command) -> None:
    server.enqueue(FOUR, FIVE, FIVE)
    command.run("exec", "the first")
    command.run("exec", "the second")
    with command.start_at_terminal("exec", "resume", NO_COLOR="1") as terminal:
        terminal.until("Which one? (1 to 2, or Enter for 1) ")
        terminal.type("2\n")
        terminal.until("Ask: ")
        terminal.type("go on\n")
        done = terminal.finish()
    assert done.exit_code == 0
    assert re.search(
        r"^1  [-0-9]{10} [0-9:]{5}  the second\r?\n2  .*  the first", done.out, re.MULTILINE
    )
    assert sent(server, 2) == ["the first", "Four.", "go on"]


@pytest.mark.parametrize("typed", ["\x04", "7\n", "no\n"])
def test_a_person_may_pick_none(server: ModelServer, command: Command, typed: str) -> None:
    server.enqueue(FOUR)
    command.run("exec", "the first")
    with command.start_at_terminal("exec", "resume", "--", "hi") as terminal:
        terminal.until("Which one? (1 to 1, or Enter for 1) ")
        terminal.type(typed)
        done = terminal.finish()
    assert done.exit_code == 2
    assert "error: No conversation was selected.\n" in done.out
    assert len(server.turns) == 1


@pytest.mark.parametrize("word", ["resume", "fork"])
def test_a_program_has_to_say_which_one(server: ModelServer, command: Command, word: str) -> None:
    assert command.run("exec", word, stdin=b"hi") == Result(
        2,
        "",
        "error: No conversation was selected.\n"
        "hint: Use --last, or an id that codex-ls threads lists.\n",
    )
    assert server.requests == []


def test_a_home_that_cant_be_written_costs_one_note(server: ModelServer, command: Command) -> None:
    server.always(FIVE)
    Path(command.home, "codex-ls").write_text("no folder")
    done = command.run("exec", "hi")
    assert (done.exit_code, done.out) == (0, "Five.\n")
    assert done.err.startswith("note: This conversation cannot be saved: Not a directory.\n")


# ---- searching and deleting --------------------------------------------------------------------


def test_words_find_a_conversation_in_questions_and_answers(
    server: ModelServer, command: Command
) -> None:
    server.enqueue(FOUR, chat_stream(content=["A B-tree keeps its ", "keys sorted."]))
    command.run("exec", "2 + 2?")
    command.run("exec", "What is a btree?")
    found = command.run("threads", "--search", "KEYS b-tree").out.splitlines()
    assert [line.partition("turn ")[2].strip() for line in found] == ["What is a btree?"]
    assert len(command.run("threads", "--search", "2").out.splitlines()) == 1
    assert command.run("threads", "--search", "hash table").out == (
        "No conversation contains hash table.\n"
    )


def test_a_conversation_is_deleted_with_a_yes(server: ModelServer, command: Command) -> None:
    server.enqueue(FOUR, FIVE)
    command.run("exec", "2 + 2?")
    command.run("exec", "3 + 2?")
    first, second = short_ids(command)
    assert command.run("threads", "delete", first, first, "--yes") == Result(
        0, "Deleted 1 conversation.\n", ""
    )
    (left,) = threads(command)
    assert str(left["threadId"]).startswith(second)
    done = command.run("threads", "delete", second)
    assert (done.exit_code, done.err) == (
        2,
        "error: There is no terminal to ask on.\nhint: Add --yes to delete without asking.\n",
    )
    assert threads(command) == [left]


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, 1), ("y\n", 0, 0)])
def test_deleting_is_asked_at_a_terminal(
    server: ModelServer, command: Command, answer: str, code: int, left: int
) -> None:
    server.always(FOUR)
    command.run("exec", "2 + 2?")
    thread = only_thread(command)
    with command.start_at_terminal("threads", "delete", thread) as terminal:
        assert "2 + 2?" in terminal.until("Delete this conversation? [y/N] ")
        terminal.type(answer)
        assert terminal.finish().exit_code == code
    assert len(threads(command)) == left


def test_an_unknown_conversation_deletes_nothing(server: ModelServer, command: Command) -> None:
    server.always(FOUR)
    command.run("exec", "2 + 2?")
    done = command.run("threads", "delete", only_thread(command), "none-such", "--yes")
    assert done.exit_code == 1
    assert done.err.startswith("error: There is no thread none-such.\nhint: ")
    assert len(threads(command)) == 1


def test_a_long_title_takes_one_row_at_a_terminal(server: ModelServer, command: Command) -> None:
    server.always(FOUR)
    command.run("exec", "a long question " * 6)
    with command.start_at_terminal("threads") as terminal:
        (line,) = terminal.finish().out.splitlines()
    assert (len(line), line[-1]) == (80, "…")
    assert len(command.run("threads").out) > 80
