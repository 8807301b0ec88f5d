"""The same bytes, cut in every way: chunking never matters (invariant 3)."""

import dataclasses
from collections.abc import Iterable, Iterator

from codex_ls.events import ContentDelta, ReasoningDelta, ToolCallDelta, WireEvent


def coalesced(events: Iterable[WireEvent]) -> list[WireEvent]:
    """The events with neighbouring pieces of one kind joined: what may not depend on the cut."""
    out: list[WireEvent] = []
    for event in events:
        match (out[-1] if out else None, event):
            case (ReasoningDelta() as before, ReasoningDelta()) if before.source == event.source:
                out[-1] = ReasoningDelta(before.text + event.text, event.source)
            case (ContentDelta() as before, ContentDelta()):
                out[-1] = ContentDelta(before.text + event.text)
            case (ToolCallDelta() as before, ToolCallDelta(call_id=None, name=None)) if (
                before.index == event.index
            ):
                arguments = before.arguments + event.arguments
                out[-1] = dataclasses.replace(before, arguments=arguments)
            case _:
                out.append(event)
    return out


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """`data` whole, byte by byte, and at every two-way split."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]
