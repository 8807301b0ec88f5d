"""A program with conversations, on the official TypeScript SDK of Codex, runs whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import ROOT, SECONDS, Command
from tests.cli.test_sdk import sdk  # noqa: F401
from tests.support.model_server import ModelServer
from tests.support.streams import Cut, chat_stream, error_answer

PROGRAM = Path(__file__).with_name("sdk_program.mjs")


def launcher(folder: Path) -> Path:
    """`codex-ls` as one file that can be started, as an installation has it."""
    path = folder / "bin" / "codex-ls"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\nfrom codex_ls.cli import main\nmain()\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def told(
    sdk: Path,  # noqa: F811
    tmp_path: Path,
    server: ModelServer,
    command: Command,
) -> dict[str, Any]:
    """What the program printed."""
    server.enqueue(
        chat_stream(reasoning=["Two and two."], content=["Fo", "ur."], usage=(12, 4)),
        chat_stream(reasoning=["One more."], content=["Fi", "ve."], usage=(20, 4)),
        chat_stream(content=["You asked twice."]),
        chat_stream(content=["1 2 3 4", Cut.STALL]),
        chat_stream(content=["Yes."]),
        chat_stream(content=['{"sum"', ": 4}"]),
        error_answer(400, "no such thing"),
    )
    done = subprocess.run(
        ["node", PROGRAM, sdk, launcher(tmp_path), tmp_path],
        capture_output=True,
        env=command.environment(PYTHONPATH=str(ROOT)),
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_program_on_the_typescript_sdk_runs_whole(
    told: dict[str, Any], server: ModelServer
) -> None:
    usage = {
        "input_tokens": 12,
        "cached_input_tokens": 0,
        "cache_write_input_tokens": 0,
        "output_tokens": 4,
        "reasoning_output_tokens": 0,
    }
    assert told["run"] == {
        "items": [
            {"id": "item_0", "type": "reasoning", "text": "Two and two."},
            {"id": "item_1", "type": "agent_message", "text": "Four."},
        ],
        "finalResponse": "Four.",
        "usage": usage,
    }
    kinds = [event["type"] for event in told["streamed"] if event["type"] != "item.updated"]
    assert kinds == [
        "thread.started",
        "turn.started",
        *("item.started", "item.delta", "item.completed"),
        *("item.started", "item.delta", "item.delta", "item.completed"),
        "turn.completed",
    ]
    assert told["streamed"][0]["thread_id"] == told["id"] == told["resumedId"]
    assert told["resumed"] == "You asked twice."
    assert told["abort"] == "AbortError"
    assert told["afterAbort"] == "Yes."
    assert told["schema"] == {"sum": 4}
    assert told["failure"].startswith("The model server says: no such thing")
    server.turns[3].hung_up.wait_blocking()
    assert [message["content"] for message in server.turns[4].json["messages"][1:]] == [
        *("2 + 2?", "Four.", "and 1 more?", "Five."),
        *("and how did we get here?", "You asked twice."),
        *("count to a million", "1 2 3 4", "still there?"),
    ]
    assert server.turns[5].json["response_format"]["json_schema"]["schema"] == {
        "type": "object",
        "properties": {"sum": {"type": "number"}},
        "required": ["sum"],
    }
