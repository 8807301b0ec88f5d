"""Options of the whole suite."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support.llamacpp import fetched_models, llamacpp
from tests.support.transports import TRANSPORTS

__all__ = ["fetched_models", "llamacpp"]

# No test looks into, or asks to unlock, the keyring of whoever runs it.
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


TESTS = Path(__file__).parent

UNITS = (
    TESTS / "wire",
    TESTS / "config",
    TESTS / "render",
    TESTS / "agent" / "test_approval.py",
    TESTS / "agent" / "test_edit_text.py",
    TESTS / "agent" / "test_patch.py",
    TESTS / "agent" / "test_tool_specs.py",
    TESTS / "sandbox" / "test_policy.py",
    TESTS / "sandbox" / "test_arguments.py",
    TESTS / "lsp",
    TESTS / "test_generated.py",
    TESTS / "test_structure.py",
    TESTS / "test_markdown.py",
    TESTS / "test_sanitize.py",
)
"""Where the unit tier lives (`make unit`): no network, no other process, no editor, no model."""

NO_UNITS = (
    TESTS / "lsp" / "e2e",
    TESTS / "lsp" / "test_listening.py",
    TESTS / "wire" / "test_corpus_through_exec.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the unit tier."""
    for item in items:
        is_unit = any(item.path.is_relative_to(place) for place in UNITS)
        if not is_unit or any(item.path.is_relative_to(place) for place in NO_UNITS):
            continue
        if item.get_closest_marker("integration") is None:
            item.add_marker("unit")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the unit tier to what it says."""
    if request.node.get_closest_marker("unit") is None:
        return

    def connect(_socket: Any, address: Any) -> None:
        raise AssertionError(f"a unit test connects to {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-splits",
        action="store_true",
        help="cut every stream of the replay corpus at every byte, the long ones too (minutes)",
    )
    parser.addoption(
        "--transport",
        choices=[*TRANSPORTS, "all"],
        help="run the language server's end-to-end tests over this transport;"
        " without it, all of them over stdio, and the core over every one",
    )
