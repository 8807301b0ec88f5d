"""What one delta costs between the socket and the editor, in numbers that no crowded machine can change.

The limits are about one and a half times what was measured when they were written: they catch a second
pass over the text, a copy per delta or a message per delta, and leave the rest to `make bench`.
"""

import os
import re
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from codex_ls.wire import WireApi
from tests.benchmarks.delta_path import reads, walk

ROOT = Path(__file__).parents[2]
MIB = 2**20
# Calls of functions, and instructions of the processor.
MOST_CALLS: dict[WireApi, int] = {"chat": 290, "responses": 200}
MOST_INSTRUCTIONS = 150_000


def texts(messages: list[bytes]) -> list[bytes]:
    """The messages that carry text."""
    return [
        message for message in messages if re.search(rb'"type": ?"(reasoning|content)"', message)
    ]


@pytest.mark.parametrize("wire", ["chat", "responses"])
@pytest.mark.parametrize(
    ("pace_ms", "least", "most"),
    [
        (20, 1_000, 1_000),  # slower than one in 16 ms: nothing waits
        (5, 300, 340),  # 5 s of text: one message in 15 ms, and the first of each kind at once
        (0, 2, 4),  # all at once: the first of each kind, and the rest of each
    ],
)
def test_a_thousand_deltas_are_so_many_messages(
    wire: WireApi, pace_ms: int, least: int, most: int
) -> None:
    messages: list[bytes] = []
    walk(wire, reads(wire, 1_000, at_once=False), messages.append, pace_ms=pace_ms)
    assert least <= len(texts(messages)) <= most
    assert len(messages) - len(texts(messages)) <= 6


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_nothing_stays_of_a_delta_but_its_text(wire: WireApi) -> None:
    count = 20_000
    data = list(reads(wire, count, at_once=True))
    tracemalloc.start()
    try:
        record = walk(wire, iter(data), lambda _: None, pace_ms=0)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert record.has_text
    assert kept / count < 110  # a string of 10 characters is 59 bytes, its place in a list 8
    assert peak - kept < 2 * MIB  # the events of one read, and the text that is being sent


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_delta_takes_so_many_calls_whatever_its_stream_is_long(wire: WireApi) -> None:
    short, long = (calls(wire, count) for count in (1_000, 10_000))
    each = (long - short) / 9_000
    assert each <= MOST_CALLS[wire]
    assert each <= short / 1_000  # not more where the stream is longer


def calls(wire: WireApi, count: int) -> int:
    """How many functions are called for a stream of so many deltas."""
    data = list(reads(wire, count, at_once=True))
    found = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        walk(wire, iter(data), lambda _: None, pace_ms=0)
    finally:
        sys.setprofile(before)
    return found


@pytest.mark.timeout(600)  # valgrind is fifty times slower, and the machine may be crowded
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind here")
def test_a_delta_takes_so_many_instructions() -> None:
    short, long = (instructions("chat", count) for count in (500, 1_500))
    assert (long - short) / 1_000 <= MOST_INSTRUCTIONS


def instructions(wire: WireApi, count: int) -> int:
    """How many instructions a process executes that takes a stream of so many deltas."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    module = [sys.executable, "-m", "tests.benchmarks.delta_path", wire, str(count)]
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [*command, *module], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1].replace(",", ""))
