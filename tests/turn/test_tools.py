"""A whole turn with tools: through the session, over HTTP, in the dialect of each family of models."""

import json
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from codex_ls.agent.agent import Agent, Permissions
from codex_ls.config.load import load_config
from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.profile import resolve
from codex_ls.events import ContentDelta, Event, ItemChanged, ToolItem, TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.answers import Answer, json_answer
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream, lmstudio_stream, ollama_stream, sse_event


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"CODEX_HOME": str(home), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    root.mkdir()
    (root / "a").write_text("the text")
    return root


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


def settings_of(
    env: dict[str, str], server: ModelServer, *, model: str, wire: str = "chat"
) -> ModelSettings:
    base = server.origin if wire in ("ollama", "lmstudio") else f"{server.origin}/v1"
    (Path(env["CODEX_HOME"]) / "config.toml").write_text(
        f'model = "{model}"\nmodel_provider = "lab"\nsandbox_mode = "workspace-write"\n'
        f'[model_providers.lab]\nname = "Lab"\nbase_url = "{base}"\nwire_api = "{wire}"\n'
    )
    return resolve(load_config(env=env))


async def act(
    env: dict[str, str],
    settings: ModelSettings,
    root: Path,
    *prompts: str,
    agent: Agent | None = None,
) -> list[Event]:
    """The events of turns of one thread."""
    events: list[Event] = []
    thread_id = None
    agent = agent or Agent(settings, root, Permissions(), env=env)
    async with Session(env=env) as session:
        for prompt in prompts or ("do it",):
            turn = session.start(TurnRequest(prompt, thread_id, tools=agent), settings)
            thread_id = turn.thread_id
            events += [event async for event in turn]
    return events


def texts(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ContentDelta))


def tools_run(events: Iterable[Event]) -> list[tuple[str, str]]:
    return [
        (event.item.tool, event.item.result)
        for event in events
        if isinstance(event, ItemChanged)
        and event.stage == "completed"
        and isinstance(event.item, ToolItem)
    ]


NATIVE = [{"index": 0, "id": "c", "type": "function", "function": {"name": "read_file", "arguments": '{"path": "a"}'}}]  # fmt: skip
FORMS = {
    # model, what it writes as its answer
    "qwen3": '<tool_call>\n{"name": "read_file", "arguments": {"path": "a"}}\n</tool_call>',
    "qwen3-coder": "<tool_call>\n<function=read_file>\n<parameter=path>\na\n</parameter>\n</function>\n</tool_call>",
    "qwen2.5-coder": '{"name": "read_file", "arguments": {"path": "a"}}',
    "hermes-3": 'Let me look.\n<tool_call>{"name": "read_file", "arguments": {"path": "a"}}</tool_call>',
    "llama-3.1": '<|python_tag|>{"name": "read_file", "parameters": {"path": "a"}}',
    "llama-4": '<|python_start|>[read_file(path="a")]<|python_end|>',
    "mistral-small": '[TOOL_CALLS][{"name": "read_file", "arguments": {"path": "a"}}]',
    "devstral": '[TOOL_CALLS]read_file[ARGS]{"path": "a"}',
    "kimi-k2": "<|tool_calls_section_begin|><|tool_call_begin|>functions.read_file:0"
    '<|tool_call_argument_begin|>{"path": "a"}<|tool_call_end|><|tool_calls_section_end|>',
    "deepseek-v3.1": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read_file<｜tool▁sep｜>"
    '{"path": "a"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "deepseek-v3.2": '<｜DSML｜function_calls><｜DSML｜invoke name="read_file"><｜DSML｜parameter name="path"'
    ' string="true">a</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>',
    "glm-4.5": "<tool_call>read_file\n<arg_key>path</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
    "minimax-m2": '<minimax:tool_call><invoke name="read_file"><parameter name="path">a</parameter>'
    "</invoke></minimax:tool_call>",
    "gpt-oss": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary"
    ' to=functions.read_file <|constrain|>json<|message|>{"path": "a"}<|call|>',
    "seed-oss": "<seed:tool_call><function=read_file><parameter=path>a</parameter></function></seed:tool_call>",
    "granite": '<|tool_call|>[{"name": "read_file", "arguments": {"path": "a"}}]',
    "lfm2": '<|tool_call_start|>[read_file(path="a")]<|tool_call_end|>',
}


