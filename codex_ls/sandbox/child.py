"""A command's parent on Linux: Landlock and seccomp where asked, and no process left behind.

Run as a script of its own (`python -I -S child.py SPEC COMMAND...`), it imports nothing of this package:
it has to start fast, and from a path that no workspace can touch. SPEC is JSON:

    {"write": [PATH...], "read": [PATH...], "seccomp": HEX}    what is missing is not restricted

It becomes a subreaper, so every process that the command leaves stays its descendant, whatever session
it began. It ends them all when the command is over, at SIGTERM, or when its own parent dies. It exits
with the command's status, or 125 and a sentence if a restriction could not be put into force.
"""

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

FAILED = 125
MINIMUM_ABI = 3
"""Before, Landlock did not know truncation: a file outside the roots could be emptied."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_NO_NEW_PRIVS, _SUBREAPER, _DEATH_SIGNAL, _SECCOMP, _FILTER = 38, 36, 1, 22, 2
_WRITE_FILE, _READ_FILE, _TRUNCATE = 1 << 1, 1 << 2, 1 << 14
_WRITES = _WRITE_FILE | _TRUNCATE | sum(1 << bit for bit in range(4, 14))
_OF_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE
_SCOPES = 0b11
"""From ABI 6: no abstract sockets and no signals to processes outside."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


_libc = ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """Return the version of Landlock that the kernel has; 0 or less where it has none."""
    return int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option: int, first: Any, second: Any = 0) -> None:
    arguments = (ctypes.c_ulong(first) if isinstance(first, int) else first, second, 0, 0)
    _checked(_libc.prctl(option, *arguments), f"prctl {option}")


def restrict(spec: dict[str, Any]) -> None:
    """Put a spec into force for this process and all that it starts. Raises OSError."""
    _prctl(_NO_NEW_PRIVS, 1)
    if "write" in spec:
        _landlock(spec["write"], spec.get("read"))
    if "seccomp" in spec:
        code = bytes.fromhex(spec["seccomp"])
        program = _Program(len(code) // 8, code)
        _prctl(_SECCOMP, _FILTER, ctypes.byref(program))


def _landlock(writable: list[str], readable: list[str] | None) -> None:
    abi = landlock_abi()
    if abi < MINIMUM_ABI:
        raise OSError(0, f"Landlock {max(abi, 0)} is too old (Linux 6.2 or newer is needed)")
    handled = _WRITES | (_READ_FILE if readable is not None else 0)
    ruleset = _Ruleset(handled, 0, _SCOPES if abi >= 6 else 0)
    size = ctypes.sizeof(_Ruleset) if abi >= 6 else 8
    rules = _checked(
        _libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0), "Landlock"
    )
    for path in readable or ():
        _allow(rules, path, _READ_FILE)
    for path in writable:
        _allow(rules, path, _WRITES)
    for path in _DEVICES:
        _allow(rules, path, _WRITE_FILE | _TRUNCATE)
    _checked(_libc.syscall(_RESTRICT_SELF, rules, 0), "Landlock")
    os.close(rules)


def _allow(rules: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return  # it is gone, or not ours to see: nothing is allowed there
    try:
        if not os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112 - starts faster
            access &= _OF_FILES
        rule = _PathBeneath(access, descriptor)
        _checked(_libc.syscall(_ADD_RULE, rules, 1, ctypes.byref(rule), 0), f"Landlock: {path}")
    finally:
        os.close(descriptor)


def _descendants() -> list[int]:
    """Return every process below this one, those nearest first."""
    found, rest = [], [os.getpid()]
    while rest:
        parent = rest.pop()
        with suppress(OSError), open(f"/proc/{parent}/task/{parent}/children") as file:  # noqa: PTH123
            children = [int(word) for word in file.read().split()]
            found += children
            rest += children
    return found


def _end_all() -> None:
    """Kill what is left; a process that forks meanwhile is found at the next look."""
    while left := _descendants():
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def main(argv: list[str]) -> int:
    """Run the command of a command line and return its exit status."""
    spec, command = json.loads(argv[1]), argv[2:]
    _prctl(_SUBREAPER, 1)
    _prctl(_DEATH_SIGNAL, int(signal.SIGTERM))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    child = os.fork()
    if not child:
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python
                signal.signal(ignored, signal.SIG_DFL)
            restrict(spec)
            os.execvp(command[0], command)  # noqa: S606 - no shell but the one that is named
        except OSError as error:
            os.write(2, f"The command could not be started: {error.strerror or error}\n".encode())
        os._exit(FAILED)

    def stop(*_: object) -> None:
        _end_all()
        os._exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            break
    _end_all()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv))
