"""Threads that last: what is on disk while a turn streams, and what another process finds there."""

import asyncio
import dataclasses
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codex_ls.config.profile import ModelSettings
from codex_ls.errors import LocalOnly, UnknownThread
from codex_ls.events import ContentDelta, Event, Notice, Noticed, TurnFinished, Usage
from codex_ls.turn.kept_thread import KeptThread, KeptTurn, outline_from, thread_from
from codex_ls.turn.session import Session, TurnRequest
from codex_ls.turn.thread_store import ThreadStore, ThreadSummary
from tests.support.model_server import ModelServer
from tests.support.streams import Cut, Gate, chat_stream, error_answer
from tests.turn.conftest import events_of, settings_for

FOUR = chat_stream(reasoning=["h", "m"], content=["Fo", "ur."], usage=(12, 4))


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"CODEX_HOME": str(tmp_path)}


def file_of(env: dict[str, str], thread_id: str) -> Path:
    return Path(env["CODEX_HOME"], "codex-ls", "threads", f"{thread_id}.jsonl")


def read(env: dict[str, str], thread_id: str) -> KeptThread:
    return store(env).read(thread_id)


def store(env: dict[str, str]) -> ThreadStore:
    found = ThreadStore.of(env)
    assert found is not None
    return found


async def ask(env: dict[str, str], settings: ModelSettings, **request: Any) -> list[Event]:
    """One turn in a session of its own, as another process would run it."""
    async with Session(env=env) as session:
        return await events_of(session.start(TurnRequest(**request), settings))


def thread_of(events: list[Event]) -> str:
    return events[0].thread_id  # type: ignore[union-attr]


def last(events: list[Event]) -> TurnFinished:
    finished = events[-1]
    assert isinstance(finished, TurnFinished)
    return finished


async def test_a_turn_is_kept_whole(env: dict[str, str]) -> None:
    async with ModelServer(FOUR) as server:
        events = await ask(env, settings_for(server), prompt="2 + 2?\nquickly")
    finished, thread = last(events), read(env, thread_of(events))
    (turn,) = thread.turns
    assert thread.title == "2 + 2?"
    assert dataclasses.replace(turn, turn_id="", at="") == KeptTurn(
        turn_id="",
        at="",
        prompt="2 + 2?\nquickly",
        sent="2 + 2?\nquickly",
        model="m",
        provider="local",
        profile="local-oss",
        reasoning="hm",
        content="Four.",
        status="completed",
        finish_reason="stop",
        timing=finished.timing,
        usage=Usage(12, 4),
        echo=turn.echo,
    )
    assert turn.echo is not None
    assert turn.echo.field == "reasoning_content"


async def test_every_piece_is_on_disk_before_the_next_one_comes(env: dict[str, str]) -> None:
    gate = Gate()
    async with (
        ModelServer(chat_stream(content=["one", gate, "two"])) as server,
        Session(env=env) as session,
    ):
        turn = session.start(TurnRequest("hi"), settings_for(server))
        async for event in turn:
            if event == ContentDelta("one"):
                (kept,) = read(env, turn.thread_id).turns
                assert (kept.content, kept.status) == ("one", "truncated")
                gate.open()


async def test_the_question_is_on_disk_before_it_is_sent(env: dict[str, str]) -> None:
    gate = Gate()
    async with ModelServer(chat_stream(content=[gate, "x"])) as server, Session(env=env) as session:
        turn = session.start(TurnRequest("a long question"), settings_for(server))
        task = asyncio.create_task(events_of(turn))
        await gate.reached.wait()
        assert [kept.prompt for kept in read(env, turn.thread_id).turns] == ["a long question"]
        gate.open()
        await task


async def test_another_process_goes_on_with_the_thread(env: dict[str, str]) -> None:
    async with ModelServer(FOUR, chat_stream(content=["Five."])) as server:
        settings = settings_for(server)
        first = await ask(env, settings, prompt="2 + 2?")
        second = await ask(env, settings, prompt="and 1 more?", thread_id=thread_of(first))
        messages = server.turns[1].json["messages"]
    assert [(message["role"], message["content"]) for message in messages[1:]] == [
        ("user", "2 + 2?"),
        ("assistant", "Four."),
        ("user", "and 1 more?"),
    ]
    assert thread_of(second) == thread_of(first)
    kept = read(env, thread_of(first))
    assert [turn.content for turn in kept.turns] == ["Four.", "Five."]


