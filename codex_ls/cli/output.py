"""Standard output and standard error without a buffer: a piece of text is out when `write` returns.

Invariant: nothing waits in this process. Every `write` is a write to the operating system, and a
reader that has gone away is an exception of its own, so that the model can be freed at once.
"""

import errno
import os
import select
import sys
from typing import Any, TextIO

_PIECE_BYTES = 4096
"""What a pipe that has room at all takes without blocking: POSIX's PIPE_BUF, as Linux sets it."""

_CLOSED = getattr(select, "POLLERR", 0) | getattr(select, "POLLHUP", 0)


class ReaderGone(Exception):
    """Whoever read this output has closed it: ``| head -1``, or a program that has ended."""


class OutputFailed(Exception):
    """This output can't be written: the disk is full, the terminal is gone."""


class WriteInterrupted(Exception):
    """A signal came, and the reader of this output does not read what is left to write."""


class Output:
    """One of the standard streams. With `lossy` what can't be written is dropped without a word.

    A pipe or file gets UTF-8, whatever the locale's code page is: it goes to a program, and has to be
    exact. A terminal gets the encoding it has; `unencodable` counts the characters it can't show.
    """

    def __init__(self, stream: TextIO | None, *, lossy: bool = False) -> None:
        self._stream = stream
        self._raw: Any = getattr(getattr(stream, "buffer", None), "raw", None)
        self.encoding: str = (self.is_terminal and getattr(stream, "encoding", None)) or "utf-8"
        self.unencodable = 0
        self._lossy = lossy
        self._room = _room_watch(self._raw)
        self.is_waiting = False
        """True while nobody makes room for more; a signal handler may then raise WriteInterrupted."""
        self._patience_ms: int | None = None
        self._is_given_up = False

    def write(self, text: str) -> None:
        """Write all of `text` now. Raises ReaderGone, OutputFailed, WriteInterrupted."""
        try:
            self._write_through(text)
        except WriteInterrupted:
            if not self._lossy:
                raise
        except OSError as error:
            if not self._lossy:
                raise _as_output_error(error) from error

    def hurry(self) -> None:
        """From now on a reader that does not read is waited for a second, and then given up."""
        self._patience_ms = 1_000

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads this."""
        return self._stream is not None and self._stream.isatty()

    def columns(self) -> int:
        """Return the width of the terminal now; 80 where it is not known."""
        try:
            return os.get_terminal_size(self._descriptor()).columns or 80
        except (OSError, ValueError):
            return 80

    def is_same_terminal(self, other: "Output") -> bool:
        """Whether both end on one terminal."""
        if not (self.is_terminal and other.is_terminal):
            return False
        here, there = os.fstat(self._descriptor()), os.fstat(other._descriptor())  # noqa: SLF001
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def has_lost_its_reader(self) -> bool:
        """Whether the other end of a pipe is closed, without writing to it; False if unknowable."""
        if not hasattr(select, "poll"):
            return False
        try:
            poll = select.poll()
            poll.register(self._descriptor(), 0)
            return any(state & _CLOSED for _, state in poll.poll(0))
        except (OSError, ValueError):
            return False

    def _descriptor(self) -> int:
        if self._stream is None:
            raise ValueError("no such stream")
        return self._stream.fileno()

    def _write_through(self, text: str) -> None:
        if self._stream is None:
            return
        if self._raw is None:
            self._stream.write(text)
            self._stream.flush()
            return
        data = memoryview(self._encoded(text))
        while data:
            self._wait_for_room()
            # None: the pipe is non-blocking, and another process took the room.
            data = data[self._raw.write(data[:_PIECE_BYTES]) or 0 :]

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError:
            self.unencodable += sum(not _can_encode(character, self.encoding) for character in text)
            return text.encode(self.encoding, "replace")

    def _wait_for_room(self) -> None:
        """Wait where a signal can end the waiting, and not in the middle of a write."""
        if self._room is None or self._room.poll(0):
            return
        if self._is_given_up:
            raise WriteInterrupted
        self.is_waiting = True
        try:
            self._is_given_up = not self._room.poll(self._patience_ms)
        except WriteInterrupted:
            self._is_given_up = True
        finally:
            self.is_waiting = False
        if self._is_given_up:
            raise WriteInterrupted


def _can_encode(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _room_watch(raw: Any) -> Any:
    """Tells when `raw` takes the next piece without blocking; None where nobody can tell."""
    if raw is None or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    try:
        poll.register(raw.fileno(), select.POLLOUT)
    except (OSError, ValueError):
        return None
    return poll


def encoding_note(*outputs: Output) -> str:
    """Return the line that says what a terminal could not show; empty where it showed everything."""
    for output in outputs:
        if output.unencodable:
            what = f"{output.unencodable} characters" if output.unencodable > 1 else "1 character"
            return (
                f"note: this terminal uses {output.encoding}, which does not have {what} of the"
                " answer; each is shown as ?\n"
                "hint: Use a UTF-8 terminal, or write the answer to a file: it is exact there.\n"
            )
    return ""


def flush(stream: TextIO | None) -> None:
    """Write out what another module left in `stream`'s buffer. Raises ReaderGone, OutputFailed."""
    try:
        if stream is not None and not stream.closed:
            stream.flush()
    except OSError as error:
        raise _as_output_error(error) from error


def _as_output_error(error: OSError) -> Exception:
    # Windows says EINVAL where the reader of a pipe has gone.
    gone = (errno.EPIPE, errno.ESHUTDOWN, errno.ECONNRESET)
    if error.errno in gone or (sys.platform == "win32" and error.errno == errno.EINVAL):
        return ReaderGone()
    return OutputFailed(f"The output can't be written: {error.strerror or error}.")
