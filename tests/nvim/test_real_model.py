"""The whole way with nothing faked: Neovim, the language server, llama.cpp, a small model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nvim.editor import Editor
from tests.support.llamacpp import fetched_models

__all__ = ["fetched_models"]

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

SLOW_MS = 120_000


@pytest.fixture
def real(
    start: Callable[..., Editor],
    codex_home: Path,
    tmp_path: Path,
    fetched_models: Path,
) -> Editor:
    """A Neovim whose profile is the built-in server with the smallest model."""
    (codex_home / "config.toml").write_text(
        'profile = "built-in"\n[profiles.built-in]\n'
        'model = "smollm2-135m"\nmodel_provider = "embedded"\n'
    )
    editor = start(env={"CODEX_LS_MODELS": str(fetched_models), "CI": "true"})
    editor.open(tmp_path / "a.py", "def double(x):\n    return x + x\n")
    return editor


def test_a_real_model_thinks_and_answers(real: Editor) -> None:
    real.command("1,2Codex ask What does this do? Answer in one sentence.")
    real.wait(
        "local turn = require('codex_ls.turns').latest()\nreturn turn.answer:is_over()",
        timeout_ms=SLOW_MS,
    )
    status, content, reasoning, profile = real.lua(
        """
        local answer = require("codex_ls.turns").latest().answer
        return {
          answer.status, answer.content:concat(), answer.reasoning:concat(), answer.profile
        }
        """
    )
    assert (status, profile) == ("completed", "built-in")
    assert content.strip()
    assert reasoning.strip()
    screen = "\n".join(real.screen())
    assert "│ " + content.strip().split()[0] in screen
    assert "╰ Answered after" in screen
    assert "Thought for" in screen


def test_a_real_model_stops(real: Editor) -> None:
    real.command("1,2Codex ask Tell a long story about this function.")
    real.wait(
        """
        local answer = require("codex_ls.turns").latest().answer
        return answer.reasoning.size + answer.content.size > 0
        """,
        timeout_ms=SLOW_MS,
    )
    real.command("Codex stop")
    real.wait_for_text("╰ Stopped after")
    size = real.lua(
        """
        local answer = require("codex_ls.turns").latest().answer
        return answer.reasoning.size + answer.content.size
        """
    )
    assert size > 0
