"""Anything at all from a client: an answer or silence, and never an exception."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_ls.errors import InvalidParams
from codex_ls.lsp.actions import CodeActionParams
from codex_ls.lsp.documents import Snapshot
from codex_ls.lsp.edits.chosen_code import Refused
from codex_ls.lsp.edits.compute import edits_of
from codex_ls.lsp.line_text import split_lines
from codex_ls.lsp.settings import read_pushed, read_settings
from codex_ls.lsp.target import Target, ask_prompt, fix_prompt
from codex_ls.protocol import (
    AskArguments,
    ExecParams,
    Position,
    Range,
    TextDocument,
)
from tests.lsp.test_jsonrpc import add_features, receive
from tests.lsp.wire import INITIALIZE, Recorder, server_for, settled

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
METHODS = st.sampled_from(
    [
        "test/echo",
        "test/break",
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


@given(st.lists(MESSAGES, max_size=5))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_request_is_answered_once_and_nothing_else_is(messages: list[Any]) -> None:
    async def play() -> None:
        outbox = Recorder()
        async with server_for(outbox, Path("/nowhere"), register=add_features) as server:
            receive(server, INITIALIZE)
            outbox.take()
            expected = 0
            for message in messages:
                receive(server, message)
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


@given(PARAMS)
def test_params_are_read_or_refused(params: Any) -> None:
    try:
        read = ExecParams.read(params)
    except InvalidParams:
        return
    assert read.prompt.strip()
    read.prompt.encode()


@given(
    st.sampled_from([AskArguments, CodeActionParams]),
    PARAMS
    | st.fixed_dictionaries(
        {"textDocument": st.just({"uri": "file:///a"}), "range": RANGES, "context": ANYTHING}
    )
    | st.fixed_dictionaries({"command": ANYTHING, "arguments": ANYTHING}),
)
def test_arguments_are_read_or_refused(model: Any, params: Any) -> None:
    with contextlib.suppress(InvalidParams):
        model.read(params)


TEXTS = st.text(st.sampled_from('a `~\n\r\t#?/*-0123456789"\ud83d\ude00'), max_size=60)


@given(TEXTS, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), TEXTS)
def test_any_place_of_any_text_can_be_asked_about_and_fixed(
    source: str, first: int, start: int, last: int, end: int, answer: str
) -> None:
    place = Range(Position(first, start), Position(last, end))
    target = Target("file:///a.py", Snapshot(source), place)
    arguments = AskArguments(text_document=TextDocument("file:///a.py"), range=place)
    ask = ask_prompt(arguments, target, is_answer=False)
    assert ExecParams.read(ask.exec_params()).prompt
    fix = fix_prompt(arguments, target)
    assert fix.edit_range is not None
    low, high = fix.edit_range
    assert 0 <= low <= high < len(split_lines(source))
    with contextlib.suppress(Refused):
        edits_of(answer, source, place, encoding="utf-16")
    with contextlib.suppress(Refused):
        edits_of(answer, source, place, encoding="utf-16", placement="insert")


@given(SETTINGS)
def test_settings_are_read_whatever_they_are(value: Any) -> None:
    read = read_settings(value)
    assert {notice.kind for notice in read.notices} <= {"configInvalid", "untrustedWorkspace"}
    read_pushed(value)


CAPABILITIES = ANYTHING | st.fixed_dictionaries(
    {},
    optional={
        name: ANYTHING | st.dictionaries(st.sampled_from(["showMessage", "codeAction"]), ANYTHING)
        for name in ("window", "workspace", "textDocument", "general", "experimental")
    },
)


@given(
    ANYTHING
    | st.fixed_dictionaries(
        {"capabilities": CAPABILITIES},
        optional=dict.fromkeys(
            ("initializationOptions", "rootUri", "rootPath", "clientInfo", "processId"), ANYTHING
        )
        | {"workspaceFolders": ANYTHING | st.lists(st.dictionaries(st.just("uri"), ANYTHING))},
    )
)
@settings(deadline=None)
def test_initialize_is_answered_or_refused(params: Any) -> None:
    async def play() -> None:
        outbox = Recorder()
        async with server_for(outbox, Path("/nowhere")) as server:
            receive(server, {"id": 1, "method": "initialize", "params": params})
            (reply,) = outbox.take()
            if isinstance(params, dict) and isinstance(params.get("capabilities"), dict):
                assert "result" in reply, reply
            if "error" in reply:
                assert reply["error"]["code"] == -32602
            else:
                assert all(
                    isinstance(path, Path) for path in server.documents.folder_paths.values()
                )

    asyncio.run(play())
