"""Does what the first question would otherwise wait for. Nothing is sent to anyone."""

import contextlib

from codex_ls.config.profile import resolve
from codex_ls.errors import CodexError
from codex_ls.lsp.user_config import UserConfig
from codex_ls.providers.http import HttpClient


def warm_up(user_config: UserConfig, http: HttpClient) -> None:
    """Read the configuration, and load what a request to the model of its choice needs.

    For one in the cloud those are certificates (20 ms) and, behind a proxy, the HTTP library (60 ms).
    """
    with contextlib.suppress(CodexError):  # whoever asks is told
        settings = resolve(user_config.current(), local_only=user_config.local_only)
        http.prepare(settings.provider.base_url)
