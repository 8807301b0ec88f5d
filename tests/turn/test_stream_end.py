"""When a stream is over, on every wire: the rule of `turn/stream_limits`, in all its forms.

Time is not waited for: the event loop's clock jumps, which every limit goes by.
"""

from collections.abc import Callable, Sequence

import pytest

from codex_ls.config.model_settings import Provider
from codex_ls.events import (
    ContentDelta,
    PhaseChanged,
    UsageReported,
)
from codex_ls.providers.transport_errors import ReadTimedOut
from codex_ls.turn.session import Session, TurnRequest
from codex_ls.turn.stream_limits import StreamLimits
from tests.support.model_server import ModelServer
from tests.support.streams import (
    Cut,
    Gate,
    Piece,
    chat_chunk,
    lmstudio_event,
    sse_answer,
    sse_event,
)
from tests.turn.conftest import Watched, settings_for

Jump = Callable[[float], None]
STOP = chat_chunk(finish_reason="stop")
DONE = b"data: [DONE]\n\n"


def thought(text: str) -> bytes:
    return chat_chunk({"reasoning_content": text})


def said(text: str) -> bytes:
    return chat_chunk({"content": text})


HEARTBEATS = {
    "a comment": b": ping\n\n",
    "an empty comment": b":\n\n",
    "an empty object": b"data: {}\n\n",
    "an event named ping": b'event: ping\ndata: {"type": "ping"}\n\n',
    "an event without data": b"event: ping\n\n",
    "data without JSON": b"data: ping\n\n",
    "a blank line": b"\n",
    "an empty delta": chat_chunk({}),
    "an empty text": chat_chunk({"content": ""}),
    "a blank text": chat_chunk({"content": "\n"}),
    "empty texts of every kind": chat_chunk(
        {"role": "assistant", "content": None, "reasoning_content": None, "tool_calls": []}
    ),
    "no choice": chat_chunk(),
    "the figures again": chat_chunk(usage={"prompt_tokens": 12, "completion_tokens": 3}),
    "the finish reason again": STOP,
}


@pytest.mark.parametrize("heartbeat", HEARTBEATS.values(), ids=HEARTBEATS.keys())
async def test_finished_and_then_heartbeats_for_ever(
    session: Session, jump: Jump, heartbeat: bytes
) -> None:
    gates = [Gate(f"heartbeat {number}") for number in range(4)]
    beats = [piece for gate in gates for piece in (gate, heartbeat)]
    async with ModelServer(sse_answer(said("Done."), STOP, *beats, Cut.STALL)) as server:
        watched = Watched(session.start(TurnRequest("hi"), settings_for(server)))
        await watched.text("Done.")
        for gate in gates:
            await gate.reached.wait()
            jump(0.7)
            gate.open()
        last = await watched.end()
        assert (last.status, last.finish_reason) == ("completed", "stop")
        assert last.content.rstrip() == "Done."
        await server.turns[0].hung_up.wait()


async def test_figures_behind_the_finish_reason_are_taken(session: Session, jump: Jump) -> None:
    late = Gate("the figures")
    figures = chat_chunk(usage={"prompt_tokens": 12, "completion_tokens": 3})
    async with ModelServer(sse_answer(said("Done."), STOP, late, figures, Cut.STALL)) as server:
        watched = Watched(session.start(TurnRequest("hi"), settings_for(server)))
        await late.reached.wait()
        jump(1.9)
        late.open()
        await watched.text("Done.")
        last = await watched.end(within_s=10)
    assert last.usage is not None
    assert last.usage.output_tokens == 3


async def test_a_finish_reason_before_any_text_ends_nothing(session: Session, jump: Jump) -> None:
    """Open WebUI in front of Ollama puts `stop` on every chunk without text, and on thinking."""
    gates = [Gate(name) for name in ("thinking", "more of it", "the answer", "the end")]
    pieces: Sequence[Piece] = (
        STOP,
        gates[0],
        thought("Let me"),
        gates[1],
        chat_chunk({"reasoning_content": " think."}, finish_reason="stop"),
        gates[2],
        said("4"),
        STOP,
        gates[3],
        DONE,
    )
    async with ModelServer(sse_answer(*pieces)) as server:
        watched = Watched(session.start(TurnRequest("hi"), settings_for(server)))
        for gate, text in zip(gates, (None, "Let me", " think.", "4"), strict=True):
            await gate.reached.wait()
            if text is not None:
                await watched.text(text)
            if text != "4":
                jump(20.0)
            gate.open()
        last = await watched.end()
    assert (last.status, last.reasoning, last.content) == ("completed", "Let me think.", "4")


