"""`codex-ls serve`: the language server on standard input and output, or on a loopback address.

Standard output belongs to the protocol alone: whatever else this process or a child of it prints goes
to standard error.
"""

import os
import sys
from collections.abc import Sequence

from codex_ls.lsp.loading import loading

_EXIT_GRACE_S = 0.5


def run_stdio(*, overrides: Sequence[str] = (), local_only: bool = False) -> int:
    """Serve on standard input and output until the client leaves; return the exit code.

    `overrides` are `-c` options, `key=value`. The code is 0 after `shutdown` and `exit`, else 1.
    """
    if os.isatty(0):
        sys.stderr.write("codex-ls: waiting for an editor that speaks LSP here; Ctrl-D ends it.\n")
    fd_in, fd_out = _claim_stdio()
    with loading():
        from codex_ls.lsp.stdio import serve_stdio

    code = serve_stdio(fd_in, fd_out, overrides=overrides, local_only=local_only)
    _leave_soon(code)
    return code


def run_tcp(
    host: str, port: int, *, overrides: Sequence[str] = (), local_only: bool = False
) -> int:
    """Serve on a loopback address until interrupted; port 0 takes a free one.

    A client shows the token in `initializationOptions.codex.token`: the value of `CODEX_LS_TOKEN`, or
    one made up now and told on standard error. Raises InvalidParams for any other than a loopback
    address, and for one that can't be listened on.
    """
    with loading():
        from codex_ls.lsp.listening import serve_tcp

    return serve_tcp(host, port, overrides=overrides, local_only=local_only)


def run_ws(
    host: str,
    port: int,
    *,
    allowed_origins: Sequence[str] = (),
    overrides: Sequence[str] = (),
    local_only: bool = False,
) -> int:
    """As `run_tcp`, for WebSocket clients: editors in a browser.

    A page may connect if its origin is one of `allowed_origins`. Raises InvalidParams as `run_tcp` does,
    for an origin that is none, and if the extra `ws` is not installed.
    """
    with loading():
        from codex_ls.lsp.listening import serve_ws

    return serve_ws(
        host, port, allowed_origins=allowed_origins, overrides=overrides, local_only=local_only
    )


def _claim_stdio() -> tuple[int, int]:
    """Return private descriptors of standard input and output, and put harmless ones in their place."""
    fd_in, fd_out = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(fd_in, os.O_BINARY)
        msvcrt.setmode(fd_out, os.O_BINARY)
    return fd_in, fd_out


def _leave_soon(code: int) -> None:
    """See to it that the process ends, even if a thread hangs in a look-up of a name."""
    import threading

    timer = threading.Timer(_EXIT_GRACE_S, os._exit, args=(code,))
    timer.daemon = True
    timer.start()
