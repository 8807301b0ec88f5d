"""Cancelling, and leaving, in every phase: the connection to the model server closes within 100 ms."""

import asyncio
import time
from functools import partial

import pytest

from tests.lsp.e2e.conftest import Start
from tests.lsp.e2e.test_exec import EXEC, check_stream
from tests.support.lsp_client import LspClient, Message, is_event
from tests.support.model_server import ModelServer, Request
from tests.support.streams import Answer, Gate, chat_stream, error_answer

CLOSED_WITHIN_S = 0.1
SLACK_S = 0.1
"""Beside the promise: what a busy test machine may add between two processes."""


class Phase:
    """A turn held in one phase: what the model server does, and how a test knows it is there."""

    def __init__(self, *answers: Answer, event: str, field: str | None = None) -> None:
        self.answers = answers
        self.event = event
        self.field = field

    def is_there(self, message: Message) -> bool:
        if not is_event(message, self.event):
            return False
        payload = message["params"]["value"]["codex"]
        return self.field is None or payload.get("phase") == self.field


def phase(name: str) -> tuple[Phase, Gate]:
    gate = Gate(name)
    match name:
        case "connecting":
            held = chat_stream(content=["x"]).held(gate)
            return Phase(held, event="phase", field="connecting"), gate
        case "loading":
            loading = error_answer(503, "Loading model")
            return Phase(*[loading] * 100, event="phase", field="loading"), gate
        case "prompt":
            return Phase(chat_stream(content=[gate, "x"]), event="phase", field="prompt"), gate
        case "thinking":
            return Phase(chat_stream(reasoning=["a", gate, "b"]), event="reasoning"), gate
        case "answering":
            held = chat_stream(reasoning=["a"], content=["b", gate, "c"])
            return Phase(held, event="content"), gate
        case _:
            retry = error_answer(429, "later", headers={"Retry-After": "30"})
            return Phase(retry, retry, event="retry"), gate


@pytest.mark.parametrize(
    "name", ["connecting", "loading", "prompt", "thinking", "answering", "retry"]
)
@pytest.mark.parametrize("way", ["request", "token"])
async def test_a_cancel_closes_the_connection_and_keeps_the_text(
    client: LspClient, model: ModelServer, name: str, way: str
) -> None:
    held, gate = phase(name)
    model.enqueue(*held.answers)
    call = await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
    turn = await model.turn(0)
    if name not in ("loading", "retry"):
        await gate.reached.wait()
    await client.seen(held.is_there)
    cancelled_at = time.perf_counter()
    if way == "request":
        await call.cancel()
    else:
        await client.notify("window/workDoneProgress/cancel", {"token": "w"})
    reply = await call.reply()
    answered_at = time.perf_counter()
    events = check_stream(client, "w", reply)
    assert reply["result"]["status"] == "cancelled"
    assert reply["result"]["finishReason"] == "cancelled"
    assert events[-1]["status"] == "cancelled"
    assert reply["result"]["reasoning"] == client.text("w", "reasoning")
    assert reply["result"]["content"] == client.text("w", "content")
    assert answered_at - cancelled_at < CLOSED_WITHIN_S + SLACK_S
    if name not in ("loading", "retry"):
        await turn.hung_up.wait()
        assert turn.hung_up.at is not None
        assert turn.hung_up.at - cancelled_at < CLOSED_WITHIN_S + SLACK_S
    asked = len(model.turns)
    model.forget()
    model.always(chat_stream(content=["and on"]))
    thread = {"prompt": "go on", "threadId": reply["result"]["threadId"]}
    assert (await (await client.send(EXEC, thread)).result())["content"] == "and on"
    assert len(model.turns) == 1, f"{asked} before"


@pytest.mark.core
async def test_a_cancel_that_arrives_with_its_request_starts_nothing(
    client: LspClient, model: ModelServer
) -> None:
    call = await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
    await call.cancel()
    reply = await call.reply()
    assert reply["result"]["status"] == "cancelled"
    check_stream(client, "w", reply)
    for stray in ({"id": call.id}, {"id": 999}, {"id": "x"}):
        await client.notify("$/cancelRequest", stray)
    await client.notify("window/workDoneProgress/cancel", {"token": "gone"})
    assert (await (await client.send("codex/profiles")).reply())["result"]


@pytest.mark.core
async def test_other_turns_go_on_when_one_is_cancelled(
    client: LspClient, model: ModelServer
) -> None:
    gates = [Gate("a"), Gate("b")]
    model.enqueue(*(chat_stream(content=["x", gate, "y"]) for gate in gates))
    calls = []
    for gate in gates:
        calls.append(await client.send(EXEC, {"prompt": "x"}))
        await gate.reached.wait()
    await calls[0].cancel()
    assert (await calls[0].result())["status"] == "cancelled"
    gates[1].open()
    result = await calls[1].result()
    assert (result["status"], result["content"]) == ("completed", "xy")


async def held_turns(client: LspClient, model: ModelServer) -> list[Request]:
    """Two turns that wait in the middle of their answers."""
    gates = [Gate("a"), Gate("b")]
    model.enqueue(*(chat_stream(content=["x", gate, "y"]) for gate in gates))
    for gate in gates:
        await client.send(EXEC, {"prompt": "x", "workDoneToken": gate.name})
        await gate.reached.wait()
    return model.turns


@pytest.mark.pipes
@pytest.mark.parametrize("way", ["end of input", "exit", "shutdown", "SIGTERM", "output closed"])
async def test_whoever_leaves_ends_every_turn(start: Start, model: ModelServer, way: str) -> None:
    async with start() as client:
        await client.initialize()
        turns = await held_turns(client, model)
        assert client.process is not None
        left_at = time.perf_counter()
        match way:
            case "end of input":
                await client.close_input()
            case "exit":
                await client.notify("exit")
            case "shutdown":
                await (await client.send("shutdown")).result()
            case "SIGTERM":
                client.process.terminate()
            case _:
                client.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        for turn in turns:
            await turn.hung_up.wait()
            assert turn.hung_up.at is not None
            assert turn.hung_up.at - left_at < 1.0
        if way == "shutdown":
            for token in ("a", "b"):
                await client.seen(partial(is_event, kind="done", token=token))
                assert client.events(token)[-1]["status"] == "cancelled"
            await client.notify("exit")
        code = await client.exit_code(seconds=1.5)
        assert code == (0 if way == "shutdown" else 1)


@pytest.mark.pipes
async def test_the_death_of_the_editor_is_noticed(start: Start, model: ModelServer) -> None:
    editor = await asyncio.create_subprocess_exec("sleep", "60")
    async with start() as client:
        await client.initialize(processId=editor.pid)
        turns = await held_turns(client, model)
        editor.kill()
        await editor.wait()
        for turn in turns:
            await turn.hung_up.wait()
        assert await client.exit_code() == 1
