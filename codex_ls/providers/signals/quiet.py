"""Asking a server about itself costs no turn: whatever goes wrong with it, nothing was told.

A server's JSON may be anything, and what reads it may be wrong about that; the answer does not depend
on it.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def quietly(ask: Callable[[], Awaitable[T]]) -> T | None:
    """What is told; None where that fails, which is logged. Only a cancellation is raised."""
    try:
        return await ask()
    except Exception as error:
        logger.debug("a look at the server failed: %s: %s", type(error).__name__, error)
        return None
