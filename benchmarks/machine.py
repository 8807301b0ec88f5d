"""The machine that is measured on: its name, its load, and its network, which is cut off meanwhile.

A peer that looks for updates or sends statistics would reach for the network, and be slower where it
finds none. So everything that is measured runs in a network namespace with nothing but loopback in it,
where the system has such a thing; what has to be fetched is fetched before.
"""

import fcntl
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "codex-ls" / "bench"

_SET_FLAGS, _UP = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP
_INSIDE = "CODEX_LS_BENCH_OFFLINE"


def is_offline() -> bool:
    """Whether this program was restarted where only loopback is."""
    return bool(os.environ.get(_INSIDE))


def went_offline(module: str) -> bool:
    """Restart this program, `python -m module`, where only loopback is; then True.

    False where that can't be had.
    """
    if is_offline():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            fcntl.ioctl(device, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
        return True
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-rn", "true"], check=False).returncode == 0:
        os.environ[_INSIDE] = "1"
        sys.stdout.flush()
        os.execv(unshare, [unshare, "-rn", sys.executable, "-m", module, *sys.argv[1:]])
    return False


def description() -> str:
    """Processor, cores, system and Python, in one line."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        name = next((x.partition(": ")[2] for x in lines if x.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{name}, {cores} cores, {system}, Python {platform.python_version()}"


def load() -> float:
    """How many processes wanted a core in the last minute, on average; ours among them."""
    return os.getloadavg()[0]


def cpu_s(pid: int) -> float:
    """Processor time that a running process has used, all its threads, to the microsecond (Linux)."""
    return time.clock_gettime((~pid << 3) | 2)  # the kernel's number for that process's clock


def wait_until_idle(pid: int) -> None:
    """Wait until a process has used next to no processor time for half a second."""
    used = cpu_s(pid)
    quiet = 0
    while quiet < 5:
        time.sleep(0.1)
        before, used = used, cpu_s(pid)
        quiet = quiet + 1 if used - before < 0.002 else 0


def memory(pid: int, key: str) -> int:
    """`VmRSS` or `VmHWM` (the most so far) of a running process, in bytes; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0
