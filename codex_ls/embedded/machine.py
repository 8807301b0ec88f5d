"""What this machine gives the engine: threads, and memory for a conversation."""

import os
from collections.abc import Mapping
from pathlib import Path

from codex_ls.embedded.catalog import BuiltInModel

_SMALLEST_CONTEXT = 2048
_WORK_BYTES = 400_000_000
"""What the engine needs beside the weights and the conversation (measured: 1.9 GB in all for 1.1)."""


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


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container or a taskset may leave fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
