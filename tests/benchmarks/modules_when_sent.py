"""Runs codex-ls, and writes what was loaded at the moment it first sent something that begins so.

`python modules_when_sent.py FILE BEGINNING ARGUMENTS...`
"""

import os
import socket
import sys
from collections.abc import Callable
from typing import Any


def watch(place: Any, name: str, report: Callable[[bytes], None]) -> None:
    """Show `report` what this function sends, before it does."""
    original = getattr(place, name)

    def sending(first: Any, *rest: Any) -> Any:
        data = rest[0] if isinstance(first, (int, socket.socket)) else first
        report(b"".join(data) if isinstance(data, (list, tuple)) else bytes(data))
        return original(first, *rest)

    setattr(place, name, sending)


def main() -> None:
    path, beginning, *arguments = sys.argv[1:]
    own = set(sys.modules)

    def report(data: bytes) -> None:
        if data.startswith(beginning.encode()) and not os.path.exists(path):  # noqa: PTH110 - pathlib is counted too
            names = sorted(set(sys.modules) - own)
            with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
                file.write("\n".join(names))

    for name in ("send", "sendall", "sendmsg"):
        watch(socket.socket, name, report)
    watch(os, "write", report)
    from codex_ls.cli import run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
