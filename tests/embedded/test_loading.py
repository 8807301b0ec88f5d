"""How far a model is loaded is what its process has grown to, and nothing is made up."""

import os
import sys
from pathlib import Path

import pytest

from codex_ls.embedded.catalog import SMOLLM
from codex_ls.embedded.engine import start_engine
from codex_ls.embedded.machine import Loading
from tests.support.llamacpp import engine_environment

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's /proc")


@ON_LINUX
def test_the_fraction_is_of_what_is_expected() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE")
    assert Loading(os.getpid(), resident * 4).fraction() == pytest.approx(0.25, rel=0.2)


@ON_LINUX
def test_it_does_not_promise_to_be_done_and_never_goes_back() -> None:
    loading = Loading(os.getpid(), 1)
    assert loading.fraction() == 0.99
    loading.expected_bytes = 10**15
    assert loading.fraction() == 0.99


def test_of_a_process_that_is_not_there_nothing_is_said() -> None:
    assert Loading(2**30, 1).fraction() is None


@ON_LINUX
@pytest.mark.model
async def test_a_loaded_model_is_nearly_all_that_was_expected(fetched_models: Path) -> None:

    watched: list[Loading] = []
    engine = await start_engine(
        SMOLLM.name, env=engine_environment(fetched_models), watch=watched.append
    )
    try:
        (loading,) = watched
        assert loading.pid == engine.pid
        assert 0.7 < (loading.fraction() or 0) <= 0.99
    finally:
        await engine.close()
