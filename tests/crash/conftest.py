"""A home of its own for each test, and how often to kill."""

import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.crash.aftermath import Home, Talker

KILLS = int(os.environ.get("CODEX_LS_KILLS", "12"))
"""How often each program is killed: a dozen in the suite, a hundred by `make crash`."""

SEED = int(os.environ.get("CODEX_LS_SEED", "1"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These look into /proc, and a hundred kills take minutes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(120 + 20 * KILLS))
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="looks into /proc"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "codex-home")
    home.path.mkdir()
    yield home
    home.end_what_is_left()


@pytest.fixture
async def model() -> AsyncIterator[Talker]:
    async with Talker() as talker:
        yield talker


@pytest.fixture
def dice() -> random.Random:
    """The same dice in every run, unless CODEX_LS_SEED says otherwise."""
    return random.Random(SEED)
