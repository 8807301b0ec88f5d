"""The question: from the command line, from standard input, or from a person at the terminal.

As in `codex exec`: with a prompt on the command line, piped input is added to it in a `<stdin>`
block; without one, or with `-`, the input is the prompt.
"""

import codecs
import io
import os
import select
import sys
from pathlib import Path

from codex_ls.cli import terminal_input
from codex_ls.cli.output import Output
from codex_ls.errors import InvalidParams
from codex_ls.sanitize import is_blank

_STDIN = 0
_QUIET_SECONDS = 1.0
_NO_PROMPT_HINT = 'Write codex-ls exec "your question", or pipe one in.'


def read_prompt(argument: str | None, *, err: Output) -> str:
    """The whole prompt. Raises InvalidParams where there is none; tells `err` what it waits for."""
    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    if argument is not None and argument != "-":
        prompt = _without_surrogates(argument)
        if is_blank(prompt):
            raise InvalidParams("The prompt is empty.", hint=_NO_PROMPT_HINT)
        return prompt if is_terminal else _with_piped_input(prompt, _read_piped(err, waits=True))
    if not is_terminal:
        prompt = _read_piped(err)
    elif argument == "-":
        err.write("Write the prompt, and end it with Ctrl-D on a line of its own.\n")
        prompt = _read_piped(err)
    else:
        prompt = _ask(err)
    if is_blank(prompt):
        raise InvalidParams("There is no prompt.", hint=_NO_PROMPT_HINT)
    return prompt


_MAX_FILE_BYTES = 1024 * 1024


def read_file(path: Path) -> str:
    """The text of a file between tags that name it. Raises InvalidParams."""
    text = _text_of(path, option="-f")
    end = "" if text.endswith("\n") or not text else "\n"
    return f'<file path="{_without_surrogates(str(path))}">\n{text}{end}</file>'


def read_system(given: str | None) -> str | None:
    """The system prompt: the text that was given, or that of the file behind `@`.

    Raises InvalidParams.
    """
    if given is None or not given.startswith("@"):
        return None if given is None else _without_surrogates(given)
    return _text_of(Path(given[1:]).expanduser(), option="--system").strip()


def _text_of(path: Path, *, option: str) -> str:
    try:
        if path.is_dir():
            raise InvalidParams(f"{path} is a folder.", hint=f"{option} takes the name of a file.")
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidParams(
            f"The file {path} can't be read: {error.strerror}.", hint="Check the path."
        ) from None
    if len(data) > _MAX_FILE_BYTES:
        raise InvalidParams(
            f"The file {path} is larger than 1 MiB.", hint="Pipe in the part that matters."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidParams(
            f"The file {path} is not UTF-8 text.", hint="Use -i for an image."
        ) from None


def _with_piped_input(prompt: str, piped: str) -> str:
    if is_blank(piped):
        return prompt
    end = "" if piped.endswith("\n") else "\n"
    return f"{prompt}\n\n<stdin>\n{piped}{end}</stdin>"


def _read_piped(err: Output, *, waits: bool = False) -> str:
    """Standard input to its end; with `waits`, says so when nothing has come for a second."""
    if sys.stdin is None:
        return ""
    if waits and os.name == "posix" and not select.select([_STDIN], [], [], _QUIET_SECONDS)[0]:
        err.write("note: reading more input from standard input, until it ends\n")
    pieces = []
    while piece := _read_piece():
        pieces.append(piece)
    return _decoded(b"".join(pieces), err)


def _read_piece() -> bytes:
    while True:
        try:
            return os.read(_STDIN, 65536)
        except BlockingIOError:  # another process made the pipe non-blocking
            select.select([_STDIN], [], [])


def _decoded(data: bytes, err: Output) -> str:
    """UTF-8, or the UTF-16 that Windows shells pipe; what is neither is replaced, and said."""
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if is_utf16 else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        err.write("note: standard input is not valid UTF-8; invalid bytes are replaced\n")
        return data.decode(encoding, "replace")


def _ask(err: Output) -> str:
    """Return the line that a person types, or the text that a person pastes."""
    question = "Ask: "
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    with terminal_input.editing_on(err) as can_edit:
        if not can_edit:
            err.write(question)
            return _without_surrogates(terminal_input.read_lines())
        terminal_input.load_line_editor()
        try:
            return _without_surrogates(terminal_input.read_text(question))
        except EOFError:
            err.write("\n")
            return ""


def _without_surrogates(text: str) -> str:
    """Text from the operating system, where what is no Unicode stands as a lone surrogate."""
    errors = "surrogateescape" if os.name == "posix" else "surrogatepass"
    return text.encode("utf-8", errors).decode("utf-8", "replace")
