"""Checks of single JSON values: each returns the value in its type, or says what is wrong with it.

Nothing is converted: `"1"` is no number, and neither is `true` or `1.0` a whole one.
"""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

from codex_ls.events import Effort
from codex_ls.sanitize import is_blank

MAX_POSITION = 2**31 - 1
"""LSP's `uinteger` ends here."""

_EFFORTS: tuple[Effort, ...] = get_args(Effort)

T = TypeVar("T")
Token = str | int


class Wrong(ValueError):
    """A value that does not fit, and the path to it."""

    def __init__(self, sentence: str, *path: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.path = path


class Fields:
    """The fields of one JSON object, each read once with its check."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise Wrong("must be an object")
        self._value = value

    def need(self, name: str, check: Callable[[Any], T]) -> T:
        """The field's checked value. Raises Wrong if it is absent."""
        value = self._value.get(name)
        if value is None:
            raise Wrong("is required", name)
        return self._checked(name, check, value)

    def maybe(self, name: str, check: Callable[[Any], T]) -> T | None:
        """The field's checked value, or None if it is absent or null."""
        value = self._value.get(name)
        return None if value is None else self._checked(name, check, value)

    def _checked(self, name: str, check: Callable[[Any], T], value: Any) -> T:
        try:
            return check(value)
        except Wrong as wrong:
            raise Wrong(wrong.sentence, name, *wrong.path) from None


def text(value: Any) -> str:
    """Any text. Raises Wrong."""
    if not isinstance(value, str):
        raise Wrong("must be text")
    return value


def prompt(value: Any) -> str:
    """Text that is not blank, in a form that can be sent. Raises Wrong."""
    if is_blank(text(value)):
        raise Wrong("must not be blank")
    return well_formed(value)


def effort(value: Any) -> Effort:
    """One of the five efforts. Raises Wrong."""
    for known in _EFFORTS:
        if value == known:
            return known
    raise Wrong(f"must be one of {', '.join(_EFFORTS)}")


def flag(value: Any) -> bool:
    """True or false. Raises Wrong."""
    if not isinstance(value, bool):
        raise Wrong("must be true or false")
    return value


def listing(value: Any) -> list[Any]:
    """A list of anything. Raises Wrong."""
    if not isinstance(value, list):
        raise Wrong("must be a list")
    return value


def integer(value: Any, low: int, high: int) -> int:
    """A whole number in its bounds; true and 1.0 are none. Raises Wrong."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Wrong(f"must be a whole number from {low} to {high}")
    return value


def uinteger(value: Any) -> int:
    """A line or a character. Raises Wrong."""
    return integer(value, 0, MAX_POSITION)


def severity(value: Any) -> int:
    """A diagnostic's severity. Raises Wrong."""
    return integer(value, 1, 4)


def text_or_integer(value: Any) -> str | int:
    """A diagnostic's code. Raises Wrong."""
    return value if isinstance(value, str) else integer(value, -(2**63), 2**63 - 1)


def token(value: Any) -> Token:
    """A progress token. Raises Wrong."""
    return value if isinstance(value, str) else integer(value, -(2**31), MAX_POSITION)


def message(value: Any) -> str:
    """A diagnostic's message: text, or LSP 3.18's markup. Raises Wrong."""
    return well_formed(value if isinstance(value, str) else Fields(value).need("value", text))


def well_formed(text: str) -> str:
    """Return text that has a UTF-8 form: half a surrogate pair, cut by an editor, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
