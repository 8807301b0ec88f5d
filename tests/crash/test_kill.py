"""The editor, the language server, the command line and the model server, each killed again and again."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.crash.aftermath import TURN_S, Home, Screen, Talker
from tests.crash.conftest import KILLS
from tests.soak.load import model_server
from tests.soak.script import Script
from tests.support.lsp_client import LspClient

WITHIN_S = 1.0
"""How long after its client's death a connection to a model server may live."""
SLACK_S = 4.0
"""Beside the promise: what a crowded test machine may add."""


async def some_moment(dice: random.Random) -> None:
    """Wait for any moment of a turn, its very beginning and a little after its end among them."""
    await asyncio.sleep(dice.uniform(0, 1.5 * TURN_S))


def kill(process_id: int) -> None:
    """Kill it, unless it came to its end just now."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, signal.SIGKILL)


def history(model: Talker) -> list[str]:
    """What the newest request tells of the conversation so far: its answers."""
    messages: list[dict[str, Any]] = model.turns[-1].json["messages"]
    return [message["content"] for message in messages if message["role"] == "assistant"]


async def resumed(home: Home, thread_id: str) -> str:
    """What `codex-ls exec resume` answers, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codex_ls", "exec", "resume", thread_id, "and now?"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


def environment(home: Home) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), **home.env}


async def killed_while_it_starts(home: Home, dice: random.Random) -> None:
    async with LspClient.spawned(env=home.env) as client:
        assert client.process is not None
        hello = asyncio.create_task(client.initialize())
        await asyncio.sleep(dice.uniform(0, 1))
        kill(client.process.pid)
        await client.exit_code()
        await asyncio.gather(hello, return_exceptions=True)
    await home.until_nothing_runs()
    home.check_files()


async def test_the_language_server(home: Home, model: Talker, dice: random.Random) -> None:
    home.configure(model.base_url)
    await killed_while_it_starts(home, dice)
    asked, left = {"prompt": "go on"}, None
    for _ in range(KILLS):
        async with LspClient.spawned(env=home.env) as client:
            assert client.process is not None
            await client.initialize()
            if left is not None:  # the next question works, and knows what the last one has left
                result = await (await client.send("codex/exec", asked)).result(seconds=60)
                assert result["status"] == "completed"
                assert history(model)[-1] == (left.content or "(no answer)")
            turn, requests = model.asked, len(model.turns)
            await client.send("codex/exec", {**asked, "workDoneToken": "t"})
            if dice.random() < 0.8:
                await model.turn(requests, seconds=60)
            await some_moment(dice)
            kill(client.process.pid)
            await client.ended.wait()
            screen = Screen(asked.get("threadId", ""))
            for event in client.events("t"):
                screen.show(event)
        await home.until_nothing_runs()
        await model.is_left_alone()
        left = home.check(screen, turn)
        if left is not None:
            asked = {"prompt": "go on", "threadId": screen.thread_id}
        model.forget_record()


async def test_the_editor(home: Home, model: Talker, dice: random.Random, tmp_path: Path) -> None:
    home.configure(model.base_url)
    for number in range(KILLS):
        turn, shown = model.asked, tmp_path / f"screen-{number}"
        editor = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash.editor", str(shown)), env=environment(home)
        )
        asks = asyncio.create_task(model.turn(0, seconds=60))
        if dice.random() < 0.1:  # while it starts, or its server does
            await asyncio.sleep(dice.uniform(0, 2))
        else:
            await asks
            await some_moment(dice)
        killed_at = time.perf_counter()
        kill(editor.pid)
        await editor.wait()
        asks.cancel()
        await home.until_nothing_runs()
        assert await model.is_left_alone() - killed_at < WITHIN_S + SLACK_S
        screen = Screen()
        lines = shown.read_bytes().split(b"\n")[:-1] if shown.exists() else []
        for line in lines:
            screen.show(json.loads(line))
        if (kept := home.check(screen, turn)) is not None:
            assert await resumed(home, screen.thread_id)
            assert history(model) == [kept.content or "(no answer)"]
        model.forget_record()


async def test_the_command_line(home: Home, model: Talker, dice: random.Random) -> None:
    home.configure(model.base_url)
    thread_id = ""
    for _ in range(KILLS):
        turn = model.asked
        resume = ("resume", thread_id) if thread_id else ()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "codex_ls", "exec", *resume, "--json", "go on"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment(home),
        )
        assert process.stdout is not None
        if dice.random() < 0.1:
            await asyncio.sleep(dice.uniform(0, 0.5))
        else:
            await model.turn(0, seconds=60)
            await some_moment(dice)
        kill(process.pid)
        shown = (await process.stdout.read()).split(b"\n")[:-1]
        await process.wait()
        await home.until_nothing_runs()
        await model.is_left_alone()
        screen = Screen(thread_id)
        for line in map(json.loads, shown):
            match line:
                case {"type": "thread.started", "thread_id": str(started)}:
                    screen.thread_id = started
                case {"type": "item.delta", "item": {"type": "reasoning"}, "delta": str(text)}:
                    screen.reasoning += text
                case {"type": "item.delta", "item": {"type": "agent_message"}, "delta": str(text)}:
                    screen.content += text
        if (kept := home.check(screen, turn)) is not None:
            thread_id = screen.thread_id
            model.forget_record()
            assert await resumed(home, thread_id)
            assert history(model)[-1] == (kept.content or "(no answer)")
        model.forget_record()


async def test_the_model_server(home: Home, dice: random.Random) -> None:
    async with model_server() as first:
        port = first.port
    home.configure(f"http://127.0.0.1:{port}/v1")
    statuses: set[str] = set()
    async with LspClient.spawned(env=home.env) as client:
        await client.initialize()
        thread: dict[str, str] = {}
        for number in range(KILLS):
            script = Script(2 * number, "complete", 20, 20, ends_after=1, pause_ms=2)
            async with model_server(port) as model:
                asked = {"prompt": script.prompt, "workDoneToken": f"t{number}", **thread}
                call = await client.send("codex/exec", asked)
                await asyncio.sleep(dice.uniform(0, 0.2))
                kill(model.process.pid)
                reply = await call.reply()
            shown = [client.text(f"t{number}", kind) for kind in ("reasoning", "content")]
            if "error" in reply:  # before the first word
                assert shown == ["", ""]
                assert reply["error"]["data"]["kind"] in ("unreachable", "streamBroken")
            else:
                result = reply["result"]
                statuses.add(result["status"])
                thread = {"threadId": result["threadId"]}
                assert [result["reasoning"], result["content"]] == shown
                assert script.text("reasoning").startswith(shown[0])
                assert script.text("content").startswith(shown[1])
                assert (home.turns(thread["threadId"])[-1].reasoning) == shown[0]
            async with model_server(port):  # it is there again, and so is the next answer
                script = Script(2 * number + 1, "complete", 2, 2, ends_after=1, pause_ms=0)
                call = await client.send("codex/exec", {"prompt": script.prompt, **thread})
                assert (await call.result())["content"] == script.text("content")
        assert statuses <= {"truncated", "completed"}
        assert await client.leave() == 0
    await home.until_nothing_runs()
    home.check_files()
