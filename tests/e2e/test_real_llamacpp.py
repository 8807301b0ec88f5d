"""The real llama.cpp: through the command line, through `codex/exec`, on both of its wires."""

import json
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.support.llamacpp import LlamaCpp
from tests.support.lsp_client import LspClient, Message

pytestmark = pytest.mark.model

SMALL = ("--profile", "embedded", "-m", "smollm2-135m")
LONG_ANSWER = "Write a long story about a lighthouse."


def configured(home: Path, llamacpp: LlamaCpp, wire_api: str = "chat") -> dict[str, str]:
    """A config that asks the running server, and the environment with its key."""
    (home / "config.toml").write_text(
        f"""
model = "{llamacpp.model}"
model_provider = "real"
model_max_output_tokens = 400
[model_providers.real]
name = "llama.cpp"
base_url = "{llamacpp.base_url}"
env_key = "REAL_KEY"
wire_api = "{wire_api}"
"""
    )
    return {"CODEX_HOME": str(home), "REAL_KEY": llamacpp.api_key}


def test_the_built_in_model_thinks_first_and_then_answers(
    tmp_path: Path, fetched_models: Path
) -> None:
    command = Command(tmp_path, {"CODEX_LS_MODELS": str(fetched_models), "CI": "true"})
    done = command.run("exec", *SMALL, "--json", "What is 2 + 2?")
    assert done.exit_code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    whole = [line["item"] for line in lines if line["type"] == "item.completed"]
    assert [item["type"] for item in whole] == ["reasoning", "agent_message"]
    assert all(item["text"].strip() for item in whole)
    assert lines[-1]["type"] == "turn.completed"
    assert lines[-1]["usage"]["output_tokens"] > 0
    deltas = [line for line in lines if line["type"] == "item.delta"]
    assert len(deltas) > 5  # it came in pieces, not in one


def test_the_built_in_model_answers_at_once_where_no_thinking_is_wanted(
    tmp_path: Path, fetched_models: Path
) -> None:
    command = Command(tmp_path, {"CODEX_LS_MODELS": str(fetched_models), "CI": "true"})
    done = command.run("exec", *SMALL, "--effort", "none", "--json", "Say hello.")
    assert done.exit_code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    whole = [line["item"] for line in lines if line["type"] == "item.completed"]
    assert [item["type"] for item in whole] == ["agent_message"]


async def test_an_editor_sees_the_built_in_model_load_think_and_answer(
    tmp_path: Path, fetched_models: Path
) -> None:
    env = {"CODEX_HOME": str(tmp_path), "CODEX_LS_MODELS": str(fetched_models), "CI": "true"}
    async with LspClient.spawned(env=env) as client:
        await client.initialize()
        asked = {
            "prompt": "What is 2 + 2?",
            "profile": "embedded",
            "model": "smollm2-135m",
            "workDoneToken": "t",
        }
        result = await (await client.send("codex/exec", asked)).result(seconds=90)
        events = client.events("t")
        assert await client.leave() == 0
    texts = {"reasoning": "", "content": ""}
    for event in events:
        if event["type"] in texts:
            texts[event["type"]] += event["text"]
    assert (texts["reasoning"], texts["content"]) == (result["reasoning"], result["content"])
    assert result["reasoning"].strip()
    assert result["content"].strip()
    assert result["status"] == "completed"
    assert [event["seq"] for event in events] == list(range(len(events)))
    phases = [event["phase"] for event in events if event["type"] == "phase"]
    assert list(dict.fromkeys(phases)) == [
        "loading",
        "connecting",
        "prompt",
        "thinking",
        "answering",
    ]


@pytest.mark.parametrize("wire_api", ["chat", "responses"])
async def test_both_wires_of_a_real_server_give_a_whole_turn(
    tmp_path: Path, llamacpp: LlamaCpp, wire_api: str
) -> None:
    async with LspClient.spawned(env=configured(tmp_path, llamacpp, wire_api)) as client:
        await client.initialize()
        call = await client.send("codex/exec", {"prompt": "Say hello.", "workDoneToken": "t"})
        result = await call.result(seconds=90)
        done = client.events("t")[-1]
    assert done["type"] == "done"
    assert (result["reasoning"] + result["content"]).strip()
    assert result["usage"]["outputTokens"] > 0
    assert result["timing"]["estimated"] is False


async def test_cancelling_frees_the_models_slot(tmp_path: Path, llamacpp: LlamaCpp) -> None:
    async with LspClient.spawned(env=configured(tmp_path, llamacpp)) as client:
        await client.initialize()
        call = await client.send("codex/exec", {"prompt": LONG_ANSWER, "workDoneToken": "t"})

        def word(message: Message) -> bool:
            value = message.get("params", {}).get("value", {})
            return value.get("codex", {}).get("type") in ("reasoning", "content")

        await client.seen(word, seconds=90)
        await call.cancel()
        result = await call.result()
    assert result["status"] == "cancelled"
    assert (result["reasoning"] + result["content"]).strip()
    await llamacpp.until_free()


def test_a_prompt_longer_than_the_window_is_refused_with_both_numbers(
    tmp_path: Path, llamacpp: LlamaCpp
) -> None:
    env = configured(tmp_path, llamacpp)
    # Short enough for a slow machine: the count has 0.2 s, of which 12,000 of them took up to 0.15.
    done = Command(tmp_path, env).run("exec", "-", stdin=b"many words " * 3_000)
    assert done.exit_code == 1
    assert done.err.startswith("error: The prompt has ")
    assert "tokens, and the model's window is " in done.err
    assert "estimated" not in done.err
