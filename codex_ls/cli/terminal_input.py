"""What a person types or pastes at the terminal, and nothing of it for the shell behind it.

A paste is one text, whatever line ends it has. Terminals mark the ends of a paste if they are asked to
(bracketed paste mode of xterm), which Python switches off in readline (bpo-42819). Where nothing marks
them, lines that arrive together are one text: nobody types that fast.

Whatever was typed or pasted and not read when the program ends would be read, and run, by the shell.
`discard_rest` drops it, if the program has asked anything.
"""

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from codex_ls.cli.output import Output

_STDIN = 0
_PASTE_GAP_S = 0.05
"""Between two lines of one paste; over a slow ssh connection they arrive in one packet."""

_DISCARD_AT_MOST_S = 1.0
"""A paste that the terminal is still sending arrives in pieces of at most 4096 bytes."""

_has_asked = False


def read_text(question: str, *, more: str = "") -> str:
    """Return what was typed up to Enter, or all lines of a paste, joined with `\\n`.

    `more` is the prompt before further lines of a paste. Raises EOFError, KeyboardInterrupt.
    """
    _remember_that_it_asked()
    with _terminal_restored():
        # Lines that were typed while nobody read are questions of their own.
        was_typed_ahead = _is_waiting(0)
        lines = [_edited(question)]
        with suppress(EOFError):
            while not was_typed_ahead and _is_waiting(_PASTE_GAP_S):
                lines.append(_edited(more))
    return "\n".join(lines)


def _edited(question: str) -> str:
    _hand_over_keys(echo=True)  # readline shows what is typed only where the terminal would
    try:
        return input(question)
    finally:
        _hand_over_keys(echo=False)


def read_answer() -> str:
    """Return one line with its end, as the terminal edits it; empty at the end of the input."""
    _remember_that_it_asked()
    return sys.stdin.readline()


def read_answer_alone() -> str:
    """Return one line, and leave `sys.stdin` as it was for whoever reads the prompt from it."""
    _remember_that_it_asked()
    return os.read(_STDIN, 4096).decode(errors="replace")


def read_lines() -> str:
    """Return one line, or all that arrive with it, where there is no screen to edit them on."""
    text = read_answer()
    while text and _is_waiting(_PASTE_GAP_S):
        line = sys.stdin.readline()
        if not line:
            break
        text += line
    return text


def load_line_editor() -> bool:
    """Let `input` edit lines, and take a paste as one text; False where there is no readline."""
    try:
        import readline
    except ImportError:  # Windows edits lines by itself
        return False
    if os.environ.get("TERM", "dumb") != "dumb":
        readline.parse_and_bind("set enable-bracketed-paste on")
    return True


@contextmanager
def editing_on(err: Output) -> Iterator[bool]:
    """Let `input` edit on the terminal of `err` where standard output is redirected.

    Yields whether there is a terminal to edit on: `input` only ever looks at descriptor 1.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        yield True
        return
    if not err.is_terminal or os.name != "posix":
        yield False
        return
    before = sys.stdout
    redirected = os.dup(1)
    try:
        os.dup2(2, 1)
        sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        yield True
    finally:
        sys.stdout.flush()
        sys.stdout = before
        os.dup2(redirected, 1)
        os.close(redirected)


def discard_rest() -> None:
    """Drop what was typed or pasted and not read, if anything was asked; wait for no more of it."""
    if not _has_asked or os.name != "posix":
        return
    import termios

    deadline = time.monotonic() + _DISCARD_AT_MOST_S
    with suppress(OSError, termios.error), _terminal_restored():
        _hand_over_keys(echo=False)
        termios.tcflush(_STDIN, termios.TCIFLUSH)
        while _is_waiting(_PASTE_GAP_S) and time.monotonic() < deadline:
            termios.tcflush(_STDIN, termios.TCIFLUSH)


def _remember_that_it_asked() -> None:
    global _has_asked
    _has_asked = _has_asked or os.isatty(_STDIN)


@contextmanager
def _terminal_restored() -> Iterator[None]:
    """Leave the terminal's settings as they were."""
    if os.name != "posix" or not os.isatty(_STDIN):
        yield
        return
    import termios

    before = termios.tcgetattr(_STDIN)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(_STDIN, termios.TCSADRAIN, before)


def _hand_over_keys(*, echo: bool) -> None:
    """Have the terminal hand over each key: line by line it keeps what has no line end to itself.

    readline restores what it finds, so this also holds between two calls of `input`.
    """
    if os.name != "posix" or not os.isatty(_STDIN):
        return
    import termios

    with suppress(termios.error):  # the terminal is gone
        settings = termios.tcgetattr(_STDIN)
        settings[3] &= ~termios.ICANON
        settings[3] = settings[3] | termios.ECHO if echo else settings[3] & ~termios.ECHO
        termios.tcsetattr(_STDIN, termios.TCSADRAIN, settings)


def _is_waiting(seconds: float) -> bool:
    """Whether there is input to read within so many seconds."""
    if os.name == "posix":
        return bool(select.select([_STDIN], [], [], seconds)[0])
    if sys.platform == "win32":
        import msvcrt

        deadline = time.monotonic() + seconds
        while not msvcrt.kbhit():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        return True
    return False
