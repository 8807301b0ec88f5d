"""Does what the first question would otherwise wait for. Nothing is sent to anyone."""

import contextlib

from codex_ls.errors import CodexError
from codex_ls.lsp.user_config import UserConfig


async def warm_up(user_config: UserConfig) -> None:
    """Read the configuration."""
    with contextlib.suppress(CodexError):  # whoever asks is told
        user_config.current()
