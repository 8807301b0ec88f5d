"""`codex-ls exec` at a terminal: what a person sees while it happens, and what a person types."""

import os

import pytest

from tests.cli.command import Command, Result, read_until, told
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream, lmstudio_event, lmstudio_stream

pytest.importorskip("termios", reason="no pseudo-terminals on this system")

ERASE = "\r\x1b[K"


def dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[22m"


def test_thinking_and_answer_appear_as_they_come(server: ModelServer, command: Command) -> None:
    thought, word = Gate("thought"), Gate("word")
    server.always(chat_stream(reasoning=["Two", thought, " and\n"], content=["\nFo", word, "ur."]))
    with command.start_at_terminal("exec", "hi", NO_COLOR="1") as terminal:
        thought.reached.wait_blocking()
        assert terminal.until("[Two").endswith("[Two")
        thought.open()
        word.reached.wait_blocking()
        assert terminal.until("Fo").endswith("[Two and]\n\nFo")
        word.open()
        done = terminal.finish()
    assert done.exit_code == 0
    assert done.out.endswith("[Two and]\n\nFour.\nFIGURES\n")


def test_thinking_is_dim_and_the_answer_is_not(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(reasoning=["Two", " and"], content=["Four."]))
    with command.start_at_terminal("exec", "hi") as terminal:
        done = terminal.finish()
    text = f"{dim('[Two')}{dim(' and')}{dim(']')}\n\nFour.\nFIGURES\n"
    assert done.out.removeprefix(ERASE).endswith(text)


@pytest.mark.parametrize(
    ("options", "env"),
    [((), {"NO_COLOR": "1"}), (("--color=never",), {}), ((), {"TERM": "dumb"})],
)
def test_without_color_there_are_plain_brackets(
    server: ModelServer, command: Command, options: tuple[str, ...], env: dict[str, str]
) -> None:
    server.always(chat_stream(reasoning=["Two"], content=["Four."]))
    with command.start_at_terminal("exec", *options, "hi", env=env) as terminal:
        done = terminal.finish()
    assert done.out.endswith("[Two]\n\nFour.\nFIGURES\n")
    assert "\x1b[2m" not in done.out


def test_the_phase_is_shown_until_the_first_word(server: ModelServer, command: Command) -> None:
    gate = Gate()
    server.always(chat_stream(content=[gate, "Four."]))
    with command.start_at_terminal("exec", "hi") as terminal:
        seen = terminal.until("reading the prompt, 1 s")
        assert seen.startswith(ERASE)
        gate.open()
        done = terminal.finish()
    assert done.out.endswith(f"{ERASE}Four.\nFIGURES\n")
    assert done.exit_code == 0


def test_how_far_lm_studio_is_moves_until_the_first_word(
    server: ModelServer, command: Command
) -> None:
    shares = (0.25, 0.5)
    gates = [Gate(f"{kind} {share}") for kind in ("loading", "reading") for share in shares]
    events = [
        lmstudio_event(f"{kind}.progress", progress=share)
        for kind in ("model_load", "prompt_processing")
        for share in shares
    ]
    middle = [piece for pair in zip(events, gates, strict=True) for piece in pair]
    server.always(lmstudio_stream(content=["Four."], middle=middle))
    native = 'model_providers.fake.wire_api="lmstudio"'
    with command.start_at_terminal("exec", "-c", native, "hi") as terminal:
        for gate in gates:
            gate.reached.wait_blocking()
            what, share = gate.name.split()
            what = "loading test-model" if what == "loading" else "reading the prompt"
            terminal.until(f"{what} {float(share):.0%}, ")
            gate.open()
        done = terminal.finish()
    assert done.out.endswith(f"{ERASE}Four.\nFIGURES\n")
    assert done.exit_code == 0


def test_a_dumb_terminal_gets_no_escapes_at_all(server: ModelServer, command: Command) -> None:
    gate = Gate()
    server.always(chat_stream(reasoning=["Two"], content=["Fo", gate, "ur."]))
    with command.start_at_terminal("exec", "hi", env={"TERM": "dumb"}) as terminal:
        terminal.until("Fo")
        gate.open()
        assert terminal.finish() == Result(0, "[Two]\n\nFour.\nFIGURES\n", "")


def test_a_pipe_gets_the_answer_while_the_terminal_shows_the_thinking(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(reasoning=["Two"], content=["Four."]))
    reader, writer = os.pipe()
    with command.start_at_terminal("exec", "hi", stdout=writer) as terminal:
        os.close(writer)
        assert read_until(reader, b"\n") == b"Four.\n"
        done = terminal.finish()
    os.close(reader)
    assert done.out.removeprefix(ERASE).endswith(f"{dim('[Two')}{dim(']')}\nFIGURES\n")


def test_ctrl_c_keeps_what_arrived_and_frees_the_model(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(reasoning=["Two"], content=["Fo", Gate(), "ur."]))
    with command.start_at_terminal("exec", "hi", NO_COLOR="1") as terminal:
        terminal.until("Fo")
        terminal.type("\x03")
        done = terminal.finish()
    server.turn_blocking().hung_up.wait_blocking()
    assert done.exit_code == 130
    assert done.out.endswith("[Two]\n\nFo^C\ninterrupted\nFIGURES\n")


def test_ctrl_c_in_the_middle_of_thinking_closes_the_bracket(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(reasoning=["Two", Gate()], content=["Four."]))
    with command.start_at_terminal("exec", "hi", NO_COLOR="1") as terminal:
        terminal.until("[Two")
        terminal.type("\x03")
        done = terminal.finish()
    assert done.exit_code == 130
    assert done.out.endswith("[Two^C]\ninterrupted\nFIGURES\n")


def test_without_a_prompt_a_person_is_asked_for_one(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["Four."]))
    with command.start_at_terminal("exec", NO_COLOR="1") as terminal:
        terminal.until("Ask: ")
        terminal.type("What is 2 + 2?\n")
        done = terminal.finish()
    assert done.exit_code == 0
    assert done.out.endswith("Four.\nFIGURES\n")
    assert server.turns[0].json["messages"][-1]["content"] == "What is 2 + 2?"


