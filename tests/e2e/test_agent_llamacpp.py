"""Tools with the real llama.cpp: its cache, its templates, and a command that really runs."""

import sys
from pathlib import Path

import pytest

from codex_ls.agent.agent import Agent, Permissions
from codex_ls.config.load import load_config
from codex_ls.config.profile import resolve
from codex_ls.events import TurnFinished, Usage
from codex_ls.turn.session import Session, TurnRequest
from tests.support.llamacpp import LlamaCpp

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of this test is Linux'"),
]


async def test_a_follow_up_finds_what_came_before_in_the_servers_cache(
    tmp_path: Path, llamacpp: LlamaCpp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codex_ls.agent.token_budget.MIN_WINDOW", 1_000)  # of the test model
    home, root = tmp_path / "home", tmp_path / "w"
    for folder in (home, root):
        folder.mkdir()
    (home / "config.toml").write_text(
        f'model = "{llamacpp.model}"\nmodel_provider = "real"\nmodel_max_output_tokens = 40\n'
        'sandbox_mode = "workspace-write"\nmodel_reasoning_effort = "none"\n'
        f'[model_providers.real]\nname = "llama.cpp"\nbase_url = "{llamacpp.base_url}"\n'
        'env_key = "REAL_KEY"\n'
    )
    env = {"CODEX_HOME": str(home), "HOME": str(tmp_path), "REAL_KEY": llamacpp.api_key}
    env["PATH"] = "/usr/bin:/bin"
    settings = resolve(load_config(env=env))
    agent = Agent(settings, root, Permissions(), env=env)
    usages: list[Usage] = []
    async with Session(env=env) as session:
        thread_id = None
        for prompt in ("Say hello.", "Say it again.", "And again."):
            turn = session.start(TurnRequest(prompt, thread_id, tools=agent), settings)
            thread_id = turn.thread_id
            async for event in turn:
                if isinstance(event, TurnFinished):
                    assert event.error is None, event.error
                    assert event.usage is not None
                    usages.append(event.usage)
    for usage in usages[1:]:
        assert usage.input_tokens
        assert usage.cached_input_tokens is not None
        assert usage.cached_input_tokens / usage.input_tokens >= 0.9, usages
