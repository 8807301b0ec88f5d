"""The whole way with nothing faked: Neovim, the language server, llama.cpp, a small model."""

import shutil
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


def test_a_model_that_is_not_there_is_offered_and_the_question_asked_again(
    start: Callable[..., Editor], codex_home: Path, tmp_path: Path, fetched_models: Path
) -> None:
    (codex_home / "config.toml").write_text('model = "smollm2-135m"\nmodel_provider = "embedded"\n')
    models = tmp_path / "models"
    models.mkdir()
    editor = start(env={"CODEX_LS_MODELS": str(models), "CI": "true"})
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.lua(
        """
        vim.ui.select = function(items, options, done)
          _G.offered = items
          _G.fetch = function() done(items[1]) end
        end
        """
    )
    editor.command("1Codex ask What is this?")
    assert editor.wait("return _G.offered") == [
        "Fetch smollm2-135m (0.1 GB), and ask again",
        "Not now",
    ]
    for fetched in fetched_models.iterdir():
        # What was fetched before need not come over the wire again.
        shutil.copy(fetched, models)
    editor.lua("_G.fetch()")
    editor.wait(
        "local turn = require('codex_ls.turns').latest()\n"
        "return turn and turn.answer.status == 'completed'",
        timeout_ms=SLOW_MS,
    )
    assert "codex: smollm2-135m is here" in editor.told()


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
