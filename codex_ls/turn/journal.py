"""One turn on disk, written as it streams: JSON lines, each handed to the kernel as it comes.

Invariant: a process that is killed loses nothing that a surface has shown, and a disk that is full or
read-only never breaks a turn. The lines of one thread's file, and who writes them:

    {"type":"thread","version":1,"thread":ID,...,"at":TIME} once, by whoever makes the file
    {"type":"turn","turn":ID,"at":TIME,"prompt":...,...}    before the request is sent; "replaces" names
                                                            a turn that is no longer part of the thread
    {"turn":ID,"reasoning":PIECE} {"turn":ID,"content":PIECE} {"turn":ID,"reclassified":true|"content"}
    {"turn":ID,"steps":[MESSAGE...],"last_text":TEXT}       once, of a turn with tools
    {"type":"end","turn":ID,"at":TIME,"status":...,...}     once; missing if the process died

Every line names its turn, so that two processes may write one thread at the same time.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    ReasoningDelta,
    ReasoningEcho,
    Reclassified,
    TurnFinished,
)
from codex_ls.wire import Message

FORMAT_VERSION = 1

_quote = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Journal:
    """Takes the events of one turn. Nothing here raises: `trouble` says what went wrong."""

    def __init__(self, turn_id: str) -> None:
        self.trouble: str | None = None
        """Why this turn is not kept, or not whole; None while all is well."""
        self._turn_id = turn_id
        self._descriptor: int | None = None
        self._bytes = 0

    def open(
        self, path: Path, head: Mapping[str, Any], about: Mapping[str, Any], *, copied: bytes = b""
    ) -> None:
        """Begin the turn in a thread's file; `about` goes into the turn's first line.

        A file that is not there begins with `head`, and with the lines `copied` from another thread.
        """
        try:
            self._descriptor = open_private(path, os.O_RDWR)
            self._begin_line(head, copied)
        except OSError as error:
            self._give_up(error)
        self._write({"type": "turn", "turn": self._turn_id, "at": now(), **about})

    def add(self, event: Event) -> None:
        """Keep what belongs to the text; everything else passes."""
        match event:
            case ContentDelta():
                self._write_piece("content", event.text)
            case ReasoningDelta():
                self._write_piece("reasoning", event.text)
            case Reclassified():
                self._write({"turn": self._turn_id, "reclassified": True})
            case AnsweredInThinking():
                self._write({"turn": self._turn_id, "reclassified": "content"})
            case _:
                pass

    def add_steps(self, steps: tuple[Message, ...], last_text: str) -> None:
        """Keep the tool calls of the turn and their results."""
        if steps:
            kept = [_present(**asdict(step)) for step in steps]
            self._write({"turn": self._turn_id, "steps": kept, "last_text": last_text})

    def end(self, finished: TurnFinished, echo: ReasoningEcho | None) -> None:
        """Write how the turn ended."""
        error = finished.error
        self._write(
            _present(
                type="end",
                turn=self._turn_id,
                at=now(),
                status=finished.status,
                finish_reason=finished.finish_reason,
                timing=asdict(finished.timing),
                usage=asdict(finished.usage) if finished.usage else None,
                notices=[asdict(notice) for notice in finished.notices] or None,
                error=error and {"kind": error.kind, "message": error.message, "hint": error.hint},
                echo=asdict(echo) if echo else None,
            )
        )

    def close(self) -> int:
        """Let go of the file. Idempotent.

        Returns the bytes it would have if nobody else had written; 0 where nothing was kept.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)
        return self._bytes

    def _begin_line(self, head: Mapping[str, Any], copied: bytes) -> None:
        """Begin at a line's start: a process that was killed may have left half a line."""
        assert self._descriptor is not None
        self._bytes = os.fstat(self._descriptor).st_size
        if not self._bytes:
            self._write({"type": "thread", "version": FORMAT_VERSION, **head, "at": now()})
            self._write_bytes(copied)
            return
        os.lseek(self._descriptor, self._bytes - 1, os.SEEK_SET)
        if os.read(self._descriptor, 1) != b"\n":
            self._bytes += os.write(self._descriptor, b"\n")

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._descriptor is not None:
            self._write_bytes((_encode(line) + "\n").encode("utf-8", "replace"))

    def _write_piece(self, key: str, text: str) -> None:
        """A piece of text. It is on the way of every word: written out, it costs half of a dict."""
        if self._descriptor is not None:
            line = f'{{"turn":"{self._turn_id}","{key}":{_quote(text)}}}\n'
            self._write_bytes(line.encode("utf-8", "replace"))

    def _write_bytes(self, data: bytes) -> None:
        try:
            while data and self._descriptor is not None:
                written = os.write(self._descriptor, data)
                self._bytes += written
                data = data[written:]
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.trouble = self.trouble or error.strerror or type(error).__name__
        self.close()


def open_private(path: Path, access: int) -> int:
    """A descriptor of a file to append to; what is missing is made for this user alone.

    `access` is `os.O_RDWR` or `os.O_WRONLY`. Raises OSError.
    """
    flags = access | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        make_private_folder(path.parent)
        return os.open(path, flags, 0o600)


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone. Raises OSError."""
    if not folder.is_dir():
        if folder.parent != folder:  # a drive that is gone has nothing above it
            make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def now() -> str:
    """The time, as in `2026-01-31T12:00:00.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _present(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
