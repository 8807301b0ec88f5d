"""What a client does wrong, or far too much of."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from tests.lsp.e2e.conftest import Start
from tests.lsp.e2e.test_exec import EXEC
from tests.support.lsp_client import NO_ANSWER, LspClient, Message, frame, is_event
from tests.support.model_server import ModelServer, Request
from tests.support.streams import Answer, Gate, chat_chunk, chat_stream, sse_answer
from tests.support.transports import connected, listening

SLACK_S = 3.0
"""Beside a promise of a second: what a busy test machine may add."""


def memory_kib(client: LspClient) -> int:
    """What the server process holds in memory now."""
    assert client.process is not None
    status = Path(f"/proc/{client.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


async def is_well(client: LspClient) -> bool:
    """Whether the server still answers."""
    return "result" in await (await client.send("codex/profiles")).reply()


@pytest.mark.core
async def test_requests_before_initialize_are_refused_and_then_all_is_well(start: Start) -> None:
    async with start() as client:
        early = [await client.send(method) for method in (EXEC, "codex/profiles", "shutdown")]
        await client.notify("textDocument/didOpen", {})
        assert [(await call.error())["code"] for call in early] == [-32002] * 3
        bad = await client.send("initialize", {"capabilities": 5})
        assert (await bad.error())["code"] == -32602
        assert (await client.initialize())["serverInfo"]["name"] == "codex-ls"
        again = await client.send("initialize", {"capabilities": {}})
        assert (await again.error())["code"] == -32600
        assert await client.leave() == 0


@pytest.mark.pipes
async def test_an_exit_before_anything_else_is_a_failure(start: Start) -> None:
    async with start() as client:
        await client.notify("exit")
        assert await client.exit_code() == 1
    async with start() as client:
        await client.close_input()
        assert await client.exit_code() == 1


@pytest.mark.framed
async def test_garbage_costs_nothing_but_itself(client: LspClient) -> None:
    for number, garbage in enumerate(
        (
            b"Content-Length: 5\r\n\r\n{{{{{",
            b"Content-Length: 2\r\n\r\n\xff\xfe",
            b"Content-Length: 0\r\n\r\n",
            b"content-length:4\r\nContent-Type: text/plain\r\n\r\nnull",
            frame([1, 2, 3]),
            frame("text"),
            frame({"jsonrpc": "2.0", "id": {}, "method": "codex/exec"}),
            frame({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": [{}]}),
            b"Content-Length: 300000\r\n\r\n" + b"[" * 300_000,
        )
    ):
        await client.send_bytes(garbage)
        assert await is_well(client), number
    assert not any("Traceback" in str(message) for message in client.messages)


@pytest.mark.framed
@pytest.mark.parametrize(
    "header",
    [
        *(f"Content-Length: {length}" for length in ("-5", "abc", "", "1e3", "5, 5", "0x10")),
        "Content-Length: 5\r\nContent-Length: 90",
        "Content-Length: 999999999",
        "Content-Length: 9999999999999",
        "Content-Type: text/plain",
        "content-length 17",
        "hello",
        "Content-Type: " + "x" * 100_000,
    ],
)
async def test_a_wrong_header_ends_the_connection_and_its_turns(
    start: Start, model: ModelServer, header: str
) -> None:
    # What follows could be anything: a client that miscounts is better started anew than deaf.
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    async with start() as client:
        await client.initialize()
        await client.send(EXEC, {"prompt": "x"})
        await gate.reached.wait()
        body = b'{"jsonrpc": "2.0", "method": "initialized"}'
        await client.send_bytes(header.encode() + b"\r\n\r\n" + body + frame({}))
        await asyncio.wait_for(client.ended.wait(), 10)
        await model.turns[0].hung_up.wait()
        if client.listener is None:
            assert await client.exit_code() == 1


@pytest.mark.framed
async def test_half_a_header_stops_nothing_that_runs(client: LspClient, model: ModelServer) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    call = await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
    await gate.reached.wait()
    whole = frame({"jsonrpc": "2.0", "id": "late", "method": "codex/profiles"})
    await client.send_bytes(whole[:9])
    gate.open()
    assert (await call.result())["content"] == "ab"
    await client.send_bytes(whole[9:])
    assert "result" in (await client.seen(lambda m: m.get("id") == "late")).message


@pytest.mark.pipes
@pytest.mark.parametrize("rest", [b"Content-Le", b"Content-Length: 90\r\n\r\n{", b"\r\n"])
async def test_a_client_that_ends_within_a_message_has_left(
    start: Start, model: ModelServer, rest: bytes
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    async with start() as client:
        await client.initialize()
        await client.send(EXEC, {"prompt": "x"})
        await gate.reached.wait()
        await client.send_bytes(rest)
        await client.close_input()
        await model.turns[0].hung_up.wait()
        assert await client.exit_code() == 1


@pytest.mark.framed
async def test_sixty_megabytes_are_read_and_forgotten(client: LspClient, tmp_path: Path) -> None:
    assert await is_well(client)
    before = memory_kib(client)
    uri = await client.open(tmp_path / "large.txt", "x" * (64 << 20))
    assert await is_well(client)
    await client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await is_well(client)
    assert memory_kib(client) - before < 64 << 10


@pytest.mark.framed
async def test_a_hundred_megabytes_of_nothing_are_not_read(start: Start) -> None:
    async with start() as client:
        await client.initialize()
        await client.send_bytes(b"x" * (100 << 20))
        await asyncio.wait_for(client.ended.wait(), 10)


async def test_a_question_about_a_large_document_takes_a_part_of_it(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    model.always(chat_stream(content=["ok"]))
    uri = await client.open(tmp_path / "large.py", "line\n" * (4 << 20))
    call = await client.send(EXEC, {"prompt": "why?", "textDocument": {"uri": uri}})
    result = await call.result()
    assert [notice["kind"] for notice in result["notices"]] == ["contextTruncated"]
    assert len(model.turns[0].body) < 200_000


async def test_twenty_thousand_edits_leak_nothing(client: LspClient, tmp_path: Path) -> None:
    uri = await client.open(tmp_path / "a.py", "x = 1\n" * 100)

    async def edit(count: int) -> None:
        change = {
            "range": {
                "start": {"line": 50, "character": 0},
                "end": {"line": 50, "character": 1},
            },
            "text": "y",
        }
        data = b"".join(
            frame(
                {
                    "jsonrpc": "2.0",
                    "method": "textDocument/didChange",
                    "params": {
                        "textDocument": {"uri": uri, "version": version},
                        "contentChanges": [change],
                    },
                }
            )
            for version in range(count)
        )
        await client.send_bytes(data)
        assert "result" in await (await client.send("codex/profiles")).reply(seconds=60)

    await edit(2_000)
    before = memory_kib(client)
    await edit(20_000)
    assert memory_kib(client) - before < 4 << 10


async def test_a_turn_streams_on_while_the_editor_floods(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    uri = await client.open(tmp_path / "a.py", "x\n")
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    call = await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
    await gate.reached.wait()
    change = {"textDocument": {"uri": uri, "version": 1}, "contentChanges": [{"text": "y\n"}]}
    flood = {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": change}
    await client.send_bytes(frame(flood) * 5_000)
    gate.open()
    assert (await call.result())["content"] == "ab"


@pytest.mark.core
async def test_a_client_that_stops_reading_stops_only_itself(
    client: LspClient, model: ModelServer
) -> None:
    held, unreached = Gate("held"), Gate("unreached")
    piece = chat_chunk({"content": "x" * 10_000})
    endless = sse_answer(*[piece] * 4_000, unreached)  # 40 MB, then silence
    model.enqueue(chat_stream(content=["a", held, "b"]), endless.at_once())
    quiet = await client.send(EXEC, {"prompt": "x", "workDoneToken": "quiet"})
    await held.reached.wait()
    before = memory_kib(client)
    loud = await client.send(EXEC, {"prompt": "x", "workDoneToken": "loud"})
    await client.seen(lambda m: is_event(m, "content", token="loud"))
    client.stop_reading()
    await model.turn(1)
    await quiet.cancel()
    await model.turns[0].hung_up.wait()
    assert not unreached.reached
    assert memory_kib(client) - before < 32 << 10
    await loud.cancel()
    await model.turns[1].hung_up.wait()
    client.go_on_reading()
    assert (await quiet.result(seconds=30))["status"] == "cancelled"
    result = await loud.result(seconds=30)
    assert result["status"] == "cancelled"
    assert result["content"] == client.text("loud", "content")


@pytest.mark.pipes
async def test_a_client_that_stops_reading_and_leaves_is_not_waited_for(
    start: Start, model: ModelServer
) -> None:
    model.enqueue(sse_answer(*[chat_chunk({"content": "x" * 10_000})] * 1_000).at_once())
    async with start() as client:
        await client.initialize()
        await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
        await client.seen(lambda m: is_event(m, "content"))
        client.stop_reading()
        await client.close_input()
        assert await client.exit_code(seconds=2) == 1


async def test_ids_may_be_anything_and_one_that_runs_is_not_taken_twice(
    client: LspClient, model: ModelServer
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    call = await client.send(EXEC, {"prompt": "x"}, id="same")
    await gate.reached.wait()
    await client.send("codex/profiles", id="same")
    assert (await call.error())["code"] == -32600
    client.recorded.clear()
    gate.open()
    assert (await call.result())["content"] == "ab"
    for odd in ("", "ü😀\ud800", -5, 0, 2**53):
        assert "result" in await (await client.send("codex/profiles", id=odd)).reply()


@pytest.mark.core
async def test_a_cancel_of_what_is_not_there_yet_is_forgotten_and_a_second_one_changes_nothing(
    client: LspClient, model: ModelServer
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["ok"]), chat_stream(content=["a", gate, "b"]))
    await client.notify("$/cancelRequest", {"id": "early"})
    call = await client.send(EXEC, {"prompt": "x"}, id="early")
    assert (await call.result())["content"] == "ok"
    call = await client.send(EXEC, {"prompt": "x"}, id="twice")
    await gate.reached.wait()
    await call.cancel()
    await call.cancel()
    assert (await call.result())["status"] == "cancelled"
    await call.cancel()
    assert await is_well(client)
    assert sum(message.get("id") == "twice" for message in client.messages) == 1


@pytest.mark.core
async def test_a_client_that_closes_its_end_in_mid_turn_ends_its_turns_within_a_second(
    start: Start, model: ModelServer
) -> None:
    gates = [Gate("a"), Gate("b"), Gate("c")]
    model.enqueue(*(chat_stream(content=["x", gate, "y"]) for gate in gates))
    async with start() as client:
        await client.initialize()
        for gate in gates:
            await client.send(EXEC, {"prompt": "x"})
            await gate.reached.wait()
        left_at = time.perf_counter()
        await client.close_input()
        for turn in model.turns:
            await turn.hung_up.wait()
            assert turn.hung_up.at is not None
            assert turn.hung_up.at - left_at < 1.0 + SLACK_S
        if client.listener is None:
            assert await client.exit_code() == 1


async def test_who_stops_reading_does_not_stop_the_other_clients_of_a_listener(
    home: Path, model: ModelServer
) -> None:
    unreached = Gate("unreached")
    piece = chat_chunk({"content": "x" * 10_000})
    model.enqueue(sse_answer(*[piece] * 4_000, unreached).at_once())
    model.always(chat_stream(content=["ok"]))
    async with (
        listening("tcp", {"CODEX_HOME": str(home)}) as listener,
        connected("tcp", listener) as stuck,
        connected("tcp", listener) as lively,
    ):
        await stuck.initialize(processId=None)
        await lively.initialize(processId=None)
        before = memory_kib(stuck)
        await stuck.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
        await stuck.seen(lambda m: is_event(m, "content"))
        stuck.stop_reading()
        for _ in range(20):
            call = await lively.send(EXEC, {"prompt": "x"})
            assert (await call.result())["content"] == "ok"
        assert not unreached.reached
        assert memory_kib(stuck) - before < 32 << 10


async def test_a_hundred_clients_at_once_each_get_their_own_answer(
    home: Path, model: ModelServer
) -> None:
    model.on(lambda request: _echo(request) if request.is_turn else None)
    async with (
        listening("tcp", {"CODEX_HOME": str(home)}) as listener,
        contextlib.AsyncExitStack() as stack,
    ):
        clients = [await stack.enter_async_context(connected("tcp", listener)) for _ in range(100)]
        await asyncio.gather(*(client.initialize(processId=None) for client in clients))
        calls = [
            await client.send(EXEC, {"prompt": f"<{number}>"})
            for number, client in enumerate(clients)
        ]
        results = [await call.result(seconds=60) for call in calls]
        assert [result["content"] for result in results] == [f"<{n}>" for n in range(100)]
        many = open_descriptors(listener.process.pid)
        await stack.aclose()
        async with connected("tcp", listener) as last:
            await last.initialize(processId=None)
            async with asyncio.timeout(10):
                while open_descriptors(listener.process.pid) > many - 95:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


def _echo(request: Request) -> Answer:
    return chat_stream(content=[request.json["messages"][-1]["content"]])


def open_descriptors(process_id: int) -> int:
    return len(list(Path(f"/proc/{process_id}/fd").iterdir()))


@pytest.mark.pipes
async def test_output_of_others_does_not_reach_the_protocol(start: Start) -> None:
    async with start(PYTHONPROFILEIMPORTTIME="1") as client:  # prints a line for every import
        await client.initialize()
        assert await is_well(client)
        assert await client.leave() == 0


@pytest.mark.pipes
async def test_a_killed_server_leaves_no_connection(start: Start, model: ModelServer) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    async with start() as client:
        await client.initialize()
        await client.send(EXEC, {"prompt": "x"})
        await gate.reached.wait()
        assert client.process is not None
        os.kill(client.process.pid, signal.SIGKILL)
        await model.turns[0].hung_up.wait()


@pytest.mark.core
@pytest.mark.parametrize("answer", ["refused", "never answered"])
@pytest.mark.parametrize("method", [EXEC, "workspace/executeCommand"])
async def test_a_client_that_takes_no_token_does_not_hold_its_question_up(
    start: Start, model: ModelServer, answer: str, method: str
) -> None:
    """The question is on its way to the model server before the client says anything."""
    gate = Gate()
    model.enqueue(chat_stream(content=["Hi", gate, "."]))
    async with start() as client:
        if answer == "never answered":
            client.answers["window/workDoneProgress/create"] = lambda _params: NO_ANSWER
        await client.initialize(capabilities={"window": {"workDoneProgress": True}})
        params: Message = {"prompt": "Hi?"}
        if method != EXEC:
            params = {"command": "codex.ask", "arguments": [params]}
        call = await client.send(method, params)
        await gate.reached.wait()
        assert not [m for m in client.messages if m.get("id") == call.id]
        gate.open()
        assert (await call.result())["status"] == "completed"
        assert not [m for m in client.messages if m.get("method") == "$/progress"]


ODD_FOLDERS = [
    "vscode-remote://ssh-remote%2Bbox{}",
    "file://wsl%24{}",
    "file://wsl.localhost{}",
    "file://host{}",
    "git:{}",
    "vsls:{}",
    "untitled:{}",
    "",
    "file://",
    "file:///c%3A{}",
    "http://[",
]


async def test_folders_that_are_no_files_of_this_machine_let_nothing_be_read(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("TOP-SECRET")
    # Two slashes are one to the system: a host must not become the first folder of a path.
    host, _, rest = outside.as_posix().lstrip("/").partition("/")
    folders = [uri.format(outside) for uri in ODD_FOLDERS] + [f"file://{host}/{rest}"]
    model.always(chat_stream(content=["Hi."]))
    async with start() as client:
        await client.initialize(
            workspaceFolders=[{"uri": uri, "name": "odd"} for uri in folders], rootUri=None
        )
        documents = [f"{uri}/secret.py" for uri in folders]
        documents += [(outside / "secret.py").as_uri(), f"file:/{outside}/secret.py"]
        for uri in documents:
            call = await client.send(EXEC, {"prompt": "Hi?", "textDocument": {"uri": uri}})
            assert (await call.result())["content"] == "Hi."
    assert "TOP-SECRET" not in str([turn.json for turn in model.turns])


async def test_a_folder_of_localhost_is_one_of_this_machine(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("INSIDE")
    model.always(chat_stream(content=["Hi."]))
    async with start() as client:
        root = tmp_path.as_uri().replace("file:///", "file://localhost/")
        await client.initialize(workspaceFolders=[{"uri": root, "name": "w"}])
        for uri in ((tmp_path / "a.py").as_uri(), f"{root}/a.py"):
            call = await client.send(EXEC, {"prompt": "Hi?", "textDocument": {"uri": uri}})
            assert (await call.result())["notices"] == []
    assert all("1 INSIDE" in turn.json["messages"][-1]["content"] for turn in model.turns)
