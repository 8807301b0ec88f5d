"""The official TypeScript SDK, unchanged, from its registry, pointed at `codex-ls`."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import ROOT, SECONDS, Command
from tests.support.answers import Answer
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream, error_answer, responses_stream

PACKAGE = "@openai/codex-sdk"
VERSION = "0.163.0"


@pytest.fixture(scope="session")
def sdk(request: pytest.FixtureRequest) -> Path:
    """The SDK's module. In CI it must be there; elsewhere a machine without Node may go without."""
    in_ci = bool(os.environ.get("CI"))
    npm = shutil.which("npm")
    if (npm is None or shutil.which("node") is None) and not in_ci:
        pytest.skip("Node.js and npm are not installed")
    assert npm is not None, "CI needs Node.js and npm"
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir(f"codex-sdk-{VERSION}")
    module = folder / "node_modules" / PACKAGE / "dist" / "index.js"
    if not module.exists():
        (folder / "package.json").write_text("{}")
        subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--omit=optional", f"{PACKAGE}@{VERSION}"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return module


@dataclass(frozen=True, slots=True)
class Program:
    """A program that uses the SDK, with `codex-ls` as its codex."""

    sdk: Path
    command: Command

    def ask(self, task_input: Any, **task: Any) -> Any:
        """The program's result: a turn, a list of events, or an error."""
        codex = {
            "codexPathOverride": str(self._executable()),
            "env": self.command.environment(),
            **task.pop("codex", {}),
        }
        line = {"sdk": str(self.sdk), "codex": codex, "input": task_input, **task}
        client = Path(__file__).with_name("sdk_client.mjs")
        done = subprocess.run(
            ["node", str(client), json.dumps(line)],
            stdout=subprocess.PIPE,
            timeout=SECONDS,
            check=True,
        )
        return json.loads(done.stdout)

    def _executable(self) -> Path:
        script = self.command.home / "codex"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m codex_ls "$@"\n')
        script.chmod(0o755)
        return script


@pytest.fixture
def program(sdk: Path, command: Command) -> Program:
    assert ROOT.is_dir()
    return Program(sdk, command)


def test_a_turn(server: ModelServer, program: Program) -> None:
    server.always(chat_stream(reasoning=["hm"], content=["Fo", "ur."], usage=(9, 5)))
    result = program.ask("What is 2 + 2?")
    assert result == {
        "threadId": result["threadId"],
        "turn": {
            "items": [
                {"id": "item_0", "type": "reasoning", "text": "hm"},
                {"id": "item_1", "type": "agent_message", "text": "Four."},
            ],
            "finalResponse": "Four.",
            "usage": {
                "input_tokens": 9,
                "cached_input_tokens": 0,
                "cache_write_input_tokens": 0,
                "output_tokens": 5,
                "reasoning_output_tokens": 0,
            },
        },
    }
    assert result["threadId"]
    assert server.turns[0].json["messages"][-1]["content"] == "What is 2 + 2?"


def test_every_option_with_an_address_and_a_key_of_its_own(
    server: ModelServer, program: Program
) -> None:
    program.command.write_config("")
    server.always(responses_stream(reasoning=["hm"], content=["Four."]))
    result = program.ask(
        "hi",
        codex={
            "baseUrl": server.base_url,
            "apiKey": "sk-canary",
            "config": {
                "show_raw_agent_reasoning": True,
                "sandbox_workspace_write": {"network_access": True},
            },
        },
        thread={
            "model": "gpt-5",
            "threadSource": "user",
            "sandboxMode": "read-only",
            "workingDirectory": str(program.command.home),
            "skipGitRepoCheck": True,
            "modelReasoningEffort": "low",
            "networkAccessEnabled": False,
            "webSearchMode": "disabled",
            "approvalPolicy": "never",
            "additionalDirectories": [str(program.command.home)],
        },
    )
    assert result["turn"]["finalResponse"] == "Four."
    (request,) = server.turns
    assert request.headers["authorization"] == "Bearer sk-canary"
    assert request.json["model"] == "gpt-5"
    assert request.json["reasoning"]["effort"] == "low"


