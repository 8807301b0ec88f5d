"""A set of markers to look for in streaming text.

The one primitive that keeps a splitter correct over any cut of its input: everything may be handed on
but the longest end that could still become a marker.
"""

import re


class Markers:
    """Exact, case-sensitive markers; none may be a beginning of another."""

    def __init__(self, *markers: str) -> None:
        self._markers = markers
        self._pattern = re.compile("|".join(re.escape(marker) for marker in markers))
        self._firsts = tuple({marker[0] for marker in markers})
        self._reach = max(len(marker) for marker in markers) - 1

    def find(self, text: str) -> re.Match[str] | None:
        """The earliest marker in `text`."""
        for first in self._firsts:
            if first in text:
                return self._pattern.search(text)
        return None

    def held(self, text: str) -> int:
        """The length of the longest end of `text` that is a proper beginning of a marker."""
        for first in self._firsts:
            if first in text:
                break
        else:
            return 0
        for start in range(max(0, len(text) - self._reach), len(text)):
            if text[start] in self._firsts:
                end = text[start:]
                if any(
                    len(end) < len(marker) and marker.startswith(end) for marker in self._markers
                ):
                    return len(end)
        return 0

    def at_start(self, text: str) -> str:
        """The marker that `text` begins with, or an empty string."""
        match = self._pattern.match(text)
        return match[0] if match else ""

    def may_start(self, text: str) -> bool:
        """Whether `text` is a proper beginning of a marker."""
        return any(len(text) < len(marker) and marker.startswith(text) for marker in self._markers)
