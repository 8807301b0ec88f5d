"""The built-in model, with a real llama.cpp: whoever of the two processes is killed, at any moment."""

import asyncio
import random
from functools import partial
from pathlib import Path

import pytest

from tests.crash.aftermath import Home
from tests.crash.conftest import KILLS
from tests.crash.test_kill import kill, resumed
from tests.support.lsp_client import Call, LspClient, is_event

pytestmark = pytest.mark.model

TIMES = max(3, KILLS // 4)
"""A start takes seconds here."""

LONG = {
    "prompt": "Write a very long story about a lighthouse.",
    "profile": "embedded",
    "model": "smollm2-135m",
    "workDoneToken": "t",
}


@pytest.fixture
def built_in(home: Home, fetched_models: Path) -> Home:
    """A home whose model is the built-in one."""
    (home.path / "config.toml").write_text(
        'model = "smollm2-135m"\nmodel_provider = "embedded"\nmodel_max_output_tokens = 200\n'
    )
    home.more_env = {"CODEX_LS_MODELS": str(fetched_models), "CI": "true"}
    return home


async def asked(client: LspClient, dice: random.Random) -> Call:
    """A question that has got anywhere between loading and the middle of its answer."""
    await client.initialize()
    call = await client.send("codex/exec", LONG)
    if dice.random() < 0.3:
        await client.seen(lambda m: is_event(m, "phase"), seconds=60)
    else:
        await client.seen(lambda m: is_event(m, "reasoning"), seconds=90)
    await asyncio.sleep(dice.uniform(0, 0.5))
    return call


async def test_a_killed_server_takes_its_model_along(built_in: Home, dice: random.Random) -> None:
    both = 0
    for _ in range(TIMES):
        async with LspClient.spawned(env=built_in.env, cwd=built_in.path) as client:
            await asked(client, dice)
            assert client.process is not None
            both += len(built_in.processes()) == 2
            kill(client.process.pid)
            await client.ended.wait()
            begun = client.events("t")[0]
            shown = [client.text("t", kind) for kind in ("reasoning", "content")]
        await built_in.until_nothing_runs()
        built_in.check_files()
        if any(shown):
            kept = built_in.turns(begun["threadId"])[-1]
            assert kept.reasoning.startswith(shown[0])
            assert kept.content.startswith(shown[1])
    assert both, "the model's process was never there to be left behind"
    if built_in.has(begun["threadId"]) and built_in.turns(begun["threadId"])[-1].has_text:
        assert await resumed(built_in, begun["threadId"])


async def test_a_killed_model_ends_the_turn_and_comes_back(
    built_in: Home, dice: random.Random
) -> None:
    async with LspClient.spawned(env=built_in.env, cwd=built_in.path) as client:
        await client.initialize()
        assert client.process is not None
        for number in range(TIMES):
            token = f"t{number}"
            call = await client.send("codex/exec", {**LONG, "workDoneToken": token})
            await client.seen(partial(is_event, kind="reasoning", token=token), seconds=90)
            (model,) = set(built_in.processes()) - {client.process.pid}
            await asyncio.sleep(dice.uniform(0, 0.2))
            kill(model)
            result = await call.result()
            assert result["status"] == "truncated"
            assert result["reasoning"] == client.text(token, "reasoning")
            assert "streamBroken" in [notice["kind"] for notice in result["notices"]]
            assert built_in.turns(result["threadId"])[-1].reasoning == result["reasoning"]
        again = {**LONG, "prompt": "Say hello.", "workDoneToken": "again"}
        call = await client.send("codex/exec", again)
        assert (await call.result(seconds=90))["status"] in ("completed", "truncated")
        assert len(built_in.processes()) == 2
        assert await client.leave() == 0
    await built_in.until_nothing_runs()


async def test_a_model_that_is_killed_while_it_loads_is_a_typed_error(built_in: Home) -> None:
    async with LspClient.spawned(env=built_in.env, cwd=built_in.path) as client:
        await client.initialize()
        assert client.process is not None
        call = await client.send("codex/exec", LONG)
        async with asyncio.timeout(60):
            while len(built_in.processes()) < 2:  # noqa: ASYNC110 - nothing tells of a process
                await asyncio.sleep(0.005)
        (model,) = set(built_in.processes()) - {client.process.pid}
        kill(model)
        error = await call.error(seconds=60)
        assert error["data"]["kind"] == "unreachable"
        call = await client.send("codex/exec", {**LONG, "workDoneToken": "again"})
        await client.seen(lambda m: is_event(m, "reasoning", token="again"), seconds=90)
        await call.cancel()
        assert (await call.result())["status"] == "cancelled"
    await built_in.until_nothing_runs()
    built_in.check_files()
