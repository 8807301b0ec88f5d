"""The `codex/*` protocol, version 1: every name and every shape, in one place.

`docs/protocol.md` is the published page, and the editors keep one mirror file each; the tests compare
all of them with this module. A change here is a change of all of them.

All keys are camelCase, durations are whole milliseconds ending in `Ms`, positions use the negotiated
encoding. No message, progress value or result carries null: a key without a value is left out.
"""

from typing import Any, Final, Literal, NotRequired, TypedDict

PROTOCOL_VERSION: Final = 1

# ---- methods -----------------------------------------------------------------------------------

EXEC: Final = "codex/exec"
PROFILES: Final = "codex/profiles"
DOCTOR: Final = "codex/doctor"
THREADS: Final = "codex/threads"
THREAD: Final = "codex/thread"
MODELS: Final = "codex/models"
MODEL_PULL: Final = "codex/modelPull"
SECRET: Final = "codex/secret"  # noqa: S105
DID_CHANGE_TRUST: Final = "codex/didChangeTrust"

REQUESTS: Final = (EXEC, PROFILES, DOCTOR, THREADS, THREAD, MODELS, MODEL_PULL)
"""What the server answers, and announces in `capabilities.experimental.codex.methods`."""

# ---- commands ----------------------------------------------------------------------------------

CODE_ACTION: Final = "textDocument/codeAction"
EXECUTE_COMMAND: Final = "workspace/executeCommand"

ASK_COMMAND: Final = "codex.ask"
EXPLAIN_COMMAND: Final = "codex.explain"
FIX_COMMAND: Final = "codex.fix"
STOP_COMMAND: Final = "codex.stop"
SELECT_PROFILE_COMMAND: Final = "codex.selectProfile"
SELECT_MODEL_COMMAND: Final = "codex.selectModel"
SELECT_EFFORT_COMMAND: Final = "codex.selectEffort"
DOCTOR_COMMAND: Final = "codex.doctor"

COMMANDS: Final = (
    ASK_COMMAND,
    EXPLAIN_COMMAND,
    FIX_COMMAND,
    STOP_COMMAND,
    SELECT_PROFILE_COMMAND,
    SELECT_MODEL_COMMAND,
    SELECT_EFFORT_COMMAND,
    DOCTOR_COMMAND,
)
"""What `workspace/executeCommand` understands: for editors that have no plugin of ours."""

COMMAND_STATUSES: Final = ("started", "completed", "truncated", "cancelled", "failed")

# ---- closed sets -------------------------------------------------------------------------------

EFFORTS: Final = ("none", "minimal", "low", "medium", "high")
PHASES: Final = ("connecting", "loading", "prompt", "thinking", "answering")
STATUSES: Final = ("completed", "truncated", "cancelled", "failed")
FINISH_REASONS: Final = ("stop", "length", "toolCalls", "contentFilter", "cancelled", "other")
REASONING_SOURCES: Final = ("raw", "summary")
PROFILE_SOURCES: Final = ("request", "settings", "config", "default")
NOTICE_KINDS: Final = (
    "contextTruncated",
    "emptyAnswer",
    "thinkingUnclosed",
    "toolCallIgnored",
    "effortRefused",
    "threadNotKept",
    "historyResent",
)
"""Besides these, a notice may have the kind of an error after which the text was kept."""

ERROR_KINDS: Final = (
    "configInvalid",
    "unknownProfile",
    "noProfile",
    "unknownThread",
    "missingCredential",
    "unreachable",
    "unauthorized",
    "notFound",
    "rateLimited",
    "serverError",
    "badRequest",
    "contextOverflow",
    "streamBroken",
    "timedOut",
    "localOnly",
    "untrustedWorkspace",
)
"""`data.kind` of a `REQUEST_FAILED` reply."""

SETTINGS_SECTION: Final = "codex"
SETTINGS: Final = ("profile", "localOnly", "thinking.show")
THINKING_SHOW: Final = ("full", "summary", "hidden")

# ---- error codes (JSON-RPC and LSP 3.17) -------------------------------------------------------

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
SERVER_NOT_INITIALIZED: Final = -32002
REQUEST_CANCELLED: Final = -32800
REQUEST_FAILED: Final = -32803

# ---- shapes ------------------------------------------------------------------------------------

ProgressToken = str | int


class Usage(TypedDict):
    """Tokens of one turn."""

    inputTokens: int
    outputTokens: int
    cachedInputTokens: NotRequired[int]
    reasoningTokens: NotRequired[int]
    contextWindow: NotRequired[int]


class Timing(TypedDict):
    """Durations of one turn, from the moment `codex/exec` was received."""

    requestMs: int
    firstReasoningMs: NotRequired[int]
    firstContentMs: NotRequired[int]
    totalMs: int
    loadMs: NotRequired[int]
    promptMs: NotRequired[int]
    outputTokensPerSecond: NotRequired[float]
    estimated: bool
    promptTokensPerSecond: NotRequired[float]
    promptEstimated: NotRequired[bool]
    waitedMs: NotRequired[int]
    loadEstimated: NotRequired[bool]
    thinkingTokens: NotRequired[int]


class Notice(TypedDict):
    """Something the user should know that is not an error."""

    kind: str
    message: str
    hint: NotRequired[str]