async def test_an_open_session_sees_what_another_process_has_added(env: dict[str, str]) -> None:
    answers = [chat_stream(content=[word]) for word in ("One.", "Two.", "Three.", "Four.")]
    async with ModelServer(*answers) as server, Session(env=env) as session:
        settings = settings_for(server)
        first = session.start(TurnRequest("1"), settings)
        await events_of(first)
        await ask(env, settings, prompt="2", thread_id=first.thread_id)
        await events_of(session.start(TurnRequest("3", first.thread_id), settings))
        await events_of(session.start(TurnRequest("4", first.thread_id), settings))
        said = [message["content"] for message in server.turns[3].json["messages"][1:]]
    assert said == ["1", "One.", "2", "Two.", "3", "Three.", "4"]


@pytest.mark.parametrize(
    ("answer", "status", "content"),
    [
        (chat_stream(content=["Fo", Cut.RESET]), "truncated", "Fo"),
        (chat_stream(content=["<", "think", ">h", "m</think>", "4"]), "completed", "4"),
        (chat_stream(content=["hm</think>", "4"]), "completed", "4"),
    ],
)
async def test_what_was_shown_is_what_is_kept(
    env: dict[str, str], answer: Any, status: str, content: str
) -> None:
    async with ModelServer(answer) as server:
        events = await ask(env, settings_for(server, request_max_retries=0), prompt="hi")
    (turn,) = read(env, thread_of(events)).turns
    finished = last(events)
    assert (turn.content, turn.reasoning) == (finished.content, finished.reasoning)
    assert (turn.status, turn.content) == (status, content)
    assert turn.notices == finished.notices


async def test_a_turn_that_failed_says_why_and_the_thread_can_go_on(env: dict[str, str]) -> None:
    async with ModelServer(error_answer(401, "wrong key"), FOUR) as server:
        settings = settings_for(server)
        failed = await ask(env, settings, prompt="hi")
        (turn,) = read(env, thread_of(failed)).turns
        assert turn.error == Notice(
            "unauthorized",
            "The model server says: wrong key",
            'Add env_key = "MY_KEY" to the provider, and set that variable.',
        )
        assert store(env).recent() == ()
        await ask(env, settings, prompt="again", thread_id=thread_of(failed))
        said = [message["content"] for message in server.turns[1].json["messages"][1:]]
    assert said == ["again"]


async def test_a_turn_in_the_place_of_another_one_leaves_nothing_of_it(env: dict[str, str]) -> None:
    answers = (
        chat_stream(content=["One."]),
        chat_stream(content=["Tw", Cut.RESET]),
        chat_stream(content=["Two."]),
        chat_stream(content=["Three."]),
    )
    async with ModelServer(*answers) as server, Session(env=env) as session:
        settings = settings_for(server)
        first = session.start(TurnRequest("1"), settings)
        await events_of(first)
        thread_id = first.thread_id
        cut = session.start(TurnRequest("2", thread_id), settings)
        await events_of(cut)
        again = session.start(TurnRequest("2", thread_id, replaces=cut.turn_id), settings)
        await events_of(again)
        # One that has loaded the thread, and one that reads it from its file.
        other = await ask(env, settings, prompt="3", thread_id=thread_id)
        said = [
            [message["content"] for message in turn.json["messages"][1:]] for turn in server.turns
        ]
    assert said[2:] == [["1", "One.", "2"], ["1", "One.", "2", "Two.", "3"]]
    kept = read(env, thread_id)
    assert [turn.content for turn in kept.turns] == ["One.", "Two.", "Three."]
    assert kept.turns[-1].turn_id == other[0].turn_id  # type: ignore[union-attr]


async def test_what_another_process_replaced_does_not_come_back_from_memory(
    env: dict[str, str],
) -> None:
    answers = [chat_stream(content=[word]) for word in ("One.", "Uno.", "Two.")]
    async with ModelServer(*answers) as server, Session(env=env) as session:
        settings = settings_for(server)
        first = session.start(TurnRequest("1"), settings)
        await events_of(first)
        thread_id, replaces = first.thread_id, first.turn_id
        await ask(env, settings, prompt="1 in Spanish", thread_id=thread_id, replaces=replaces)
        await events_of(session.start(TurnRequest("2", first.thread_id), settings))
        said = [message["content"] for message in server.turns[2].json["messages"][1:]]
        gone = await events_of(
            session.start(TurnRequest("2", thread_id, replaces=replaces), settings)
        )
    assert said == ["1 in Spanish", "Uno.", "2"]
    assert isinstance(last(gone).error, UnknownThread)


