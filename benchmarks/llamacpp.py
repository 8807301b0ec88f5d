"""A real llama.cpp server in a process of its own.

`python -m benchmarks.llamacpp MODEL.gguf` prints its address as one line when the model is loaded, and
ends when its standard input does. Nothing is kept from one prompt to the next, unless that is what is
measured: a question asked twice is read twice.
"""

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.machine import CACHE, ROOT
from codex_ls.embedded.catalog import BuiltInModel
from codex_ls.embedded.store import is_fetched, model_path

CONTEXT = 12_288
"""Room for the longest prompt that is measured: Codex sends 8,000 tokens before the question."""


def fetch(model: BuiltInModel) -> None:
    """Fetch a model that is nowhere on this machine, if it can be had."""
    if model_file(model) is None and find_spec("xllamacpp") is not None:
        print(f"Fetching {model.name}", flush=True)
        env = {**os.environ, "CODEX_LS_MODELS": str(CACHE / "models")}
        command = [sys.executable, "-m", "codex_ls", "model", "pull", model.name, "--yes"]
        subprocess.run(command, cwd=ROOT, env=env, check=False)


def missing(model: BuiltInModel) -> str | None:
    """A sentence that says why nothing real can be measured, if that is so."""
    if find_spec("xllamacpp") is None:
        return "No llama.cpp here (pip install 'codex-ls[embedded]'): nothing real is measured."
    if model_file(model) is None:
        return f"{model.name} could not be fetched: no real model is measured."
    return None


def model_file(model: BuiltInModel) -> Path | None:
    """Where a model lies on this machine."""
    tests = os.environ.get("CODEX_LS_TEST_CACHE") or str(CACHE.parents[1] / "codex-ls-tests")
    places: list[dict[str, str]] = [
        dict(os.environ),
        {"CODEX_LS_MODELS": str(CACHE / "models")},
        {"CODEX_LS_MODELS": str(Path(tests) / "models")},
    ]
    return next((model_path(model, env) for env in places if is_fetched(model, env)), None)


class Node:
    """A context manager: one llama.cpp server."""

    def __init__(
        self,
        model: Path,
        *,
        threads: int,
        answer_limit: int,
        slots: int = 1,
        keeps_prompts: bool = False,
    ) -> None:
        limits = ("--threads", str(threads), "--answer-limit", str(answer_limit))
        module = (sys.executable, "-m", "benchmarks.llamacpp", str(model))
        self._command = [*module, *limits, "--slots", str(slots)]
        if keeps_prompts:
            self._command.append("--keep-prompts")

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError("llama.cpp did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        self._process.kill()
        self._process.wait()


def _serve(options: argparse.Namespace) -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import xllamacpp

    params: Any = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {"bench"}
    params.n_ctx = CONTEXT
    params.n_predict = options.answer_limit
    params.n_parallel = options.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.n_batch = params.n_ubatch = (
        256  # as in the built-in engine: a cancel waits for one batch
    )
    params.cache_prompt = options.keep_prompts
    params.cache_ram_mib = 0
    params.fit_params = False
    params.sampling.temp = 0.0
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    params.endpoint_slots = True
    params.verbosity = 1
    server = xllamacpp.Server(params)
    out.write(f"{server.listening_address}\n")
    out.flush()
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.llamacpp")
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--answer-limit", type=int, default=64)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--keep-prompts", action="store_true")
    _serve(parser.parse_args())
