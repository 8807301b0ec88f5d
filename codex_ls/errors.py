"""Every failure a person can meet, one sentence and one next step each.

::

    CodexError
    ├── InvalidParams           invalidParams        a request or a command line that makes no sense
    ├── ConfigError             configInvalid        config.toml can't be read, or is wrong
    ├── UnknownProfile          unknownProfile       no such profile; never another one instead
    ├── NoProfile               noProfile            nothing selects a model
    ├── UnknownThread           unknownThread        no such conversation
    ├── MissingCredential       missingCredential    the provider's key is not set
    ├── LocalOnly               localOnly            the lock is on, and the host is not this machine
    ├── UntrustedWorkspace      untrustedWorkspace   a workspace asked for what only its user may ask
    ├── ProfileChanged          profileChanged       another profile would answer than the one shown
    └── ProviderError                                something went wrong between us and the model
        ├── Unreachable         unreachable          nothing listens there, DNS or TLS failure
        ├── Unauthorized        unauthorized         401, 403
        ├── NotFound            notFound             404: model or path
        ├── RateLimited         rateLimited          429
        ├── ServerError         serverError          5xx
        ├── BadRequest          badRequest           other 4xx
        ├── ContextOverflow     contextOverflow      the prompt does not fit the model's window
        ├── StreamBroken        streamBroken         the stream broke off or made no sense
        └── TimedOut            timedOut             the connect, first-byte or idle limit passed

`kind` is the name that clients see (docs/protocol.md). `message` is one sentence for a person, with
the model server's own words where it sent any; `hint` is the one next step. `retryable` says whether
the same request may work if it is sent again. No message or hint ever holds a key.
"""

from typing import ClassVar


class CodexError(Exception):
    """A failure that is told to the user: `kind`, `message`, `hint`, `retryable`."""

    kind: ClassVar[str]
    exit_code: ClassVar[int] = 1
    """What a command ends with that fails so; 2 is wrong usage, as argparse has it."""
    retryable: bool = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidParams(CodexError):
    """The request itself makes no sense: wrong type, blank prompt, unknown effort."""

    kind = "invalidParams"
    exit_code = 2


class ConfigError(CodexError):
    """config.toml can't be read or is wrong; `hint` names file, line and column."""

    kind = "configInvalid"


class UnknownProfile(CodexError):
    """No such profile; `hint` lists the names."""

    kind = "unknownProfile"


class NoProfile(CodexError):
    """There is a config file, but nothing selects a model; `hint` lists the profiles."""

    kind = "noProfile"


class UnknownThread(CodexError):
    """No conversation has that id."""

    kind = "unknownThread"


class MissingCredential(CodexError):
    """The provider wants a key, and its environment variable is unset."""

    kind = "missingCredential"


class LocalOnly(CodexError):
    """The address is not on this machine, and the local-only lock is on."""

    kind = "localOnly"


class UntrustedWorkspace(CodexError):
    """The workspace asked for something that only a trusted one may ask for."""

    kind = "untrustedWorkspace"


class ProfileChanged(CodexError):
    """Another profile, or the same one at another address, would answer than the user was shown."""

    kind = "profileChanged"


class ProviderError(CodexError):
    """Something went wrong between this program and the model."""

    kind = "serverError"

    def __init__(
        self, message: str, *, hint: str | None = None, http_status: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.http_status = http_status
        self.parameter: str | None = None
        """The key of the request that the server's error names apart from its sentence."""


class Unreachable(ProviderError):
    """Nothing listens there, or the name or the certificate is not good.

    `passing`: the connection was refused or lost, which may pass; a bad name or certificate won't.
    """

    kind = "unreachable"
    retryable = True

    def __init__(self, message: str, *, hint: str | None = None, passing: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.passing = passing


class Unauthorized(ProviderError):
    """401 or 403: the key is missing, wrong, or not allowed to do this."""

    kind = "unauthorized"


class NotFound(ProviderError):
    """404: no such model, or no such path under `base_url`."""

    kind = "notFound"


class RateLimited(ProviderError):
    """429: too many requests."""

    kind = "rateLimited"
    retryable = True


class ServerError(ProviderError):
    """5xx, or an error that the server reported inside its stream."""

    kind = "serverError"
    retryable = True


class BadRequest(ProviderError):
    """A 4xx that no other class names."""

    kind = "badRequest"


class ContextOverflow(ProviderError):
    """The prompt does not fit the model's window; `hint` gives both numbers when they are known.

    A hint may hold `MORE_ROOM`: whoever knows the server says how that is done there.
    """

    kind = "contextOverflow"
    MORE_ROOM: ClassVar[str] = "give the model a larger context"


class StreamBroken(ProviderError):
    """The stream broke off or made no sense.

    `passing`: it broke off, which may not happen again; what makes no sense will make none next time.
    `misread`: what came was no answer of a model at all, so the address or `wire_api` is wrong.
    """

    kind = "streamBroken"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        http_status: int | None = None,
        passing: bool = True,
        misread: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, http_status=http_status)
        self.retryable = passing
        self.misread = misread


class TimedOut(ProviderError):
    """The connect, first-byte or idle limit passed; `message` says which."""

    kind = "timedOut"
    retryable = True
