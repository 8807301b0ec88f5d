"""Loads what the first question would otherwise wait for. Nothing is sent to anyone.

The HTTP client imports half of its modules with the first request: 80 of the 95 ms that a first
question took until it was on the wire.
"""

import contextlib

import anyio.lowlevel
import httpcore  # noqa: F401 - httpx imports it with its first client

from codex_ls.errors import CodexError
from codex_ls.lsp.user_config import UserConfig


async def warm_up(user_config: UserConfig) -> None:
    """Load the HTTP client's parts for asyncio, and read the configuration."""
    await anyio.lowlevel.checkpoint()
    with contextlib.suppress(CodexError):  # whoever asks is told
        user_config.current()
