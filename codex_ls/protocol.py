"""The `codex/*` protocol, version 1: every name and every shape, defined once.

`make generate` writes editors/vscode/src/protocol.ts, editors/nvim/lua/codex_ls/protocol.lua,
schema/codex-protocol.schema.json and the tables of docs/protocol.md from these models. Descriptions are
docstrings, and comments above the members of a closed set.

Keys are camelCase on the wire. Incoming params ignore unknown keys, and null reads as absent; nothing is
converted: `"1"` is not a line number, and neither is `true` or `1.0`. Nothing that is sent holds a null.
Text deltas are plain dicts of the shape of their event: they are never built through a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, Strict, model_validator

from codex_ls.events import Effort, FinishReason, Phase, ReasoningSource, Status
from codex_ls.json_model import (
    Bytes,
    Count,
    Flag,
    JsonObject,
    Number,
    Params,
    Prompt,
    SentText,
    Shape,
    Text,
    TextOrInteger,
    Uri,
    markup_text,
    misfit,
)
from codex_ls.sanitize import is_blank

PROTOCOL_VERSION: Final = 1

MAX_CONTEXT_ITEMS: Final = 32

# ---- closed sets -------------------------------------------------------------------------------

Intent = Literal[
    "ask",
    "explain",
    "fix",
    "edit",
    # of an answer that was cut off: the rest of it
    "continue",
]
Mode = Literal[
    # the model answers
    "ask",
    # the model reads and edits files and runs commands, as config.toml and the user allow
    "agent",
]
ItemType = Literal["command_execution", "file_change", "tool_call", "todo_list"]
ItemStage = Literal["started", "output", "completed"]
ItemStatus = Literal["in_progress", "completed", "failed", "declined"]
ChangeKind = Literal["add", "delete", "update"]
ApprovalKind = Literal[
    # a command in the sandbox
    "command",
    # changes of files
    "edit",
    # a command without the sandbox
    "escalate",
]
Decision = Literal[
    # yes
    "accept",
    # yes, and the same again without a question while this server runs
    "acceptForSession",
    # no: the model goes on without it
    "decline",
    # no, and the turn ends
    "cancel",
]
ChatRole = Literal["system", "user", "assistant", "tool"]
ToolChoice = Literal[
    # the model calls a tool or answers
    "auto",
    # the model has to call a tool
    "required",
]
Placement = Literal["replace", "insert"]
ReplyStatus = Literal["completed", "truncated", "cancelled"]
CommandStatus = Literal["started", "completed", "truncated", "cancelled", "failed"]
CheckStatus = Literal["ok", "warning", "failed", "skipped"]
ProfileSource = Literal["request", "settings", "config", "default"]
ThinkingShow = Literal["full", "summary", "hidden"]
EffortChoice = Effort | Literal["default"]
NoticeKind = Literal[
    "contextTruncated",
    "emptyAnswer",
    "thinkingUnclosed",
    "toolCallIgnored",
    "effortRefused",
    "parameterRefused",
    "threadNotKept",
    "historyResent",
    "agentStopped",
]
EditRefusalKind = Literal[
    # the answer has no code block
    "noCode",
    # it has several; `block` chooses
    "severalBlocks",
    # its code block has no end
    "unclosedBlock",
    # its code has placeholders for omitted code (`# ... existing code ...`)
    "omittedCode",
    # it could mean two things: numbered lines out of order, a diff that does not fit, code from around
    # the range, indentation that is lost
    "unclear",
    # its code is what is there already
    "unchanged",
    # the code has changed since the question, or what it was is not known
    "documentChanged",
    # its code has more than 4,000 lines
    "tooLong",
]
NextAction = Literal[
    # examine the profile, and look for model servers on this machine
    "checkSetup",
    # enter the API key of a provider; the argument is its id
    "setApiKey",
    # select one of the profiles
    "selectProfile",
    # select one of the models that the profile's server has
    "selectModel",
    # open config.toml
    "openConfig",
    # download the built-in engine and a model; the argument is its name
    "getBuiltinModel",
]
ErrorKind = Literal[
    # config.toml can't be read, or is wrong: file, line and column are named
    "configInvalid",
    # no such profile; never another one in its place
    "unknownProfile",
    # there is a configuration, and nothing in it selects a model
    "noProfile",
    # no such thread
    "unknownThread",
    # the provider's key is set nowhere
    "missingCredential",
    # nothing listens there, or the name or the certificate is not good
    "unreachable",
    # 401, 403
    "unauthorized",
    # 404: the model or the path
    "notFound",
    # 429
    "rateLimited",
    # 5xx, or an error inside the stream
    "serverError",
    # another 4xx
    "badRequest",
    # the prompt does not fit the model's window
    "contextOverflow",
    # the stream broke off, or made no sense
    "streamBroken",
    # a limit passed: connect, first byte, idle or silent
    "timedOut",
    # the address is not on this machine, and the lock is on
    "localOnly",
    # an untrusted workspace's setting would have to choose the profile
    "untrustedWorkspace",
    # the question would go to another profile or address than `expected` names; `profile` is the one
    # that would answer
    "profileChanged",
]

# ---- error codes (JSON-RPC and LSP 3.17) -------------------------------------------------------

REQUEST_FAILED: Final = -32803

# ---- LSP's own shapes -------------------------------------------------------------------------

ProgressToken = str | int
Token = TextOrInteger


@dataclass(frozen=True, slots=True)
class Position:
    """LSP's `Position`; `character` counts code units of the negotiated encoding."""

    line: Count
    character: Count


