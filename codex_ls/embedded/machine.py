"""What this machine gives the engine: threads, memory for a conversation, and how far loading is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codex_ls.embedded.catalog import BuiltInModel

_SMALLEST_CONTEXT = 2048
_WORK_BYTES = 400_000_000
"""What the engine needs beside the weights and the conversation (measured: 1.9 GB in all for 1.1)."""
_PROGRAM_BYTES = 80_000_000
"""Python and llama.cpp themselves with their buffers: 60 to 100 MB with either model (measured)."""
_ALMOST = 0.99


def threads(env: Mapping[str, str]) -> int:
    """All cores but one, which stays for the editor, yet two where there are two; in CI just one.

    A second thread reads a prompt twice as fast, and the engine's threads sleep while they wait.
    """
    cores = _cores()
    return 1 if env.get("CI") else min(cores, max(2, cores - 1))


def context_size(model: BuiltInModel, available_bytes: int | None) -> int:
    """The tokens of a conversation: the model's own number, halved until it fits into memory."""
    context = model.context
    if available_bytes is None:
        return context
    room = available_bytes - model.size - _WORK_BYTES
    while context > _SMALLEST_CONTEXT and context * model.context_bytes > room:
        context //= 2
    return context


def available_memory() -> int | None:
    """The bytes that a new process may take, as Linux counts them; None where that is not known."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


@dataclass(slots=True)
class Loading:
    """A model that a child process is loading, and how far it has come, as its memory tells.

    llama.cpp maps the file, touches all of it, lays some weights out anew for the processor and fills
    the memory of the conversation: the child grows steadily up to a size that is known beforehand. Only
    Linux tells how large another process is without asking anybody; elsewhere nothing is said of it.
    """

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


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container or a taskset may leave fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
