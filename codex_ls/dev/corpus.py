"""The replay corpus: streams of model servers, byte for byte, and the events they must become.

::

    tests/fixtures/streams/<server>/<case>/stream.sse     the body (.ndjson for Ollama's native API)
                                           case.json      how it was asked for: see `Case`
                                           events.json    the events, in the notation of `notate`
                                           README.md      where the shape comes from

`events.json` is written by hand or by `--update`, and reviewed as a diff either way: a stream is
right when a person says so. In it the text of one run of deltas is a list of its pieces. Fed in one
go the decoder gives exactly these pieces; cut in any other way it gives the same text (`coalesce`).

    python -m codex_ls.dev.corpus                 check every case
    python -m codex_ls.dev.corpus --update        rewrite the events.json that differ
    python -m codex_ls.dev.corpus openrouter      only the cases whose path contains the word
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, assert_never

from codex_ls.events import (
    ContentDelta,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    StreamFailed,
    StreamFinished,
    ToolCallDelta,
    UsageReported,
    WireEvent,
)
from codex_ls.wire import WireApi
from codex_ls.wire.decoder import Decoder, decoder_for
from codex_ls.wire.quirks import Quirks, quirks_for
from codex_ls.wire.stream_errors import error_from_response

STREAMS = Path("tests/fixtures/streams")

Note = dict[str, Any]
"""One event, or one run of deltas of a kind, as it stands in events.json."""


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded or written stream.

    case.json holds `wire_api`, and where they matter `provider`, `host`, `model` (what the quirks are
    chosen by), `quirks` (overrides of single ones), `status` and `content_type` (default: 200), and
    for a recorded case the `request` that was sent.
    """

    path: Path
    body: bytes
    wire_api: WireApi = "chat"
    provider: str = ""
    host: str = ""
    model: str = ""
    quirks: Mapping[str, Any] | None = None
    status: int = 200
    content_type: str = ""
    request: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """`server/case`."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def expected(self) -> list[Note]:
        """What events.json says; raises `FileNotFoundError` where there is none yet."""
        notes: list[Note] = json.loads((self.path / "events.json").read_text(encoding="utf-8"))
        return notes

    def decoder(self) -> Decoder:
        """A fresh decoder for this stream."""
        quirks = _quirks_for(self.provider, self.host, self.model, self.wire_api)
        if self.quirks:
            quirks = replace(quirks, **self.quirks)
        return decoder_for(self.wire_api, quirks, output_limit=self._output_limit)

    @property
    def _output_limit(self) -> int | None:
        body = (self.request or {}).get("body", {})
        return body.get("max_output_tokens") if self.wire_api == "lmstudio" else None

    def decode(self, chunks: Iterable[bytes] | None = None) -> list[WireEvent]:
        """The events of the body, fed in these chunks (default: in one)."""
        if self.status >= 300:
            error = error_from_response(self.status, self.body, self.content_type)
            return [StreamFailed(error)]
        decoder = self.decoder()
        events: list[WireEvent] = []
        for chunk in [self.body] if chunks is None else chunks:
            events += decoder.feed(chunk)
        return events + decoder.finish()


@cache
def _quirks_for(provider: str, host: str, model: str, wire_api: WireApi) -> Quirks:
    """The same, looked up once: a stream is decoded thousands of times."""
    return quirks_for(provider=provider, host=host, model=model, wire_api=wire_api)


def load_case(path: Path) -> Case:
    """The case in one folder."""
    fields = json.loads((path / "case.json").read_text(encoding="utf-8"))
    (stream,) = path.glob("stream.*")
    return Case(path, stream.read_bytes(), **fields)


def load_cases(root: Path = STREAMS) -> list[Case]:
    """Every case under `root`, by name."""
    return [load_case(path.parent) for path in sorted(root.glob("*/*/case.json"))]


# ---- the notation ------------------------------------------------------------------------------


def notate(events: Iterable[WireEvent]) -> list[Note]:
    """Events as events.json has them: runs of deltas gathered, their pieces in a list."""
    notes: list[Note] = []
    for event in events:
        if not (notes and _appended(notes[-1], event)):
            notes.append(_note(event))
    return notes


def _appended(last: Note, event: WireEvent) -> bool:
    """Whether the event goes on with the last note's run; its piece is then added there."""
    match event:
        case ReasoningDelta(text, source):
            pieces = last.get("reasoning" if source == "raw" else "summary")
        case ContentDelta(text):
            pieces = last.get("content")
        case ToolCallDelta(index, call_id=None, name=None, arguments=text):
            call = last.get("tool_call")
            pieces = call["arguments"] if call and call["index"] == index else None
        case _:
            return False
    if pieces is None:
        return False
    pieces.append(text)
    return True


