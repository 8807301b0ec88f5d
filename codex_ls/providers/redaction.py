"""Keeps what was sent as a secret out of what is told: a server likes to quote the key it refuses.

`wire/stream_errors.redact` knows keys by their looks; here the very values are known that a request
carried, so a key of any shape is found. Invariant 7: a key stands in no log, error or message.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from codex_ls.config.settings import Provider
from codex_ls.errors import CodexError

MIN_SECRET_CHARS = 8
"""A shorter value would tear ordinary words apart; no key is that short."""

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