@dataclass(frozen=True, slots=True)
class Range:
    """LSP's `Range`: from `start` up to and without `end`."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class TextDocument:
    """LSP's `TextDocumentIdentifier`."""

    uri: Uri


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """LSP's `Diagnostic`, as far as a question needs it; `severity` is 1 to 4."""

    range: Range
    message: Annotated[SentText, BeforeValidator(markup_text)]
    severity: Annotated[int, Strict(), Field(ge=1, le=4)] | None = None
    code: TextOrInteger | None = None
    source: Text | None = None


# ---- codex/exec --------------------------------------------------------------------------------


class ExpectedProfile(Shape):
    """Who the user was shown as the one that answers."""

    profile: Text
    """empty: the settings at the top of config.toml"""
    origin: Text | None = None
    """as in codex/profiles"""


class ContextItem(Params):
    """A file that goes along with a question, or the lines of a range of it."""

    uri: Uri | None = None
    """an open document as it is then, otherwise a file inside a workspace folder"""
    path: Text | None = None
    """in place of uri: relative to a workspace folder"""
    range: Range | None = None
    """absent: all of it"""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.uri is None) == (self.path is None):
            raise misfit("uri", "or path is required, not both")
        return self


class ExecParams(Params):
    """What `codex/exec` asks."""

    prompt: SentText = ""
    """not blank, unless the intent is explain, fix or continue; /NAME asks one of codex/prompts"""
    intent: Intent = "ask"
    """absent: ask"""
    expected: ExpectedProfile | None = None
    """who the user was shown as the one that answers"""
    profile: Text | None = None
    """a profile of config.toml; goes before every setting"""
    model: Text | None = None
    """another model, for this turn"""
    effort: Effort | None = None
    mode: Mode = "ask"
    """absent: ask"""
    thread_id: Text | None = None
    """resume that conversation; absent begins a new one"""
    replaces: Text | None = None
    """the turnId of a turn of that conversation, which is no longer part of it"""
    text_document: TextDocument | None = None
    """what the question is about, and whose folder's settings apply"""
    range: Range | None = None
    """the selection; needs a textDocument"""
    diagnostics: tuple[Diagnostic, ...] = ()
    """what the editor shows there"""
    context: Annotated[tuple[ContextItem, ...], Field(max_length=MAX_CONTEXT_ITEMS)] = ()
    """what else goes along: at most 32 items, in total 262,144 characters"""
    work_done_token: Token | None = None
    partial_result_token: Token | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.intent in ("ask", "edit") and is_blank(self.prompt):
            is_there = "prompt" in self.model_fields_set
            raise misfit("prompt", "must not be blank" if is_there else "is required")
        if self.range is not None and self.text_document is None:
            raise misfit("range", "needs a textDocument")
        if self.intent == "continue":
            if self.thread_id is None:
                raise misfit("intent", "continue needs a threadId")
        elif self.intent != "ask" and self.text_document is None:
            raise misfit("intent", f"{self.intent} needs a textDocument")
        if self.mode == "agent" and self.intent not in ("ask", "continue"):
            raise misfit("mode", "agent takes the intents ask and continue alone")
        if self.replaces is not None and self.thread_id is None:
            raise misfit("replaces", "needs a threadId")
        return self


