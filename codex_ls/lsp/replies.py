"""Error replies, in both directions: what a handler raises, and what a client's refusal becomes."""

from codex_ls.lsp.protocol import INTERNAL_ERROR


class ReplyError(Exception):
    """What a handler raises to be answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class ClientError(Exception):
    """The client answered a question of ours with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def client_error(error: object) -> ClientError:
    """Return the exception for a client's `error`, whatever that is."""
    fields = error if isinstance(error, dict) else {}
    code = fields.get("code")
    return ClientError(
        code if isinstance(code, int) else INTERNAL_ERROR, str(fields.get("message", ""))
    )


def internal_error(error: BaseException) -> str:
    """Return a sentence that says no more than the kind of bug: its text may hold anything."""
    return f"Internal error ({type(error).__name__}); the server's log has the details"
