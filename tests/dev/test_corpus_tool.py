"""The corpus command tells what differs, and rewrites it only when told to."""

import json
from pathlib import Path

import pytest

from codex_ls.dev.corpus import coalesce, dump, main, notate, same
from codex_ls.events import ContentDelta, ReasoningDelta, StreamFinished, ToolCallDelta
from tests.support.streams import chat_stream


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "server" / "case"
    folder.mkdir(parents=True)
    (folder / "stream.sse").write_bytes(chat_stream(reasoning=["a"], content=["b"]).payload)
    (folder / "case.json").write_text('{"wire_api": "chat"}')
    return tmp_path


def test_a_new_case_is_told_then_written_then_agrees(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(root)]) == 1
    assert "server/case: new" in capsys.readouterr().out
    assert main(["--root", str(root), "--update"]) == 0
    assert json.loads((root / "server/case/events.json").read_text()) == [
        {"reasoning": ["a"]},
        {"content": ["b"]},
        {"finished": {"reason": "stop", "raw": "stop", "echo": {"field": "reasoning_content"}}},
    ]
    assert main(["--root", str(root)]) == 0


def test_a_difference_shows_both_sides_and_changes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = root / "server/case/events.json"
    events.write_text(dump([{"content": ["ab"]}]))
    before = events.read_bytes()
    assert main(["--root", str(root), "server"]) == 1
    told = capsys.readouterr().out
    assert '- {"content": ["ab"]}' in told
    assert '+ {"reasoning": ["a"]}' in told
    assert events.read_bytes() == before
    assert main(["--root", str(root), "another"]) == 0


def test_notation_gathers_runs_and_coalescing_joins_them() -> None:
    notes = notate(
        [
            ReasoningDelta("a"),
            ReasoningDelta("b"),
            ReasoningDelta("s", "summary"),
            ContentDelta("\ud83d"),
            ContentDelta("\ude00"),
            ToolCallDelta(0, "c1", "f", "{"),
            ToolCallDelta(0, arguments="}"),
            ToolCallDelta(1, arguments="x"),
            StreamFinished("stop", "stop"),
        ]
    )
    assert notes == [
        {"reasoning": ["a", "b"]},
        {"summary": ["s"]},
        {"content": ["\ud83d", "\ude00"]},
        {"tool_call": {"index": 0, "call_id": "c1", "name": "f", "arguments": ["{", "}"]}},
        {"tool_call": {"index": 1, "arguments": ["x"]}},
        {"finished": {"reason": "stop", "raw": "stop"}},
    ]
    assert [note.get("content") for note in coalesce(notes)][2] == "😀"
    assert json.loads(dump(notes)) == notes
    dump(notes).encode("utf-8")


def test_of_an_error_only_the_expected_words_must_be_there() -> None:
    got = [
        {
            "failed": {
                "kind": "rateLimited",
                "says": "The server says: slow down.",
                "http_status": 429,
            }
        }
    ]
    assert same(got, [{"failed": {"kind": "rateLimited", "says": "slow", "http_status": 429}}])
    assert not same(got, [{"failed": {"kind": "rateLimited", "says": "fast", "http_status": 429}}])
    assert not same(got, [{"failed": {"kind": "rateLimited", "says": "slow"}}])
    assert not same(got, [])
