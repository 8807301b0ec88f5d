"""A seccomp filter as bytes: which system calls a sandboxed command may not make.

A network namespace is not enough: a socket in the file system (Docker, D-Bus, an SSH agent) is reached
without any. So no connection can be made at all while the network is off, as in Codex's own sandbox.
Numbers are those of Linux' `asm/unistd_64.h` and `asm-generic/unistd.h`.
"""

import errno
import struct
from typing import Final

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LD_W_ABS, _JEQ, _JGE, _RET, _AND = 0x20, 0x15, 0x35, 0x06, 0x54
_NUMBER, _ARCH, _FIRST, _SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data, little endian
_AF_UNIX, _STREAM, _SEQPACKET = 1, 1, 5
_X32 = 0x40000000

_ARCHES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBERS: Final = {
    # name: x86_64, aarch64
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "accept": (43, 202),
    "accept4": (288, 242),
    "bind": (49, 200),
    "listen": (50, 201),
    "sendto": (44, 206),
    "sendmmsg": (307, 269),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
}
_ALWAYS: Final = (
    "process_vm_readv", "process_vm_writev", "pidfd_getfd", "ptrace", "add_key", "request_key",
    "keyctl", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register",
)  # fmt: skip
_OF_NETWORK: Final = ("connect", "accept", "accept4", "bind", "listen", "sendto", "sendmmsg")


def is_supported(machine: str) -> bool:
    """Whether there is a filter for this machine (`platform.machine()`)."""
    return machine in _ARCHES


def seccomp_filter(machine: str, *, has_network: bool) -> bytes:
    """Return the filter as an array of `struct sock_filter`."""
    column = list(_ARCHES).index(machine)
    denied = [_NUMBERS[name][column] for name in _ALWAYS]
    code: list[tuple[int, int, int, int]] = [
        (_LD_W_ABS, 0, 0, _ARCH),
        (_JEQ, 1, 0, _ARCHES[machine]),
        (_RET, 0, 0, _KILL),
        (_LD_W_ABS, 0, 0, _NUMBER),
    ]
    refuse = (_RET, 0, 0, _ERRNO | errno.EPERM)
    if machine == "x86_64":
        code += [(_JGE, 0, 1, _X32), refuse]
    if not has_network:
        denied += [_NUMBERS[name][column] for name in _OF_NETWORK]
    for number in denied:
        code += [(_JEQ, 0, 1, number), refuse]
    if not has_network:
        # A datagram socket needs no connection to send: only streams between own processes are left.
        for name in ("socket", "socketpair"):
            code += [
                (_JEQ, 0, 9, _NUMBERS[name][column]),
                (_LD_W_ABS, 0, 0, _FIRST),
                (_JEQ, 1, 0, _AF_UNIX),
                refuse,
                (_LD_W_ABS, 0, 0, _SECOND),
                (_AND, 0, 0, 0xF),
                (_JEQ, 2, 0, _STREAM),
                (_JEQ, 1, 0, _SEQPACKET),
                refuse,
                (_RET, 0, 0, _ALLOW),
            ]
    code.append((_RET, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)
