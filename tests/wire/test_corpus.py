"""Every stream of the replay corpus gives the events written beside it, however it is cut.

By default a stream of up to 1 KiB is cut in two at every byte; a longer one at 100 places, and into
pieces of 61 bytes from every offset, so that each byte is a boundary once. `--all-splits` cuts the
long ones in two at every byte as well.
"""

import random
import re
from collections.abc import Iterable
from itertools import pairwise

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_ls.dev.corpus import Case, Note, coalesce, load_cases, notate, same
from codex_ls.events import StreamFailed, StreamFinished
from tests.support.model_server import ModelServer
from tests.support.streams import Answer

CASES = load_cases()
STREAMED = [case for case in CASES if case.status == 200]
ONE_OF_EACH_SERVER = list({case.path.parent: case for case in STREAMED}.values())
CUT_EVERYWHERE_UP_TO = 1024
STRIDE = 61
"""A prime, so that pieces keep no step with anything in a stream."""

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_stream = pytest.mark.parametrize("case", STREAMED, ids=lambda case: case.name)
takes_long = pytest.mark.integration
"""Byte by byte is in the unit tier; every cut of every stream takes as long as all of that."""


def text_of(case: Case, chunks: Iterable[bytes]) -> list[Note]:
    """The events of a stream cut like this, their pieces joined."""
    return coalesce(notate(case.decode(chunks)))


def check(case: Case, chunks: list[bytes], expected: list[Note]) -> None:
    """Fail with the cut and both lists of events if they differ."""
    got = text_of(case, chunks)
    if not same(got, expected):
        cuts = [len(chunk) for chunk in chunks[:-1]]
        pytest.fail(f"{case.name} cut into {cuts} and the rest:\n{got}\nexpected:\n{expected}")


@each_case
def test_a_whole_stream_gives_its_events_piece_by_piece(case: Case) -> None:
    got = notate(case.decode())
    assert same(got, case.expected), f"{got}\nexpected:\n{case.expected}"


@each_stream
def test_one_byte_at_a_time(case: Case) -> None:
    check(case, [bytes((byte,)) for byte in case.body], coalesce(case.expected))


@takes_long
@each_stream
def test_cut_in_two_anywhere(case: Case, request: pytest.FixtureRequest) -> None:
    expected, size = coalesce(case.expected), len(case.body)
    cuts: Iterable[int] = range(1, size)
    if size > CUT_EVERYWHERE_UP_TO and not request.config.getoption("--all-splits"):
        cuts = random.Random(case.name).sample(range(1, size), 100)
    for cut in cuts:
        check(case, [case.body[:cut], case.body[cut:]], expected)


@takes_long
@pytest.mark.parametrize(
    "case",
    [case for case in STREAMED if len(case.body) > CUT_EVERYWHERE_UP_TO],
    ids=lambda case: case.name,
)
def test_a_long_stream_in_pieces_from_every_offset(case: Case) -> None:
    expected = coalesce(case.expected)
    for offset in range(1, STRIDE + 1):
        rest = range(offset, len(case.body), STRIDE)
        pieces = [case.body[:offset], *(case.body[at : at + STRIDE] for at in rest)]
        check(case, pieces, expected)


@takes_long
@each_stream
def test_cut_at_random(case: Case) -> None:
    expected = coalesce(case.expected)

    @settings(
        max_examples=12,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.integers(0, len(case.body)), max_size=12))
    def cut(places: list[int]) -> None:
        bounds = [0, *sorted(places), len(case.body)]
        pieces = pairwise(bounds)
        check(case, [case.body[start:end] for start, end in pieces], expected)

    cut()


@each_stream
def test_one_end_and_nothing_after_it(case: Case) -> None:
    decoder = case.decoder()
    events = [*decoder.feed(case.body), *decoder.finish()]
    ends = [event for event in events if isinstance(event, (StreamFinished, StreamFailed))]
    assert ends == events[-1:]
    assert decoder.done
    assert decoder.feed(case.body) == []
    assert decoder.finish() == []


@pytest.mark.integration
@pytest.mark.parametrize("case", ONE_OF_EACH_SERVER, ids=lambda case: case.name)
async def test_the_same_over_a_real_socket(case: Case) -> None:
    answer = Answer(body=(case.body,), framing="chunked").split(97)
    async with ModelServer(answer) as server, httpx.AsyncClient() as client:
        decoder = case.decoder()
        events = []
        url = f"{server.base_url}/chat/completions"
        async with client.stream("POST", url, json={}) as response:
            async for data in response.aiter_bytes():
                events += decoder.feed(data)
            events += decoder.finish()
    assert same(coalesce(notate(events)), coalesce(case.expected))


def test_every_case_says_where_its_shape_comes_from() -> None:
    for case in CASES:
        readme = (case.path / "README.md").read_text(encoding="utf-8")
        assert re.match(r"(Recorded|Written|The same)", readme), case.name
        assert len(readme.splitlines()) <= 4, case.name


def test_the_corpus_is_as_wide_as_it_claims() -> None:
    assert len(CASES) >= 90
    assert len({case.path.parent for case in CASES}) >= 14
    assert {case.wire_api for case in CASES} == {"chat", "responses", "ollama", "lmstudio"}