class Usage(Shape):
    """Tokens of one turn; a count that the model server did not send is absent."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cached_input_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    context_window: Count | None = None
    """how many tokens fit, prompt and answer together"""


class Timing(Shape):
    """Durations of one turn; all but loadMs and promptMs count from the arrival of codex/exec."""

    request_ms: Count
    """until the request was on the wire"""
    first_reasoning_ms: Count | None = None
    first_content_ms: Count | None = None
    total_ms: Count
    load_ms: Count | None = None
    """the model server's own figure, unless loadEstimated"""
    prompt_ms: Count | None = None
    """the model server's own figure"""
    output_tokens_per_second: Number | None = None
    estimated: Flag
    """counted here, since the model server sent no figures"""
    prompt_tokens_per_second: Number | None = None
    """prompt processing, without cached tokens"""
    prompt_estimated: Flag | None = None
    """that is counted here; absent: reported by the model server"""
    waited_ms: Count | None = None
    """in the model server's queue, as far as that was to be seen"""
    load_estimated: Flag | None = None
    """loadMs is counted here; absent: reported by the model server"""
    thinking_tokens: Count | None = None
    """counted here, where usage has no reasoningTokens"""


class NextStep(Shape):
    """What a client can offer as a button or a link; the hint says the same for a shell."""

    action: NextAction
    argument: Text | None = None
    hint: Text | None = None
    """in place of the other hint: it names no shell command; absent: the action says it all"""


class Notice(Shape):
    """Something the user should know that is not an error."""

    kind: Text
    message: Text
    hint: Text | None = None
    next_step: NextStep | None = None


class ExecResult(Shape):
    """The answer to `codex/exec`."""

    thread_id: Text
    turn_id: Text
    status: ReplyStatus
    content: Text
    """the whole answer"""
    reasoning: Text
    """the whole thinking, whatever of it was shown"""
    finish_reason: FinishReason
    model: Text
    profile: Text | None = None
    provider: Text
    range: Range | None = None
    """with the intents explain, fix and edit: the lines the answer is about"""
    usage: Usage | None = None
    timing: Timing
    notices: tuple[Notice, ...]


class ErrorData(Shape):
    """`error.data` of a failed request."""

    kind: ErrorKind
    hint: Text | None = None
    """the one next step"""
    next_step: NextStep | None = None
    """the same for a client that has commands"""
    retryable: Flag
    """the same request may work later"""
    provider: Text | None = None
    profile: Text | None = None
    http_status: Count | None = None


class TurnError(ErrorData):
    """Why a turn failed, in its last event."""

    message: Text


# ---- progress ----------------------------------------------------------------------------------


class Event(Shape):
    """What every event has; `seq` counts from 0 without a gap."""

    turn_id: Text
    seq: Count


class BeginEvent(Event):
    """the turn has begun; `isLocal`: the model server is on this machine; `range?`: as in the result"""

    type: Literal["begin"]
    thread_id: Text
    model: Text
    profile: Text | None = None
    provider: Text
    is_local: Flag
    range: Range | None = None


class PhaseEvent(Event):
    """what the model server does: `connecting`, `loading`, `prompt`, `thinking`, `answering`;
    `fraction?`: 0 to 1 where the server reports progress; `waiting?`: the prompt is not processed yet,
    and so many requests are in the server's queue, this one among them; `silentMs?`: the phase goes on,
    the stream is open, and so long ago came the last text, or before any text the first byte or
    progress; sent at most once a second, after 5 s"""

    type: Literal["phase"]
    phase: Phase
    fraction: Number | None = None
    waiting: Count | None = None
    silent_ms: Count | None = None


class ReasoningEvent(Event):
    """the next piece of thinking, `raw` or a `summary`"""

    type: Literal["reasoning"]
    text: Text
    source: ReasoningSource


class ContentEvent(Event):
    """the next piece of the answer"""

    type: Literal["content"]
    text: Text


