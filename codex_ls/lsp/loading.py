"""Loading many modules at once, at the least cost for what runs beside and after it."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH_S = 0.0005


@contextmanager
def loading(*, beside_turns: bool = False) -> Iterator[None]:
    """Around the import of what stays until the end: it is then out of the collector's sight.

    Meanwhile there are few collections. Without any, what the modules throw away while they are loaded
    would stay too: 9 MiB. `beside_turns` is for a thread that loads while turns run on another: Python
    would let each of their words wait for 5 ms. Not for two at once, and not where clients come and go:
    what is there in the end is kept until the process ends.
    """
    usual, usual_switch_s = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(5_000, *usual[1:])
    if beside_turns:
        sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*usual)
        sys.setswitchinterval(usual_switch_s)
