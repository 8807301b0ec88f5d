"""What a person does with the built-in models: list them, fetch one, be asked before a download.

Nothing is fetched without consent: a command that says so (`--yes`), or an answer on a terminal.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from codex_ls.embedded.catalog import MODELS, BuiltInModel, find
from codex_ls.embedded.store import fetched_path, is_fetched, model_path, models_folder
from codex_ls.errors import CodexError, InvalidParams

ReadAnswer = Callable[[], str]
"""Reads one line, with its end, from the person at the terminal."""


def _read_answer() -> str:
    return sys.stdin.readline()


def print_models(out: TextIO | None = None, *, env: Mapping[str, str] = os.environ) -> int:
    """List the built-in models: name, size, licence, whether it is here. Returns the exit code."""
    out = out or sys.stdout
    width = max(len(model.name) for model in MODELS)
    for model in MODELS:
        state = "fetched" if is_fetched(model, env) else "not fetched"
        out.write(
            f"{model.name:<{width}}  {_size(model):>8}  {model.licence}  {state:<11}"
            f"  {model.purpose}\n"
        )
    out.write(f"\nThey are kept in {models_folder(env)}\n")
    missing = [model.name for model in MODELS if not is_fetched(model, env)]
    if missing:
        out.write(f"Fetch one: codex-ls model pull {missing[0]}\n")
    return 0


def models_json(env: Mapping[str, str] = os.environ) -> list[dict[str, Any]]:
    """The built-in models as `codex/models` lists them; `loaded` where the file is here."""
    return [
        {
            "name": model.name,
            "loaded": is_fetched(model, env),
            "contextWindow": model.context,
            "size": model.size,
        }
        for model in MODELS
    ]


def run_pull(
    name: str,
    *,
    yes: bool = False,
    out: TextIO | None = None,
    err: TextIO | None = None,
    env: Mapping[str, str] = os.environ,
    read_answer: ReadAnswer = _read_answer,
) -> int:
    """Fetch a model, asking first on a terminal unless `yes`. Returns the exit code.

    The path goes to `out`, everything else to `err`. Raises CodexError; InvalidParams where nobody can
    be asked and nobody has said yes.
    """
    out, err = out or sys.stdout, err or sys.stderr
    model = find(name)
    if not yes and not is_fetched(model, env):
        if not _can_ask(err):
            raise InvalidParams(
                f"Fetching {model.name} takes {_size(model)}, and there is no terminal to ask"
                " for confirmation.",
                hint=f"codex-ls model pull {model.name} --yes fetches it without asking.",
            )
        if not _consents(model, err, env, read_answer):
            err.write("Nothing was fetched.\n")
            return 1
    path = _fetch(model, err, env)
    out.write(f"{path}\n")
    return 0


def ensure_model(
    name: str,
    *,
    err: TextIO | None = None,
    env: Mapping[str, str] = os.environ,
    read_answer: ReadAnswer = _read_answer,
) -> Path:
    """The model's file; if it is not here, and a person can be asked, the offer to fetch it.

    Raises NotFound with the command to type where nobody can be asked or the answer was no, and what
    `pull` raises.
    """
    err = err or sys.stderr
    model = find(name)
    if not is_fetched(model, env) and _can_ask(err) and _consents(model, err, env, read_answer):
        _fetch(model, err, env)
    return fetched_path(model, env)


def _fetch(model: BuiltInModel, err: TextIO, env: Mapping[str, str]) -> Path:
    from codex_ls.embedded.download_progress import (
        ProgressView,  # the HTTP library: a list needs none
    )
    from codex_ls.embedded.pull import pull_model

    was_here = is_fetched(model, env)
    view = ProgressView(err)
    try:
        path = asyncio.run(pull_model(model, env=env, progress=view))
    except KeyboardInterrupt:
        view.close()
        err.write("Stopped. Run the command again to resume.\n")
        raise
    except CodexError:
        view.close()
        raise
    view.close()
    err.write(f"{model.name} {'is already complete' if was_here else 'was fetched'}.\n")
    return path


def _can_ask(err: TextIO) -> bool:
    """Whether a person can read a question on `err` and answer it on standard input."""
    return err.isatty() and sys.stdin is not None and sys.stdin.isatty()


def _consents(
    model: BuiltInModel, err: TextIO, env: Mapping[str, str], read_answer: ReadAnswer
) -> bool:
    err.write(
        f"The built-in model {model.name} ({model.title}) is not on this machine.\n"
        f"  download: {_size(model)}\n"
        f"  licence:  {model.licence}\n"
        f"  goes to:  {model_path(model, env)}\n"
        "Fetch it now? [Y/n] "
    )
    err.flush()
    answer = read_answer()
    if not answer.endswith("\n"):
        err.write("\n")  # end of input is no consent
        return False
    return answer.strip().lower() in ("", "y", "yes")


def _size(model: BuiltInModel) -> str:
    return f"{model.size / 1e6:,.0f} MB"
