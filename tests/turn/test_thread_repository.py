"""Which threads stay in memory: those in use, a few that were, and those that are nowhere else."""

import gc
from collections.abc import Collection
from pathlib import Path

import pytest

from codex_ls.events import TurnFinished
from codex_ls.turn.journal import make_private_folder
from codex_ls.turn.session import Session, TurnRequest
from codex_ls.turn.thread import Thread
from codex_ls.turn.thread_repository import MAX_RECENT
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream
from tests.turn.conftest import events_of, settings_for


def threads_in_memory(ids: Collection[str]) -> int:
    """How many of these there are: another test's may still be referenced."""
    gc.collect()
    threads = (thing for thing in gc.get_objects() if isinstance(thing, Thread))
    return sum(thread.thread_id in ids for thread in threads)


async def ask(session: Session, server: ModelServer, *, thread_id: str | None = None) -> str:
    """Ask one turn; the id of its thread."""
    turn = session.start(TurnRequest("x", thread_id=thread_id), settings_for(server))
    events = await events_of(turn)
    assert isinstance(events[-1], TurnFinished)
    assert events[-1].status == "completed"
    return turn.thread_id


async def test_old_threads_leave_memory_and_come_back_whole(tmp_path: Path) -> None:
    async with ModelServer() as server:
        server.always(chat_stream(reasoning=["h"], content=["ok"]))
        async with Session(env={"CODEX_HOME": str(tmp_path)}) as session:
            first = await ask(session, server)
            later = [await ask(session, server) for _ in range(MAX_RECENT + 5)]
            assert threads_in_memory({first, *later}) == MAX_RECENT
            assert await ask(session, server, thread_id=first) == first
            roles = [message["role"] for message in server.turns[-1].json["messages"]]
            assert roles == ["system", "user", "assistant", "user"]
            assert server.turns[-1].json["messages"][2]["content"] == "ok"


async def test_a_thread_that_is_in_use_is_one_and_the_same(tmp_path: Path) -> None:
    async with ModelServer() as server:
        server.always(chat_stream(content=["ok"]))
        async with Session(env={"CODEX_HOME": str(tmp_path)}) as session:
            first = await ask(session, server)
            held = session.threads.thread(first)
            for _ in range(MAX_RECENT + 5):
                await ask(session, server)
            assert session.threads.thread(first) is held


@pytest.mark.parametrize("home", [{}, {"CODEX_HOME": "/dev/null"}])
async def test_what_is_only_in_memory_stays_there(home: dict[str, str]) -> None:
    async with ModelServer() as server:
        server.always(chat_stream(content=["ok"]))
        async with Session(env=home) as session:
            ids = [await ask(session, server) for _ in range(MAX_RECENT + 5)]
            for thread_id in ids:
                await ask(session, server, thread_id=thread_id)
            assert len(server.turns[-1].json["messages"]) == 4


def test_a_drive_that_is_gone_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    with pytest.raises(OSError, match="exists"):
        make_private_folder(Path("/"))
