"""Clients of others: acpx, and the example client of the TypeScript SDK, as npm has them.

`.ci/run` fetches both into `$CODEX_LS_TEST_CACHE/acp-clients`. Without them the tests are skipped, and fail where
`CI` is set.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.acp.acp_client import START_SECONDS
from tests.acp.test_permissions import EDIT
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

CACHE = Path(os.environ.get("CODEX_LS_TEST_CACHE", "~/.cache/codex-ls-tests")).expanduser()
MODULES = CACHE / "acp-clients" / "node_modules"
EXAMPLE = "@agentclientprotocol/sdk/dist/examples/client.js"


@pytest.fixture
def agent(command: Command, server: ModelServer, tmp_path: Path) -> Path:
    """A program that is `codex-ls acp` with tools, and asks before each edit."""
    if not (MODULES / "acpx").is_dir():
        reason = f"acpx is not in {MODULES}; .ci/run fetches it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    command.configure(
        server.base_url, 'sandbox_mode = "workspace-write"\napproval_policy = "untrusted"'
    )
    # The example starts its agent with npx.
    program = tmp_path / "bin" / "npx"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -m codex_ls acp\n")
    program.chmod(0o755)
    return program


async def run(command: Command, folder: Path, *arguments: str, path: Path | None = None) -> str:
    """Run a Node program to its end; return what it printed."""
    env = command.environment() | {"HOME": str(command.home)}
    if path is not None:
        env["PATH"] = f"{path}{os.pathsep}{env['PATH']}"
    process = await asyncio.create_subprocess_exec(
        "node",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=env,
    )
    async with asyncio.timeout(START_SECONDS):
        out, _ = await process.communicate()
    assert process.returncode == 0, out
    return out.decode()


async def test_acpx_shows_the_thinking_allows_an_edit_and_shows_the_answer(
    server: ModelServer, command: Command, folder: Path, agent: Path
) -> None:
    server.enqueue(EDIT, chat_stream(reasoning=["hm"], content=["The ", "answer."]))
    acpx = str(MODULES / "acpx" / "dist" / "cli.js")
    out = await run(command, folder, acpx, "--approve-all", "--agent", str(agent), "exec", "do it")
    for line in (
        "[tool] Edit a.txt (completed)",
        "[thinking] hm",
        "The answer.",
        "[done] end_turn",
    ):
        assert line in out
    assert (folder / "a.txt").read_text() == "two\n"


async def test_the_example_client_of_the_typescript_sdk_gets_the_answer(
    server: ModelServer, command: Command, folder: Path, agent: Path
) -> None:
    server.enqueue(chat_stream(content=["42"]))
    out = await run(command, folder, str(MODULES / EXAMPLE), path=agent.parent)
    assert "Connected to agent (protocol v1)" in out
    assert "\n42\n" in out or " 42\n" in out
    assert "Agent completed with: end_turn" in out
