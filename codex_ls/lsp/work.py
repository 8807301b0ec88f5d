"""Progress of work that is no turn: an editor's own progress line, and nothing else."""

from collections.abc import Callable

from codex_ls.lsp.framing import encode
from codex_ls.lsp.protocol import Payload, ProgressToken


class Work:
    """One piece of work on a work-done token; without a token it says nothing."""

    def __init__(self, send: Callable[[bytes], None], token: ProgressToken | None) -> None:
        self._send = send
        self._token = token
        self._last: Payload = {}

    def begin(self, title: str, *, message: str | None = None) -> None:
        """Say what is done, and how far it is: in words where no percentage will be known."""
        begin: Payload = {"kind": "begin", "title": title, "cancellable": True}
        self._tell(begin | ({"percentage": 0} if message is None else {"message": message}))

    def report(self, message: str, *, percentage: int | None = None) -> None:
        """Say how far it is; what was said already is not said again."""
        value: Payload = {"kind": "report", "message": message}
        if percentage is not None:
            value["percentage"] = percentage
        if value != self._last:
            self._last = value
            self._tell(value)

    def end(self, message: str) -> None:
        """Say what came of it."""
        self._tell({"kind": "end", "message": message})

    def _tell(self, value: Payload) -> None:
        if self._token is not None:
            params = {"token": self._token, "value": value}
            self._send(encode({"jsonrpc": "2.0", "method": "$/progress", "params": params}))
