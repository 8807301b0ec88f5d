"""The params of `codex/*` requests, checked: a wrong one is answered at once and by name.

Unknown keys are ignored, null reads as absent, and nothing is converted: `"1"` is no line number. Plain
Python, so that the server can be carried anywhere and starts without a validation library.
"""

from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from codex_ls.errors import InvalidParams
from codex_ls.events import Effort
from codex_ls.lsp.values import (
    Fields,
    Token,
    Wrong,
    effort,
    flag,
    listing,
    message,
    prompt,
    severity,
    text,
    text_or_integer,
    token,
    uinteger,
)

MAX_URI = 8192


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a document; `character` counts code units of the negotiated encoding."""

    line: int
    character: int

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check one. Raises Wrong."""
        fields = Fields(value)
        return cls(fields.need("line", uinteger), fields.need("character", uinteger))


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` up to and without `end`."""

    start: Position
    end: Position

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check one. Raises Wrong."""
        fields = Fields(value)
        return cls(fields.need("start", Position.read), fields.need("end", Position.read))


@dataclass(frozen=True, slots=True)
class TextDocument:
    """Which document."""

    uri: str

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check one. Raises Wrong."""
        uri = Fields(value).need("uri", text)
        if not 0 < len(uri) <= MAX_URI:
            raise Wrong(f"must have 1 to {MAX_URI} characters", "uri")
        return cls(uri)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What some other server found wrong in the document; `severity` is LSP's 1 to 4."""

    range: Range
    text: str
    severity: int | None = None
    code: int | str | None = None
    source: str | None = None

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check one. Raises Wrong."""
        fields = Fields(value)
        return cls(
            fields.need("range", Range.read),
            fields.need("message", message),
            fields.maybe("severity", severity),
            fields.maybe("code", text_or_integer),
            fields.maybe("source", text),
        )


@dataclass(frozen=True, slots=True)
class ExecParams:
    """What `codex/exec` asks; the names are the protocol's."""

    prompt: str
    profile: str | None = None
    model: str | None = None
    effort: Effort | None = None
    threadId: str | None = None  # noqa: N815
    textDocument: TextDocument | None = None  # noqa: N815
    range: Range | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    workDoneToken: Token | None = None  # noqa: N815
    partialResultToken: Token | None = None  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        fields = Fields(value)
        params = cls(
            prompt=fields.need("prompt", prompt),
            profile=fields.maybe("profile", text),
            model=fields.maybe("model", text),
            effort=fields.maybe("effort", effort),
            threadId=fields.maybe("threadId", text),
            textDocument=fields.maybe("textDocument", TextDocument.read),
            range=fields.maybe("range", Range.read),
            diagnostics=fields.maybe("diagnostics", diagnostics) or (),
            workDoneToken=fields.maybe("workDoneToken", token),
            partialResultToken=fields.maybe("partialResultToken", token),
        )
        if params.range is not None and params.textDocument is None:
            raise Wrong("needs a textDocument", "range")
        return params


@dataclass(frozen=True, slots=True)
class ProfilesParams:
    """What `codex/profiles` asks."""

    textDocument: TextDocument | None = None  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        return cls(Fields(value).maybe("textDocument", TextDocument.read))


@dataclass(frozen=True, slots=True)
class DoctorParams:
    """What `codex/doctor` asks."""

    profile: str | None = None
    discover: bool = False
    workDoneToken: Token | None = None  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        fields = Fields(value)
        return cls(
            profile=fields.maybe("profile", text),
            discover=fields.maybe("discover", flag) or False,
            workDoneToken=fields.maybe("workDoneToken", token),
        )


@dataclass(frozen=True, slots=True)
class ThreadParams:
    """What `codex/thread` asks."""

    threadId: str  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        return cls(Fields(value).need("threadId", text))


@dataclass(frozen=True, slots=True)
class ModelsParams:
    """What `codex/models` asks; the document is one whose settings apply."""

    profile: str | None = None
    textDocument: TextDocument | None = None  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        fields = Fields(value)
        return cls(
            profile=fields.maybe("profile", text),
            textDocument=fields.maybe("textDocument", TextDocument.read),
        )


@dataclass(frozen=True, slots=True)
class ModelPullParams:
    """What `codex/modelPull` asks."""

    name: str
    workDoneToken: Token | None = None  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        fields = Fields(value)
        return cls(fields.need("name", text), fields.maybe("workDoneToken", token))


class Readable(Protocol):
    """Params that check themselves."""

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""


P = TypeVar("P", bound=Readable)


def parse(model: type[P], params: Any) -> P:
    """Return checked params. Raises InvalidParams with the name of what is wrong."""
    try:
        return model.read({} if params is None else params)
    except Wrong as wrong:
        where = ".".join(wrong.path)
        raise InvalidParams(
            f"Invalid params: {where + ' ' if where else ''}{wrong.sentence}"
        ) from None


def diagnostics(value: Any) -> tuple[Diagnostic, ...]:
    """A list of diagnostics. Raises Wrong."""
    found = []
    for number, item in enumerate(listing(value)):
        try:
            found.append(Diagnostic.read(item))
        except Wrong as wrong:
            raise Wrong(wrong.sentence, str(number), *wrong.path) from None
    return tuple(found)
