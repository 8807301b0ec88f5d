"""A profile of another program asks nobody, on any surface, although a key for the cloud is set."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.support.lsp_client import LspClient

FOREIGN = """\
profile = "lan"
[providers.openai]
api_base = "http://10.0.0.8:11434/v1"
api_key = "sk-secret-in-file"
[profiles.lan]
provider = "openai"
model = "gpt-oss:20b"
api_base = "http://10.0.0.8:11434/v1"
api_key = "sk-secret-in-file"
"""
ERROR = (
    "config.toml:6:1: `provider` does not select a provider, so the profile `lan` would be sent to OpenAI"
    " (https://api.openai.com:443)."
)


@pytest.fixture
def proxy() -> Iterator[socket.socket]:
    """Where every request to the cloud would go first."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def command(tmp_path: Path, proxy: socket.socket) -> Command:
    address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
    names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    command = Command(tmp_path, {**dict.fromkeys(names, address), "OPENAI_API_KEY": "sk-cloud-key"})
    command.write_config(FOREIGN)
    return command


def assert_nobody_came(proxy: socket.socket) -> None:
    with suppress(BlockingIOError):
        proxy.accept()
        pytest.fail("a connection was made")


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (("exec", "hi"), None),
        (("exec", "--json", "hi"), None),
        (("exec", "--profile", "lan", "hi"), None),
        (("chat",), b"hi\n"),
        (("chat", "--profile", "lan"), b"hi\n"),
        (("models", "--profile", "lan"), None),
        (("doctor", "--profile", "lan"), None),
    ],
)
def test_the_shell_asks_nobody(
    command: Command, proxy: socket.socket, arguments: tuple[str, ...], stdin: bytes | None
) -> None:
    done = command.run(*arguments, stdin=stdin)
    assert done.exit_code == 1
    assert ERROR in done.out + done.err
    assert "sk-" not in done.out + done.err
    assert_nobody_came(proxy)


def test_a_chat_does_not_switch_to_it(command: Command, proxy: socket.socket) -> None:
    done = command.run("chat", "--profile", "embedded", stdin=b"/profile lan\n")
    assert ERROR in done.out + done.err
    assert_nobody_came(proxy)


async def test_an_editor_asks_nobody(command: Command, proxy: socket.socket) -> None:
    async with LspClient.spawned(env=command.environment(), cwd=command.home) as client:
        await client.initialize()
        for asked in ({}, {"profile": "lan"}):
            call = await client.send("codex/exec", {"prompt": "hi", "workDoneToken": "w", **asked})
            error = await call.error()
            assert error["data"]["kind"] == "configInvalid"
            assert error["message"] == ERROR
            assert "model_provider" in error["data"]["hint"]
        assert "sk-" not in json.dumps(client.messages)
    assert_nobody_came(proxy)
