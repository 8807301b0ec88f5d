"""A conversation in the terminal: the real process, typed at and interrupted as by a person."""

import asyncio
import json
import os
import select
import signal

import pytest

from codex_ls.cli.interrupts import Interrupts
from codex_ls.config.built_in import EMBEDDED
from tests.cli.command import SECONDS, Command, Terminal
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream, error_answer


def said(server: ModelServer, number: int) -> list[str]:
    return [message["content"] for message in server.turns[number].json["messages"][1:]]


def test_a_conversation(server: ModelServer, command: Command) -> None:
    server.enqueue(chat_stream(reasoning=["hm"], content=["Four."]), chat_stream(content=["Five."]))
    with command.start_at_terminal("chat", NO_COLOR="1") as terminal:
        terminal.until("> ")
        terminal.type("2 + 2?\n")
        terminal.until("[hm]\n\nFour.\n")
        wait_for_prompt(terminal, 1)
        terminal.type("and 1 more?\n")
        terminal.until("Five.\n")
        wait_for_prompt(terminal, 2)
        terminal.type("\x04")
        assert terminal.finish().exit_code == 0
    assert said(server, 1) == ["2 + 2?", "Four.", "and 1 more?"]
    (thread,) = json.loads(command.run("threads", "--json").out)["threads"]
    assert thread["turns"] == 2
    history = command.home / "codex-ls" / "chat_history"
    assert "2 + 2?" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def wait_for_prompt(terminal: Terminal, number: int) -> None:
    """Until it can be typed again after so many answers: keys that come earlier may be lost."""
    while terminal.text.count(" total\n> ") < number:
        assert select.select([terminal._master], [], [], SECONDS)[0], terminal.text
        terminal._seen += os.read(terminal._master, 65536)


def drop_line(terminal: Terminal) -> None:
    """Press Ctrl-C as a person would: again, if it came while a key was still being handled."""
    for _ in range(50):
        terminal.type("\x03")
        if select.select([terminal._master], [], [], 0.2)[0]:
            terminal.until("half a line\n> ")
            return
    raise AssertionError("Ctrl-C does not drop the line")


def test_ctrl_c_stops_the_answer_and_not_the_conversation(
    server: ModelServer, command: Command
) -> None:
    server.enqueue(chat_stream(content=["One", Gate(), " two"]), chat_stream(content=["Yes."]))
    with command.start_at_terminal("chat", NO_COLOR="1") as terminal:
        terminal.until("> ")
        terminal.type("count\n")
        terminal.until("One")
        terminal.type("\x03")
        server.turn_blocking().hung_up.wait_blocking()
        terminal.until("interrupted\n")
        wait_for_prompt(terminal, 1)
        terminal.type("half a line")
        terminal.until("half a line")
        drop_line(terminal)
        terminal.type("still there?\n")
        terminal.until("Yes.\n")
        wait_for_prompt(terminal, 2)
        terminal.type("/quit\n")
        assert terminal.finish().exit_code == 0
    assert said(server, 1) == ["count", "One", "still there?"]


def test_a_failed_turn_is_told_and_the_conversation_goes_on(
    server: ModelServer, command: Command
) -> None:
    server.enqueue(error_answer(400, "no such thing"), chat_stream(content=["Yes."]))
    done = command.run("chat", stdin=b"one\n/nonsense\ntwo\n")
    assert (done.exit_code, done.out.splitlines()[-1]) == (0, "Yes.")
    assert "error: The model server says: no such thing\n" in done.err
    assert "error: There is no command /nonsense.\n" in done.err
    assert said(server, 1) == ["two"]


@pytest.fixture
def two_profiles(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["Yes."]))
    command.write_config(
        'profile = "a"\n[profiles.a]\nmodel = "small"\nmodel_provider = "here"\n'
        '[profiles.b]\nmodel = "large"\nmodel_provider = "here"\n'
        '[profiles.far]\nmodel = "huge"\nmodel_provider = "far"\n'
        f'[model_providers.here]\nname = "Here"\nbase_url = "{server.base_url}"\n'
        '[model_providers.far]\nname = "Far"\nbase_url = "https://model.invalid/v1"\n'
    )


