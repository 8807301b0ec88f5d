"""The real llama.cpp in its child process: how it starts, answers, and ends."""

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from codex_ls.config.model_settings import Provider
from codex_ls.embedded import engine as engine_module
from codex_ls.embedded.catalog import SMOLLM
from codex_ls.embedded.engine import Engine, EngineSettings, start_engine
from codex_ls.errors import NotFound, Unreachable
from codex_ls.events import PhaseChanged
from codex_ls.providers.servers.signals import Signals
from codex_ls.turn.prompt_context import SYSTEM_PROMPT
from tests.embedded.small_model import put
from tests.support.llamacpp import LlamaCpp, engine_environment

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

CHILD = Path(engine_module.__file__).with_name("engine_child.py")
QUESTION = [{"role": "user", "content": "What is Python?"}]


async def stream(server: LlamaCpp | Engine, **body: Any) -> AsyncGenerator[dict[str, Any], None]:
    """The chunks of a streamed answer."""
    request = {"messages": QUESTION, "stream": True, "stream_options": {"include_usage": True}}
    headers = {"Authorization": f"Bearer {server.api_key}"}
    async with (
        httpx.AsyncClient(headers=headers, timeout=120) as client,
        client.stream(
            "POST", f"{server.base_url}/chat/completions", json=request | body
        ) as response,
    ):
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line.removeprefix("data: "))


async def answer(server: LlamaCpp | Engine, **body: Any) -> tuple[list[str], str, str, str]:
    """The kinds of text in the order they came, the thinking, the answer, the finish reason."""
    kinds, reasoning, content, finish = [], "", "", ""
    async for chunk in stream(server, **body):
        for choice in chunk["choices"]:
            delta = choice["delta"]
            if delta.get("reasoning_content"):
                kinds.append("reasoning")
                reasoning += delta["reasoning_content"]
            if delta.get("content"):
                kinds.append("content")
                content += delta["content"]
            finish = choice["finish_reason"] or finish
    return list(dict.fromkeys(kinds)), reasoning, content, finish


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def of_process(pid: int, what: str) -> str:
    """What the system tells about a process."""
    return Path(f"/proc/{pid}/{what}").read_text()


async def until_gone(pid: int) -> None:
    while is_running(pid):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_even_the_smallest_model_thinks_first_then_answers_then_stops(
    llamacpp: LlamaCpp, seed: int
) -> None:
    kinds, reasoning, content, finish = await answer(
        llamacpp, temperature=0.8, seed=seed, **llamacpp.request_extras
    )
    assert kinds == ["reasoning", "content"]
    assert reasoning.startswith("The user ")
    assert content.strip() == content.strip("\n ") != ""
    assert "</think>" not in reasoning + content
    assert finish == "stop"


async def test_the_same_question_has_the_same_answer(llamacpp: LlamaCpp) -> None:
    first = await answer(llamacpp, cache_prompt=False, **llamacpp.request_extras)
    assert await answer(llamacpp, cache_prompt=False, **llamacpp.request_extras) == first


async def test_a_greeting_costs_few_prompt_tokens_in_all(llamacpp: LlamaCpp) -> None:
    hi = [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": "hi"}]
    chunks = [chunk async for chunk in stream(llamacpp, messages=hi, max_tokens=1)]
    assert chunks[-1]["usage"]["prompt_tokens"] <= 100


async def test_the_template_shows_a_whole_conversation(llamacpp: LlamaCpp) -> None:
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1", "reasoning_content": "The user counts."},
        {"role": "user", "content": "Two?"},
    ]
    root = llamacpp.base_url.removesuffix("/v1")
    prompts = []
    async with httpx.AsyncClient(headers=llamacpp.headers) as client:
        for options in ({}, {"chat_template_kwargs": {"enable_thinking": False}}):
            body = {"messages": conversation, **options}
            response = await client.post(f"{root}/apply-template", json=body)
            prompts.append(response.json()["prompt"])
    instruction = (
        "First explain your reasoning inside <think></think>, in a few sentences."
        " Then answer the user."
    )
    turns = (
        "<|im_end|>\n<|im_start|>user\nOne?<|im_end|>\n<|im_start|>assistant\n"
        "<think>The user counts.</think>1<|im_end|>\n"
        "<|im_start|>user\nTwo?<|im_end|>\n<|im_start|>assistant\n"
    )
    system = "<|im_start|>system\nBe brief."
    assert prompts == [f"{system}\n{instruction}{turns}<think>", f"{system}{turns}"]