def test_a_schema_and_images(server: ModelServer, program: Program) -> None:
    picture = program.command.home / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    schema = {"type": "object", "properties": {"sum": {"type": "number"}}}
    server.always(chat_stream(content=['{"sum":4}']))
    result = program.ask(
        [{"type": "text", "text": "What is this?"}, {"type": "local_image", "path": str(picture)}],
        turn={"outputSchema": schema},
    )
    assert result["turn"]["finalResponse"] == '{"sum":4}'
    sent = server.turns[0].json
    assert sent["response_format"]["json_schema"]["schema"] == schema
    parts = sent["messages"][-1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]


def test_streamed_events_survive_line_separators(server: ModelServer, program: Program) -> None:
    pieces = ["a\u2028b", "\u0085\u2029", "\r\nc"]
    server.always(chat_stream(content=pieces))
    events = program.ask("hi", streamed=True)["events"]
    deltas = [event["delta"] for event in events if event["type"] == "item.delta"]
    assert "".join(deltas) == events[-2]["item"]["text"]
    assert "a\u2028b" in events[-2]["item"]["text"]
    assert events[-1]["type"] == "turn.completed"


def test_a_failed_turn_is_an_error_with_the_servers_words(
    server: ModelServer, program: Program
) -> None:
    server.always(error_answer(400, "this model can't do that"))
    assert "this model can't do that" in program.ask("hi")["error"]


def test_a_wrong_configuration_is_an_error_with_its_sentence(program: Program) -> None:
    program.command.write_config("[profiles.a]\nmodel = 'm'\n")
    error = program.ask("hi")["error"]
    assert error.startswith("Codex Exec exited with code 1: error: ")


def test_an_aborted_turn_frees_the_model(server: ModelServer, program: Program) -> None:
    server.always(chat_stream(content=["Fo", Gate(), "ur."]))
    result = program.ask("hi", streamed=True, abortOn="item.delta")
    assert "abort" in result["error"].lower()
    server.turn_blocking().hung_up.wait_blocking()


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of this test is Linux'")
def test_a_turn_that_edits_a_file_and_runs_a_command(
    server: ModelServer, program: Program, tmp_path: Path
) -> None:
    root = tmp_path / "w"
    root.mkdir()
    (root / "a.txt").write_text("one\n")

    def call(name: str, **arguments: str) -> Answer:
        function = {"name": name, "arguments": json.dumps(arguments)}
        return chat_stream(
            tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
            finish_reason="tool_calls",
            usage=(10, 5),
        )

    server.enqueue(
        call("edit_file", path="a.txt", old="one", new="two"),
        call("shell", command="cat a.txt"),
        chat_stream(content=["Done."], usage=(20, 2)),
    )
    thread = {
        "workingDirectory": str(root),
        "sandboxMode": "workspace-write",
        "approvalPolicy": "never",
        "networkAccessEnabled": False,
        "skipGitRepoCheck": True,
    }
    result = program.ask("Make it two.", thread=thread)
    turn = result["turn"]
    assert turn["finalResponse"] == "Done."
    assert turn["items"] == [
        {
            "id": "item_0",
            "type": "file_change",
            "changes": [{"path": str(root / "a.txt"), "kind": "update"}],
            "status": "completed",
        },
        {
            "id": "item_1",
            "type": "command_execution",
            "command": "/bin/bash -c 'cat a.txt'",
            "aggregated_output": "two\n",
            "exit_code": 0,
            "status": "completed",
        },
        {"id": "item_2", "type": "agent_message", "text": "Done."},
    ]
    assert turn["usage"]["input_tokens"] == 40
    assert (root / "a.txt").read_text() == "two\n"
