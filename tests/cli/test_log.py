"""The verbose log: what happened, on standard error, and no word or key of it."""

from dataclasses import replace

import pytest

from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CODEX_LS_LOG", "debug"), ("RUST_LOG", "debug"), ("RUST_LOG", "warn,codex_core=debug")],
)
def test_the_log_tells_what_happened_and_nothing_that_was_said(
    server: ModelServer, command: Command, variable: str, value: str
) -> None:
    server.always(chat_stream(reasoning=["canary-thought"], content=["Four."]))
    text = (command.home / "config.toml").read_text()
    command.write_config(f'{text}env_key = "MY_KEY"\n')
    command = replace(command, env={"MY_KEY": "canary-key-123", variable: value})
    done = command.run("exec", "--thinking=off", "canary-prompt")
    assert (done.exit_code, done.out) == (0, "Four.\n")
    assert f"test-model at {server.origin}" in done.err
    assert "completed (stop)" in done.err
    assert f"connected to {server.origin}\n" in done.err
    assert f"POST {server.origin}/v1/chat/completions: 200, text/event-stream\n" in done.err
    assert "canary" not in done.err
    assert "Four." not in done.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("CODEX_LS_LOG", value) for value in ("", "off", "OFF", "0")),
        *(("RUST_LOG", value) for value in ("off", "nonsense", "codex_core=x", "=,;")),
    ],
)
def test_the_log_is_off_unless_it_is_asked_for(
    server: ModelServer, command: Command, variable: str, value: str
) -> None:
    server.always(chat_stream(content=["Four."]))
    done = replace(command, env={variable: value}).run("exec", "hi")
    assert done.err == "FIGURES\n"


def test_a_level_that_is_none_is_told(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["Four."]))
    assert command.run("exec", "hi", CODEX_LS_LOG="verbose").err == (
        "note: CODEX_LS_LOG=verbose is not a log level\n"
        "hint: the levels are debug, info, warn, error and off.\n"
        "FIGURES\n"
    )


def test_behind_a_proxy_the_log_holds_no_header_and_no_query(
    server: ModelServer, command: Command
) -> None:
    """The test's server stands in for the proxy: such a request has its whole address in its first line."""
    stream = chat_stream(content=["Four."])
    server.always(replace(stream, headers={**stream.headers, "Set-Cookie": "s=canary-cookie"}))
    command.write_config(
        'model = "m"\nmodel_provider = "far"\n[model_providers.far]\n'
        'base_url = "http://model.example/v1"\nquery_params = { sig = "canary-query" }\n'
        'http_headers = { X-Secret = "canary-header" }\n'
    )
    proxy = server.origin.replace("//", "//user:canary-password@")
    done = command.run("exec", "hi", CODEX_LS_LOG="trace", HTTP_PROXY=proxy, http_proxy=proxy)
    assert (done.exit_code, done.out) == (0, "Four.\n")
    assert "POST http://model.example/v1/chat/completions: 200" in done.err
    assert "canary" not in done.err


def test_control_characters_of_a_server_do_not_reach_the_terminal(
    server: ModelServer, command: Command
) -> None:
    stream = chat_stream(content=["Four."])
    kind = "text/event-stream; x=\x1b]0;title\x07\x9b31m!"
    server.always(replace(stream, headers={**stream.headers, "Content-Type": kind}))
    done = command.run("exec", "hi", CODEX_LS_LOG="debug")
    assert done.out == "Four.\n"
    assert "text/event-stream; x=" in done.err
    assert not {"\x1b", "\x07", "\x9b"} & set(done.err)
