"""What happens before the first word: a tool call, only where there is something to report."""

from pathlib import Path

from acp.schema import ToolCallProgress, ToolCallStart

from codex_ls.acp.shown_phases import META_KEY, ShownPhases
from codex_ls.events import PhaseChanged
from tests.acp.acp_client import editor
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_chunk, chat_stream, sse_answer


class Phases:
    """The phases of a turn on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shown = ShownPhases(lambda name: f"turn/{name}", clock=lambda: self.now)

    def at(self, now: float, event: PhaseChanged) -> ToolCallStart | ToolCallProgress | None:
        self.now = now
        return self.shown.update(event)

    def titles(self, *events: tuple[float, PhaseChanged]) -> list[tuple[str, str | None]]:
        """Title and status of every update."""
        updates = [self.at(*event) for event in events]
        return [(str(each.title), each.status) for each in updates if each is not None]


def prompt(fraction: float | None = None, waiting: int | None = None) -> PhaseChanged:
    return PhaseChanged("prompt", fraction, waiting)


def test_a_prompt_that_is_read_at_once_is_not_shown() -> None:
    assert (
        Phases().titles(
            (0.0, PhaseChanged("connecting")),
            (0.1, prompt()),
            (0.2, prompt(0.5)),
            (0.9, prompt(1.0)),
            (1.5, PhaseChanged("thinking")),
            (9.0, PhaseChanged("answering")),
        )
        == []
    )


def test_a_long_prompt_is_one_call_with_its_share() -> None:
    phases = Phases()
    assert phases.titles(
        (5.0, PhaseChanged("connecting")),
        (5.1, prompt()),
        (7.0, prompt(0.4)),
        (7.1, prompt(0.401)),
        (9.0, prompt(0.8)),
        (11.0, PhaseChanged("thinking")),
        (12.0, PhaseChanged("answering")),
    ) == [
        ("Reading the prompt: 40%", "in_progress"),
        ("Reading the prompt: 80%", "in_progress"),
        ("Ready after 6 s", "completed"),
    ]


def test_loading_and_a_queue_are_shown_at_once_and_each_request_has_its_own_call() -> None:
    phases = Phases()
    first = phases.at(0.0, PhaseChanged("loading", 0.25))
    assert isinstance(first, ToolCallStart)
    assert (first.tool_call_id, first.title, first.kind) == (
        "turn/phase_1",
        "Loading the model: 25%",
        "other",
    )
    assert first.field_meta == {META_KEY: {"phase": "loading", "fraction": 0.25}}
    then = phases.at(1.0, prompt(waiting=2))
    assert isinstance(then, ToolCallProgress)
    assert (then.tool_call_id, then.title) == (
        "turn/phase_1",
        "Waiting for the model server, queue of 2",
    )
    assert phases.at(2.0, PhaseChanged("thinking")) is not None
    phases.at(10.0, PhaseChanged("connecting"))
    second = phases.at(10.0, prompt(waiting=1))
    assert second is not None
    assert second.tool_call_id == "turn/phase_2"


def test_silence_is_no_phase_and_a_turn_that_ends_before_a_word_has_failed() -> None:
    phases = Phases()
    phases.at(0.0, PhaseChanged("loading"))
    assert phases.at(9.0, PhaseChanged("loading", silent_ms=5000)) is None
    ended = phases.shown.end(has_failed=True)
    assert ended is not None
    assert (ended.title, ended.status) == ("Loading the model", "failed")
    assert phases.shown.end(has_failed=True) is None


async def test_a_stopped_load_is_a_failed_call_and_the_answer_stays_clean(
    server: ModelServer, command: Command, folder: Path
) -> None:
    gate = Gate()
    progress = {"total": 1000, "cache": 0, "processed": 400, "time_ms": 2000}
    server.enqueue(
        sse_answer(chat_chunk({"role": "assistant"}), gate, chat_chunk(prompt_progress=progress))
    )
    server.enqueue(chat_stream(content=["42"]))
    async with editor(command, folder) as it:
        session = await it.new()
        turn = it.asking(session, "hi")
        await gate.reached.wait()
        await it.agent.cancel(session_id=session)
        assert (await turn).stop_reason == "cancelled"
        await it.ask(session, "hi")
        assert it.client.answered == "42"
        assert it.client.thought == ""