@pytest.mark.parametrize("keep_history", [True, False])
async def test_a_turn_that_failed_without_a_word_can_be_replaced(
    env: dict[str, str], keep_history: bool
) -> None:
    async with (
        ModelServer(error_answer(401, "wrong key"), FOUR, FOUR) as server,
        Session(env=env) as session,
    ):
        settings = dataclasses.replace(settings_for(server), keep_history=keep_history)
        failed = session.start(TurnRequest("hi"), settings)
        await events_of(failed)
        again = TurnRequest("hi", failed.thread_id, replaces=failed.turn_id)
        assert last(await events_of(session.start(again, settings))).status == "completed"
        # It is gone, and a second time there is nothing to replace.
        twice = last(await events_of(session.start(again, settings)))
    assert twice.error is not None
    assert twice.error.message == f"There is no turn {failed.turn_id} in this thread."
    assert twice.error.hint == "Ask without replaces: the question is then added at the end."
    if keep_history:
        assert [turn.content for turn in read(env, failed.thread_id).turns] == ["Four."]


async def test_a_cancelled_turn_keeps_its_text(env: dict[str, str]) -> None:
    async with (
        ModelServer(chat_stream(content=["one", Cut.STALL])) as server,
        Session(env=env) as session,
    ):
        turn = session.start(TurnRequest("hi"), settings_for(server))
        async for event in turn:
            if event == ContentDelta("one"):
                turn.cancel()
    (kept,) = read(env, turn.thread_id).turns
    assert (kept.content, kept.status) == ("one", "cancelled")