class ReclassifyEvent(Event):
    """`content` to `reasoning`: all content so far was thinking, move it; `reasoning` to `content`:
    thinking was switched off, and all of it was the answer, in place of the content, which is blank
    until then"""

    type: Literal["reclassify"]
    from_: Literal["content", "reasoning"]
    to: Literal["content", "reasoning"]


class RetryEvent(Event):
    """the request failed before any text, and will be sent again"""

    type: Literal["retry"]
    attempt: Count
    max_attempts: Count
    delay_ms: Count
    reason: Text


class NoticeEvent(Event):
    """something to know that is not an error"""

    type: Literal["notice"]
    kind: Text
    message: Text
    hint: Text | None = None
    next_step: NextStep | None = None


class FileChange(Shape):
    """One file of a change; `diff` is a unified diff."""

    uri: Text
    kind: ChangeKind
    diff: Text


class PlanStep(Shape):
    """One step of what a model means to do."""

    text: Text
    completed: Flag


class TurnItem(Shape):
    """What a model does with its tools; `type` says which of the keys there are."""

    id: Text
    type: ItemType
    status: ItemStatus | None = None
    command: Text | None = None
    cwd: Text | None = None
    aggregated_output: Text | None = None
    """whole once the command has ended; its middle may be left out"""
    exit_code: Count | None = None
    changes: tuple[FileChange, ...] | None = None
    tool: Text | None = None
    arguments: Text | None = None
    """JSON"""
    result: Text | None = None
    error: Text | None = None
    items: tuple[PlanStep, ...] | None = None


class ItemEvent(Event):
    """a tool call of a turn with `mode: "agent"`: `item` at its start and its end; of a running command
    `itemId` and the next piece of output in `text`"""

    type: Literal["item"]
    stage: ItemStage
    item: TurnItem | None = None
    item_id: Text | None = None
    text: Text | None = None


class ToolCallEvent(Event):
    """the next piece of a tool call of `codex/chat`: `id` on the first piece of each, `arguments` are
    pieces of JSON; after a `retry` the calls begin anew"""

    type: Literal["toolCall"]
    index: Count
    id: Text | None = None
    name: Text | None = None
    arguments: Text


class DoneEvent(Event):
    """the turn is over: `completed`, `truncated`, `cancelled`, `failed`"""

    type: Literal["done"]
    status: Status
    usage: Usage | None = None
    timing: Timing
    error: TurnError | None = None


TurnEvent = (
    BeginEvent
    | PhaseEvent
    | ReasoningEvent
    | ContentEvent
    | ReclassifyEvent
    | RetryEvent
    | NoticeEvent
    | ItemEvent
    | ToolCallEvent
    | DoneEvent
)


class ProgressValue(Shape):
    """A value of `$/progress`: LSP's work-done progress, and the event of a turn."""

    kind: Literal["begin", "report", "end"]
    title: Text | None = None
    message: Text | None = None
    percentage: Count | None = None
    cancellable: Flag | None = None
    codex: Annotated[TurnEvent, Field(discriminator="type")] | None = None


# ---- codex/chat --------------------------------------------------------------------------------


class ChatToolCall(Shape):
    """A call of one of the client's tools."""

    id: Text
    name: Text
    arguments: SentText
    """a JSON object, as the model wrote it: not sanitized"""


class ChatTool(Shape):
    """A tool that the client runs."""

    name: Text
    description: SentText = ""
    parameters: JsonObject | None = None
    """the JSON Schema of its arguments; absent: it has none"""


class ChatMessage(Shape):
    """One message of the client's conversation."""

    role: ChatRole
    content: SentText = ""
    tool_calls: tuple[ChatToolCall, ...] = ()
    """of the role assistant: what it called"""
    tool_call_id: Text | None = None
    """of the role tool: which call this is the result of"""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.tool_calls and self.role != "assistant":
            raise misfit("toolCalls", "needs the role assistant")
        if (self.tool_call_id is None) == (self.role == "tool"):
            raise misfit("toolCallId", "belongs to the role tool")
        return self


