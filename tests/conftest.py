"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-splits",
        action="store_true",
        help="cut every stream of the replay corpus at every byte, the long ones too (minutes)",
    )
