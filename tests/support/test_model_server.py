"""The fake model server does what its docstring says; everything else is tested with it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.model_server import ModelServer
from tests.support.streams import (
    DONE,
    Answer,
    Cut,
    Gate,
    chat_stream,
    error_answer,
    ollama_stream,
    responses_stream,
)


async def test_a_gate_holds_the_stream_and_a_hang_up_is_seen_at_once() -> None:
    gate = Gate()
    async with ModelServer(chat_stream(reasoning=["hm"], content=["4", gate, "2"])) as server:
        url = f"{server.base_url}/chat/completions"
        async with httpx.AsyncClient() as client, client.stream("POST", url, json={"n": 1}) as got:
            seen = b""
            async for data in got.aiter_raw():
                seen += data
                if b'"content":"4"' in seen:
                    break
            await gate.reached.wait()
            assert b'"content":"2"' not in seen
            turn = await server.turn(0)
            assert turn.json == {"n": 1}
            assert not turn.hung_up
        await turn.hung_up.wait()
        assert not turn.answered


async def test_an_opened_gate_lets_the_rest_go_and_the_connection_is_used_again() -> None:
    gate = Gate()
    held, next_one = chat_stream(content=["4", gate, "2"]), chat_stream(content=["5"])
    async with ModelServer(held, next_one) as server, httpx.AsyncClient() as client:
        post = asyncio.create_task(client.post(f"{server.base_url}/chat/completions"))
        await gate.reached.wait()
        gate.open()
        assert (await post).content == held.payload
        assert (
            await client.post(f"{server.base_url}/chat/completions")
        ).content == next_one.payload
        assert len(server.connections) == 1


async def test_a_hundred_connections_at_once() -> None:
    gate = Gate()
    answer = chat_stream(content=[gate, *"many words"])
    async with ModelServer() as server:
        server.always(answer)
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(limits=limits) as client, asyncio.TaskGroup() as group:
            url = f"{server.base_url}/chat/completions"
            posts = [group.create_task(client.post(url)) for _ in range(100)]
            await server.turn(99)
            assert server.open_connections == server.peak_connections == 100
            gate.open()
        assert {post.result().content for post in posts} == {answer.payload}


async def test_twenty_thousand_deltas_in_one_write() -> None:
    answer = chat_stream(content=["x"] * 20_000).at_once()
    async with ModelServer(answer) as server, httpx.AsyncClient() as client:
        got = await client.post(f"{server.base_url}/chat/completions")
        assert got.content == answer.payload
        assert len(answer.body) == 1


@pytest.mark.parametrize(
    ("cut", "error"),
    [
        (Cut.RESET, httpx.ReadError),
        (Cut.CLOSE, httpx.RemoteProtocolError),
        (Cut.HALF_CLOSE, httpx.RemoteProtocolError),
    ],
)
async def test_a_cut_ends_the_stream_in_its_own_way(cut: Cut, error: type[Exception]) -> None:
    async with (
        ModelServer(chat_stream(content=["x", cut])) as server,
        httpx.AsyncClient() as client,
    ):
        with pytest.raises(error):
            await client.post(f"{server.base_url}/chat/completions")


async def test_a_stall_before_the_status_line_lasts_until_the_client_leaves() -> None:
    async with ModelServer(chat_stream().held(Cut.STALL)) as server:
        async with httpx.AsyncClient(timeout=0.05) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(f"{server.base_url}/chat/completions")
        await server.turns[0].hung_up.wait()


async def test_closing_the_server_is_no_hang_up_of_the_client() -> None:
    async with ModelServer(chat_stream(content=["x", Cut.STALL])) as server:
        url = f"{server.base_url}/chat/completions"
        async with httpx.AsyncClient() as client, client.stream("POST", url) as got:
            await anext(got.aiter_raw())
            await server.aclose()
            assert not server.connections[0].hung_up


async def test_every_framing() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n"
    answers = [
        Answer(body=(raw,), framing="raw"),
        Answer(body=(b"abc",), framing="close"),
        Answer(body=(b"a", b"bc"), framing="length"),
        Answer(body=(b"abc",), framing="length", content_length=10),
    ]
    async with ModelServer(*answers) as server, httpx.AsyncClient() as client:
        url = f"{server.base_url}/chat/completions"
        assert [(await client.post(url)).content for _ in answers[:3]] == [
            b"data: x\n\n",
            b"abc",
            b"abc",
        ]
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(url)


async def test_other_paths_have_answers_too() -> None:
    async with ModelServer() as server, httpx.AsyncClient() as client:
        server.route("GET", "/v1/models", error_answer(401, "no key"))
        server.on(lambda request: chat_stream() if request.path == "/mine" else None)
        assert (await client.get(f"{server.base_url}/models")).status_code == 401
        assert (await client.get(f"{server.origin}/health")).json() == {"status": "ok"}
        assert (await client.post(f"{server.origin}/mine")).content == chat_stream().payload
        assert (await client.post(f"{server.base_url}/chat/completions")).status_code == 500
        assert [request.path for request in server.unexpected] == ["/v1/chat/completions"]


def test_a_thread_of_its_own_for_tests_without_a_loop() -> None:
    gate = Gate()
    ollama, responses = ollama_stream(content=[gate, "b"]), responses_stream(content=["c"])
    with ModelServer(ollama, responses) as server:
        gate.open()
        assert httpx.post(f"{server.origin}/api/chat").content == ollama.payload
        assert httpx.post(f"{server.base_url}/responses").content == responses.payload
        assert server.turn_blocking(1).path == "/v1/responses"


def test_the_script_is_driven_over_http(tmp_path: Path) -> None:
    answer = {"chat": {"content": ["4", {"gate": "half"}, "2"], "usage": [1, 2]}}
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"answers": [answer]}))
    command = [sys.executable, "-m", "tests.support.model_server", "--scenario", str(scenario)]
    with subprocess.Popen(
        [*command, "--with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        origin = json.loads(process.stdout.readline())["origin"]
        with httpx.stream("POST", f"{origin}/v1/chat/completions", json={"q": 1}) as got:
            assert httpx.get(f"{origin}/control/gates/half/reached").json() == {}
            assert httpx.get(f"{origin}/control/turns/0").json()["json"] == {"q": 1}
            early = httpx.get(f"{origin}/control/turns/0/hung-up?timeoutMs=20")
            assert early.status_code == 504
            httpx.post(f"{origin}/control/gates/half/open")
            assert got.read().endswith(DONE)
        assert httpx.get(f"{origin}/control/turns/0/hung-up").json()["afterMs"] >= 0
        more = {
            "answers": [{"http": {"framing": "close", "body": ["a", {"repeat": "b", "times": 3}]}}]
        }
        httpx.post(f"{origin}/control/answers", json=more)
        assert httpx.post(f"{origin}/v1/chat/completions").text == "abbb"
        log = httpx.get(f"{origin}/control/log").json()
        assert [request["path"] for request in log["requests"]] == ["/v1/chat/completions"] * 2
        assert log["gates"] == {"half": {"reached": True, "open": True}}
        process.stdin.close()
        assert process.wait(10) == 0
