"""Nothing that a server, a model or a piped file says does anything to a terminal, in any command."""

import json

import pytest

from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import (
    Answer,
    chat_chunk,
    chat_stream,
    error_answer,
    models_answer,
    sse_answer,
)

EVIL = "a\x1b]52;c;cm0=\x07b\x1b[2Jc\x9b31md\u202ee\rf\x00g"
ACTING = ("\x1b", "\x9b", "\x07", "\u202e", "\x00", "\r")


def check(output: str) -> None:
    """Nothing in it acts, plain or as JSON."""
    assert not [char for char in ACTING if char in output.replace("\r\n", "\n")], repr(output)


ANSWERS: dict[str, Answer] = {
    "thinking and answer": chat_stream(reasoning=["x", EVIL], content=[EVIL, EVIL]),
    "a refusal": error_answer(400, EVIL),
    "an error in the stream": sse_answer(
        chat_chunk({"content": "a"}), f"data: {json.dumps({'error': EVIL})}\n\n".encode()
    ),
    "a tool's name": sse_answer(
        chat_chunk({"tool_calls": [{"index": 0, "function": {"name": EVIL, "arguments": EVIL}}]}),
        chat_chunk(finish_reason="tool_calls"),
    ),
    "a page": Answer((EVIL.encode(),), status=500, headers={"Content-Type": EVIL[:1]}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_answered_acts_nowhere(command: Command, server: ModelServer, name: str) -> None:
    server.always(ANSWERS[name])
    for arguments in (("exec", "x"), ("exec", "--json", "x")):
        result = command.run(*arguments, RUST_LOG="debug")
        check(result.out + result.err)


def test_the_names_of_a_servers_models_act_nowhere(command: Command, server: ModelServer) -> None:
    server.route("GET", "/v1/models", models_answer(EVIL, "honest"))
    port = str(server.port)
    for arguments in (
        ("models", "-p", "w"),
        ("models", "-p", "w", "--json"),
        ("discover", "--port", port),
        ("discover", "--json", "--port", port),
        ("init", "--port", port, "--yes"),
        ("doctor",),
    ):
        command.configure(
            server.base_url, '[profiles.w]\nmodel = "honest"\nmodel_provider = "fake"'
        )
        result = command.run(*arguments)
        check(result.out + result.err + (command.home / "config.toml").read_text())
        if arguments[0] in ("models", "discover"):
            assert "honest" in result.out


def test_a_file_that_was_piped_in_acts_nowhere_later(command: Command, server: ModelServer) -> None:
    server.always(chat_stream(content=["yes"]))
    command.run("exec", EVIL.replace("\0", ""), stdin=EVIL.encode())
    listed = command.run("threads")
    shown = command.run("threads", listed.out.split()[0])
    for output in (listed, shown, command.run("stats"), command.run("threads", "--json")):
        check(output.out + output.err)
    assert "yes" in shown.out
    with command.start_at_terminal("threads", listed.out.split()[0]) as terminal:
        check(terminal.finish().out)
