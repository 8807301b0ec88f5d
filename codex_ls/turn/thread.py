"""A conversation: what was asked and answered, and what of it goes back to the model.

Kept in memory, and on disk by `turn/keeping`. Turns of one thread run one after the other (`lock`);
a turn's text is kept whatever became of it, since the user has read it.
"""

import asyncio
import base64
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path

from codex_ls.errors import InvalidParams
from codex_ls.events import ReasoningEcho, Status
from codex_ls.turn.ids import new_id
from codex_ls.wire import Image, Message

_NO_ANSWER = "(no answer)"
"""Stands in the history for a turn that ended without one: some chat templates fail if user and
assistant don't take turns."""


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


@dataclass(slots=True, weakref_slot=True)
class Thread:
    """One conversation, oldest turn first."""

    thread_id: str = field(default_factory=new_id)
    turns: list[PastTurn] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    kept_bytes: int = 0
    """How far this process knows the thread's file."""
    folder: str | None = None
    """The folder it began in, where that is known."""
    forked_from: str | None = None
    """The thread that this one is a copy of."""
    copied: bytes = b""
    """The lines of that thread, for this one's file once it has one."""

    def messages(
        self, system: str, prompt: str, images: tuple[Image, ...], *, provider: str
    ) -> tuple[Message, ...]:
        """The whole conversation, with `prompt` as its newest question."""
        messages = [Message("system", system)]
        for turn in self.turns:
            same = turn.provider == provider
            messages.append(Message("user", turn.prompt, turn.images))
            messages.append(
                Message(
                    "assistant",
                    turn.content or _NO_ANSWER,
                    reasoning=turn.reasoning if same else "",
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
