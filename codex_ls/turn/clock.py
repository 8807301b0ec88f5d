"""The figures of a turn: when its first words came, and how fast the rest.

All durations are whole milliseconds since the request was received. What the model server told about
itself is taken as told; speed is counted here only where it told nothing, and marked as estimated.
"""

import time
from dataclasses import dataclass, field

from codex_ls.events import Phase, ServerTimings, Timing, Usage

_MIN_TOKENS = 5
_MIN_PROMPT_TOKENS = 64
_MIN_PIECES = 20
"""The share of thinking in fewer pieces is a matter of chance, or of a server that does not stream."""
_MIN_SPAN_S = 0.1
"""A speed over fewer tokens, or over less time, tells of the network and of chance: none is told."""


@dataclass(slots=True)
class TurnClock:
    """Marks the moments of one turn."""

    received_at: float
    """`time.perf_counter()` when the request was received."""
    written_at: float | None = None
    first_reasoning_at: float | None = None
    first_content_at: float | None = None
    pieces: int = 0
    """Pieces of text so far: on most servers one a token."""
    reasoning_pieces: int = 0
    """Those of them that were thinking."""
    server: ServerTimings = field(default_factory=ServerTimings)
    phases: list[tuple[Phase, float]] = field(default_factory=list)
    """Each phase that was told, with the moment it began."""
    retries: int = 0
    """How often the request was sent again."""
    has_waited: bool = False
    """Whether the request stood in the server's queue."""
    left_queue_at: float | None = None

    def phase(self, phase: Phase) -> None:
        """The model server does something else now."""
        self.phases.append((phase, time.perf_counter()))

    def queued(self, waiting: int | None) -> None:
        """So many requests are in the server's queue; None: this one is not, or no longer."""
        if waiting is not None:
            self.has_waited = True
        elif self.has_waited and self.left_queue_at is None:
            self.left_queue_at = time.perf_counter()

    def reasoning(self) -> None:
        """A piece of thinking came."""
        self.pieces += 1
        self.reasoning_pieces += 1
        if self.first_reasoning_at is None:
            self.first_reasoning_at = time.perf_counter()

    def content(self) -> None:
        """A piece of the answer came."""
        self.pieces += 1
        if self.first_content_at is None:
            self.first_content_at = time.perf_counter()

    def reclassified(self) -> None:
        """The answer so far was thinking."""
        self.reasoning_pieces = self.pieces
        if self.first_reasoning_at is None:
            self.first_reasoning_at = self.first_content_at
        self.first_content_at = None

    def answered_in_thinking(self) -> None:
        """The thinking was the answer."""
        self.reasoning_pieces = 0
        self.first_content_at = self.first_reasoning_at
        self.first_reasoning_at = None

    def timing(self, usage: Usage | None) -> Timing:
        """The figures as they stand now."""
        now = time.perf_counter()
        told = self.server.output_tokens_per_second
        prompt_speed, prompt_estimated = self._prompt_speed(usage)
        load_ms, load_estimated = self._load()
        return Timing(
            total_ms=self._ms(now),
            request_ms=self._ms(self.written_at) if self.written_at else 0,
            first_reasoning_ms=self._maybe_ms(self.first_reasoning_at),
            first_content_ms=self._maybe_ms(self.first_content_at),
            load_ms=load_ms,
            prompt_ms=self.server.prompt_ms,
            output_tokens_per_second=self._speed(now, usage),
            estimated=told is None,
            prompt_tokens_per_second=prompt_speed,
            prompt_estimated=prompt_estimated,
            waited_ms=self._waited_ms(),
            load_estimated=load_estimated,
            thinking_tokens=self._thinking_tokens(usage),
        )

    def _thinking_tokens(self, usage: Usage | None) -> int | None:
        """The share of the output that came as thinking, if the model server does not tell its size."""
        if usage is None or usage.reasoning_tokens is not None or usage.output_tokens is None:
            return None
        if not self.reasoning_pieces or self.pieces < _MIN_PIECES:
            return None
        return round(usage.output_tokens * self.reasoning_pieces / self.pieces)

    def _speed(self, now: float, usage: Usage | None) -> float | None:
        """Output tokens a second, told or counted; None where a number would be a matter of chance."""
        counted = usage.output_tokens if usage is not None else None
        tokens = self.pieces if counted is None else counted
        if tokens < _MIN_TOKENS:
            return None
        if self.server.output_tokens_per_second is not None:
            return self.server.output_tokens_per_second
        firsts = [at for at in (self.first_reasoning_at, self.first_content_at) if at is not None]
        # The first token came with the first piece: the rest came in the time since then.
        span_s = now - min(firsts, default=now)
        return (tokens - 1) / span_s if span_s >= _MIN_SPAN_S else None

    def _prompt_speed(self, usage: Usage | None) -> tuple[float | None, bool]:
        """Prompt tokens read a second, and whether that is counted here.

        What a cache had is not read, and does not count; a server that tells no more than a duration
        may have had some of them there.
        """
        tokens, duration_ms = self.server.prompt_tokens, self.server.prompt_ms
        estimated = tokens is None or duration_ms is None
        if estimated and usage is not None and usage.input_tokens is not None:
            tokens = usage.input_tokens - (usage.cached_input_tokens or 0)
            duration_ms = duration_ms if duration_ms is not None else self._reading_ms(usage)
            if duration_ms is not None and duration_ms < _MIN_SPAN_S * 1000:
                return None, False
        if tokens is None or not duration_ms or tokens < _MIN_PROMPT_TOKENS:
            return None, False
        return tokens * 1000 / duration_ms, estimated

    def _reading_ms(self, usage: Usage) -> int | None:
        """The time from the request to the first word, if nothing but the prompt was read in it."""
        firsts = [at for at in (self.first_reasoning_at, self.first_content_at) if at is not None]
        loaded = any(phase == "loading" for phase, _ in self.phases)
        thought_unseen = bool(usage.reasoning_tokens) and self.first_reasoning_at is None
        if self.written_at is None or not firsts:
            return None
        if loaded or thought_unseen or self.has_waited or self.retries:
            return None
        return round((min(firsts) - self.written_at) * 1000)

    def _load(self) -> tuple[int | None, bool]:
        """How long the model was loaded, and whether that is counted here, from phase to phase."""
        if self.server.load_ms is not None:
            return self.server.load_ms, False
        ends = [at for _, at in self.phases[1:]]
        loads = zip(self.phases, ends, strict=False)  # the last phase has no end yet
        loaded_s = sum(end - at for (phase, at), end in loads if phase == "loading")
        return (round(loaded_s * 1000), True) if loaded_s >= _MIN_SPAN_S else (None, False)

    def _waited_ms(self) -> int | None:
        if self.left_queue_at is None or self.written_at is None:
            return None
        return max(0, round((self.left_queue_at - self.written_at) * 1000))

    def _ms(self, at: float) -> int:
        return max(0, round((at - self.received_at) * 1000))

    def _maybe_ms(self, at: float | None) -> int | None:
        return None if at is None else self._ms(at)