async def test_text_behind_a_finish_reason_sets_the_time_back(session: Session, jump: Jump) -> None:
    second, third = Gate("more text"), Gate("still more")
    pieces = (said("One"), STOP, second, said(", two"), STOP, third, said(", three"), Cut.STALL)
    async with ModelServer(sse_answer(*pieces)) as server:
        watched = Watched(
            session.start(TurnRequest("hi"), settings_for(server, stream_silent_timeout_ms=20_000))
        )
        for gate, text in ((second, "One"), (third, ", two")):
            await watched.text(text)
            await gate.reached.wait()
            jump(1.5)
            gate.open()
        await watched.text(", three")
        jump(21.0)
        last = await watched.end()
    assert last.content == "One, two, three"
    assert last.status == "truncated"  # no finish reason stands behind the last word


async def test_a_stream_that_keeps_contradicting_its_finish_reasons_gets_more_time(
    session: Session, jump: Jump
) -> None:
    gates = [Gate(f"word {number}") for number in range(4)]
    words = ["a ", "b ", "c ", "d ", "e"]
    pieces: list[Piece] = [chat_chunk({"content": words[0]}, finish_reason="stop")]
    for gate, word in zip(gates, words[1:], strict=True):
        pieces += [gate, chat_chunk({"content": word}, finish_reason="stop")]
    async with ModelServer(sse_answer(*pieces, Cut.STALL)) as server:
        watched = Watched(session.start(TurnRequest("hi"), settings_for(server)))
        for gate, word in zip(gates, words, strict=False):
            await watched.text(word)
            await gate.reached.wait()
            jump(1.5 if word != "d " else 25.0)
            gate.open()
        await watched.text("e")
        jump(31.0)
        last = await watched.end()
    assert (last.status, last.content) == ("completed", "a b c d e")


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_some_finish_reasons_are_believed_without_an_answer(
    session: Session, jump: Jump, reason: str
) -> None:
    end = chat_chunk(finish_reason=reason)
    async with ModelServer(sse_answer(thought("Well"), end, Cut.STALL)) as server:
        watched = Watched(session.start(TurnRequest("hi"), settings_for(server)))
        await watched.text("Well")
        await server.turn(0)
        jump(2.5)
        last = await watched.end(within_s=5)
    assert last.status == "truncated"
    assert last.reasoning == "Well"


def ollama_line(text: str, **more: object) -> bytes:
    body = sse_event({"message": {"role": "assistant", "content": text}, "done": False} | more)
    return body.removeprefix(b"data: ").removesuffix(b"\n")


ALIVE = {
    "chat": (said("Well"), HEARTBEATS["a comment"]),
    "chat, empty deltas": (said("Well"), HEARTBEATS["an empty text"]),
    "responses": (
        sse_event({"type": "response.output_text.delta", "delta": "Well", "item_id": "1"}),
        sse_event({"type": "response.in_progress"}),
    ),
    "ollama": (ollama_line("Well"), ollama_line("")),
    "lmstudio": (
        lmstudio_event("message.delta", content="Well"),
        lmstudio_event("message.delta", content=""),
    ),
}


