"""LM Studio's own API from the socket to the editor: how far it is moves, in every phase."""

import asyncio
from pathlib import Path

from tests.lsp.e2e.conftest import Start
from tests.lsp.e2e.test_exec import EXEC, check_stream, texts
from tests.support.lsp_client import Message, is_event
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, lmstudio_event, lmstudio_stream


def is_phase(message: Message, phase: str, fraction: float | None = None) -> bool:
    if not is_event(message, "phase"):
        return False
    told = message["params"]["value"]["codex"]
    return (told["phase"], told.get("fraction")) == (phase, fraction)


async def test_loading_and_reading_move_in_the_editor_and_the_thread_goes_on(
    start: Start, home: Path, model: ModelServer
) -> None:
    config = home / "config.toml"
    config.write_text(config.read_text().replace('wire_api = "chat"', 'wire_api = "lmstudio"'))
    told = [("loading", share) for share in (0.25, 0.75)] + [("prompt", 0.5)]
    events = {"loading": "model_load.progress", "prompt": "prompt_processing.progress"}
    gates = [Gate(f"{phase} {share}") for phase, share in told]
    middle = [
        piece
        for (phase, share), gate in zip(told, gates, strict=True)
        for piece in (lmstudio_event(events[phase], progress=share), gate)
    ]
    model.enqueue(
        lmstudio_stream(
            reasoning=["hm"], content=["4", "2"], load_ms=240_000, reasoning_tokens=1, middle=middle
        ),
        lmstudio_stream(content=["43"]),
    )
    async with start() as client:
        await client.initialize()
        call = await client.send(EXEC, {"prompt": "hi", "workDoneToken": "w"})
        for (phase, share), gate in zip(told, gates, strict=True):
            await gate.reached.wait()
            await client.seen(lambda m, p=phase, s=share: is_phase(m, p, s))  # type: ignore[misc]
            gate.open()
        reply = await call.reply()
        shown = check_stream(client, "w", reply)
        result = reply["result"]
        assert texts(shown) == {"reasoning": "hm", "content": "42"}
        assert result["usage"] == {"inputTokens": 12, "outputTokens": 3, "reasoningTokens": 1}
        assert (result["timing"]["loadMs"], result["timing"]["promptMs"]) == (240_000, 250)
        more = await client.send(EXEC, {"prompt": "and 1 more?", "threadId": result["threadId"]})
        assert (await more.result())["content"] == "43"
    assert model.turns[1].json["previous_response_id"] == "resp_1"
    assert model.turns[1].json["input"] == "and 1 more?"


async def test_a_cancel_while_it_loads_closes_the_connection(
    start: Start, home: Path, model: ModelServer
) -> None:
    config = home / "config.toml"
    config.write_text(config.read_text().replace('wire_api = "chat"', 'wire_api = "lmstudio"'))
    gate = Gate("half loaded")
    loading = lmstudio_event("model_load.progress", progress=0.5)
    model.enqueue(lmstudio_stream(content=["4"], middle=(loading, gate)))
    async with start() as client:
        await client.initialize()
        call = await client.send(EXEC, {"prompt": "hi", "workDoneToken": "w"})
        await gate.reached.wait()
        await client.seen(lambda m: is_phase(m, "loading", 0.5))
        await call.cancel()
        reply, _ = await asyncio.gather(call.reply(), model.turns[0].hung_up.wait())
    assert reply["result"]["status"] == "cancelled"
