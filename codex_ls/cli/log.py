"""The verbose log: `CODEX_LS_LOG=debug`, or `RUST_LOG` as programs written for Codex set it.

It goes to standard error, and holds what was connected to, asked and answered in which order, with
times; no prompt, no answer, and no key: whatever looks like one, and every value of an environment
variable whose name says that it is one, is taken out. Libraries write warnings there and nothing below:
their details are whole addresses, headers and messages.
"""

import logging
import re
import sys
from collections.abc import Mapping

from codex_ls.cli.output import Output
from codex_ls.providers.key_redaction import Redaction
from codex_ls.sanitize import sanitize

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


_OFF = frozenset({"", "off", "none", "0"})


def set_up_log(env: Mapping[str, str]) -> None:
    """Turn the log on if the environment asks for it, at the most talkative level it names."""
    ours = env.get("CODEX_LS_LOG", "")
    words = re.split(r"[,=\s]+", (ours or env.get("RUST_LOG", "")).lower())
    levels = [_LEVELS[word] for word in words if word in _LEVELS]
    if not levels:
        if ours.strip().lower() not in _OFF:
            Output(sys.stderr, lossy=True).write(
                f"note: CODEX_LS_LOG={sanitize(ours)} is not a log level\n"
                "hint: the levels are debug, info, warn, error and off.\n"
            )
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(env))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(max(logging.WARNING, min(levels)))
    logging.getLogger("codex_ls").setLevel(min(levels))


class _Redacting(logging.Formatter):
    """Writes a record in one line, without anything secret."""

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        self._redaction = Redaction(env)

    def format(self, record: logging.LogRecord) -> str:
        """The line; what a server wrote into it controls no terminal."""
        return self._redaction.clean(sanitize(super().format(record).replace("\r", " ")))
