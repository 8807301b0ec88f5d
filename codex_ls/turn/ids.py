"""Ids of threads and turns: UUIDs of version 7 (RFC 9562), as Codex makes them; they sort by time.

Python has a function for them from 3.14 on. Ids of version 4, which earlier versions made, stay valid.
"""

import os
import time


def new_id() -> str:
    """A new id, as in `019c0f3e-8a1b-7c22-9d4e-6a1d3a4a0f5b`; a later one sorts behind an earlier one.

    48 bits of milliseconds, 12 bits of the millisecond's fraction (RFC 9562, 6.2, method 3), and 62 bits
    of chance.
    """
    ms, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = (rest_ns << 12) // 1_000_000
    chance = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    digits = f"{ms & ((1 << 48) - 1):012x}7{fraction:03x}{(0b10 << 62) | chance:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
