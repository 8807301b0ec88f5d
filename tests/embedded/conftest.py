"""Where a pull in a test puts its model."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The folder of fetched models."""
    return tmp_path / "models"


@pytest.fixture
def env(models: Path, tmp_path: Path) -> dict[str, str]:
    """An environment whose pip reaches no index, and only the wheels in `tmp_path / "wheels"`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return kept | {
        "CODEX_LS_MODELS": str(models),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
    }
