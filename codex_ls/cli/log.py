"""The verbose log: `CODEX_LS_LOG=debug`, or `RUST_LOG` as programs written for Codex set it.

It goes to standard error, and holds what was connected to, asked and answered in which order, with
times; no prompt, no answer, and no key: whatever looks like one, and every value of an environment
variable whose name says that it is one, is taken out.
"""

import logging
import re
import sys
from collections.abc import Mapping

from codex_ls.providers.redaction import Redaction

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up_log(env: Mapping[str, str]) -> None:
    """Turn the log on if the environment asks for it, at the most talkative level it names."""
    words = re.split(r"[,=\s]+", (env.get("CODEX_LS_LOG") or env.get("RUST_LOG") or "").lower())
    levels = [_LEVELS[word] for word in words if word in _LEVELS]
    if not levels:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(env))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(min(levels))


class _Redacting(logging.Formatter):
    """Writes a record in one line, without anything secret."""

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        self._redaction = Redaction(env)

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return self._redaction.clean(super().format(record))
