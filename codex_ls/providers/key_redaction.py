"""Keeps what was sent as a secret out of what is told: a server likes to quote the key it refuses.

`wire/stream_errors.redact` knows keys by their looks; here the very values are known that a request
carried, so a key of any shape is found. Invariant 7: a key stands in no log, error or message.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from codex_ls.config.model_settings import Provider
from codex_ls.errors import CodexError
from codex_ls.wire.stream_errors import redact

MIN_SECRET_CHARS = 8
"""A shorter value would tear ordinary words apart; no key is that short."""

_MIN_NAMED_CHARS = 6
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)

Error = TypeVar("Error", bound=CodexError)


def secrets_of(provider: Provider, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The values that a request to `provider` carries and nobody should read, longest first."""
    values = {*headers.values(), *map(str, provider.query_params.values())}
    values |= {
        value.partition(" ")[2] for value in values
    }  # "Bearer KEY" is quoted without "Bearer"
    kept = {value.strip() for value in values if len(value.strip()) >= MIN_SECRET_CHARS}
    return tuple(sorted(kept, key=len, reverse=True))


def without_secrets(error: Error, secrets: Iterable[str]) -> Error:
    """The error itself, with `[key]` wherever its sentence or its hint quoted a secret."""
    for secret in secrets:
        error.message = error.message.replace(secret, "[key]")
        if error.hint is not None:
            error.hint = error.hint.replace(secret, "[key]")
    error.args = (error.message,)
    return error


class Redaction:
    """Takes keys out of text that outlives its turn: by their looks, and by where they stand.

    Those are every value of an environment variable whose name says that it is one, and `more`.
    """

    def __init__(self, env: Mapping[str, str], more: Iterable[str] = ()) -> None:
        named = (value for name, value in env.items() if _SECRET_NAME.search(name))
        secrets = {value.strip() for value in (*named, *more)}
        kept = (secret for secret in secrets if len(secret) >= _MIN_NAMED_CHARS)
        self._secrets = sorted(kept, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """`text` with `[key]` in the place of each."""
        for secret in self._secrets:
            text = text.replace(secret, "[key]")
        return redact(text)
