"""The commands beside exec: what they print, and what they say of a mistake."""

import json
from pathlib import Path

import pytest

from codex_ls import __version__
from tests.cli.command import Command, Result
from tests.cli.test_exec import SAMPLE


@pytest.fixture
def command(command: Command) -> Command:
    command.write_config('profile = "local-oss"\n' + SAMPLE)
    return command


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(command: Command, flag: str) -> None:
    assert command.run(flag) == Result(0, f"codex-ls {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("help",),
        ("exec", "--help"),
        ("profiles", "-h"),
        ("serve", "--help"),
        ("models", "--help"),
        ("model", "--help"),
        ("model", "pull", "--help"),
    ],
)
def test_help_is_on_standard_output(command: Command, arguments: tuple[str, ...]) -> None:
    done = command.run(*arguments)
    assert (done.exit_code, done.err) == (0, "")
    assert done.out.startswith("usage: codex-ls ")


def test_profiles_are_a_table_with_the_active_one_marked(command: Command) -> None:
    command.write_config(
        'profile = "local"\n[profiles.local]\nmodel = "qwen3"\nmodel_provider = "ollama"\n'
    )
    done = command.run("profiles")
    assert (done.exit_code, done.out.splitlines()[0].split()[:2]) == (0, ["*", "local"])


def test_what_codex_refuses_is_a_line_each(command: Command) -> None:
    lines = (
        "config.toml:1:1: `profile` keeps Codex 0.134 and later from starting;"
        " `codex-ls profile use local-oss` moves it to codex-ls.toml.",
        "config.toml:10:11: Codex 0.134 and later does not read [profiles.cloud] and"
        " [profiles.local-oss]; `codex-ls profile use NAME` moves that table to NAME.config.toml.",
        "config.toml:2:18: [model_providers.openai] keeps Codex from starting, which has that name"
        " built in; move the table to codex-ls.toml, which Codex does not read.",
        'config.toml:9:1: wire_api = "chat" keeps Codex from starting (since February 2026); remove'
        " the line, it is what codex-ls does without it.",
    )
    assert json.loads(command.run("profiles", "--json").out)["refusedByCodex"] == [*lines]
    assert command.run("profiles") == Result(
        0,
        "   cloud      gpt-5-codex         openai     https://api.openai.com:443  cloud\n"
        "*  local-oss  openai/gpt-oss-20b  local-oss  http://localhost:1234       local\n"
        "   embedded   qwen2.5-coder-1.5b  embedded   built in                    local\n",
        "".join(f"note: {line}\n" for line in lines),
    )


def test_a_profile_that_is_wrong_says_so(command: Command) -> None:
    command.write_config('[profiles.a]\nmodel = "m"\nmodel_provider = "nobody"\n')
    done = command.run("profiles")
    assert done.exit_code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["a", "m", "nobody", "-", "-"]
    assert lines[1].startswith("     problem: ")
    assert "nobody" in lines[1]
    assert done.err.startswith("note: Nothing in ")


def test_profiles_as_json_are_what_the_language_server_answers(command: Command) -> None:
    done = command.run("profiles", "--json")
    assert (done.exit_code, done.err) == (0, "")
    told = json.loads(done.out)
    assert (told["active"], told["source"]) == ("local-oss", "config")
    assert told["configPath"] == str(command.home / "config.toml")
    assert told["problems"] == []
    assert told["profiles"][:2] == [
        {
            "name": "cloud",
            "model": "gpt-5-codex",
            "provider": "openai",
            "wireApi": "chat",
            "origin": "https://api.openai.com:443",
            "isLocal": False,
            "problems": [],
        },
        {
            "name": "local-oss",
            "model": "openai/gpt-oss-20b",
            "provider": "local-oss",
            "wireApi": "chat",
            "origin": "http://localhost:1234",
            "isLocal": True,
            "problems": [],
        },
    ]


def test_a_wrong_configuration_has_file_line_and_column(command: Command) -> None:
    command.write_config("model = \n")
    done = command.run("profiles")
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("error: ")
    assert f"{command.home / 'config.toml'}, line 1, column 9" in done.err


def test_built_in_models_are_listed(command: Command) -> None:
    done = command.run("models")
    assert (done.exit_code, done.err) == (0, "")
    assert "qwen2.5-coder-1.5b" in done.out
    assert "not fetched" in done.out


@pytest.mark.parametrize("which", [(), ("--profile", "embedded")])
def test_built_in_models_as_json(command: Command, which: tuple[str, ...]) -> None:
    done = command.run("models", "--json", *which)
    listed = json.loads(done.out)["models"]
    assert [(model["name"], model["loaded"]) for model in listed] == [
        ("qwen2.5-coder-1.5b", False),
        ("smollm2-135m", False),
    ]
    assert all(model["size"] > 0 and model["contextWindow"] > 0 for model in listed)


def test_nothing_is_fetched_without_consent(command: Command) -> None:
    done = command.run("model", "pull", "smollm2-135m")
    assert (done.exit_code, done.out) == (2, "")
    assert "--yes" in done.err


def test_the_built_in_model_that_is_not_there_says_how_to_get_it(command: Command) -> None:
    done = command.run("exec", "--profile", "embedded", "hi")
    assert (done.exit_code, done.out) == (1, "")
    assert "codex-ls model pull qwen2.5-coder-1.5b" in done.err


def test_a_person_is_asked_before_the_built_in_model_is_fetched(command: Command) -> None:
    with command.start_at_terminal("exec", "--profile", "embedded", "hi") as terminal:
        terminal.until("Fetch it now? [Y/n] ")
        terminal.type("n\n")
        done = terminal.finish()
    assert done.exit_code == 1
    assert "codex-ls model pull qwen2.5-coder-1.5b" in done.out


def test_a_chat_offers_the_built_in_model_too_and_goes_on_without_it(command: Command) -> None:
    with command.start_at_terminal("chat", "--profile", "embedded") as terminal:
        terminal.until("Fetch it now? [Y/n] ")
        terminal.type("n\n")
        terminal.until("is not on this machine.")
        terminal.until("> ")
        terminal.type("/quit\n")
        assert terminal.finish().exit_code == 0


def test_a_list_that_nobody_reads_is_no_failure(command: Command) -> None:
    with command.start("profiles") as running:
        running.out.close()
        assert running.finish() == Result(0, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_list_that_can_not_be_written_is_a_failure(command: Command) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        done = command.run("profiles", stdout=full)
    assert done == Result(1, "", "error: The output can't be written: No space left on device.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--tcp", "7777"), "error: 7777 is not HOST:PORT.\n"),
        (("serve", "--tcp", "localhost:none"), "error: localhost:none is not HOST:PORT.\n"),
        (("serve", "--nonsense"), "error: Unrecognized arguments: --nonsense.\n"),
        (("model",), "error: The following arguments are required: pull NAME.\n"),
        (("models", "extra"), "error: Unrecognized arguments: extra.\n"),
    ],
)
def test_wrong_usage(command: Command, arguments: tuple[str, ...], message: str) -> None:
    done = command.run(*arguments)
    assert (done.exit_code, done.out) == (2, "")
    assert done.err.startswith(message)
