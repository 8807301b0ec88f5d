"""Clients that make mistakes, die or go silent: an error each, nothing lost, and the model is freed."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from codex_ls.acp.line_transport import LineTransport
from tests.acp.acp_client import START_SECONDS, editor
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream


async def started(command: Command) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "codex_ls",
        "acp",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=command.home,
        env=command.environment(),
    )


def line(method: str, number: int | None = None, **params: Any) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(message | ({} if number is None else {"id": number})).encode() + b"\n"


async def reply(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next message that is no update."""
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        while True:
            message: dict[str, Any] = json.loads(await process.stdout.readline())
            if message.get("method") != "session/update":
                return message


INITIALIZE = line("initialize", 1, protocolVersion=1)


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        (b"hello\n", -32700),
        (b"\xff\xfe\n", -32700),
        (b'{"jsonrpc": "2.0", \n', -32700),
        (b"[" * 100_000 + b"\n", -32700),
        (b"42\n", -32600),
        (b"[]\n", -32600),
        (b'{"jsonrpc": "2.0"}\n', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": ["initialize"]}\n', -32600),
        (b'{"jsonrpc": "2.0", "id": [1], "result": {}}\n', -32600),
        (b'{"jsonrpc": "2.0", "id": 0, "error": "no"}\n', -32600),
    ],
)
async def test_garbage_is_answered_and_the_next_line_read(
    command: Command, garbage: bytes, code: int
) -> None:
    process = await started(command)
    assert process.stdin is not None
    process.stdin.write(b"\n" + garbage + INITIALIZE)
    refused, made = await reply(process), await reply(process)
    assert (refused["id"], refused["error"]["code"]) == (None, code)
    assert (made["id"], made["result"]["protocolVersion"]) == (1, 1)
    process.stdin.close()
    assert await process.wait() == 0


async def test_a_response_nobody_waits_for_is_ignored(command: Command) -> None:
    process = await started(command)
    assert process.stdin is not None
    process.stdin.write(b'{"jsonrpc": "2.0", "id": 7, "result": {}}\n' + INITIALIZE)
    assert (await reply(process))["id"] == 1
    process.stdin.close()
    assert await process.wait() == 0


async def test_wrong_parameters_and_methods_are_errors(command: Command) -> None:
    process = await started(command)
    assert process.stdin is not None
    for message, code in (
        (line("session/new", 2), -32602),
        (line("session/new", 2, cwd=7, mcpServers=[]), -32602),
        (line("session/prompt", 2, sessionId="x", prompt="no list"), -32602),
        (line("session/explode", 2), -32601),
        (line("session/fork", 2, sessionId="x", cwd="/"), -32601),
        (b'{"jsonrpc": "2.0", "id": 2, "method": "session/new", "params": []}\n', -32602),
    ):
        process.stdin.write(message)
        refused = await reply(process)
        assert (refused["id"], refused["error"]["code"]) == (2, code), message
    process.stdin.close()
    assert await process.wait() == 0


async def test_a_cancellation_in_the_same_write_as_its_prompt_is_not_lost(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["one", Gate()]))
    process = await started(command)
    assert process.stdin is not None
    process.stdin.write(line("session/new", 2, cwd=str(folder), mcpServers=[]))
    session = (await reply(process))["result"]["sessionId"]
    prompt = [{"type": "text", "text": "count"}]
    process.stdin.write(
        line("session/prompt", 3, sessionId=session, prompt=prompt)
        + line("session/cancel", sessionId=session)
    )
    assert (await reply(process))["result"] == {"stopReason": "cancelled"}
    process.stdin.close()
    assert await process.wait() == 0


@pytest.mark.parametrize("says_goodbye", [True, False])
async def test_a_client_that_dies_frees_the_model_and_loses_nothing(
    server: ModelServer, command: Command, folder: Path, says_goodbye: bool
) -> None:
    server.enqueue(chat_stream(content=["kept", Gate()]))
    process = await started(command)
    assert process.stdin is not None
    process.stdin.write(line("session/new", 2, cwd=str(folder), mcpServers=[]))
    session = (await reply(process))["result"]["sessionId"]
    prompt = [{"type": "text", "text": "count"}]
    process.stdin.write(line("session/prompt", 3, sessionId=session, prompt=prompt))
    assert process.stdout is not None
    while b"kept" not in await process.stdout.readline():
        pass
    if says_goodbye:
        process.stdin.close()
    else:
        process._transport.close()  # type: ignore[attr-defined] # both pipes at once, as at its death
    await (await server.turn(0)).hung_up.wait()
    if says_goodbye:
        assert await process.wait() == 0
    async with editor(command, folder) as it:
        await it.agent.load_session(cwd=str(folder), session_id=session, mcp_servers=[])
        assert it.client.answered == "kept"


async def test_a_line_that_is_too_long_is_refused_and_the_next_one_read() -> None:
    reader = asyncio.StreamReader(limit=64)
    loop = asyncio.get_running_loop()
    sent: list[bytes] = []

    class Sink(asyncio.WriteTransport):
        def write(self, data: Any) -> None:
            sent.append(bytes(data))

        is_closed = False

        def is_closing(self) -> bool:
            return self.is_closed

        def close(self) -> None:
            self.is_closed = True

    protocol = asyncio.streams.FlowControlMixin(loop)
    transport = LineTransport(reader, asyncio.StreamWriter(Sink(), protocol, reader, loop))
    reader.feed_data(b'{"method": "' + b"x" * 300 + b'"}\n{"method": "next"}\n')
    reader.feed_eof()
    assert await transport.receive() == {"method": "next"}
    assert await transport.receive() is None
    assert [json.loads(data)["error"]["code"] for data in sent] == [-32700]
    await transport.close()
    with pytest.raises(ConnectionError):
        await transport.send({})


def test_without_the_library_the_next_step_is_named(command: Command, tmp_path: Path) -> None:
    (tmp_path / "acp").mkdir()
    (tmp_path / "acp" / "__init__.py").write_text("raise ImportError('not here')\n")
    path = f"{tmp_path}:{command.environment()['PYTHONPATH']}"
    done = command.run("acp", PYTHONPATH=path)
    assert (done.exit_code, done.out) == (2, "")
    assert done.err == (
        "error: The Agent Client Protocol library is not installed.\n"
        "hint: pip install 'codex-ls[acp]'\n"
    )


def test_without_pipes_the_next_step_is_named(command: Command) -> None:
    done = command.run("acp")  # its input is the null device
    assert (done.exit_code, done.out) == (2, "")
    assert done.err == (
        "error: Standard input or output is no pipe.\nhint: Editors start this command with pipes.\n"
    )


async def test_a_polite_kill_ends_it(command: Command) -> None:
    process = await started(command)
    assert process.stdin is not None
    process.stdin.write(INITIALIZE)
    await reply(process)
    process.terminate()
    async with asyncio.timeout(START_SECONDS):
        assert await process.wait() == 0