async def test_without_a_key_there_is_no_answer(llamacpp: LlamaCpp) -> None:
    async with httpx.AsyncClient() as client:
        url = f"{llamacpp.base_url}/chat/completions"
        for headers in ({}, {"Authorization": "Bearer guess"}):
            response = await client.post(url, json={"messages": QUESTION}, headers=headers)
            assert response.status_code == 401


async def test_no_web_page_may_ask_it(llamacpp: LlamaCpp) -> None:
    headers = {"Origin": "https://evil.example", **llamacpp.headers}
    async with httpx.AsyncClient(headers=headers) as client:
        models = await client.get(f"{llamacpp.base_url}/models")
        page = await client.get(llamacpp.base_url.removesuffix("/v1") + "/")
    assert models.headers.get("Access-Control-Allow-Origin", "") == ""
    assert page.status_code == 404


async def test_its_slot_is_free_again_when_the_client_goes(llamacpp: LlamaCpp) -> None:
    async with aclosing(stream(llamacpp, max_tokens=4000, ignore_eos=True)) as chunks:
        await anext(chunks)
        assert await asyncio.to_thread(llamacpp.busy_slots) == 1
    await llamacpp.until_free()


async def test_two_answers_come_side_by_side(llamacpp: LlamaCpp) -> None:
    order: list[int] = []

    async def ask(number: int) -> None:
        async for _ in stream(llamacpp, max_tokens=40, ignore_eos=True):
            order.append(number)

    await asyncio.gather(ask(0), ask(1))
    # Neither waits for the other's end.
    assert order.index(1) < len(order) - 1 - order[::-1].index(0)
    assert order.index(0) < len(order) - 1 - order[::-1].index(1)


async def test_a_third_question_is_known_to_wait(llamacpp: LlamaCpp) -> None:
    headers = {"Authorization": f"Bearer {llamacpp.api_key}"}
    root = llamacpp.base_url.removesuffix("/v1")

    async with httpx.AsyncClient(headers=headers, timeout=60) as client:

        async def ask(path: str, body: object = None, /, *, as_text: bool = False) -> Any:
            told = await client.get(root + path)
            return told.text if as_text else told.json()

        provider = Provider("embedded", "Built in", llamacpp.base_url)
        endless = {"ignore_eos": True, "max_tokens": 3000}
        async with aclosing(stream(llamacpp, **endless)) as one:
            await anext(one)
            async with aclosing(stream(llamacpp, **endless)) as two:
                await anext(two)
                third = asyncio.ensure_future(answer(llamacpp, max_tokens=2))
                async with asyncio.timeout(60):
                    while await Signals(provider, "m", ask).look() != PhaseChanged(
                        "prompt", waiting=1
                    ):
                        assert not third.done()
        await third


@pytest.fixture
def env(fetched_models: Path) -> dict[str, str]:
    return engine_environment(fetched_models)


async def test_effort_none_and_schemas_go_without_thinking(env: Mapping[str, str]) -> None:
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]}
    engine = await start_engine(SMOLLM.name, env=env)
    try:
        plain = await answer(
            engine,
            max_tokens=20,
            reasoning_effort="none",
            chat_template_kwargs={"enable_thinking": False},
            **engine.extras_for("none", has_schema=False),
        )
        kinds, _, content, _ = await answer(
            engine,
            response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
            **engine.extras_for(None, has_schema=True),
        )
        async with httpx.AsyncClient(
            headers={"Authorization": f"Bearer {engine.api_key}"}
        ) as client:
            slots = await client.get(f"{engine.base_url.removesuffix('/v1')}/slots")
    finally:
        await engine.close()
    assert plain[0] == ["content"]
    assert kinds == ["content"]
    assert json.loads(content)["n"] in (1, 2)
    assert engine.extras_for("high", has_schema=False) == engine.request_extras
    assert slots.status_code != 200  # what others ask is nobody's business


