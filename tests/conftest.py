"""Options of the whole suite."""

import os

import pytest

from tests.support.llamacpp import fetched_models, llamacpp
from tests.support.transports import TRANSPORTS

__all__ = ["fetched_models", "llamacpp"]

# No test looks into, or asks to unlock, the keyring of whoever runs it.
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


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
