"""The params of code actions and commands, checked as those of `codex/*` are.

A command's argument is one object. A person who types it into an editor's prompt may give a plain text
instead: the question, or the name of the profile.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

from codex_ls.events import Effort
from codex_ls.lsp.params import Diagnostic, Range, TextDocument, diagnostics
from codex_ls.lsp.values import (
    Fields,
    Token,
    Wrong,
    effort,
    flag,
    integer,
    listing,
    prompt,
    text,
    token,
)

EffortChoice = Effort | Literal["default"]

_AUTOMATIC = 2
_TRIGGER_KINDS = 2


@dataclass(frozen=True, slots=True)
class CodeActionParams:
    """What `textDocument/codeAction` asks; `raw_diagnostics` are as the client sent them."""

    textDocument: TextDocument  # noqa: N815
    range: Range
    diagnostics: tuple[Diagnostic, ...] = ()
    raw_diagnostics: tuple[dict[str, Any], ...] = ()
    only: tuple[str, ...] | None = None
    is_automatic: bool = False
    """The editor asks by itself, for a lamp in its margin."""

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        fields = Fields(value)
        context = fields.maybe("context", Fields) or Fields({})
        raw = context.maybe("diagnostics", listing) or []
        return cls(
            textDocument=fields.need("textDocument", TextDocument.read),
            range=fields.need("range", Range.read),
            diagnostics=diagnostics(raw),
            raw_diagnostics=tuple(raw),
            only=context.maybe("only", _texts),
            is_automatic=context.maybe("triggerKind", _trigger_kind) == _AUTOMATIC,
        )


@dataclass(frozen=True, slots=True)
class ExecuteCommandParams:
    """What `workspace/executeCommand` asks."""

    command: str
    argument: Any = None
    """The first argument; no command of ours has more."""
    workDoneToken: Token | None = None  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check them. Raises Wrong."""
        fields = Fields(value)
        arguments = fields.maybe("arguments", listing) or [None]
        return cls(fields.need("command", text), arguments[0], fields.maybe("workDoneToken", token))


@dataclass(frozen=True, slots=True)
class AskArguments:
    """The argument of `codex.ask`, `codex.explain` and `codex.fix`."""

    prompt: str | None = None
    threadId: str | None = None  # noqa: N815
    profile: str | None = None
    model: str | None = None
    effort: Effort | None = None
    textDocument: TextDocument | None = None  # noqa: N815
    range: Range | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check it. Raises Wrong."""
        if isinstance(value, str):
            return cls(prompt=prompt(value))
        fields = Fields(value)
        arguments = cls(
            prompt=fields.maybe("prompt", prompt),
            threadId=fields.maybe("threadId", text),
            profile=fields.maybe("profile", text),
            model=fields.maybe("model", text),
            effort=fields.maybe("effort", effort),
            textDocument=fields.maybe("textDocument", TextDocument.read),
            range=fields.maybe("range", Range.read),
            diagnostics=fields.maybe("diagnostics", diagnostics) or (),
        )
        if arguments.range is not None and arguments.textDocument is None:
            raise Wrong("needs a textDocument", "range")
        return arguments


@dataclass(frozen=True, slots=True)
class ProfileArguments:
    """The argument of `codex.selectProfile`."""

    profile: str | None = None

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check it. Raises Wrong."""
        return cls(value if isinstance(value, str) else Fields(value).maybe("profile", text))


@dataclass(frozen=True, slots=True)
class ModelArguments:
    """The argument of `codex.selectModel`; empty text is the profile's own model.

    Its profile is the one that answers questions about `textDocument`.
    """

    model: str | None = None
    textDocument: TextDocument | None = None  # noqa: N815

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check it. Raises Wrong."""
        if isinstance(value, str):
            return cls(value.strip())
        fields = Fields(value)
        name = fields.maybe("model", text)
        document = fields.maybe("textDocument", TextDocument.read)
        return cls(None if name is None else name.strip(), document)


@dataclass(frozen=True, slots=True)
class EffortArguments:
    """The argument of `codex.selectEffort`; `default` is what the profile says."""

    effort: EffortChoice | None = None

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check it. Raises Wrong."""
        if isinstance(value, str):
            return cls(_effort_or_default(value))
        return cls(Fields(value).maybe("effort", _effort_or_default))


@dataclass(frozen=True, slots=True)
class DoctorArguments:
    """The argument of `codex.doctor`."""

    profile: str | None = None
    discover: bool = False

    @classmethod
    def read(cls, value: Any) -> Self:
        """Check it. Raises Wrong."""
        if isinstance(value, str):
            return cls(profile=value)
        fields = Fields(value)
        return cls(fields.maybe("profile", text), fields.maybe("discover", flag) or False)


def _effort_or_default(value: Any) -> EffortChoice:
    if value == "default":
        return "default"
    return effort(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text(item) for item in listing(value))


def _trigger_kind(value: Any) -> int:
    return integer(value, 1, _TRIGGER_KINDS)
