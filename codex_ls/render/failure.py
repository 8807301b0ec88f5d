"""The one shape of a failure in a terminal: ``error: sentence``, then ``hint: ...``."""

from codex_ls.errors import CodexError


def failure_lines(error: CodexError) -> str:
    """The lines for standard error, each ending in a newline; the hint only where there is one."""
    return labelled_lines("error", error.message, hint=error.hint)


def labelled_lines(label: str, message: str, *, hint: str | None = None) -> str:
    """`label: message` and, where there is one, `hint: ...`, each on a line of its own."""
    lines = f"{label}: {_indented(message)}\n"
    return f"{lines}hint: {_indented(hint)}\n" if hint else lines


def failure_sentence(error: CodexError) -> str:
    """Message and hint in one line, for a JSON event that has one text and no more."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _indented(text: str) -> str:
    """Further lines of a text stand below its first one, so that the next label is seen."""
    return text.strip().replace("\n", "\n  ")