class ExecParams(TypedDict):
    """What `codex/exec` asks."""

    prompt: str
    profile: NotRequired[str]
    model: NotRequired[str]
    effort: NotRequired[str]
    threadId: NotRequired[str]
    textDocument: NotRequired[dict[str, Any]]
    range: NotRequired[dict[str, Any]]
    diagnostics: NotRequired[list[dict[str, Any]]]
    workDoneToken: NotRequired[ProgressToken]
    partialResultToken: NotRequired[ProgressToken]


class ExecResult(TypedDict):
    """The answer to `codex/exec`."""

    threadId: str
    turnId: str
    status: Literal["completed", "truncated", "cancelled"]
    content: str
    reasoning: str
    finishReason: str
    model: str
    profile: NotRequired[str]
    provider: str
    usage: NotRequired[Usage]
    timing: Timing
    notices: list[Notice]


class ErrorData(TypedDict):
    """`error.data` of a `REQUEST_FAILED` reply."""

    kind: str
    hint: NotRequired[str]
    retryable: bool
    provider: NotRequired[str]
    profile: NotRequired[str]
    httpStatus: NotRequired[int]


class TurnError(ErrorData):
    """`error` of a `done` event: the reply's data and its sentence."""

    message: str


class AskArguments(TypedDict):
    """The argument of `codex.ask`, `codex.explain` and `codex.fix`."""

    prompt: NotRequired[str]
    threadId: NotRequired[str]
    profile: NotRequired[str]
    model: NotRequired[str]
    effort: NotRequired[str]
    textDocument: NotRequired[dict[str, Any]]
    range: NotRequired[dict[str, Any]]
    diagnostics: NotRequired[list[dict[str, Any]]]


class CommandResult(TypedDict):
    """The answer to `workspace/executeCommand`; `uri` is the document that has the answer."""

    status: str
    threadId: NotRequired[str]
    turnId: NotRequired[str]
    uri: NotRequired[str]
    applied: NotRequired[bool]
    profile: NotRequired[str]
    model: NotRequired[str]
    effort: NotRequired[str]
    error: NotRequired[TurnError]


class ProfileSummary(TypedDict):
    """One profile. `origin` is scheme, host and port only; what is not known is empty text."""

    name: str
    model: str
    provider: str
    wireApi: str
    origin: str
    isLocal: bool
    problems: list[Notice]


class ProfilesResult(TypedDict):
    """The answer to `codex/profiles`."""

    active: NotRequired[str]
    source: str
    profiles: list[ProfileSummary]
    configPath: str
    problems: list[Notice]


class DoctorCheck(TypedDict):
    """One line of `codex/doctor`: `status` is ok, warning, failed or skipped."""

    id: str
    title: str
    status: str
    detail: str
    hint: NotRequired[str]


class DoctorResult(TypedDict):
    """The answer to `codex/doctor`; it holds no key and is safe to paste."""

    checks: list[DoctorCheck]


class ThreadSummary(TypedDict):
    """One line of `codex/threads`; `updatedAt` is a time in UTC, as in `2026-01-31T12:00:00.000Z`."""

    threadId: str
    title: str
    updatedAt: str
    profile: NotRequired[str]
    turns: int


class ThreadsResult(TypedDict):
    """The answer to `codex/threads`: the thread that was used last first."""

    threads: list[ThreadSummary]


class ThreadTurn(TypedDict):
    """One turn of a kept thread; `at` is when it was asked."""

    turnId: str
    at: str
    prompt: str
    reasoning: str
    content: str
    status: str
    finishReason: str
    model: str
    provider: str
    profile: NotRequired[str]
    usage: NotRequired[Usage]
    timing: NotRequired[Timing]
    notices: list[Notice]
    error: NotRequired[Notice]


class ThreadResult(TypedDict):
    """The answer to `codex/thread`: its turns, the oldest first."""

    threadId: str
    turns: list[ThreadTurn]


class ServedModel(TypedDict):
    """One model of a server; `contextWindow` is in tokens, `size` in bytes."""

    name: str
    loaded: NotRequired[bool]
    contextWindow: NotRequired[int]
    size: NotRequired[int]


class ModelsResult(TypedDict):
    """The answer to `codex/models`."""

    models: list[ServedModel]


class ModelPullResult(TypedDict):
    """The answer to `codex/modelPull`: the file, and how many bytes it has."""

    path: str
    bytes: int


class SecretParams(TypedDict):
    """What `codex/secret` asks the client for."""

    provider: str
    origin: str
    envKey: str


EVENT_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "begin": ("threadId", "model", "profile?", "provider"),
    "phase": ("phase", "fraction?", "waiting?"),
    "reasoning": ("text", "source"),
    "content": ("text",),
    "reclassify": ("from", "to"),
    "retry": ("attempt", "maxAttempts", "delayMs", "reason"),
    "notice": ("kind", "message", "hint?"),
    "done": ("status", "usage?", "timing", "error?"),
}
"""The fields of each `codex.type`, `?` where one may be absent; all have `turnId` and `seq` too."""

Payload = dict[str, Any]
"""The `codex` object of one progress value."""


def capability() -> Payload:
    """Return `capabilities.experimental.codex` of the server."""
    return {"protocolVersion": PROTOCOL_VERSION, "methods": list(REQUESTS)}
