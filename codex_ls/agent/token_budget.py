"""The tokens of one agent turn: what it has used, and how it stays inside the context window.

The model server counts tokens; here only characters are known. Their ratio is taken from each report of
the server, and estimated before the first one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from codex_ls.errors import ContextOverflow
from codex_ls.events import Usage, UsageReported
from codex_ls.wire import Message, Tool

MIN_WINDOW: Final = 8_000
"""Tokens; a smaller window is full after two files."""
_FULL, _SHRUNK = 0.8, 0.5
"""Shares of the window: compaction starts above the first, and ends below the second."""
_CHARS_PER_TOKEN: Final = 3.5
_MOST_CHARS_PER_TOKEN: Final = 6.0
"""More than JSON and English ever have."""
_RESULT_SHARE: Final = 0.15
"""Share of the window that one result may fill."""
_SHRUNK_CHARS: Final = 120


class TokenBudget:
    """Usage and context window of one turn."""

    def __init__(self, window: int | None, tools: Sequence[Tool]) -> None:
        """`window` is the configured context window in tokens; None if unknown.

        Raises ContextOverflow if it is too small for tools.
        """
        self._window = window
        self._tools_chars = sum(len(f"{tool.description}{tool.parameters}") for tool in tools)
        self._chars_per_token = _CHARS_PER_TOKEN
        self._usage: Usage | None = None
        self._usage_before: Usage | None = None
        self._check_window()

    @property
    def max_result_chars(self) -> int | None:
        """The most characters that one result may have; None if the window is unknown."""
        if self._window is None:
            return None
        return int(self._window * _RESULT_SHARE * _CHARS_PER_TOKEN)

    def begin_request(self) -> None:
        """Add the tokens of the next request to those of the requests before."""
        self._usage_before = self._usage

    def note(self, report: UsageReported, messages: Sequence[Message]) -> UsageReported:
        """Return a report with the tokens of the whole turn so far, as Codex counts them.

        `messages` are those of the request. Raises ContextOverflow if the window that the server
        reports is too small for tools.
        """
        usage, before = report.usage, self._usage_before
        if usage is None:
            return report
        if usage.input_tokens:
            self._chars_per_token = max(1.0, _chars(messages) / usage.input_tokens)
        if usage.context_window and usage.context_window != self._window:
            self._window = usage.context_window
            self._check_window()
        if before is None:
            self._usage = usage
            return report
        counts = {
            name: None if mine is None and theirs is None else (mine or 0) + (theirs or 0)
            for name in ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
            for mine, theirs in [(getattr(usage, name), getattr(before, name))]
        }
        # How full the window is can't be derived from a sum, so the window is left out.
        self._usage = Usage(**counts)
        return replace(report, usage=self._usage)

    def lacks_tools(self, messages: Sequence[Message]) -> bool:
        """Whether the first prompt had tokens for its text, and too few for the tools as well.

        Then the chat template has dropped the tools.
        """
        usage = self._usage
        if usage is None or not usage.input_tokens:
            return False
        chars = _chars(messages)
        least = chars / _MOST_CHARS_PER_TOKEN  # below: the server did not count cached tokens
        least_with_tools = (chars + self._tools_chars) / _MOST_CHARS_PER_TOKEN
        return least <= usage.input_tokens < least_with_tools

    def compact(self, messages: list[Message]) -> None:
        """Shorten old results in place, oldest first, if the window is nearly full.

        Results of the last calls stay whole. It is done seldom and by much: each time, the server's
        prompt cache is lost from the first shortened result on.
        """
        if self._window is None:
            return
        room = self._window * self._chars_per_token
        size = _chars(messages)
        if size <= room * _FULL:
            return
        last_call = max(
            (at for at, message in enumerate(messages) if message.tool_calls), default=0
        )
        for at, message in _long_results(messages[:last_call]):
            if size <= room * _SHRUNK:
                return
            short = _shortened(message.text)
            size -= len(message.text) - len(short)
            messages[at] = replace(message, text=short)

    def _check_window(self) -> None:
        if self._window is not None and self._window < MIN_WINDOW:
            raise ContextOverflow(
                f"The context window of {self._window:,} tokens is too small for tools.",
                hint=f"Load the model with at least {MIN_WINDOW:,} tokens, or ask without tools.",
            )


def _chars(messages: Sequence[Message]) -> int:
    return sum(
        len(message.text)
        + len(message.reasoning)
        + sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
        for message in messages
    )


def _long_results(messages: Sequence[Message]) -> Iterator[tuple[int, Message]]:
    for at, message in enumerate(messages):
        if message.role == "tool" and len(message.text) > _SHRUNK_CHARS * 2:
            yield at, message


def _shortened(text: str) -> str:
    first = text.strip().split("\n", 1)[0][:_SHRUNK_CHARS]
    return f"{first} [... {len(text) - len(first):,} characters left out: call again if needed]"
