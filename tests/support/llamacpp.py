"""The real llama.cpp with the smallest built-in model, once for the whole test session.

A test that takes the fixture `llamacpp` (or `fetched_models`, for a test that starts its own engine) is
marked `@pytest.mark.model`. The model is fetched the way a user's is, into `$CODEX_LS_MODELS` or a cache
outside the clone. Without it such a test is skipped, and fails where `CI` or `CODEX_LS_REQUIRE_MODEL` is set.
"""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from codex_ls.embedded.catalog import SMOLLM
from codex_ls.embedded.engine import Engine, start_engine
from codex_ls.embedded.pull import pull
from codex_ls.errors import CodexError

_CACHE = "~/.cache/codex-ls-tests/models"
_POLL_S = 0.2  # faster looks at /slots hide what one wants to see


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """A running server: where it is, what a request needs, and whether it is busy.

    `base_url` ends in `/v1`, `api_key` is the bearer token, `request_extras` goes into the body.
    """

    model: str
    base_url: str
    api_key: str
    request_extras: dict[str, Any]
    models_folder: Path

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    def busy_slots(self) -> int:
        """How many requests it is working on now."""
        root = self.base_url.removesuffix("/v1")
        slots = httpx.get(f"{root}/slots", headers=self.headers, timeout=30).json()
        return sum(bool(slot["is_processing"]) for slot in slots)

    def wait_until_free(self, *, limit_s: float = 10.0) -> float:
        """Wait until it works on nothing; the seconds that took. Fails after `limit_s`."""
        started = time.monotonic()
        while self.busy_slots():
            if time.monotonic() - started > limit_s:
                pytest.fail(f"llama.cpp was still busy after {limit_s} s")
            time.sleep(_POLL_S)
        return time.monotonic() - started

    async def until_free(self, *, limit_s: float = 10.0) -> float:
        """`wait_until_free` for async tests."""
        return await asyncio.to_thread(self.wait_until_free, limit_s=limit_s)


def engine_environment(models_folder: Path) -> dict[str, str]:
    """An environment for `start_engine`: the fetched models, and one thread, as in CI."""
    return {**os.environ, "CODEX_LS_MODELS": str(models_folder), "CI": "true"}


@pytest.fixture(scope="session")
def fetched_models() -> Path:
    """The folder that holds the test model (`CODEX_LS_MODELS` for whoever starts an engine)."""
    folder = Path(os.environ.get("CODEX_LS_MODELS") or _CACHE).expanduser()
    env = {**os.environ, "CODEX_LS_MODELS": str(folder)}
    # In a thread of its own: the tests' event loops are none of its business.
    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(lambda: asyncio.run(pull(SMOLLM.name, env=env))).result()
        except CodexError as error:
            _cannot(error)
    return folder


@pytest.fixture(scope="session")
def llamacpp(fetched_models: Path) -> Iterator[LlamaCpp]:
    """The real llama.cpp server with `smollm2-135m`, shared by the whole session."""
    started: Future[Engine] = Future()
    stop = threading.Event()

    async def serve() -> None:
        try:
            env = engine_environment(fetched_models)
            engine = await start_engine(SMOLLM.name, env=env, report_slots=True)
        except CodexError as error:
            started.set_exception(error)
            return
        started.set_result(engine)
        try:
            await asyncio.to_thread(stop.wait)
        finally:
            await engine.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(serve()))
        try:
            engine = started.result()
        except CodexError as error:
            _cannot(error)
        try:
            yield LlamaCpp(
                SMOLLM.name, engine.base_url, engine.api_key, engine.request_extras, fetched_models
            )
        finally:
            stop.set()


def _cannot(error: CodexError) -> NoReturn:
    """Skip, or fail where the model is required."""
    reason = f"no test model: {error.message} {error.hint or ''}".strip()
    if os.environ.get("CI") or os.environ.get("CODEX_LS_REQUIRE_MODEL"):
        pytest.fail(reason)
    pytest.skip(reason)