def _note(event: WireEvent) -> Note:
    match event:
        case ReasoningDelta(text, source):
            return {"reasoning" if source == "raw" else "summary": [text]}
        case ContentDelta(text):
            return {"content": [text]}
        case Reclassified():
            return {"reclassified": True}
        case ToolCallDelta(index, call_id, name, arguments):
            head = _given({"index": index, "call_id": call_id, "name": name})
            return {"tool_call": {**head, "arguments": [arguments] if arguments else []}}
        case UsageReported(usage, server):
            told = {
                "usage": _given(asdict(usage)) if usage else {},
                "server": _given(asdict(server)),
            }
            return {key: value for key, value in told.items() if value}
        case PhaseChanged(phase, fraction, waiting):
            return _given({"phase": phase, "fraction": fraction, "waiting": waiting})
        case Noticed(notice):
            return {"notice": notice.kind}
        case StreamFinished(reason, raw, complete, echo):
            end: Note = {"reason": reason, "raw": raw, "complete": None if complete else False}
            if echo is not None:
                end["echo"] = _given({"field": echo.field, "details": list(echo.details) or None})
            return {"finished": _given(end)}
        case StreamFailed(error):
            failure = {"kind": error.kind, "says": error.message, "http_status": error.http_status}
            return {"failed": _given(failure)}
        case _:
            assert_never(event)


def _given(fields: Mapping[str, Any]) -> Note:
    return {key: value for key, value in fields.items() if value is not None}


def coalesce(notes: Iterable[Note]) -> list[Note]:
    """Notes with every run of pieces joined: what no chunking may change.

    The halves of a surrogate pair that came in two deltas become their character.
    """
    return [{key: _joined(value) for key, value in note.items()} for note in notes]


def _joined(value: Any) -> Any:
    if isinstance(value, list):
        return "".join(value).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, dict) and isinstance(value.get("arguments"), list):
        return {**value, "arguments": "".join(value["arguments"])}
    return value


def same(got: list[Note], expected: list[Note]) -> bool:
    """Whether the notes agree; of an error's sentence the expected words must be there."""
    if len(got) != len(expected):
        return False
    return all(_same_note(*pair) for pair in zip(got, expected, strict=True))


def _same_note(got: Note, expected: Note) -> bool:
    failure, wanted = got.get("failed"), expected.get("failed")
    if failure is None or wanted is None:
        return got == expected
    says = wanted.get("says", "")
    return says in failure["says"] and {**failure, "says": says} == {"says": "", **wanted}


def dump(notes: Iterable[Note]) -> str:
    """The text of an events.json: one note a line, in UTF-8 but for unpaired surrogates."""
    lines = (json.dumps(note, ensure_ascii=_has_half_character(note)) for note in notes)
    return "[\n  " + ",\n  ".join(lines) + "\n]\n"


def _has_half_character(note: Note) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in json.dumps(note, ensure_ascii=False))


# ---- the command -------------------------------------------------------------------------------


def differences(cases: Iterable[Case]) -> Iterator[tuple[Case, list[Note], list[Note] | None]]:
    """The cases that decode otherwise than events.json says: (case, got, expected or None)."""
    for case in cases:
        got = notate(case.decode())
        try:
            expected = case.expected
        except FileNotFoundError:
            yield case, got, None
            continue
        if not same(got, expected):
            yield case, got, expected


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 if every case agrees or was updated."""
    parser = argparse.ArgumentParser(prog="python -m codex_ls.dev.corpus")
    parser.add_argument("word", nargs="?", default="", help="only cases whose name contains it")
    parser.add_argument("--update", action="store_true", help="rewrite the events.json that differ")
    parser.add_argument("--root", type=Path, default=STREAMS)
    options = parser.parse_args(arguments)
    cases = [case for case in load_cases(options.root) if options.word in case.name]
    changed = 0
    for case, got, expected in differences(cases):
        changed += 1
        print(f"{case.name}: {'new' if expected is None else 'differs'}")
        if options.update:
            (case.path / "events.json").write_text(dump(got), encoding="utf-8")
        else:
            _show(got, expected or [])
    servers = {case.path.parent for case in cases}
    print(f"{len(cases)} cases of {len(servers)} servers, {changed} changed")
    return 0 if options.update or not changed else 1


def _show(got: list[Note], expected: list[Note]) -> None:
    for sign, notes, others in (("-", expected, got), ("+", got, expected)):
        for note in notes:
            if not any(_same_note(*pair) for pair in ((note, other) for other in others)):
                print(f"  {sign} {json.dumps(note, ensure_ascii=False)}")


if __name__ == "__main__":
    sys.exit(main())
