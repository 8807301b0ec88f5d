"""The one line of figures that ends a turn in a terminal."""

from codex_ls.events import Timing, TurnFinished, Usage


def figures_line(finished: TurnFinished) -> str:
    """Time to the first word, tokens, tokens per second, total time, and what the time before the
    first word went to, without a newline.

    What nobody counted is left out. A speed that was estimated here, because the model server
    sent no figures, is marked as an estimate.
    """
    timing = finished.timing
    parts: list[str] = []
    first_ms = _first_word_ms(timing)
    if first_ms is not None:
        parts.append(f"first word after {_seconds(first_ms)}")
    if finished.usage is not None:
        parts.append(_output(finished.usage))
    elif (count := _estimated_tokens(timing, first_ms)) is not None:
        parts.append(f"about {_tokens(count)}")
    if timing.output_tokens_per_second is not None:
        speed = f"{timing.output_tokens_per_second:.1f} tokens/s"
        parts.append(f"about {speed} (estimated)" if timing.estimated else speed)
    parts.append(f"{_seconds(timing.total_ms)} in all")
    if timing.prompt_ms and finished.usage is not None and finished.usage.input_tokens:
        tokens = _tokens(finished.usage.input_tokens)
        parts.append(f"prompt of {tokens} read in {_seconds(timing.prompt_ms)}")
    if timing.load_ms:
        parts.append(f"model loaded in {_seconds(timing.load_ms)}")
    line = ", ".join(parts)
    return line[0].upper() + line[1:]


def _first_word_ms(timing: Timing) -> int | None:
    seen = [ms for ms in (timing.first_reasoning_ms, timing.first_content_ms) if ms is not None]
    return min(seen, default=None)


def _output(usage: Usage) -> str:
    """The tokens that were written, and how many of them were thought."""
    told = _tokens(usage.output_tokens)
    return (
        f"{told} ({usage.reasoning_tokens:,} of them thinking)" if usage.reasoning_tokens else told
    )


def _tokens(count: int) -> str:
    return f"{count:,} {'token' if count == 1 else 'tokens'}"


def _estimated_tokens(timing: Timing, first_ms: int | None) -> int | None:
    """The count behind an estimated speed, which is that of the tokens after the first one."""
    if first_ms is None or timing.output_tokens_per_second is None:
        return None
    return 1 + round(timing.output_tokens_per_second * (timing.total_ms - first_ms) / 1000)


def _seconds(duration_ms: int) -> str:
    seconds = duration_ms / 1000
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
