"""The one shape of a failure in a terminal: ``error: sentence``, then ``hint: ...``.

Invariant: no failure does anything to a terminal. A sentence may quote what a model server sent, so all
of it goes through `sanitize` here, whoever made it.
"""

from codex_ls.errors import CodexError
from codex_ls.sanitize import sanitize


def failure_lines(error: CodexError) -> str:
    """The lines for standard error, each ending in a newline; the hint only where there is one."""
    return labelled_lines("error", error.message, hint=error.hint)


def labelled_lines(label: str, message: str, *, hint: str | None = None) -> str:
    """`label: message` and, where there is one, `hint: ...`, each on a line of its own."""
    lines = f"{label}: {_indented(message)}\n"
    return f"{lines}hint: {_indented(hint)}\n" if hint else lines


def failure_sentence(error: CodexError) -> str:
    """Message and hint in one line, for a JSON event that has one text and no more."""
    return one_line(error.message, hint=error.hint)


def one_line(message: str, *, hint: str | None = None) -> str:
    """A message with its hint behind it, as one text that is safe to show."""
    return sanitize(f"{message} ({hint})" if hint else message)


def _indented(text: str) -> str:
    """Further lines of a text stand below its first one, so that the next label is seen."""
    return sanitize(text).strip().replace("\n", "\n  ")
