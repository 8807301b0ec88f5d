"""Imports the protocol's SDK in about half of its time.

Its 280 generated models take most of an agent's start. Pydantic parses the source of each for
docstrings, which only a JSON Schema would show, and builds a validator for each, though a session uses a
few. Both are switched off while the SDK is imported; a validator is then built at its first use.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel


def import_sdk() -> None:
    """Import the SDK. Raises ImportError if it is not installed."""
    with _without_docstrings(), _with_deferred_validators():
        import acp.schema  # noqa: F401


@contextmanager
def _with_deferred_validators() -> Iterator[None]:
    """Let models defined meanwhile inherit `defer_build`."""
    before = BaseModel.model_config
    BaseModel.model_config = {**before, "defer_build": True}
    try:
        yield
    finally:
        BaseModel.model_config = before


@contextmanager
def _without_docstrings() -> Iterator[None]:
    """Let no class find its source meanwhile: by its frame before Python 3.13, by its line since."""

    def no_frame() -> None:
        return None

    def no_source(object: object) -> tuple[list[str], int]:  # noqa: A002, ARG001 - its name
        raise OSError("not read")

    before = inspect.currentframe, inspect.getsourcelines
    inspect.currentframe, inspect.getsourcelines = no_frame, no_source
    try:
        yield
    finally:
        inspect.currentframe, inspect.getsourcelines = before
