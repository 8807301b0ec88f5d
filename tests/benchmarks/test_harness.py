"""The benchmarks' own arithmetic: a figure is worth what its measurement is."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import crowd, growth, litellm_proxy, report, scale, table
from benchmarks.contenders import NEW, OLD, OURS, SOCKET
from benchmarks.figures import Figure, Results, Spread, percentile
from benchmarks.model_server import Connection, ModelServer, Script, Turn, chat, responses
from benchmarks.pieces import behind_ms, first_seen
from benchmarks.plot import Plot, Point
from benchmarks.relay import Exchange
from benchmarks.scripted import ScriptedServer
from codex_ls.events import ContentDelta, ReasoningDelta, StreamFinished
from codex_ls.wire import WireApi, quirks_for
from codex_ls.wire.decoder import decoder_for


def results(*figures: Figure) -> Results:
    found = Results()
    for figure in figures:
        found.add(figure, load=0.5)
    return found


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([7.0], 0.99) == 7.0


def test_figures_of_one_row_make_a_spread() -> None:
    found = results(Figure("r", "c", 3.0), Figure("r", "c", 1.0), Figure("r", "c", 8.0))
    assert found.spread("r", "c") == Spread(median=3.0, least=1.0, most=8.0, count=3)
    assert found.spread("r", "other") is None


def test_a_piece_that_is_cut_in_two_is_seen_when_it_is_whole() -> None:
    chunks = [(1.0, b"\x1b[2mt7.0 t7."), (2.0, b"1 a7.2 "), (3.0, b"a7.2 a8.0 ")]
    assert first_seen(chunks) == {(7, 0): 1.0, (7, 1): 2.0, (7, 2): 2.0, (8, 0): 3.0}


def test_a_piece_that_never_came_is_no_figure() -> None:
    turn = Turn(7, "/v1/chat/completions", 0.0, 0, "", sent_at=[1.0, 2.0])
    assert behind_ms([turn], {(7, 0): 1.5, (7, 1): 2.25}) == [500.0, 250.0]
    with pytest.raises(KeyError):
        behind_ms([turn], {(7, 0): 1.5})


@pytest.mark.parametrize(("wire", "parts"), [("chat", chat), ("responses", responses)])
def test_what_the_scripted_server_sends_is_what_a_model_server_sends(
    wire: WireApi, parts: object
) -> None:
    script = Script(thinking=2, answer=3)
    decoder = decoder_for(wire, quirks_for(wire_api=wire))
    stream = list(chat(script, 4) if parts is chat else responses(script, 4))
    assert len(stream) == script.pieces + 1
    events = [event for part in stream for event in decoder.feed(part)] + decoder.finish()
    thinking = [event.text for event in events if isinstance(event, ReasoningDelta)]
    answer = [event.text for event in events if isinstance(event, ContentDelta)]
    ends = [event for event in events if isinstance(event, StreamFinished)]
    assert (thinking, answer) == (["t4.0 ", "t4.1 "], ["a4.2 ", "a4.3 ", "a4.4 "])
    assert [end.finish_reason for end in ends] == ["stop"]


async def test_the_scripted_server_notes_when_it_sent_what_and_who_hung_up() -> None:
    server = ModelServer()
    server.script = Script(thinking=1, answer=1, pace_ms=1, hold=True)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0)
    async with listener:
        before = time.monotonic()
        port = listener.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        await reader.readuntil(b"a0.1 ")
        (turn,) = server.turns
        assert turn.closed_at is None
        writer.close()
        await writer.wait_closed()
        while turn.closed_at is None:  # noqa: ASYNC110 - the test's own limit ends it
            await asyncio.sleep(0.001)
    assert before <= turn.request_at <= turn.sent_at[0] < turn.sent_at[1] <= turn.closed_at
    assert (turn.body, turn.body_bytes) == ("{}", 2)


def test_the_relay_knows_the_first_word_and_the_prompts_length() -> None:
    def line(**delta: str) -> bytes:
        return f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n".encode()

    opening = line(role="assistant")
    word = line(content=" Stash")
    exchange = Exchange(
        answer=[
            (1.0, opening + word[:9]),
            (2.0, word[9:] + line(content=" is")),
            (3.0, b'data: {"choices":[],"usage":{"prompt_tokens":31}}\n\n'),
        ]
    )
    assert exchange.first_word() == (2.0, b"Stash")
    assert exchange.prompt_tokens() == 31


def test_a_ratio_says_how_many_times_better_codex_ls_is() -> None:
    found = results(
        Figure("shell-wire", OLD, 60.0),
        Figure("shell-wire", NEW, 240.0),
        Figure("shell-wire", SOCKET, 20.0),
        Figure("shell-wire", OURS, 120.0),
        Figure("burst-rate", NEW, 30_000.0),
        Figure("burst-rate", OURS, 60_000.0),
    )
    ratios = {cells[0]: cells[-3] for cells in table.lines(found)[1:]}
    assert ratios == {
        "shell: process start to request on the wire": "0.50",
        "editor: 20,000 deltas at once": "2.00",
    }


def test_only_the_measured_part_of_the_page_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    page.write_text("Prose.\n<!-- measured: a -->\nold\n<!-- end: a -->\nMore prose.\n")
    monkeypatch.setattr(report, "DOCUMENT", page)
    report.replace_part("a", "new")
    assert page.read_text() == ("Prose.\n<!-- measured: a -->\nnew\n<!-- end: a -->\nMore prose.\n")
    with pytest.raises(ValueError, match="no part b"):
        report.replace_part("b", "new")


def test_a_whole_measurement_fills_the_page_and_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    parts = "".join(
        f"<!-- measured: {x} --><!-- end: {x} -->" for x in ("table", "agents", "capacity")
    )
    page.write_text(parts)
    monkeypatch.setattr(report, "DOCUMENT", page)
    monkeypatch.setattr(report, "PICTURES", tmp_path)
    grown = [
        *(f"growth-{place}-{count}" for place in ("shell", "editor") for count in growth.LENGTHS),
        *(
            f"growth-{what}-{turns}"
            for what in ("lag-p50", "lag-p99", "cpu")
            for turns in crowd.CROWDS
        ),
        *(f"growth-delay-{what}-{to}" for what in ("p50", "p99") for to in growth.POSITIONS),
    ]
    rows = [*(row.key for row in (*table.ROWS, *table.AGENT_ROWS)), *grown]
    found = results(*(Figure(row, who, 25.0) for row in rows for who in (OURS, NEW)))
    written = report.write(found, machine="a machine")
    names = ["length-shell", "length-delay", "length-editor", "turns-lag", "turns-cpu"]
    assert written == [page, *(tmp_path / f"performance-{name}.svg" for name in names)]
    assert all(path.stat().st_size for path in written)
    text = page.read_text()
    assert text.count("| 1.00 |") == len(table.ROWS) + len(table.AGENT_ROWS)
    assert "100 turns at once, 50 deltas a second each, take 25 % of a core" in text
    assert "full at about 400 such turns (reckoned, not tried)" in text


def test_a_plot_puts_larger_values_higher_and_further_right() -> None:
    line = [Point(1_000, 10, 9, 11), Point(100_000, 1_000, 900, 1_100)]
    svg = Plot("Shell", "deltas", "<microseconds>", {"codex-ls": line}).svg()
    assert "&lt;microseconds&gt;" in svg
    (path,) = (part.split('"')[1] for part in svg.splitlines() if part.startswith("<polyline"))
    (left, low), (right, high) = (place.split(",") for place in path.split())
    assert float(left) < float(right)
    assert float(low) > float(high)


def test_every_row_of_the_page_has_a_name_of_its_own() -> None:
    keys = [row.key for row in (*table.ROWS, *table.AGENT_ROWS)]
    assert len(keys) == len(set(keys))


def test_every_part_can_be_asked_for_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ScriptedServer()
    server.port = 9
    assert tuple(bench.parts(server, tmp_path, quick=True)) == bench.PARTS
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "weather"])
    with pytest.raises(SystemExit):
        bench.main()


def test_the_pages_example_of_a_team_is_the_one_that_is_tried() -> None:
    page = report.DOCUMENT.read_text()
    settings = litellm_proxy.CONFIG.partition("router_settings:\n")[2].splitlines()[:4]
    assert [line for line in settings if line not in page] == []
    assert "<!-- measured: scale -->" in page


def test_what_is_waited_for_is_found_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([None, "there"])
    assert scale.soon(lambda: next(answers)) == "there"
    monkeypatch.setattr(scale, "LIMIT_S", 0.0)
    with pytest.raises(TimeoutError):
        scale.soon(lambda: None)