class ChatParams(Params):
    """What `codex/chat` asks: the client's own conversation and tools."""

    messages: tuple[ChatMessage, ...]
    """the last one is of the user or a tool"""
    tools: tuple[ChatTool, ...] = ()
    tool_choice: ToolChoice = "auto"
    """absent: auto"""
    expected: ExpectedProfile | None = None
    """who the user was shown as the one that answers"""
    profile: Text | None = None
    """a profile of config.toml; goes before every setting"""
    model: Text | None = None
    """another model, for this request"""
    effort: Effort | None = None
    text_document: TextDocument | None = None
    """whose folder's settings apply"""
    work_done_token: Token | None = None
    partial_result_token: Token | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.messages or self.messages[-1].role not in ("user", "tool"):
            raise misfit("messages", "must end with one of the user or a tool")
        if self.tool_choice == "required" and not self.tools:
            raise misfit("toolChoice", "needs tools")
        return self


class ChatResult(Shape):
    """The answer to `codex/chat`."""

    turn_id: Text
    status: ReplyStatus
    content: Text
    reasoning: Text
    tool_calls: tuple[ChatToolCall, ...]
    """what the client is to run; the results go into its next request"""
    finish_reason: FinishReason
    model: Text
    profile: Text | None = None
    provider: Text
    usage: Usage | None = None
    timing: Timing
    notices: tuple[Notice, ...]


# ---- codex/edit --------------------------------------------------------------------------------


class EditParams(Params):
    """Which answer's code `codex/edit` puts where."""

    turn_id: Text
    thread_id: Text | None = None
    """for a turn of an earlier session"""
    text_document: TextDocument
    range: Range
    """where the code goes, as the document is now"""
    original: Text | None = None
    """the text of that range when it was asked about; absent: what the server saw then"""
    placement: Placement = "replace"
    """absent: replace"""
    block: Count | None = None
    """which code block, from 0"""


class TextEdit(Shape):
    """LSP's `TextEdit`."""

    range: Range
    new_text: Text


class CodeBlock(Shape):
    """One code block of an answer."""

    index: Count
    language: Text
    lines: Count
    preview: Text
    """its first line"""


class CodeBlockText(CodeBlock):
    """One code block of an answer, whole."""

    text: Text
    """as the model wrote it, without the fences and without blank lines at its ends"""


class CodeBlocksParams(Params):
    """Which answer's code blocks `codex/codeBlocks` returns."""

    turn_id: Text
    thread_id: Text | None = None
    """for a turn of an earlier session"""


class CodeBlocksResult(Shape):
    """The answer to `codex/codeBlocks`: in the order of the answer."""

    blocks: tuple[CodeBlockText, ...]
    """empty if there is no code block"""


class EditRefusal(Shape):
    """Why nothing is changed."""

    kind: EditRefusalKind
    message: Text
    """one sentence"""
    blocks: tuple[CodeBlock, ...] | None = None
    """of severalBlocks: what can be chosen"""
    ask_again: Text | None = None
    """a prompt for the same thread that asks for the whole block"""


class EditResult(Shape):
    """The answer to `codex/edit`: edits of one version of the document, or a refusal."""

    edits: tuple[TextEdit, ...]
    """empty if refused"""
    version: int | None = None
    """of the open document that the edits are for"""
    refusal: EditRefusal | None = None


# ---- the other requests ------------------------------------------------------------------------


class ProfilesParams(Params):
    """What `codex/profiles` asks."""

    text_document: TextDocument | None = None
    """without one, the first folder's settings apply"""


class ProfileSummary(Shape):
    """One profile."""

    name: Text
    model: Text
    provider: Text
    wire_api: Text
    origin: Text
    """scheme, host and port alone; empty for the built-in model"""
    is_local: Flag
    context_window: Count | None = None
    """tokens, where config.toml says it; codex/models asks the server"""
    problems: tuple[Notice, ...]
    """why it can't be used"""


class ProfilesResult(Shape):
    """The answer to `codex/profiles`."""

    active: Text | None = None
    """absent: the settings at the top of config.toml stand alone"""
    source: ProfileSource
    profiles: tuple[ProfileSummary, ...]
    config_path: Text
    problems: tuple[Notice, ...]


class DoctorParams(Params):
    """What `codex/doctor` asks."""

    profile: Text | None = None
    discover: Flag = False
    """look for model servers on this machine as well"""
    work_done_token: Token | None = None


