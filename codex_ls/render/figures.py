"""The one line of figures that ends a turn in a terminal."""

from codex_ls.events import Timing, TurnFinished


def figures_line(finished: TurnFinished) -> str:
    """Time to the first word, tokens, tokens per second and total time, without a newline.

    What nobody counted is left out. A speed that was estimated here, because the model server
    sent no figures, is marked as an estimate.
    """
    timing = finished.timing
    parts: list[str] = []
    first_ms = _first_word_ms(timing)
    if first_ms is not None:
        parts.append(f"first word after {_seconds(first_ms)}")
    if finished.usage is not None:
        count = finished.usage.output_tokens
        parts.append(f"{count:,} {'token' if count == 1 else 'tokens'}")
    if timing.output_tokens_per_second is not None:
        speed = f"{timing.output_tokens_per_second:.1f} tokens/s"
        parts.append(f"about {speed} (estimated)" if timing.estimated else speed)
    parts.append(f"{_seconds(timing.total_ms)} in all")
    if timing.load_ms:
        parts.append(f"model loaded in {_seconds(timing.load_ms)}")
    line = ", ".join(parts)
    return line[0].upper() + line[1:]


def _first_word_ms(timing: Timing) -> int | None:
    seen = [ms for ms in (timing.first_reasoning_ms, timing.first_content_ms) if ms is not None]
    return min(seen, default=None)


def _seconds(duration_ms: int) -> str:
    seconds = duration_ms / 1000
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
