"""Error replies, in both directions: what a handler raises, and what a client's refusal becomes."""

from pygls.exceptions import JsonRpcException

from codex_ls.lsp.protocol import INTERNAL_ERROR


class ReplyError(Exception):
    """What a handler raises to be answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def client_error(error: object) -> JsonRpcException:
    """Return the exception for a client's `error`, whatever that is."""
    fields = error if isinstance(error, dict) else {}
    code = fields.get("code")
    return JsonRpcException(
        str(fields.get("message", "")), code=code if isinstance(code, int) else INTERNAL_ERROR
    )


def internal_error(error: BaseException) -> str:
    """Return a sentence that says no more than the kind of bug: its text may hold anything."""
    return f"Internal error ({type(error).__name__}); the server's log has the details"