class DoctorCheck(Shape):
    """One check of the examination; `id` stays the same over versions."""

    id: Text
    title: Text
    status: CheckStatus
    detail: Text
    hint: Text | None = None


class DoctorResult(Shape):
    """The answer to `codex/doctor`; it holds no key and is safe to paste."""

    checks: tuple[DoctorCheck, ...]


class ThreadsParams(Params):
    """What `codex/threads` asks."""

    search: Text = ""
    """those alone whose questions and answers hold all of these words"""
    text_document: TextDocument | None = None
    """the conversations of its folder come first"""


class ThreadSummary(Shape):
    """One conversation."""

    thread_id: Text
    title: Text
    updated_at: Text
    """2026-01-31T12:00:00.000Z"""
    profile: Text | None = None
    turns: Count
    here: Flag | None = None
    """it began in the folder of textDocument"""


class ThreadsResult(Shape):
    """The answer to `codex/threads`: those of the folder first, then the thread that was used last."""

    threads: tuple[ThreadSummary, ...]


class ThreadParams(Params):
    """What `codex/thread` asks."""

    thread_id: Text


class ThreadTurn(Shape):
    """One turn of a saved thread."""

    turn_id: Text
    at: Text
    """when it was asked, as in updatedAt"""
    prompt: Text
    reasoning: Text
    content: Text
    status: Status
    finish_reason: FinishReason
    model: Text
    provider: Text
    profile: Text | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    notices: tuple[Notice, ...]
    error: Notice | None = None


class ThreadResult(Shape):
    """The answer to `codex/thread`: its turns, the oldest first."""

    thread_id: Text
    turns: tuple[ThreadTurn, ...]


class PromptsParams(Params):
    """What `codex/prompts` asks: nothing."""


class PromptSummary(Shape):
    """One of the user's own prompts, which is asked as /NAME in the prompt of a question."""

    name: Text
    description: Text | None = None
    argument_hint: Text | None = None
    """the arguments behind the name, in words"""
    intent: Intent | None = None
    """what is done with the answer; absent: as the question says"""


class PromptsResult(Shape):
    """The answer to `codex/prompts`: in the order of their names."""

    prompts: tuple[PromptSummary, ...]


class ModelsParams(Params):
    """What `codex/models` asks: the models of the server that a `codex/exec` with these would ask."""

    profile: Text | None = None
    text_document: TextDocument | None = None


class ServedModel(Shape):
    """One model of a server."""

    name: Text
    loaded: Flag | None = None
    """of a built-in model: its file is here"""
    context_window: Count | None = None
    """tokens"""
    size: Bytes | None = None
    """bytes"""


class ModelsResult(Shape):
    """The answer to `codex/models`."""

    models: tuple[ServedModel, ...]
    context_window: Count | None = None
    """tokens that fit the profile's own model"""


class DiscoverParams(Params):
    """What `codex/discover` asks: nothing. Only the usual ports of this machine are looked at."""


class FoundServer(Shape):
    """A model server on this machine."""

    title: Text
    """name and version, in words"""
    origin: Text
    """scheme, host and port"""
    models: tuple[ServedModel, ...]
    """those that can answer, those in memory first"""


class DiscoverResult(Shape):
    """The answer to `codex/discover`."""

    servers: tuple[FoundServer, ...]
    built_in: ServedModel
    """the built-in model that answers without any configuration"""
    config_folder: Text
    """where `codex/addProfile` writes"""


class AddProfileParams(Params):
    """Which model of which server `codex/addProfile` writes a profile for."""

    origin: Text
    """as in codex/discover"""
    model: Text


class AddProfileResult(Shape):
    """The answer to `codex/addProfile`."""

    profile: Text
    is_active: Flag
    """it answers where nothing else is selected"""
    written: tuple[Text, ...]
    """paths of the files that were written; empty where there was such a profile"""


class ModelPullParams(Params):
    """What `codex/modelPull` asks."""

    name: Text
    work_done_token: Token | None = None


class ModelPullResult(Shape):
    """The answer to `codex/modelPull`."""

    path: Text
    bytes: Bytes


class UndoParams(Params):
    """Which turn's changes `codex/undo` takes back."""

    turn_id: Text
    uris: tuple[Uri, ...] = ()
    """these files alone; absent or empty: all of them"""