def test_the_question_does_not_go_into_the_file_of_the_answer(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(content=["Four."]))
    reader, writer = os.pipe()
    with command.start_at_terminal("exec", stdout=writer) as terminal:
        os.close(writer)
        terminal.until("Ask: ")
        terminal.type("What?\n")
        assert read_until(reader, b"\n") == b"Four.\n"
        assert terminal.finish().exit_code == 0
    os.close(reader)


@pytest.mark.parametrize("typed", ["\x04", "\n"])
def test_asked_for_a_prompt_a_person_may_say_nothing(
    server: ModelServer, command: Command, typed: str
) -> None:
    with command.start_at_terminal("exec") as terminal:
        terminal.until("Ask: ")
        terminal.type(typed)
        done = terminal.finish()
    assert done.exit_code == 2
    assert "error: There is no prompt.\n" in done.out
    assert server.requests == []


def test_asked_for_a_prompt_a_person_may_leave(server: ModelServer, command: Command) -> None:
    with command.start_at_terminal("exec") as terminal:
        terminal.until("Ask: ")
        terminal.press_until_it_ends("\x03")
        done = terminal.finish()
    assert done.exit_code == 130
    assert "Traceback" not in done.out
    assert server.requests == []


def test_a_dash_reads_the_terminal_to_its_end(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["Four."]))
    with command.start_at_terminal("exec", "-") as terminal:
        terminal.until("end it with Ctrl-D")
        terminal.type("one\ntwo\n\x04")
        assert terminal.finish().exit_code == 0
    assert server.turns[0].json["messages"][-1]["content"] == "one\ntwo\n"


def test_json_is_the_same_at_a_terminal(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["Four."]))
    with command.start_at_terminal("exec", "--json", "hi") as terminal:
        done = terminal.finish()
    assert done.exit_code == 0
    assert all(line.startswith('{"type":"') for line in told(done.out).splitlines())


def test_what_a_terminal_cannot_show_is_said_once(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["→ ok 中 ", "中\n"]))
    with command.start_at_terminal(
        "exec", "x", PYTHONIOENCODING="cp1252", NO_COLOR="1"
    ) as terminal:
        done = terminal.finish()
    assert done.out.count("note:") == 1
    assert done.out.endswith(
        "? ok ? ?\nFIGURES\n"
        "note: this terminal uses cp1252, which does not have 3 characters of the answer; each is"
        " shown as ?\n"
        "hint: Use a UTF-8 terminal, or write the answer to a file: it is exact there.\n"
    )
