"""Options of the whole suite."""

import pytest

from tests.support.llamacpp import fetched_models, llamacpp

__all__ = ["fetched_models", "llamacpp"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-splits",
        action="store_true",
        help="cut every stream of the replay corpus at every byte, the long ones too (minutes)",
    )