class ChangesParams(Params):
    """Which turn's changes `codex/changes` returns."""

    turn_id: Text


class ChangedFile(FileChange):
    """One file that a turn changed: `diff` goes from before the turn to what the file is now."""

    before: Text | None = None
    """its text before the turn; absent if there was no file, or no text"""
    changed_since: Flag
    """somebody else has changed it since: it is not undone"""


class ChangesResult(Shape):
    """The answer to `codex/changes`: what `codex/undo` would take back, in the order of the changes."""

    files: tuple[ChangedFile, ...]


class UndoResult(Shape):
    """The answer to `codex/undo`: the files that are as they were before the turn."""

    restored: tuple[Text, ...]
    """URIs"""
    changed_since: tuple[Text, ...]
    """URIs of files that are left alone, because they were changed since"""


class ApproveParams(Shape):
    """What `codex/approve` asks the user of the client."""

    thread_id: Text
    turn_id: Text
    item_id: Text
    """the item that waits for the answer"""
    kind: ApprovalKind
    reason: Text | None = None
    """why, in the model's words"""
    command: Text | None = None
    """control characters are written as escapes"""
    cwd: Text | None = None
    changes: tuple[FileChange, ...] | None = None
    decisions: tuple[Decision, ...]


class ApproveResult(Shape):
    """The client's answer to `codex/approve`; anything else declines."""

    decision: Decision


class SecretParams(Shape):
    """What `codex/secret` asks the client for."""

    provider: Text
    origin: Text
    env_key: Text


class SecretResult(Shape):
    """The client's answer to `codex/secret`."""

    value: Text | None = None


class DidChangeTrustParams(Params):
    """Whether the user trusts the workspace now."""

    trusted: Flag


class DidChangeProfilesParams(Shape):
    """Nothing: the answer to `codex/profiles` may have changed."""


class ServerCapability(Shape):
    """What the server announces."""

    protocol_version: Literal[1]
    methods: tuple[Text, ...]


class ClientCapability(Shape):
    """What a client made for this server announces."""

    protocol_version: Literal[1]
    secret: Flag | None = None
    """it answers codex/secret"""
    approve: Flag | None = None
    """it answers codex/approve"""
    did_change_profiles: Flag | None = None
    """it wants codex/didChangeProfiles"""


# ---- commands ----------------------------------------------------------------------------------