@pytest.mark.usefixtures("two_profiles")
def test_switching_on_the_way(server: ModelServer, command: Command) -> None:
    lines = ["1", "/profile b", "2", "/model other", "3", "/effort low", "4", "/new", "5"]
    done = command.run("chat", stdin="\n".join([*lines, ""]).encode())
    assert done.exit_code == 0
    asked = [turn.json for turn in server.turns]
    assert [body["model"] for body in asked] == ["small", "large", "other", "other", "other"]
    assert "reasoning_effort" not in asked[2]
    assert asked[3]["reasoning_effort"] == "low"
    assert [len(body["messages"]) for body in asked] == [2, 4, 6, 8, 2]
    assert [line for line in done.err.splitlines() if line != "FIGURES"] == [
        "small at Here (a)",
        "large at Here (b)",
        "other at Here (b)",
        "other at Here (b), effort low",
        "A new conversation.",
    ]


@pytest.mark.usefixtures("two_profiles")
def test_a_switch_that_fails_changes_nothing(server: ModelServer, command: Command) -> None:
    done = command.run("chat", stdin=b"/profile nope\n/effort huge\n/model\n/profile\nhi\n")
    assert "error: There is no profile `nope`.\n" in done.err
    assert "error: There is no effort huge.\n" in done.err
    assert "* a         small               http" in done.err
    assert server.turns[0].json["model"] == "small"


@pytest.mark.usefixtures("two_profiles")
def test_leaving_this_machine_is_said(command: Command) -> None:
    done = command.run("chat", stdin=b"hi\n/profile far\n")
    assert "note: your next question sends the conversation so far to Far;" in done.err
    locked = command.run("chat", "--local-only", stdin=b"/profile far\nhi\n")
    assert "error: far is at https://model.invalid:443, and only this machine is allowed." in (
        locked.err
    )


@pytest.mark.usefixtures("two_profiles")
def test_a_line_goes_on_behind_a_backslash(server: ModelServer, command: Command) -> None:
    command.run("chat", stdin=b"one\\\ntwo\n")
    assert said(server, 0) == ["one\ntwo"]


@pytest.mark.usefixtures("two_profiles")
def test_an_earlier_conversation_goes_on(server: ModelServer, command: Command) -> None:
    command.run("exec", "first")
    command.run("chat", "--last", stdin=b"second\n")
    assert said(server, 1) == ["first", "Yes.", "second"]
    assert command.run("chat", "--resume", "no-such", stdin=b"hi\n").exit_code == 1


@pytest.mark.usefixtures("two_profiles")
def test_a_fork_goes_on_in_a_copy(server: ModelServer, command: Command) -> None:
    done = command.run("chat", stdin="/fork\none\n/fork\ntwo\nthree\n\u200b\n".encode())
    assert "error: There is nothing to copy yet.\nhint: Ask something first.\n" in done.err
    assert said(server, 2) == ["one", "Yes.", "two", "Yes.", "three"]
    assert len(server.turns) == 3  # a line in which there is nothing to see is no question
    listed = json.loads(command.run("threads", "--json").out)["threads"]
    assert [(thread["title"], thread["turns"]) for thread in listed] == [
        ("two (after: one)", 3),
        ("one", 1),
    ]