async def test_closing_ends_the_process_and_may_be_done_twice(env: Mapping[str, str]) -> None:
    engine = await start_engine(SMOLLM.name, env=env)
    assert engine.alive
    assert is_running(engine.pid)
    await asyncio.gather(engine.close(), engine.close())
    await engine.close()
    assert not engine.alive
    assert not is_running(engine.pid)


async def test_the_key_is_in_no_process_argument_and_new_each_time(env: Mapping[str, str]) -> None:
    one, other = await asyncio.gather(*(start_engine(SMOLLM.name, env=env) for _ in range(2)))
    try:
        assert one.api_key != other.api_key
        assert one.api_key not in of_process(one.pid, "cmdline")
        assert one.api_key not in of_process(one.pid, "environ")
    finally:
        await asyncio.gather(one.close(), other.close())


async def test_an_engine_that_died_says_so(env: Mapping[str, str]) -> None:
    engine = await start_engine(SMOLLM.name, env=env)
    os.kill(engine.pid, 9)
    await until_gone(engine.pid)
    while engine.alive:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await engine.close()


async def test_cancelled_while_it_loads_it_leaves_no_process(
    env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[asyncio.subprocess.Process] = []
    real = asyncio.create_subprocess_exec

    async def watched(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await real(*command, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    task = asyncio.create_task(start_engine(SMOLLM.name, env=env))
    while not started:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 2)
    assert started[0].returncode is not None
    assert not is_running(started[0].pid)


PARENT = """
import asyncio, os, sys
from codex_ls.embedded.engine import start_engine
async def main():
    engine = await start_engine(sys.argv[1], env=os.environ)
    print(engine.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_a_killed_parent_takes_its_engine_along(env: Mapping[str, str]) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, SMOLLM.name), env=env, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    await parent.wait()
    await asyncio.wait_for(until_gone(pid), 5)


async def loading_child(fetched_models: Path) -> asyncio.subprocess.Process:
    """A child that has been told to load the test model."""
    settings = EngineSettings(
        name="m",
        model_path=str(fetched_models / SMOLLM.file),
        template="",
        context=2048,
        threads=1,
        answer_limit=8,
        api_key="k",
        report_slots=False,
    )
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(CHILD)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(asdict(settings)).encode() + b"\n")
    await child.stdin.drain()
    return child


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when the model is loaded")
async def test_the_child_ends_with_its_stdin_even_while_it_loads(fetched_models: Path) -> None:
    child = await loading_child(fetched_models)
    assert child.stdin is not None
    while SMOLLM.file not in of_process(child.pid, "maps"):  # noqa: ASYNC110  the load has begun
        await asyncio.sleep(0.001)
    child.stdin.close()
    told, _ = await asyncio.wait_for(child.communicate(), 5)
    assert told == b""  # it never got as far as an address


async def test_the_child_ends_with_its_stdin_while_it_serves(fetched_models: Path) -> None:
    child = await loading_child(fetched_models)
    assert child.stdin is not None
    assert child.stdout is not None
    assert json.loads(await child.stdout.readline())["address"].startswith("http://127.0.0.1:")
    child.stdin.close()
    await asyncio.wait_for(child.communicate(), 5)


async def test_a_child_that_is_told_nothing_ends() -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(CHILD)), stdin=asyncio.subprocess.DEVNULL
    )
    assert await asyncio.wait_for(child.wait(), 5) == 0


def test_the_child_needs_nothing_of_codex_ls() -> None:
    assert "codex_ls" not in {
        line.split()[1].split(".")[0]
        for line in CHILD.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"GGUF?" + data[5:], "."),
        (lambda data: data[: len(data) // 2].ljust(len(data), b"\0"), None),
    ],
    ids=["header", "half"],
)
async def test_a_damaged_file_is_an_error_with_a_way_out(
    env: dict[str, str], fetched_models: Path, tmp_path: Path, damage: Any, reason: str | None
) -> None:
    data = damage((fetched_models / SMOLLM.file).read_bytes())
    put(tmp_path, SMOLLM.file, data)
    env["CODEX_LS_MODELS"] = str(tmp_path)
    if reason is None:  # zeros for weights: it loads, and only the checksum would tell
        engine = await start_engine(SMOLLM.name, env=env)
        await engine.close()
        return
    with pytest.raises(Unreachable) as caught:
        await start_engine(SMOLLM.name, env=env)
    assert caught.value.message.startswith("The built-in engine can't load smollm2-135m: ")
    assert caught.value.hint is not None
    assert "codex-ls model pull smollm2-135m" in caught.value.hint


async def test_a_model_that_was_not_fetched_is_told_before_anything_starts(
    env: dict[str, str], tmp_path: Path
) -> None:
    env["CODEX_LS_MODELS"] = str(tmp_path)
    with pytest.raises(NotFound) as caught:
        await start_engine(SMOLLM.name, env=env)
    assert caught.value.hint == (
        "codex-ls model pull smollm2-135m (or codex-ls init, for a model server that runs here)"
    )


async def test_a_missing_engine_is_told_with_the_command_that_installs_it(
    env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotFound) as caught:
        await start_engine(SMOLLM.name, env=env)
    assert caught.value.hint == "pip install 'codex-ls[embedded]'"


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGILL)", "a processor with AVX2"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "memory may have run out"),
        ("sys.exit(7)", "it ended with code 7"),
        ('print(\'{"missing": "no libgomp"}\')', "is not installed (no libgomp)"),
        ('print(\'{"failed": "no such file"}\')', "can't load smollm2-135m: no such file"),
    ],
)
async def test_each_way_to_die_has_its_sentence(
    env: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    ending: str,
    words: str,
) -> None:
    # A child that dies as llama.cpp does on such a machine: this one has AVX2 and memory.
    script = f"import os, signal, sys\nsys.stdin.readline()\n{ending}\n"
    put(tmp_path, "engine_child.py", script.encode())
    (tmp_path / "templates").symlink_to(CHILD.with_name("templates"))
    monkeypatch.setattr(engine_module, "_HERE", tmp_path)
    with pytest.raises((NotFound, Unreachable)) as caught:
        await start_engine(SMOLLM.name, env=env)
    assert words in caught.value.message


async def test_the_child_imports_nothing_from_the_folder_it_is_started_in(
    env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    put(tmp_path, "xllamacpp.py", f"open({str(touched)!r}, 'w')".encode())
    put(tmp_path, "json.py", f"open({str(touched)!r}, 'w')".encode())
    monkeypatch.chdir(tmp_path)
    engine = await start_engine(SMOLLM.name, env=env)
    await engine.close()
    assert not touched.exists()


async def test_tools_calls_and_results_are_in_the_prompt(env: Mapping[str, str]) -> None:
    """llama.cpp takes no grammar beside tools, so with tools nothing asks for thinking."""
    function = {"name": "read_file", "description": "Read.", "parameters": {"type": "object"}}
    called = {"name": "read_file", "arguments": '{"path": "a"}'}
    messages = [
        {"role": "system", "content": "Act."},
        {"role": "user", "content": "do it"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "type": "function", "function": called},
                {"id": "2", "type": "function", "function": called},
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "one"},
        {"role": "tool", "tool_call_id": "2", "content": "two"},
    ]
    body = {"messages": messages, "tools": [{"type": "function", "function": function}]}
    engine = await start_engine(SMOLLM.name, env=env)
    try:
        body |= engine.extras_for("high", has_schema=False, has_tools=True)
        headers = {"Authorization": f"Bearer {engine.api_key}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            root = engine.base_url.removesuffix("/v1")
            prompt = (await client.post(f"{root}/apply-template", json=body)).json()["prompt"]
            asked = {**body, "max_tokens": 1}
            answered = await client.post(f"{engine.base_url}/chat/completions", json=asked)
    finally:
        await engine.close()
    assert answered.status_code == 200
    head, tail = prompt.split("<|im_start|>user\ndo it<|im_end|>\n")
    assert "<tools>\n" in head
    assert '"name": "read_file"' in head
    written = '<tool_call>\n{"name": "read_file", "arguments": {"path": "a"}}\n</tool_call>'
    assert tail == (
        f"<|im_start|>assistant\n{written}\n{written}<|im_end|>\n<|im_start|>user"
        "\n<tool_response>\none\n</tool_response>\n<tool_response>\ntwo\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )
