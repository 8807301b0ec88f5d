"""The params of `codex/*` requests, checked: a wrong one is answered at once and by name.

Unknown keys are ignored, null reads as absent, and nothing is converted: `"1"` is no line number.
pydantic is used here and nowhere on the way of a delta.
"""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from codex_ls.errors import InvalidParams
from codex_ls.events import Effort

MAX_POSITION = 2**31 - 1
"""LSP's `uinteger` ends here."""


class _Params(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


_Uinteger = Annotated[int, Field(ge=0, le=MAX_POSITION)]
_Token = str | Annotated[int, Field(ge=-(2**31), le=MAX_POSITION)]


class Position(_Params):
    """A place in a document; `character` counts code units of the negotiated encoding."""

    line: _Uinteger
    character: _Uinteger


class Range(_Params):
    """From `start` up to and without `end`."""

    start: Position
    end: Position


class TextDocument(_Params):
    """Which document."""

    uri: Annotated[str, Field(min_length=1, max_length=8192)]


class Markup(_Params):
    """Text of a diagnostic in LSP 3.18."""

    value: str


class Diagnostic(_Params):
    """What some other server found wrong in the document."""

    range: Range
    message: str | Markup
    severity: Annotated[int, Field(ge=1, le=4)] | None = None
    code: int | str | None = None
    source: str | None = None

    @property
    def text(self) -> str:
        """The message as plain text."""
        return well_formed(self.message if isinstance(self.message, str) else self.message.value)


class ExecParams(_Params):
    """What `codex/exec` asks."""

    prompt: str
    profile: str | None = None
    model: str | None = None
    effort: Effort | None = None
    threadId: str | None = None  # noqa: N815 - the names of the protocol
    textDocument: TextDocument | None = None  # noqa: N815
    range: Range | None = None
    diagnostics: list[Diagnostic] | None = None
    workDoneToken: _Token | None = None  # noqa: N815
    partialResultToken: _Token | None = None  # noqa: N815

    @field_validator("prompt")
    @classmethod
    def _not_blank(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("must not be blank")
        return well_formed(prompt)

    @model_validator(mode="after")
    def _range_has_document(self) -> "ExecParams":
        if self.range is not None and self.textDocument is None:
            raise ValueError("a range needs a textDocument")
        return self


class ProfilesParams(_Params):
    """What `codex/profiles` asks."""

    textDocument: TextDocument | None = None  # noqa: N815


def well_formed(text: str) -> str:
    """Return text that has a UTF-8 form: half a surrogate pair, cut by an editor, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


P = TypeVar("P", bound=_Params)


def parse(model: type[P], params: Any) -> P:
    """Return checked params. Raises InvalidParams with the name of what is wrong."""
    try:
        return model.model_validate({} if params is None else params)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise InvalidParams(f"Invalid params: {where + ': ' if where else ''}{what}") from None