def test_a_question_of_several_lines_is_found_again_whole(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(content=["Yes."]))
    with command.start_at_terminal("chat", TERM="xterm") as terminal:
        terminal.until("> ")
        terminal.type("\x1b[200~one\rtwo\x1b[201~\n")
        terminal.until("Yes.")
        wait_for_prompt(terminal, 1)
        terminal.type("/quit\n")
        assert terminal.finish().exit_code == 0
    with command.start_at_terminal("chat", TERM="xterm") as terminal:
        terminal.until("> ")
        terminal.type("\x1b[A\x1b[A\n")  # up, past /quit
        terminal.until("Yes.")
        wait_for_prompt(terminal, 1)
        terminal.type("/quit\n")
        assert terminal.finish().exit_code == 0
    assert [said(server, turn) for turn in (0, 1)] == [["one\ntwo"], ["one\ntwo"]]


def test_a_pipe_gets_the_answers_alone(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["Yes."]))
    done = command.run("chat", stdin=b"one?\n/effort low\n/usr is what?\n /usr is what?\n")
    assert (done.exit_code, done.out) == (0, "Yes.\nYes.\n")
    assert (
        "error: There is no command /usr.\n"
        "hint: /help lists them; with a space in front it is a question.\n"
    ) in done.err
    assert said(server, 1)[-1] == " /usr is what?"


def test_sigterm_ends_the_conversation_and_frees_the_model(
    server: ModelServer, command: Command
) -> None:
    server.enqueue(chat_stream(content=["One", Gate(), " two"]))
    with command.start_at_terminal("chat", NO_COLOR="1") as terminal:
        terminal.until("> ")
        terminal.type("count\n")
        terminal.until("One")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.finish().exit_code == 143
    server.turn_blocking().hung_up.wait_blocking()
    (thread,) = json.loads(command.run("threads", "--json").out)["threads"]
    assert thread["title"] == "count"


async def test_a_second_ctrl_c_at_once_means_the_answer_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exits: list[int] = []
    monkeypatch.setattr(os, "_exit", exits.append)
    for patience_s, expected in ((60.0, []), (0.0, [130])):
        cancelled = asyncio.Event()
        with Interrupts(patience_s=patience_s) as interrupts:
            interrupts.cancel_with(cancelled.set)
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            await asyncio.wait_for(cancelled.wait(), 10)
        assert exits == expected


async def test_sigterm_right_after_a_ctrl_c_is_no_second_ctrl_c() -> None:
    cancelled: list[str] = []
    with Interrupts(patience_s=60.0) as interrupts:
        interrupts.cancel_with(lambda: cancelled.append("turn"))
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        assert (interrupts.exit_code, cancelled) == (130, ["turn"])
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        assert (interrupts.exit_code, cancelled) == (143, ["turn", "turn"])


def test_sigterm_right_after_a_ctrl_c_ends_the_conversation(
    server: ModelServer, command: Command
) -> None:
    server.enqueue(chat_stream(content=["One", Gate(), " two"]))
    with command.start_at_terminal("chat", NO_COLOR="1") as terminal:
        terminal.until("> ")
        terminal.type("count\n")
        terminal.until("One")
        terminal.process.send_signal(signal.SIGINT)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.finish().exit_code == 143
    server.turn_blocking().hung_up.wait_blocking()


def test_ctrl_c_at_the_offer_of_the_built_in_model_leaves_the_conversation(
    command: Command,
) -> None:
    with command.start_at_terminal("chat", "-p", EMBEDDED, NO_COLOR="1") as terminal:
        terminal.until("Fetch it now? [Y/n] ")
        terminal.type("\x03")
        terminal.until("/help lists the commands")
        terminal.until("> ")
        terminal.type("/quit\n")
        assert terminal.finish().exit_code == 0


def test_the_profiles_are_a_table(server: ModelServer, command: Command) -> None:
    text = (command.home / "config.toml").read_text()
    command.write_config(text + '[profiles.a]\nmodel = "a-long-name"\nmodel_provider = "ollama"\n')
    listed = command.run("chat", stdin=b"/profile\n").err.splitlines()[1:]
    assert len({line.find("http") for line in listed if "http" in line}) == 1
    assert "  a  " in command.run("chat", stdin=b"/profile\n").err
