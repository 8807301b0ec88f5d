"""The one line of figures that ends a turn in a terminal.

Most important first: when the first words came, what was written and how fast, the total, and then what
explains it. Where it would wrap, what explains little goes first, then words, then counts: the line
takes one row of a terminal of 80 columns, and a wait that was long is never left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from codex_ls.events import Timing, TurnFinished, Usage

_LONG_MS = 1_000
_LOAD_MS = 100
"""Ollama tells tens of milliseconds of a model that was in memory all the time."""
_FULL = 0.75


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    is_needed: bool = True
    short: str | None = None
    """The same in fewer characters."""
    is_last_to_go: bool = True
    """Whether the short form stays even where there is no room for all of them."""


def figures_line(finished: TurnFinished, *, columns: int | None = None) -> str:
    """The figures of a turn, without a newline.

    What nobody counted is left out. A figure that was counted here, because the model server sent
    none, is told as `about`. `columns` is the width of the terminal, None where there is none: then
    nothing is left out that is known.
    """
    parts = [*_what_came(finished), *_what_it_took(finished)]
    if columns is None:
        return _joined(parts)
    for part in [part for part in reversed(parts) if not part.is_needed]:
        if len(_joined(parts)) < columns:
            break
        parts.remove(part)
    if len(_joined(parts)) >= columns:
        parts = [replace(part, text=part.short or part.text) for part in parts]
    for part in [part for part in reversed(parts) if not part.is_last_to_go]:
        if len(_joined(parts)) < columns:
            break
        parts.remove(part)
    return _joined(parts)


def _joined(parts: list[_Part]) -> str:
    line = ", ".join(part.text for part in parts)
    return line[0].upper() + line[1:]


def _what_came(finished: TurnFinished) -> Iterator[_Part]:
    timing = finished.timing
    thought_ms, answer_ms = timing.first_reasoning_ms, timing.first_content_ms
    if thought_ms is not None and answer_ms is not None:
        thought, answer = _seconds(thought_ms), _seconds(answer_ms)
        yield _Part(f"thinking after {thought}", short=f"thinking {thought}", is_last_to_go=False)
        yield _Part(f"answer after {answer}", short=f"answer {answer}")
    elif (first_ms := _first_word_ms(timing)) is not None:
        first = _seconds(first_ms)
        yield _Part(f"first word after {first}", short=f"first word {first}")
    if (output := _output(finished.usage, timing)) is not None:
        yield _Part(output, short=output.partition(" (")[0], is_last_to_go=False)
    elif (count := _estimated_tokens(timing)) is not None:
        yield _Part(f"about {_tokens(count)}", short=f"~{_tokens(count)}", is_last_to_go=False)
    if timing.output_tokens_per_second is not None:
        about, mark = ("about ", "~") if timing.estimated else ("", "")
        speed = f"{timing.output_tokens_per_second:.1f}"
        yield _Part(
            f"{about}{speed} tokens/s", short=f"{mark}{speed} tokens/s", is_last_to_go=False
        )
    yield _Part(f"{_seconds(timing.total_ms)} total")


def _what_it_took(finished: TurnFinished) -> Iterator[_Part]:
    timing, usage = finished.timing, finished.usage
    if timing.waited_ms is not None:
        waited = _seconds(timing.waited_ms)
        is_long = timing.waited_ms >= _LONG_MS
        yield _Part(f"waited {waited} in a queue", is_long, f"queue {waited}")
    if timing.load_ms is not None and timing.load_ms >= _LOAD_MS:
        about = "about " if timing.load_estimated else ""
        took = _seconds(timing.load_ms)
        loaded = f"model loaded in {about}{took}"
        yield _Part(loaded, timing.load_ms >= _LONG_MS, f"load {took}")
    if usage is None:
        return
    if (prompt := _prompt(timing, usage)) is not None:
        short = f"prompt {_seconds(timing.prompt_ms)}" if timing.prompt_ms else None
        yield _Part(prompt, (timing.prompt_ms or 0) >= _LONG_MS, short)
    if usage.context_window and usage.input_tokens is not None:
        share = (usage.input_tokens + (usage.output_tokens or 0)) / usage.context_window
        told = "less than 1%" if share < 0.01 else f"{share:.0%}"
        window = f"{told} of a window of {usage.context_window:,}"
        yield _Part(window, share >= _FULL, f"window {told} full")


def _prompt(timing: Timing, usage: Usage) -> str | None:
    """How long the prompt was, and what reading it took."""
    if not usage.input_tokens:
        return None
    told = f"prompt of {_tokens(usage.input_tokens)}"
    if usage.cached_input_tokens:
        told += f" ({usage.cached_input_tokens:,} cached)"
    speed = ""
    if timing.prompt_tokens_per_second is not None:
        about = "about " if timing.prompt_estimated else ""
        speed = f"at {about}{timing.prompt_tokens_per_second:,.0f}/s"
    if timing.prompt_ms:
        return f"{told} read in {_seconds(timing.prompt_ms)}" + (f" {speed}" if speed else "")
    return f"{told} read {speed}" if speed else None


def _first_word_ms(timing: Timing) -> int | None:
    seen = [ms for ms in (timing.first_reasoning_ms, timing.first_content_ms) if ms is not None]
    return min(seen, default=None)


def _output(usage: Usage | None, timing: Timing) -> str | None:
    """The tokens that were written, and how many of them were thought; None if nobody counted."""
    if usage is None or usage.output_tokens is None:
        return None
    told = _tokens(usage.output_tokens)
    if usage.reasoning_tokens:
        return f"{told} ({usage.reasoning_tokens:,} thinking)"
    if timing.thinking_tokens:
        return f"{told} (about {timing.thinking_tokens:,} thinking)"
    return told


def _tokens(count: int) -> str:
    return f"{count:,} {'token' if count == 1 else 'tokens'}"


def _estimated_tokens(timing: Timing) -> int | None:
    """The count behind an estimated speed, which is that of the tokens after the first one."""
    first_ms = _first_word_ms(timing)
    if first_ms is None or timing.output_tokens_per_second is None:
        return None
    return 1 + round(timing.output_tokens_per_second * (timing.total_ms - first_ms) / 1000)


def _seconds(duration_ms: int) -> str:
    seconds = duration_ms / 1000
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