@pytest.mark.parametrize("model", FORMS)
async def test_a_call_in_a_familys_own_form_is_run_and_not_shown(
    env: dict[str, str], server: ModelServer, root: Path, model: str
) -> None:
    server.enqueue(chat_stream(content=list(FORMS[model])), chat_stream(content=["Done."]))
    events = await act(env, settings_of(env, server, model=model), root)
    assert tools_run(events) == [("read_file", "the text")]
    assert texts(events).removeprefix("Let me look.").strip() == "Done."
    sent = json.loads(server.requests[-1].body)["messages"]
    assert (sent[-1]["role"], sent[-1]["content"]) == ("tool", "the text")
    assert [call["function"]["name"] for call in sent[-2]["tool_calls"]] == ["read_file"]


async def test_native_calls_on_every_wire(
    env: dict[str, str], server: ModelServer, root: Path
) -> None:
    item = {"type": "function_call", "id": "fc", "call_id": "c", "name": "read_file", "arguments": '{"path":"a"}'}  # fmt: skip
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    completed = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}
    responses = Answer(
        (
            sse_event(done, event="response.output_item.done"),
            sse_event(completed, event="response.completed"),
        ),
        headers={"Content-Type": "text/event-stream"},
    )
    line = {"message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "read_file", "arguments": {"path": "a"}}}]}}  # fmt: skip
    native = ollama_stream(content=["ok"])
    ollama = Answer((json.dumps({"model": "m", **line, "done": False}).encode() + b"\n", *native.body[-1:]), headers=native.headers)  # fmt: skip
    for wire, first, last in (
        (
            "chat",
            chat_stream(tool_calls=NATIVE, finish_reason="tool_calls"),
            chat_stream(content=["ok"]),
        ),
        ("responses", responses, None),
        ("ollama", ollama, native),
        ("lmstudio", lmstudio_stream(content=[FORMS["qwen3"]]), lmstudio_stream(content=["ok"])),
    ):
        server.enqueue(first, *([last] if last is not None else [responses_answer()]))
        events = await act(env, settings_of(env, server, model="m", wire=wire), root)
        assert tools_run(events) == [("read_file", "the text")], wire
        assert texts(events).strip() == "ok", wire


def responses_answer() -> Answer:
    from tests.support.streams import responses_stream

    return responses_stream(content=["ok"])


async def test_a_server_that_takes_no_tools_is_asked_in_words(
    env: dict[str, str], server: ModelServer, root: Path
) -> None:
    refusal = json_answer({"error": {"message": "m does not support tools"}}, status=400)
    server.enqueue(refusal, chat_stream(content=[FORMS["qwen3"]]), chat_stream(content=["ok"]))
    settings = settings_of(env, server, model="m")
    events = await act(env, settings, root)
    assert tools_run(events) == [("read_file", "the text")]
    bodies = [json.loads(request.body) for request in server.requests]
    assert ["tools" in body for body in bodies] == [True, False, False]
    assert bodies[-1]["messages"][-1]["content"] == "<tool_response>\nthe text\n</tool_response>"
    # What was learned holds for the next process.
    server.enqueue(chat_stream(content=["ok"]))
    await act(env, settings, root)
    assert "tools" not in json.loads(server.requests[-1].body)


async def test_the_conversation_only_grows_over_turns_and_processes(
    env: dict[str, str], server: ModelServer, root: Path
) -> None:
    native = chat_stream(content=["Look."], tool_calls=NATIVE, finish_reason="tool_calls")
    server.enqueue(native, chat_stream(content=["One."]), native, chat_stream(content=["Two."]))
    settings = settings_of(env, server, model="m")
    events = await act(env, settings, root, "first", "second")
    thread_id = events[0].thread_id  # type: ignore[union-attr]
    async with Session(env=env) as session:  # another process knows the thread from its file
        server.enqueue(chat_stream(content=["Three."]))
        agent = Agent(settings, root, Permissions(), env=env)
        turn = session.start(TurnRequest("third", thread_id, tools=agent), settings)
        async for _ in turn:
            pass
    bodies = [json.loads(request.body) for request in server.requests]
    for before, after in pairwise(bodies):
        assert after["messages"][: len(before["messages"])] == before["messages"]
        assert after["tools"] == before["tools"]
    roles = [message["role"] for message in bodies[-1]["messages"]]
    assert roles == ["system", *["user", "assistant", "tool", "assistant"] * 2, "user"]


async def test_a_question_after_an_action_has_no_tools(
    env: dict[str, str], server: ModelServer, root: Path
) -> None:
    server.enqueue(
        chat_stream(content=["Look."], tool_calls=NATIVE, finish_reason="tool_calls"),
        chat_stream(content=["One."]),
        chat_stream(content=["Two."]),
    )
    settings = settings_of(env, server, model="m")
    async with Session(env=env) as session:
        agent = Agent(settings, root, Permissions(), env=env)
        turn = session.start(TurnRequest("do", tools=agent), settings)
        finished = [event async for event in turn][-1]
        turn = session.start(TurnRequest("why?", turn.thread_id), settings)
        async for _ in turn:
            pass
    assert isinstance(finished, TurnFinished)
    assert (finished.content, finished.last_message) == ("Look.\n\nOne.", "One.")
    body = json.loads(server.requests[-1].body)
    assert "tool" not in json.dumps(body)
    assert [message["role"] for message in body["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


async def test_agents_md_is_told_in_trusted_workspaces_alone(
    env: dict[str, str], server: ModelServer, root: Path
) -> None:
    (root / ".git").mkdir()
    (root / "AGENTS.md").write_text("Use tabs.")
    (root / "sub").mkdir()
    (root / "sub" / "AGENTS.md").write_text("Use spaces.")
    server.always(chat_stream(content=["ok"]))
    settings = settings_of(env, server, model="m")
    trusted = Agent(settings, root / "sub", Permissions(), env=env)
    stranger = Agent(settings, root / "sub", Permissions(is_trusted=False), env=env)
    assert [path.name for path in trusted.project.paths] == ["AGENTS.md", "AGENTS.md"]
    await act(env, settings, root, agent=trusted)
    await act(env, settings, root, agent=stranger)
    systems = [json.loads(request.body)["messages"][0]["content"] for request in server.requests]
    assert systems[0].endswith("Instructions of this project:\n\nUse tabs.\n\nUse spaces.")
    assert "Use tabs." not in systems[1]
    assert (stranger.policy.mode, stranger.approvals.policy) == ("read-only", "untrusted")


async def test_what_fails_in_mid_turn_keeps_what_was_done(
    env: dict[str, str], server: ModelServer, root: Path
) -> None:
    server.enqueue(chat_stream(tool_calls=NATIVE, finish_reason="tool_calls"))
    server.always(json_answer({"error": {"message": "no"}}, status=401))
    events = await act(env, settings_of(env, server, model="m"), root)
    finished = events[-1]
    assert isinstance(finished, TurnFinished)
    assert finished.status == "failed"
    assert tools_run(events) == [("read_file", "the text")]


def test_nothing_of_the_configuration_is_left_to_the_workspace(
    env: dict[str, str], root: Path
) -> None:
    (root / "config.toml").write_text(
        'sandbox_mode = "danger-full-access"\napproval_policy = "never"\n'
    )
    (root / ".codex").mkdir()
    (root / ".codex" / "config.toml").write_text('sandbox_mode = "danger-full-access"\n')
    (Path(env["CODEX_HOME"]) / "config.toml").write_text('model = "m"\nmodel_provider = "ollama"\n')
    settings = resolve(load_config(env=env))
    agent = Agent(settings, root, Permissions(), env=env)
    assert (agent.policy.mode, agent.approvals.policy) == ("read-only", "on-request")
    assert agent.policy.is_hidden(Path(env["CODEX_HOME"]) / "config.toml")
    assert not agent.policy.may_write(root / "a")


def test_keys_of_the_provider_are_kept_from_commands(env: dict[str, str], root: Path) -> None:
    values: dict[str, Any] = {**env, "LAB_AUTH": "sk-12345678", "LAB_HEADER": "Bearer-87654321"}
    (Path(env["CODEX_HOME"]) / "config.toml").write_text(
        'model = "m"\nmodel_provider = "lab"\n[model_providers.lab]\nname = "Lab"\n'
        'base_url = "http://127.0.0.1:9/v1"\nenv_key = "LAB_AUTH"\n'
        'env_http_headers = { X-A = "LAB_HEADER" }\n'
    )
    agent = Agent(resolve(load_config(env=values)), root, Permissions(), env=values)
    assert set(agent._secrets) == {"sk-12345678", "Bearer-87654321"}
