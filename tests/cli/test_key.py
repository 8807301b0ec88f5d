"""`codex-ls key`: a key goes into the system keyring, from there to one origin, and nowhere else."""

import json
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

KEY = "never-shown-anywhere-1234"


@pytest.fixture
def keyed(command: Command, server: ModelServer, tmp_path: Path) -> Command:
    """A provider that wants a key, and a keyring that keeps keys in a file."""
    command.write_config(
        f"""
        model = "m"
        model_provider = "fake"
        [model_providers.fake]
        base_url = "{server.base_url}"
        env_key = "FAKE_KEY"
        [model_providers.keyless]
        base_url = "{server.base_url}"
        """
    )
    return Command(
        command.home,
        {
            "PYTHON_KEYRING_BACKEND": "tests.support.keyring_file.FileKeyring",
            "TEST_KEYRING_FILE": str(tmp_path / "keyring.json"),
        },
    )


def kept(command: Command) -> dict[str, str]:
    return dict(json.loads(Path(command.env["TEST_KEYRING_FILE"]).read_text()))


def test_a_key_is_kept_used_and_removed(keyed: Command, server: ModelServer) -> None:
    server.always(chat_stream(content=["yes"]))
    missing = keyed.run("exec", "x")
    assert (missing.exit_code, server.turns) == (1, [])
    assert "FAKE_KEY is not set" in missing.err

    done = keyed.run("key", "set", "fake", stdin=f"{KEY}\n".encode())
    origin = server.origin
    assert (done.exit_code, done.err) == (0, "")
    assert done.out == f"The API key of fake was stored, for {origin} only.\n"
    assert kept(keyed) == {f"codex-ls\nfake at {origin}": KEY}

    asked = keyed.run("exec", "x")
    assert (asked.exit_code, asked.out) == (0, "yes\n")
    assert server.turns[0].headers["authorization"] == f"Bearer {KEY}"

    gone = keyed.run("key", "delete", "fake")
    assert gone.out == f"The API key of fake at {origin} was deleted.\n"
    assert keyed.run("key", "delete", "fake").out == f"No API key of fake at {origin} is stored.\n"
    assert keyed.run("exec", "x").exit_code == 1
    for result in (missing, done, asked, gone):
        assert KEY not in result.out + result.err


def test_the_environment_goes_before_the_keyring(keyed: Command, server: ModelServer) -> None:
    server.always(chat_stream(content=["yes"]))
    keyed.run("key", "set", "fake", stdin=KEY.encode())
    assert keyed.run("exec", "x", FAKE_KEY="from-the-environment").exit_code == 0
    assert server.turns[0].headers["authorization"] == "Bearer from-the-environment"


def test_a_provider_that_moves_to_another_address_finds_no_key(
    keyed: Command, server: ModelServer
) -> None:
    keyed.run("key", "set", "fake", stdin=KEY.encode())
    config = (keyed.home / "config.toml").read_text()
    with ModelServer() as elsewhere:
        (keyed.home / "config.toml").write_text(config.replace(server.origin, elsewhere.origin))
        moved = keyed.run("exec", "x")
        assert elsewhere.requests == []
    assert moved.exit_code == 1
    assert "FAKE_KEY is not set" in moved.err


def test_a_key_is_typed_without_echo(keyed: Command) -> None:
    with keyed.start_at_terminal("key", "set", "fake") as terminal:
        terminal.until("and nowhere else: ")
        terminal.type(f"{KEY}\n")
        shown = terminal.finish()
    assert KEY not in shown.out
    assert list(kept(keyed).values()) == [KEY]


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (("set", "nobody"), KEY, "There is no provider `nobody`."),
        (("set", "keyless"), KEY, "The provider keyless uses no API key."),
        (("set", "fake"), "", "No key was given."),
        (("set", "fake"), "a\nb", "The API key contains characters that are not allowed."),
        (("set", "fake"), "k" * 20_000, "The API key contains characters that are not allowed."),
        (("set", "fake", KEY), "", "Unrecognized arguments"),
        (("set", "fake", "--profile", "nobody"), KEY, "There is no profile `nobody`."),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    keyed: Command, arguments: tuple[str, ...], stdin: str, sentence: str
) -> None:
    result = keyed.run("key", *arguments, stdin=stdin.encode())
    assert (result.exit_code != 0, result.out) == (True, "")
    assert sentence in result.err
    assert not Path(keyed.env["TEST_KEYRING_FILE"]).exists()


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [
        ("keyring.backends.fail.Keyring", "The system keyring can't be used (NoKeyringError)."),
        ("keyring.backends.null.Keyring", "The system keyring did not store the key."),
        (
            "tests.support.keyring_file.LockedKeyring",
            "The system keyring can't be used (PermissionError).",
        ),
    ],
)
def test_a_keyring_that_does_not_work_is_told_and_breaks_no_turn(
    keyed: Command, backend: str, sentence: str
) -> None:
    result = keyed.run("key", "set", "fake", stdin=KEY.encode(), PYTHON_KEYRING_BACKEND=backend)
    assert result.exit_code == 1
    assert f"error: {sentence}" in result.err
    asked = keyed.run("exec", "x", PYTHON_KEYRING_BACKEND=backend)
    assert "FAKE_KEY is not set" in asked.err


def test_without_the_extra_the_command_says_how_to_get_it(keyed: Command) -> None:
    (keyed.home / "blocked").mkdir()
    (keyed.home / "blocked" / "keyring.py").write_text("raise ImportError")
    path = f"{keyed.home / 'blocked'}:{keyed.environment()['PYTHONPATH']}"
    result = keyed.run("key", "set", "fake", stdin=KEY.encode(), PYTHONPATH=path)
    assert result.exit_code == 1
    assert "pip install 'codex-ls[keyring]'" in result.err
    assert "FAKE_KEY is not set" in keyed.run("exec", "x", PYTHONPATH=path).err
