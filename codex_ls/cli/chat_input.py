"""The questions of a conversation: edited at a terminal, or read from a pipe line by line."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from codex_ls.cli import terminal_input
from codex_ls.turn.journal import open_private

_PROMPT, _MORE = "> ", ". "
_HISTORY_LINES = 500
_LINE_END = "\r"
"""Stands in the history's file for a line end within a question; nobody can type it."""


class ChatInput:
    """Reads one question after the other; with `history` earlier ones can be found again.

    `completions` gives the lines that can become of what was typed.
    """

    def __init__(self, completions: Callable[[str], Sequence[str]], history: Path | None) -> None:
        self._completions = completions
        self._found: Sequence[str] = ()
        self._history = history
        self._is_edited = False
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="surrogateescape")
        if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
            self._load_editor()

    def next(self) -> str | None:
        """The next question; None at the end of the input. Ctrl-C drops the line that was begun."""
        lines: list[str] = []
        while True:
            try:
                line = self._read(_MORE if lines else _PROMPT)
            except EOFError:
                if self._is_edited:
                    sys.stdout.write("\n")  # Ctrl-D leaves the cursor behind the prompt
                    sys.stdout.flush()
                return "\n".join(lines) if lines else None
            except KeyboardInterrupt:
                if not self._is_edited:
                    raise
                sys.stdout.write("\n")
                lines = []
                continue
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])

    def close(self) -> None:
        """Keep the history for the next time, for this user's eyes alone."""
        if not self._is_edited or self._history is None:
            return
        import readline

        with suppress(OSError):
            os.close(open_private(self._history, os.O_WRONLY))
            readline.set_history_length(_HISTORY_LINES)
            _exchange_in_history("\n", _LINE_END)
            readline.write_history_file(self._history)

    def _read(self, prompt: str) -> str:
        if self._is_edited:
            return _clean(terminal_input.read_text(prompt, more=_MORE))
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return _clean(line.rstrip("\r\n"))

    def _load_editor(self) -> None:
        self._is_edited = True
        if not terminal_input.load_line_editor():
            return
        import readline

        readline.set_completer_delims("")
        readline.set_completer(self._complete)
        readline.parse_and_bind("tab: complete")
        if self._history is not None:
            with suppress(OSError):
                readline.read_history_file(self._history)
                _exchange_in_history(_LINE_END, "\n")

    def _complete(self, text: str, state: int) -> str | None:
        if state == 0:  # readline asks for one after the other
            self._found = self._completions(text)
        return self._found[state] if state < len(self._found) else None


def _exchange_in_history(old: str, new: str) -> None:
    """Exchange characters in what was typed: a file of history has one line for each."""
    import readline

    for number in range(readline.get_current_history_length()):
        line = readline.get_history_item(number + 1)
        if old in line:
            readline.replace_history_item(number, line.replace(old, new))


def _clean(text: str) -> str:
    """Text from the operating system, where what is no Unicode stands as a lone surrogate."""
    errors = "surrogateescape" if os.name == "posix" else "surrogatepass"
    return text.encode("utf-8", errors).decode("utf-8", "replace")
