"""A conversation: what was asked and answered, and what of it goes back to the model.

Kept in memory, and on disk by `turn/thread_repository`. Turns of one thread run one after the other
(`lock`); a turn's text is kept whatever became of it, since the user has read it.
"""

import asyncio
import base64
import mimetypes
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from codex_ls.errors import InvalidParams
from codex_ls.events import ReasoningEcho, Status
from codex_ls.wire import Image, Message

_NO_ANSWER = "(no answer)"
"""Stands in the history for a turn that ended without one: some chat templates fail if user and
assistant don't take turns."""


def new_id() -> str:
    """The id of a new thread or turn: a UUID of version 7 (RFC 9562), as Codex makes them.

    A later one sorts behind an earlier one: 48 bits of milliseconds, 12 bits of the millisecond's
    fraction (RFC 9562, 6.2, method 3), and 62 bits of chance. Python has a function for them from 3.14
    on. Ids of version 4, which earlier versions made, stay valid.
    """
    ms, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = (rest_ns << 12) // 1_000_000
    chance = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    digits = f"{ms & ((1 << 48) - 1):012x}7{fraction:03x}{(0b10 << 62) | chance:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True)
class PastTurn:
    """One question and what came of it."""

    prompt: str
    reasoning: str
    content: str
    status: Status
    images: tuple[Image, ...] = ()
    echo: ReasoningEcho | None = None
    provider: str = ""
    """The provider that answered: thinking goes back only to the server it came from."""
    turn_id: str = ""
    local_only: bool = False
    """Asked while the local-only lock was on: its text stays on this machine."""
    steps: tuple[Message, ...] = ()
    """Of a turn with tools: its calls and their results, in order."""
    last_text: str = ""
    """Of a turn with tools: its answer, without what was said before the calls."""


@dataclass(slots=True, weakref_slot=True)
class Thread:
    """One conversation, oldest turn first."""

    thread_id: str = field(default_factory=new_id)
    turns: list[PastTurn] = field(default_factory=list)
    turn_ids: set[str] = field(default_factory=set)
    """All its turns, those without any text too."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    kept_bytes: int = 0
    """How far this process knows the thread's file."""
    folder: str | None = None
    """The folder it began in, where that is known."""
    forked_from: str | None = None
    """The thread that this one is a copy of."""
    copied: bytes = b""
    """The lines of that thread, for this one's file once it has one."""

    def drop(self, turn_id: str) -> None:
        """Take a turn out of the conversation: another one is in its place."""
        self.turn_ids.discard(turn_id)
        self.turns[:] = [turn for turn in self.turns if turn.turn_id != turn_id]

    def messages(
        self,
        system: str,
        prompt: str,
        images: tuple[Image, ...],
        *,
        provider: str,
        with_steps: bool = False,
    ) -> tuple[Message, ...]:
        """The whole conversation, with `prompt` as its newest question.

        An empty `system` is no message.
        """
        messages = [Message("system", system)] if system else []
        for turn in self.turns:
            same = turn.provider == provider
            messages.append(Message("user", turn.prompt, turn.images))
            has_steps = with_steps and bool(turn.steps)
            if has_steps:
                messages += (
                    step if same else replace(step, reasoning="", echo=None) for step in turn.steps
                )
            messages.append(
                Message(
                    "assistant",
                    (turn.last_text if has_steps else turn.content) or _NO_ANSWER,
                    reasoning=turn.reasoning if same and not has_steps else "",
                    echo=turn.echo if same else None,
                )
            )
        messages.append(Message("user", prompt, images))
        return tuple(messages)


def read_image(path: Path) -> Image:
    """The picture in a file. Raises InvalidParams if it can't be read or is no picture."""
    media_type = mimetypes.guess_type(path.name)[0] or ""
    if not media_type.startswith("image/"):
        raise InvalidParams(f"{path} is not a picture (png, jpeg, gif, webp).")
    try:
        return Image(media_type, base64.b64encode(path.read_bytes()).decode("ascii"))
    except OSError as error:
        raise InvalidParams(f"{path} can't be read: {error.strerror}.") from None
