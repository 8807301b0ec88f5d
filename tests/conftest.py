"""Options of the whole suite."""

import pytest

from tests.support.llamacpp import fetched_models, llamacpp
from tests.support.transports import TRANSPORTS

__all__ = ["fetched_models", "llamacpp"]


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
