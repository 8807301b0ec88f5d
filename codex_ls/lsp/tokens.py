"""Which running requests a progress token belongs to, for `window/workDoneProgress/cancel`."""

from collections.abc import Iterator
from contextlib import contextmanager

from codex_ls.lsp.protocol import ProgressToken
from codex_ls.lsp.request import Request


class RunningTokens:
    """Knows the tokens of the requests that run. A client that uses one twice cancels both."""

    def __init__(self) -> None:
        self._requests: dict[ProgressToken, list[Request]] = {}

    @contextmanager
    def held(self, request: Request, *tokens: ProgressToken | None) -> Iterator[None]:
        """Let `tokens` stand for `request` meanwhile."""
        ours = {token for token in tokens if token is not None}
        for token in ours:
            self._requests.setdefault(token, []).append(request)
        try:
            yield
        finally:
            for token in ours:
                self._requests[token].remove(request)
                if not self._requests[token]:
                    del self._requests[token]

    def cancel(self, token: object) -> None:
        """Cancel what runs under a token; nothing, if it is unknown or finished."""
        if isinstance(token, str | int):
            for request in tuple(self._requests.get(token, ())):
                request.cancel()
