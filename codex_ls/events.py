"""The one vocabulary of a turn: what every wire shape ends in, and what every surface renders.

A decoder in `wire/` turns bytes into `WireEvent`s; `turn/session` adds what only a turn knows (start,
phases, retries, end) and yields `Event`s. Both are closed unions of frozen dataclasses, so that a
`match` over them can end in `assert_never`.

Texts are pieces: concatenated in order they are the whole. A piece is never empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codex_ls.errors import CodexError, ProviderError

Phase = Literal["connecting", "loading", "prompt", "thinking", "answering"]
FinishReason = Literal["stop", "length", "toolCalls", "contentFilter", "cancelled", "other"]
Status = Literal["completed", "truncated", "cancelled", "failed"]
ReasoningSource = Literal["raw", "summary"]
Effort = Literal["none", "minimal", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one turn, as the model server counted them; None where it sent no count."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    context_window: int | None = None
    """How many tokens fit, prompt and answer together, as the model is loaded now; asked elsewhere."""


@dataclass(frozen=True, slots=True)
class ServerTimings:
    """What the model server itself told about its speed."""

    load_ms: int | None = None
    prompt_ms: int | None = None
    output_tokens_per_second: float | None = None
    prompt_tokens: int | None = None
    """How many tokens were read in `prompt_ms`: those of the prompt that were not in a cache."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of one turn in milliseconds, counted from the moment the request was received."""

    total_ms: int
    request_ms: int = 0
    first_reasoning_ms: int | None = None
    first_content_ms: int | None = None
    load_ms: int | None = None
    prompt_ms: int | None = None
    output_tokens_per_second: float | None = None
    estimated: bool = True
    prompt_tokens_per_second: float | None = None
    prompt_estimated: bool = False
    """Whether the speed of reading the prompt was counted here."""
    waited_ms: int | None = None
    """How long the request stood in the server's queue, as far as that was to be seen."""
    load_estimated: bool = False
    thinking_tokens: int | None = None
    """About how many of the output's tokens were thinking, where the model server does not tell."""
    """Whether the time of loading was counted here."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know that is not an error; `kind` is from docs/protocol.md."""

    kind: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ReasoningEcho:
    """How reasoning came, so that the next request can send it back in the same field and form.

    `field` is the delta key it arrived under (`reasoning_content`, `reasoning`, ...); `details` are
    whole opaque objects (OpenRouter's `reasoning_details`, Responses `reasoning` items) that some
    servers want back verbatim, signatures included.
    """

    field: str | None = None
    details: tuple[Mapping[str, Any], ...] = ()


# ---- from the wire -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of thinking."""

    text: str
    source: ReasoningSource = "raw"


@dataclass(frozen=True, slots=True)
class ContentDelta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Reclassified:
    """All content so far was thinking: a closing tag came that nothing had opened."""


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The next piece of the `index`-th tool call of this turn (0, 1, ...).

    `call_id` and `name` stand on the call's first piece; `arguments` are pieces of JSON text.
    """

    index: int
    call_id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class UsageReported:
    """Figures from the model server; a later report replaces an earlier one."""

    usage: Usage | None
    server: ServerTimings = ServerTimings()


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """What the model server is doing now; `fraction` is 0..1 where it says how far it is.

    `waiting`: this request waits for its turn, and the server's queue has so many, this one among them.
    `silent_ms`: the phase goes on, the stream is open, and the last text came so many milliseconds ago;
    reported from 5 s on, at most once a second.
    """

    phase: Phase
    fraction: float | None = None
    waiting: int | None = None
    silent_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """A notice, the moment it is known."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class StreamFinished:
    """The stream came to its end; exactly one, last, unless `StreamFailed` stands there instead.

    `raw` is the server's own finish reason. `complete` is false when the bytes ended without one:
    the text is real, but there may have been more. `explained`: a notice has said why it is not.
    """

    finish_reason: FinishReason
    raw: str | None = None
    complete: bool = True
    echo: ReasoningEcho | None = None
    explained: bool = False


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """The server reported an error inside the stream; exactly one, last."""

    error: ProviderError


WireEvent = (
    ReasoningDelta
    | ContentDelta
    | Reclassified
    | ToolCallDelta
    | UsageReported
    | PhaseChanged
    | Noticed
    | StreamFinished
    | StreamFailed
)

# ---- from a model's tools ----------------------------------------------------------------------

ItemStatus = Literal["in_progress", "completed", "failed", "declined"]


@dataclass(frozen=True, slots=True)
class CommandItem:
    """A command that a model runs. Texts are safe to show; `output` is whole once it has ended."""

    item_id: str
    command: str
    cwd: str
    output: str = ""
    exit_code: int | None = None
    status: ItemStatus = "in_progress"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a change: `kind` is `add`, `delete` or `update`, `diff` a unified diff."""

    path: str
    kind: Literal["add", "delete", "update"]
    diff: str = ""
    name: str = ""
    """The path as it is in the workspace."""


@dataclass(frozen=True, slots=True)
class FileChangeItem:
    """Files that a model changes together."""

    item_id: str
    changes: tuple[FileChange, ...]
    status: ItemStatus = "in_progress"


@dataclass(frozen=True, slots=True)
class ToolItem:
    """A call that only reads; `arguments` is JSON text."""

    item_id: str
    tool: str
    arguments: str
    result: str = ""
    error: str | None = None
    status: ItemStatus = "in_progress"


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What a model means to do: (step, whether it is done)."""

    item_id: str
    steps: tuple[tuple[str, bool], ...]


Item = CommandItem | FileChangeItem | ToolItem | PlanItem


@dataclass(frozen=True, slots=True)
class ItemChanged:
    """An item has begun, or has ended."""

    stage: Literal["started", "completed"]
    item: Item


@dataclass(frozen=True, slots=True)
class ItemOutput:
    """The next piece of a running command's output, safe to show."""

    item_id: str
    text: str


# ---- from the turn -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The turn has begun: always the first event."""

    turn_id: str
    thread_id: str
    model: str
    provider: str
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """The request failed before any text, and will be sent again after `delay_ms`."""

    attempt: int
    max_attempts: int
    delay_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class AnsweredInThinking:
    """All thinking so far was the answer: thinking was switched off, and nothing else came.

    `text` is all of it, in place of the content, which is blank until then. At most once, behind the
    last piece of text.
    """

    text: str


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """The turn is over: always the last event, and exactly one.

    `reasoning` and `content` are the concatenated pieces, after any `Reclassified` or
    `AnsweredInThinking`. `error` is set exactly when `status` is `failed`.
    """

    status: Status
    finish_reason: FinishReason
    reasoning: str
    content: str
    timing: Timing
    usage: Usage | None = None
    notices: tuple[Notice, ...] = ()
    error: CodexError | None = None
    last_message: str | None = None
    """Of a turn with tools: the answer, without what the model said before its calls."""


Event = (
    TurnStarted
    | PhaseChanged
    | ReasoningDelta
    | ContentDelta
    | Reclassified
    | AnsweredInThinking
    | ToolCallDelta
    | RetryScheduled
    | Noticed
    | UsageReported
    | ItemChanged
    | ItemOutput
    | TurnFinished
)
