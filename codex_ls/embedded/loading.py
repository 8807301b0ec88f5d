"""How far the child has come with loading its model, as its memory tells.

llama.cpp maps the file, touches all of it, lays some weights out anew for the processor and fills the
memory of the conversation: the child grows steadily up to a size that is known beforehand. Only Linux
tells how large another process is without asking anybody; elsewhere nothing is said of how far it is.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from codex_ls.embedded.catalog import BuiltInModel

_PROGRAM_BYTES = 80_000_000
"""Python and llama.cpp themselves with their buffers: 60 to 100 MB with either model (measured)."""
_ALMOST = 0.99


@dataclass(slots=True)
class Loading:
    """A model that a child process is loading."""

    pid: int
    expected_bytes: int
    _seen: float = 0.0

    @classmethod
    def of(cls, pid: int, model: BuiltInModel, *, context: int) -> "Loading":
        """The loading of `model` for conversations of `context` tokens."""
        memory = model.size + model.repacked_bytes + context * model.context_bytes
        return cls(pid, memory + _PROGRAM_BYTES)

    def fraction(self) -> float | None:
        """From 0 to 0.99, never less than before; None where it can't be known."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_bytes().split()[1])
        except (OSError, ValueError, IndexError):
            return None
        grown = pages * os.sysconf("SC_PAGE_SIZE") / self.expected_bytes
        self._seen = max(self._seen, min(grown, _ALMOST))
        return self._seen
