"""Server-sent events as model servers really send them.

The grammar is the WHATWG one (HTML, section 9.2.6), with what local servers made necessary:

- An event whose `data:` line is one whole JSON text, or the end sentinel, is handed on at the end of
  that line. Some servers part events by a single line end, or never send the blank line after
  `[DONE]`; waiting for it would hold a word back.
- A JSON text that stands in the stream without `data:` is an event too (errors of proxies, and whole
  answers of servers that ignore `stream`), and so is llama.cpp's old `error: {...}` field.
- A byte-order mark, missing blank lines at the end, broken UTF-8 and comments are no reason to lose
  anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codex_ls.wire.json_text import parse_json
from codex_ls.wire.lines import LineSplitter

MAX_EVENT_BYTES = 16 * 1024 * 1024
SENTINELS = ("[DONE]", "DONE")
_LINE_COST = 64
"""What keeping a line costs beside its characters: an endless row of empty ones is no small event."""
_BOM = b"\xef\xbb\xbf"
_FIELDS = frozenset({"event", "id", "retry"})


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name (`""` if none) and its JSON value.

    `value` is None for the end sentinel and for data that is not JSON; `data` is then the text.
    """

    name: str
    value: Any = None
    data: str = ""

    @property
    def is_sentinel(self) -> bool:
        """True for `[DONE]`."""
        return self.value is None and self.data.strip() in SENTINELS


class SseDecoder:
    """Bytes of an event stream to `ServerEvent`s."""

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._at_start = True
        self._name = ""
        self._data: list[str] = []
        self._stray: list[str] = []
        self._data_size = self._stray_size = 0
        self._ended = False
        self._event_too_long = False
        self.bad_utf8 = False
        """True once bytes came that are not UTF-8; they were read as U+FFFD."""

    @property
    def too_long(self) -> bool:
        """True once a line or an event was longer than it may be; nothing comes out behind it."""
        return self._event_too_long or (self._lines.too_long and not self._ended)

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that `data` completes; none from one that is `too_long` on."""
        return list(self.read(data))

    def read(self, data: bytes) -> Iterator[ServerEvent]:
        """The same one by one. Who stops here has not looked at what came behind in the same read,
        so that it makes no difference where the network cut.
        """
        for line in self._lines.feed(data):
            if self._ended or self._event_too_long:
                return  # what stands behind the end sentinel is nobody's
            events: list[ServerEvent] = []
            self._line(line, events)
            yield from events

    def finish(self) -> list[ServerEvent]:
        """What was still open when the bytes ended."""
        events: list[ServerEvent] = []
        for line in self._lines.finish():
            if not self._ended:
                self._line(line, events)
        if not self.too_long:
            self._dispatch(events)
            self._dispatch_stray(events)
        return events

    def _line(self, raw: bytes, events: list[ServerEvent]) -> None:
        if self._at_start:
            self._at_start = False
            raw = raw.removeprefix(_BOM)
        if not raw:
            self._dispatch(events)
            return
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            self.bad_utf8 = True
            line = raw.decode("utf-8", "replace")
        if line.startswith("data:"):
            self._data_line(line[6:] if line[5:6] == " " else line[5:], events)
        elif line.startswith("error:"):
            self._error_line(line[6:].strip(), events)
        elif line[0] != ":":
            self._other_line(line, events)

    def _data_line(self, data: str, events: list[ServerEvent]) -> None:
        if data[:1] == "{" and not self._data:
            value = parse_json(data)
            if value is not None:
                events.append(ServerEvent(self._name, value))
                self._name = ""
                return
        elif data.strip() in SENTINELS:
            self._dispatch(events)
            events.append(ServerEvent(self._name, None, data))
            self._ended = True
            return
        self._keep_data(data)

    def _error_line(self, data: str, events: list[ServerEvent]) -> None:
        value = parse_json(data)
        events.append(ServerEvent("error", {"error": data if value is None else value}))

    def _other_line(self, line: str, events: list[ServerEvent]) -> None:
        name, _, value = line.partition(":")
        if name == "event":
            # A new name begins a new event, even where the blank line between them is missing.
            self._dispatch(events)
            self._name = value.removeprefix(" ")
        elif line == "data":
            self._keep_data("")
        elif name not in _FIELDS:
            self._stray_line(line, events)

    def _stray_line(self, line: str, events: list[ServerEvent]) -> None:
        if line[0] == "{" and not self._stray:
            value = parse_json(line)
            if value is not None:
                events.append(ServerEvent(self._name, value))
                return
        self._stray.append(line)
        self._stray_size += len(line) + _LINE_COST
        self._event_too_long = self._stray_size > MAX_EVENT_BYTES

    def _keep_data(self, line: str) -> None:
        self._data.append(line)
        self._data_size += len(line) + _LINE_COST
        self._event_too_long = self._data_size > MAX_EVENT_BYTES

    def _dispatch(self, events: list[ServerEvent]) -> None:
        """Hand on the pending event: its lines joined, or each alone where only that is JSON."""
        name, lines = self._name, self._data
        self._name = ""
        if not lines:
            return
        self._data, self._data_size = [], 0
        joined = "\n".join(lines)
        value = parse_json(joined)
        if value is not None or len(lines) == 1:
            if value is not None or joined:
                events.append(ServerEvent(name, value, "" if value is not None else joined))
            return
        for line in lines:
            value = parse_json(line)
            if value is not None or line.strip():
                events.append(ServerEvent(name, value, "" if value is not None else line))

    def _dispatch_stray(self, events: list[ServerEvent]) -> None:
        if not self._stray:
            return
        text = "\n".join(self._stray)
        self._stray = []
        events.append(ServerEvent("", parse_json(text), text))