@pytest.mark.parametrize(("wire", "pieces"), ALIVE.items(), ids=ALIVE.keys())
async def test_alive_without_a_word_is_told_and_ends(
    session: Session, jump: Jump, wire: str, pieces: tuple[bytes, bytes]
) -> None:
    text, heartbeat = pieces
    gates = [Gate(f"heartbeat {number}") for number in range(9)]
    beats = [piece for gate in gates for piece in (gate, heartbeat)]
    async with ModelServer(sse_answer(text, *beats, Cut.STALL)) as server:
        settings = settings_for(
            server,
            wire_api=wire.partition(",")[0],
            stream_idle_timeout_ms=3_000,
            stream_silent_timeout_ms=8_000,
        )
        watched = Watched(session.start(TurnRequest("hi"), settings))
        await watched.text("Well")
        told: list[int] = []
        for gate in gates:
            await gate.reached.wait()
            jump(1.0)
            gate.open()
            if len(told) < len(watched.silences):
                told.append(len(watched.silences))
        last = await watched.end()
        await server.turns[0].hung_up.wait()
    assert (last.status, last.content) == ("truncated", "Well")
    assert [(notice.kind, notice.message, notice.hint) for notice in last.notices] == [
        (
            "timedOut",
            "Local was answering and kept the connection open without sending text for 8 s"
            " (silent limit).",
            "Raise stream_silent_timeout_ms if this model pauses that long.",
        )
    ]
    seconds = [silence.silent_ms // 1000 for silence in watched.silences if silence.silent_ms]
    assert {silence.phase for silence in watched.silences} == {"answering"}
    assert seconds == sorted(set(seconds))  # at most once a second
    assert set(seconds) <= {5, 6, 7}
    assert seconds


async def test_a_silence_is_told_also_where_nothing_comes_at_all(
    session: Session, jump: Jump
) -> None:
    async with ModelServer(sse_answer(thought("Well"), Cut.STALL)) as server:
        settings = settings_for(server, stream_idle_timeout_ms=60_000)
        watched = Watched(session.start(TurnRequest("hi"), settings))
        await watched.text("Well")
        jump(12.0)
        await watched.until(lambda event: event in watched.silences)
        first = watched.silences[0]
        assert first.phase == "thinking"
        assert first.silent_ms is not None
        assert first.silent_ms // 1000 == 12
        jump(50.0)  # 62 s, in two waits
        last = await watched.end()
    assert [notice.message for notice in last.notices] == [
        "Local was thinking and sent nothing more for 60 s (idle limit)."
    ]


async def test_before_the_first_word_heartbeats_are_a_sign_of_life(
    session: Session, jump: Jump
) -> None:
    beats = [Gate(f"heartbeat {number}") for number in range(6)]
    pieces: list[Piece] = [piece for gate in beats for piece in (b": queued\n\n", gate)]
    async with ModelServer(sse_answer(*pieces, said("4"), STOP, DONE)) as server:
        settings = settings_for(server, stream_idle_timeout_ms=3_000)
        watched = Watched(session.start(TurnRequest("hi"), settings))
        await watched.until(lambda event: event == PhaseChanged("prompt"))
        for gate in beats:
            await gate.reached.wait()
            jump(2.0)
            gate.open()
        last = await watched.end(within_s=5)
    assert (last.status, last.content) == ("completed", "4")


async def test_but_not_for_ever(session: Session, jump: Jump) -> None:
    gate = Gate("a heartbeat")
    reading = chat_chunk(
        {"content": None}, prompt_progress={"total": 100, "cache": 0, "processed": 50}
    )
    pieces = (reading, gate, b": queued\n\n", Cut.STALL)
    async with ModelServer(sse_answer(*pieces)) as server:
        settings = settings_for(server, stream_silent_timeout_ms=60_000)
        watched = Watched(session.start(TurnRequest("hi"), settings))
        await watched.until(lambda event: event == PhaseChanged("prompt", 0.5))
        await gate.reached.wait()
        jump(61.0)
        gate.open()
        last = await watched.end()
    assert last.status == "failed"
    assert last.error is not None
    assert last.error.kind == "timedOut"
    assert last.error.message == (
        "Local was reading the prompt (50%) and kept the connection open without sending text"
        " for 60 s (silent limit)."
    )
    assert len(server.turns) == 1


@pytest.mark.parametrize(
    ("base_url", "own_ms", "idle_ms", "before", "after"),
    [
        ("http://localhost:1234/v1", None, 300_000, 7_200, 600),
        ("https://api.example/v1", None, 300_000, 3_600, 600),
        ("https://api.example/v1", None, 3_000, 3_600, 6),
        ("https://api.example/v1", None, 7_200_000, 14_400, 14_400),
        ("http://localhost:1234/v1", 5_000, 300_000, 5, 5),
    ],
)
def test_how_long_a_stream_may_be_silent(
    base_url: str, own_ms: int | None, idle_ms: int, before: int, after: int
) -> None:
    provider = Provider(
        "x", "X", base_url, stream_idle_timeout_ms=idle_ms, stream_silent_timeout_ms=own_ms
    )
    for events, limit_s in (([], before), ([ContentDelta("a")], after)):
        limits = StreamLimits(provider, 100.0)
        for event in events:
            limits.note(event)
        limits.after_read(None, 100.0)
        limits.silence(100.0 + limit_s - 0.01)
        with pytest.raises(ReadTimedOut):
            limits.silence(100.0 + limit_s)


@pytest.mark.parametrize("is_finished", [True, False])
async def test_stop_works_between_heartbeats(session: Session, *, is_finished: bool) -> None:
    end = (chat_chunk({"reasoning_content": "!"}, finish_reason="stop"),) if is_finished else ()
    pieces = (thought("Well"), *end, *[b": ping\n\n"] * 50, Cut.STALL)
    async with ModelServer(sse_answer(*pieces)) as server:
        watched = Watched(session.start(TurnRequest("hi"), settings_for(server)))
        await watched.text("!" if is_finished else "Well")
        watched.turn.cancel()
        last = await watched.end()
        await server.turns[0].hung_up.wait()
    assert last.status == "cancelled"
    assert last.reasoning.startswith("Well")


async def test_a_prompt_that_is_read_step_by_step_is_not_silent(
    session: Session, jump: Jump
) -> None:
    gates = [Gate(f"step {number}") for number in range(4)]
    pieces: list[Piece] = []
    for number, gate in enumerate(gates):
        progress = {"total": 100, "cache": 0, "processed": 25 * number}
        pieces += [chat_chunk({"content": None}, prompt_progress=progress), gate]
    async with ModelServer(sse_answer(*pieces, said("4"), STOP, DONE)) as server:
        settings = settings_for(server, stream_silent_timeout_ms=3_000)
        watched = Watched(session.start(TurnRequest("hi"), settings))
        for number, gate in enumerate(gates):
            await gate.reached.wait()
            told = PhaseChanged("prompt", number / 4)
            await watched.event(told)
            jump(2.0)
            gate.open()
        last = await watched.end()
    assert (last.status, last.content) == ("completed", "4")
    assert not any(isinstance(event, UsageReported) for event in watched.events)