class AskArguments(Params):
    """The argument of `codex.ask`, `codex.do`, `codex.explain` and `codex.fix`."""

    typed = "prompt"

    prompt: Prompt | None = None
    thread_id: Text | None = None
    """resume that conversation"""
    profile: Text | None = None
    model: Text | None = None
    """in place of the profile's"""
    effort: Effort | None = None
    text_document: TextDocument | None = None
    range: Range | None = None
    """needs a textDocument"""
    diagnostics: tuple[Diagnostic, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.range is not None and self.text_document is None:
            raise misfit("range", "needs a textDocument")
        return self


class StopArguments(Params):
    """The argument of `codex.stop`: nothing."""


class ProfileArguments(Params):
    """The argument of `codex.selectProfile`."""

    typed = "profile"

    profile: Text | None = None


class ModelArguments(Params):
    """The argument of `codex.selectModel`; empty text is the profile's own model.

    Its profile is the one that answers questions about `text_document`.
    """

    typed = "model"

    model: Annotated[Text, AfterValidator(str.strip)] | None = None
    text_document: TextDocument | None = None


class EffortArguments(Params):
    """The argument of `codex.selectEffort`; `default` is what the profile says."""

    typed = "effort"

    effort: EffortChoice | None = None


class DoctorArguments(Params):
    """The argument of `codex.doctor`."""

    typed = "profile"

    profile: Text | None = None
    discover: Flag = False


class CommandResult(Shape):
    """The answer to `workspace/executeCommand`."""

    status: CommandStatus
    thread_id: Text | None = None
    turn_id: Text | None = None
    uri: Text | None = None
    """the document with the answer"""
    applied: Flag | None = None
    """of a fix: whether it was made"""
    profile: Text | None = None
    """of codex.selectProfile"""
    model: Text | None = None
    """of codex.selectModel"""
    effort: Effort | None = None
    """of codex.selectEffort"""
    error: TurnError | None = None
    """of a failed one: as in a `done` event"""


# ---- names -------------------------------------------------------------------------------------

EXEC: Final = "codex/exec"
CHAT: Final = "codex/chat"
EDIT: Final = "codex/edit"
CODE_BLOCKS: Final = "codex/codeBlocks"
PROFILES: Final = "codex/profiles"
DOCTOR: Final = "codex/doctor"
THREADS: Final = "codex/threads"
THREAD: Final = "codex/thread"
PROMPTS: Final = "codex/prompts"
MODELS: Final = "codex/models"
DISCOVER: Final = "codex/discover"
ADD_PROFILE: Final = "codex/addProfile"
MODEL_PULL: Final = "codex/modelPull"
CHANGES: Final = "codex/changes"
UNDO: Final = "codex/undo"
APPROVE: Final = "codex/approve"
SECRET: Final = "codex/secret"  # noqa: S105
DID_CHANGE_TRUST: Final = "codex/didChangeTrust"
DID_CHANGE_PROFILES: Final = "codex/didChangeProfiles"


class Request(NamedTuple):
    """What a request is asked with and answered with."""

    params: type[Shape]
    result: type[Shape]


REQUESTS: Final[Mapping[str, Request]] = {
    EXEC: Request(ExecParams, ExecResult),
    CHAT: Request(ChatParams, ChatResult),
    EDIT: Request(EditParams, EditResult),
    CODE_BLOCKS: Request(CodeBlocksParams, CodeBlocksResult),
    PROFILES: Request(ProfilesParams, ProfilesResult),
    DOCTOR: Request(DoctorParams, DoctorResult),
    THREADS: Request(ThreadsParams, ThreadsResult),
    THREAD: Request(ThreadParams, ThreadResult),
    PROMPTS: Request(PromptsParams, PromptsResult),
    MODELS: Request(ModelsParams, ModelsResult),
    DISCOVER: Request(DiscoverParams, DiscoverResult),
    ADD_PROFILE: Request(AddProfileParams, AddProfileResult),
    MODEL_PULL: Request(ModelPullParams, ModelPullResult),
    CHANGES: Request(ChangesParams, ChangesResult),
    UNDO: Request(UndoParams, UndoResult),
}
"""What the server answers, and announces in `capabilities.experimental.codex.methods`."""

CLIENT_REQUESTS: Final[Mapping[str, Request]] = {
    SECRET: Request(SecretParams, SecretResult),
    APPROVE: Request(ApproveParams, ApproveResult),
}
"""What the server asks a client that announced it."""

NOTIFICATIONS: Final[Mapping[str, type[Shape]]] = {
    DID_CHANGE_TRUST: DidChangeTrustParams,
    DID_CHANGE_PROFILES: DidChangeProfilesParams,
}

ASK_COMMAND: Final = "codex.ask"
DO_COMMAND: Final = "codex.do"
EXPLAIN_COMMAND: Final = "codex.explain"
FIX_COMMAND: Final = "codex.fix"
STOP_COMMAND: Final = "codex.stop"
SELECT_PROFILE_COMMAND: Final = "codex.selectProfile"
SELECT_MODEL_COMMAND: Final = "codex.selectModel"
SELECT_EFFORT_COMMAND: Final = "codex.selectEffort"
DOCTOR_COMMAND: Final = "codex.doctor"

COMMANDS: Final[Mapping[str, type[Params]]] = {
    ASK_COMMAND: AskArguments,
    DO_COMMAND: AskArguments,
    EXPLAIN_COMMAND: AskArguments,
    FIX_COMMAND: AskArguments,
    STOP_COMMAND: StopArguments,
    SELECT_PROFILE_COMMAND: ProfileArguments,
    SELECT_MODEL_COMMAND: ModelArguments,
    SELECT_EFFORT_COMMAND: EffortArguments,
    DOCTOR_COMMAND: DoctorArguments,
}
"""What `workspace/executeCommand` understands: for editors that have no plugin of ours."""

SETTINGS_SECTION: Final = "codex"


def capability() -> ServerCapability:
    """Return `capabilities.experimental.codex` of the server."""
    return ServerCapability(protocol_version=PROTOCOL_VERSION, methods=tuple(REQUESTS))