async def test_images_go_back_to_the_model(env: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "dot.png"
    picture.write_bytes(b"not really a picture")
    async with ModelServer(FOUR, FOUR) as server:
        settings = settings_for(server)
        first = await ask(env, settings, prompt="what?", images=(picture,))
        picture.unlink()
        await ask(env, settings, prompt="and?", thread_id=thread_of(first))
        sent, sent_again = (turn.json["messages"][1] for turn in server.turns)
    assert sent == sent_again
    assert "data:image/png;base64," in json.dumps(sent)


# ---- files -------------------------------------------------------------------------------------


async def test_nobody_else_may_read_a_thread(env: dict[str, str]) -> None:
    async with ModelServer(FOUR) as server:
        events = await ask(env, settings_for(server), prompt="hi")
    path = file_of(env, thread_of(events))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_history_off_writes_nothing_at_all(env: dict[str, str]) -> None:
    async with ModelServer(FOUR) as server:
        settings = dataclasses.replace(settings_for(server), keep_history=False)
        await ask(env, settings, prompt="hi")
    assert os.listdir(env["CODEX_HOME"]) == []  # noqa: PTH208


async def test_a_home_that_was_mistyped_is_not_made(tmp_path: Path) -> None:
    async with ModelServer(FOUR) as server:
        await ask({"CODEX_HOME": str(tmp_path / "no")}, settings_for(server), prompt="hi")
    assert not (tmp_path / "no").exists()


async def test_a_folder_that_cant_be_written_is_told_once(env: dict[str, str]) -> None:
    Path(env["CODEX_HOME"], "codex-ls").write_text("no folder")  # noqa: ASYNC240
    async with ModelServer(FOUR, FOUR) as server, Session(env=env) as session:
        settings = settings_for(server)
        first = await events_of(session.start(TurnRequest("hi"), settings))
        again = TurnRequest("hi", thread_of(first))
        second = await events_of(session.start(again, settings))
    assert [event.notice.kind for event in first if isinstance(event, Noticed)] == ["threadNotKept"]
    assert [event for event in second if isinstance(event, Noticed)] == []
    assert [last(events).content for events in (first, second)] == ["Four.", "Four."]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk_never_breaks_a_turn(env: dict[str, str]) -> None:
    async with ModelServer(FOUR, FOUR) as server:
        settings = settings_for(server)
        first = await ask(env, settings, prompt="hi")
        path = file_of(env, thread_of(first))
        async with Session(env=env) as session:
            turn = session.start(TurnRequest("hi", thread_of(first)), settings)
            path.rename(path.with_suffix(".kept"))
            path.symlink_to("/dev/full")
            events = await events_of(turn)
    assert last(events).content == "Four."
    (notice,) = last(events).notices
    assert notice.message == "This conversation cannot be saved: No space left on device."


async def test_half_a_line_is_passed_over_and_the_next_turn_begins_its_own(
    env: dict[str, str],
) -> None:
    async with ModelServer(FOUR, FOUR) as server:
        settings = settings_for(server)
        events = await ask(env, settings, prompt="hi")
        path = file_of(env, thread_of(events))
        with path.open("ab") as file:
            file.write(b'{"type":"turn","turn":"x","prom')
        await ask(env, settings, prompt="again", thread_id=thread_of(events))
    assert [turn.content for turn in read(env, thread_of(events)).turns] == ["Four.", "Four."]


async def test_a_file_cut_anywhere_reads_as_the_text_so_far(env: dict[str, str]) -> None:
    async with ModelServer(FOUR) as server:
        events = await ask(env, settings_for(server), prompt="hi")
    data = file_of(env, thread_of(events)).read_bytes()
    for end in range(len(data)):
        for turn in thread_from("t", data[:end]).turns:
            assert "Four.".startswith(turn.content)
            assert "hm".startswith(turn.reasoning)
            assert turn.status == ("completed" if end == len(data) - 1 else "truncated")


@pytest.mark.parametrize(
    "line",
    [
        "7",
        "[]",
        '{"type":"turn"}',
        '{"type":"turn","turn":[]}',
        '{"turn":{},"content":"x"}',
        '{"type":"turn","turn":"a","prompt":7,"images":[7,{}],"local_only":"yes"}',
        '{"type":"turn","turn":"a"}\n{"turn":"a","content":7}\n{"type":"end","turn":"a","status":7,'
        '"usage":"x","timing":{"total_ms":"x"},"notices":[7],"echo":{"details":7},"error":7}',
        "[" * 100_000,
    ],
)
def test_a_file_of_another_shape_never_raises(line: str) -> None:
    for turn in thread_from("t", line.encode()).turns:
        assert dataclasses.replace(turn, turn_id="") == KeptTurn("", "", "", "")


@pytest.mark.parametrize("thread_id", ["", "../config", "a/b", "nope", "..", "x" * 65, "a\0b"])
async def test_only_an_id_reaches_the_disk(env: dict[str, str], thread_id: str) -> None:
    Path(env["CODEX_HOME"], "config.jsonl").write_text("{}")  # noqa: ASYNC240
    async with Session(env=env) as session, ModelServer() as server:
        with pytest.raises(UnknownThread):
            session.start(TurnRequest("hi", thread_id), settings_for(server))


async def test_what_was_said_under_the_lock_stays_on_this_machine(env: dict[str, str]) -> None:
    async with ModelServer(FOUR) as server:
        settings = settings_for(server)
        locked = dataclasses.replace(settings, local_only=True)
        first = await ask(env, locked, prompt="a secret")
        elsewhere = dataclasses.replace(
            settings,
            provider=dataclasses.replace(settings.provider, base_url="http://model.invalid/v1"),
        )
        second = await ask(env, elsewhere, prompt="go on", thread_id=thread_of(first))
    assert last(second).status == "failed"
    assert isinstance(last(second).error, LocalOnly)


async def test_the_list_has_the_last_one_first(env: dict[str, str]) -> None:
    async with ModelServer(FOUR, FOUR, FOUR) as server:
        settings = settings_for(server)
        old = thread_of(await ask(env, settings, prompt="old"))
        new = thread_of(await ask(env, settings, prompt="new"))
        os.utime(file_of(env, new), ns=(1, 1))
        await ask(env, settings, prompt="more", thread_id=old)
    updated = {thread_id: read(env, thread_id).updated_at for thread_id in (old, new)}
    short = {summary.thread_id: summary.short_id for summary in store(env).recent()}
    assert store(env).recent() == (
        ThreadSummary(old, "old", updated[old], "local-oss", 2, short[old]),
        ThreadSummary(new, "new", updated[new], "local-oss", 1, short[new]),
    )
    assert store(env).latest() == old
    assert [store(env).find(short[thread_id]) for thread_id in (old, new)] == [old, new]


TURN = '{"type":"turn","turn":"%s","at":"2026-01-31T12:00:00Z","prompt":"hi"}'
ONE, TWO = "1" * 36, "2" * 36


@given(
    lines=st.lists(
        st.sampled_from(
            [
                *(TURN % turn for turn in (ONE, TWO)),
                *(
                    f'{{"turn":"{turn}",{text}}}'
                    for turn in (ONE, TWO)
                    for text in ('"content":""', '"content":"a"', '"reasoning":"b"')
                ),
                f'{{"turn":"{ONE}","content":"c{{"turn":"{ONE}","content":"d"}}',
                f'{{"turn":"{ONE}","reclassified":true}}',
                f'{{"turn":"{ONE}","reclassified":"content"}}',
                f'{{"type":"end","turn":"{ONE}","at":"2026-01-31T12:00:01Z","status":"completed"}}',
                '{"type":"turn","turn":"',
            ]
        )
    )
)
@example(
    [
        f'{{"type":"turn","turn":"{ONE}","at":"2026-01-31T12:00:00Z","prompt":"hi"}}',
        f'{{"turn":"{ONE}","content":"a"}}',
        f'{{"turn":"{ONE}","reclassified":"content"}}',
    ]
)
def test_the_outline_of_a_thread_tells_what_the_whole_tells(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    whole, outline = thread_from("t", data), outline_from("t", data)
    assert [dataclasses.replace(turn, content="", reasoning="") for turn in whole.turns] == [
        dataclasses.replace(turn, content="", reasoning="") for turn in outline.turns
    ]
    assert [turn.has_text for turn in whole.turns] == [turn.has_text for turn in outline.turns]
    assert (whole.title, whole.updated_at) == (outline.title, outline.updated_at)


def test_a_file_that_leads_nowhere_hides_no_other(env: dict[str, str]) -> None:
    keep(env, "aaaa", "bbbb")
    for name in ("0000", "aabb", "zzzz"):
        file_of(env, name).symlink_to("gone")
    assert {thread.thread_id for thread in store(env).recent()} == {"aaaa", "bbbb"}


def keep(env: dict[str, str], *thread_ids: str, **head: str) -> None:
    """Threads of one answered question, written as an earlier process would have left them."""
    for thread_id in thread_ids:
        path = file_of(env, thread_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            {
                "type": "thread",
                "version": 1,
                "thread": thread_id,
                **head,
                "at": "2026-01-31T12:00:00Z",
            },
            {"type": "turn", "turn": "t", "at": "2026-01-31T12:00:00Z", "prompt": f"in {head}"},
            {"turn": "t", "content": "x"},
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("thread_ids", "short_ids"),
    [
        (
            ["019c0f3e-8a1b-7c22-9d4e-6a1d3a4a0f5b", "5b0e27f6-3fd1-4c2e-9d4e-6a1d3a4a0f5b"],
            ["019c0f3e", "5b0e27f6"],
        ),
        (
            ["019c0f3e-8a1b-7c22-9d4e-6a1d3a4a0f5b", "019c0f3e-8a9b-7c22-9d4e-6a1d3a4a0f5b"],
            ["019c0f3e-8a1", "019c0f3e-8a9"],
        ),
        (
            ["019c0f3e-8a1b-7c22-9d4e-6a1d3a4a0f5b", "019c0f3e-8a1b-9c22-9d4e-6a1d3a4a0f5b"],
            ["019c0f3e-8a1b-7", "019c0f3e-8a1b-9"],
        ),
        (
            ["019c0f3e-8a1b-7c22-9d4e-6a1d3a4a0f5b", "019c0f3f-8a1b-7c22-9d4e-6a1d3a4a0f5b"],
            ["019c0f3e", "019c0f3f"],
        ),
    ],
)
def test_an_id_is_shown_as_far_as_it_takes(
    env: dict[str, str], thread_ids: list[str], short_ids: list[str]
) -> None:
    keep(env, *thread_ids)
    shown = {summary.thread_id: summary.short_id for summary in store(env).recent()}
    assert [shown[thread_id] for thread_id in thread_ids] == short_ids
    assert [store(env).find(short) for short in short_ids] == thread_ids


def test_the_last_one_of_a_folder(env: dict[str, str]) -> None:
    keep(env, "aaaa", folder="/home/me/one")
    keep(env, "bbbb", folder="/home/me/two")
    os.utime(file_of(env, "aaaa"), ns=(1, 1))
    assert store(env).latest() == "bbbb"
    assert store(env).latest(folder="/home/me/one") == "aaaa"
    with pytest.raises(UnknownThread) as raised:
        store(env).latest(folder="/home/me")
    assert raised.value.message == "No conversation was started in this folder."
    assert "/home/me/two" in str(raised.value.hint)  # the title of the last one of any folder
    keep(env, "cccc")  # by an editor, or an earlier version: nobody said where
    assert store(env).latest(folder="/home/me") == "cccc"


async def test_a_fork_goes_its_own_way(env: dict[str, str]) -> None:
    async with ModelServer(FOUR, chat_stream(content=["Five."])) as server:
        settings = settings_for(server)
        source = thread_of(await ask(env, settings, prompt="2 + 2?", folder="/home/me/one"))
        with file_of(env, source).open("ab") as torn:
            torn.write(b'{"turn":"t","content":"a line that nobody ende')
        before = file_of(env, source).read_bytes()
        fork = thread_of(
            await ask(
                env,
                settings,
                prompt="and 1?",
                thread_id=source,
                is_fork=True,
                folder="/home/me/two",
            )
        )
        messages = server.turns[1].json["messages"]
    assert fork != source
    assert [message["content"] for message in messages[1:]] == ["2 + 2?", "Four.", "and 1?"]
    assert file_of(env, source).read_bytes() == before
    copy, original = read(env, fork), read(env, source)
    assert copy.turns[:1] == original.turns
    assert [turn.prompt for turn in copy.turns] == ["2 + 2?", "and 1?"]
    assert (copy.folder, copy.forked_from) == ("/home/me/two", source)
    assert (copy.title, original.title) == ("and 1? (after: 2 + 2?)", "2 + 2?")
    assert (original.folder, original.forked_from) == ("/home/me/one", None)


async def test_a_fork_in_the_middle_of_a_turn_leaves_that_turn_alone(env: dict[str, str]) -> None:
    gate = Gate()
    answers = (chat_stream(content=["Fo", gate, "ur."]), chat_stream(content=["5"]), FOUR)
    async with ModelServer(*answers) as server, Session(env=env) as session:
        settings = settings_for(server)
        turn = session.start(TurnRequest("2 + 2?"), settings)
        source = turn.thread_id
        async for event in turn:
            if event == ContentDelta("Fo"):
                fork = TurnRequest("and 1?", thread_id=source, is_fork=True)
                await events_of(session.start(fork, settings))
                gate.open()
        await events_of(session.start(TurnRequest("go on", thread_id=source), settings))
        asked = [
            [message["content"] for message in request.json["messages"][1:]]
            for request in server.turns
        ]
    assert asked == [
        ["2 + 2?"],
        ["2 + 2?", "Fo", "and 1?"],
        ["2 + 2?", "Four.", "go on"],
    ]


async def test_a_fork_that_is_not_kept_leaves_nothing(env: dict[str, str]) -> None:
    async with ModelServer(FOUR, FOUR) as server:
        settings = settings_for(server)
        source = thread_of(await ask(env, settings, prompt="2 + 2?"))
        unkept = dataclasses.replace(settings, keep_history=False)
        await ask(env, unkept, prompt="and 1?", thread_id=source, is_fork=True)
        messages = server.turns[1].json["messages"]
    assert [message["content"] for message in messages[1:]] == ["2 + 2?", "Four.", "and 1?"]
    assert [summary.thread_id for summary in store(env).recent()] == [source]


async def test_a_fork_of_what_was_said_under_the_lock_stays_on_this_machine(
    env: dict[str, str],
) -> None:
    async with ModelServer(FOUR) as server:
        settings = settings_for(server)
        locked = dataclasses.replace(settings, local_only=True)
        source = thread_of(await ask(env, locked, prompt="a secret"))
        provider = dataclasses.replace(settings.provider, base_url="http://model.invalid/v1")
        elsewhere = dataclasses.replace(settings, provider=provider)
        fork = await ask(env, elsewhere, prompt="go on", thread_id=source, is_fork=True)
    assert isinstance(last(fork).error, LocalOnly)
