"""Anything at all from a client: an answer or silence, and never an exception."""

import asyncio
import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_ls.errors import InvalidParams
from codex_ls.lsp.abilities import Abilities
from codex_ls.lsp.command_params import AskArguments, CodeActionParams, ExecuteCommandParams
from codex_ls.lsp.context import Snapshot
from codex_ls.lsp.framing import MessageReader, encode
from codex_ls.lsp.handshake import read_client
from codex_ls.lsp.params import ExecParams, Position, Range, TextDocument, parse
from codex_ls.lsp.plan import ask_plan, fix_plan
from codex_ls.lsp.replacement import NotClear, edits_from, lines_of
from codex_ls.lsp.settings import read_pushed, read_settings
from codex_ls.lsp.subject import Subject
from tests.lsp.test_endpoint import INITIALIZE, endpoint_for
from tests.lsp.wire import Recorder
from tests.support.lsp_client import frame

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
METHODS = st.sampled_from(
    [
        "codex/echo",
        "codex/break",
        "initialize",
        "initialized",
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
        "notebookDocument/didChange",
        "workspace/didChangeWorkspaceFolders",
        "workspace/executeCommand",
        "window/workDoneProgress/cancel",
        "$/setTrace",
        "$/cancelRequest",
    ]
)
MESSAGES = ANYTHING | st.fixed_dictionaries(
    {},
    optional={
        "id": ANYTHING,
        "method": METHODS | ANYTHING,
        "params": ANYTHING,
        "result": ANYTHING,
        "error": ANYTHING,
    },
)
RANGES = st.fixed_dictionaries({"start": ANYTHING, "end": ANYTHING}) | ANYTHING
PARAMS = ANYTHING | st.fixed_dictionaries(
    {"prompt": st.text(min_size=1) | ANYTHING},
    optional={
        "effort": ANYTHING,
        "textDocument": ANYTHING | st.fixed_dictionaries({"uri": st.text() | ANYTHING}),
        "range": RANGES,
        "diagnostics": ANYTHING
        | st.lists(st.fixed_dictionaries({"range": RANGES, "message": ANYTHING})),
        "workDoneToken": ANYTHING,
    },
)
SETTINGS = ANYTHING | st.dictionaries(
    st.sampled_from(["profile", "localOnly", "thinking", "thinking.show", "codex.profile", "codex"])
    | st.text(max_size=12),
    ANYTHING,
)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@given(st.lists(MESSAGES, max_size=5))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_request_is_answered_once_and_nothing_else_is(messages: list[Any]) -> None:
    async def play() -> None:
        outbox = Recorder()
        endpoint = endpoint_for(outbox)
        endpoint.handle_message(INITIALIZE)
        outbox.take()
        expected = 0
        for message in messages:
            endpoint.handle_message(message)
            is_map = isinstance(message, dict)
            method = message.get("method") if is_map else None
            is_request = isinstance(method, str) and "id" in message
            is_notification = isinstance(method, str) and not is_request
            is_reply = is_map and "method" not in message and "id" in message
            is_reply = is_reply and ("result" in message or "error" in message)
            expected += not (is_notification or is_reply)
        await settled()
        replies = [message for message in outbox.messages if "method" not in message]
        assert len(replies) == expected
        for reply in replies:
            assert ("result" in reply) != ("error" in reply)

    asyncio.run(play())


@given(st.lists(st.binary(max_size=60) | MESSAGES.map(encode), max_size=6), st.integers(1, 40))
@settings(deadline=None)
def test_a_message_behind_any_bytes_is_read(parts: list[bytes], size: int) -> None:
    data = b"".join(parts) + b"\r\n\r\n" + frame({"last": 1}) * 3
    reader = MessageReader()
    messages = [m for i in range(0, len(data), size) for m in reader.feed(data[i : i + size])]
    # A length that lies may take what is behind it, but not all of it.
    assert messages.count({"last": 1}) >= 1 or reader._body_bytes is not None


@given(PARAMS)
def test_params_are_read_or_refused(params: Any) -> None:
    try:
        read = parse(ExecParams, params)
    except InvalidParams:
        return
    assert read.prompt.strip()
    read.prompt.encode()


@given(
    st.sampled_from([AskArguments, CodeActionParams, ExecuteCommandParams]),
    PARAMS
    | st.fixed_dictionaries(
        {"textDocument": st.just({"uri": "file:///a"}), "range": RANGES, "context": ANYTHING}
    )
    | st.fixed_dictionaries({"command": ANYTHING, "arguments": ANYTHING}),
)
def test_arguments_are_read_or_refused(model: Any, params: Any) -> None:
    with contextlib.suppress(InvalidParams):
        parse(model, params)


TEXTS = st.text(st.sampled_from('a `~\n\r\t#?/*-0123456789"\ud83d\ude00'), max_size=60)


@given(TEXTS, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), TEXTS)
def test_any_place_of_any_text_can_be_asked_about_and_fixed(
    source: str, first: int, start: int, last: int, end: int, answer: str
) -> None:
    place = Range(Position(first, start), Position(last, end))
    subject = Subject("file:///a.py", Snapshot(source), place)
    arguments = AskArguments(textDocument=TextDocument("file:///a.py"), range=place)
    ask = ask_plan(arguments, subject, is_answer=False)
    assert ExecParams.read(ask.exec_params()).prompt
    fix = fix_plan(arguments, subject)
    assert fix.region is not None
    low, high = fix.region
    assert 0 <= low <= high < len(lines_of(source))
    with contextlib.suppress(NotClear):
        edits_from(answer, source, first=low, last=high, encoding="utf-16")


@given(SETTINGS)
def test_settings_are_read_whatever_they_are(value: Any) -> None:
    read = read_settings(value)
    assert {notice.kind for notice in read.notices} <= {"configInvalid", "untrustedWorkspace"}
    read_pushed(value)


@given(
    ANYTHING | st.fixed_dictionaries({"capabilities": ANYTHING, "initializationOptions": ANYTHING})
)
def test_initialize_is_read_or_refused(params: Any) -> None:
    client = read_client(params)
    assert (client is None) == (
        not isinstance(params, dict) or not isinstance(params.get("capabilities"), dict)
    )
    if client is not None:
        Abilities.of(client)
