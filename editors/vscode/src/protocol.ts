/** The `codex/*` protocol, version 1. Generated from codex_ls/protocol.py by `make generate`; do not edit. */

/* eslint max-lines: off */

import type {
  Diagnostic,
  ProgressToken,
  Range,
  TextDocumentIdentifier,
  TextEdit,
} from "vscode-languageserver-protocol";

export const PROTOCOL_VERSION = 1;

export const EXEC = "codex/exec";
export const CHAT = "codex/chat";
export const EDIT = "codex/edit";
export const CODE_BLOCKS = "codex/codeBlocks";
export const PROFILES = "codex/profiles";
export const DOCTOR = "codex/doctor";
export const THREADS = "codex/threads";
export const THREAD = "codex/thread";
export const PROMPTS = "codex/prompts";
export const MODELS = "codex/models";
export const DISCOVER = "codex/discover";
export const ADD_PROFILE = "codex/addProfile";
export const MODEL_PULL = "codex/modelPull";
export const CHANGES = "codex/changes";
export const UNDO = "codex/undo";
export const APPROVE = "codex/approve";
export const SECRET = "codex/secret";
export const DID_CHANGE_TRUST = "codex/didChangeTrust";
export const DID_CHANGE_PROFILES = "codex/didChangeProfiles";

/** The provider, and the profile, that are there without any config.toml. */
export const BUILT_IN = "embedded";

export const EFFORTS = ["none", "minimal", "low", "medium", "high"] as const;

export type Effort = "none" | "minimal" | "low" | "medium" | "high";
export type FinishReason = "stop" | "length" | "toolCalls" | "contentFilter" | "cancelled" | "other";
export type Phase = "connecting" | "loading" | "prompt" | "thinking" | "answering";
export type ReasoningSource = "raw" | "summary";
export type Status = "completed" | "truncated" | "cancelled" | "failed";
export type Intent = "ask" | "explain" | "fix" | "edit" | "continue";
export type Mode = "ask" | "agent";
export type ItemType = "command_execution" | "file_change" | "tool_call" | "todo_list";
export type ItemStage = "started" | "output" | "completed";
export type ItemStatus = "in_progress" | "completed" | "failed" | "declined";
export type ChangeKind = "add" | "delete" | "update";
export type ApprovalKind = "command" | "edit" | "escalate";
export type Decision = "accept" | "acceptForSession" | "decline" | "cancel";
export type ChatRole = "system" | "user" | "assistant" | "tool";
export type ToolChoice = "auto" | "required";
export type Placement = "replace" | "insert";
export type ReplyStatus = "completed" | "truncated" | "cancelled";
export type CommandStatus = "started" | "completed" | "truncated" | "cancelled" | "failed";
export type CheckStatus = "ok" | "warning" | "failed" | "skipped";
export type ProfileSource = "request" | "settings" | "config" | "default";
export type ThinkingShow = "full" | "summary" | "hidden";
export type NoticeKind =
  | "contextTruncated"
  | "emptyAnswer"
  | "thinkingUnclosed"
  | "toolCallIgnored"
  | "effortRefused"
  | "parameterRefused"
  | "threadNotKept"
  | "historyResent"
  | "agentStopped";
export type EditRefusalKind =
  | "noCode"
  | "severalBlocks"
  | "unclosedBlock"
  | "omittedCode"
  | "unclear"
  | "unchanged"
  | "documentChanged"
  | "tooLong";
export type NextAction =
  "checkSetup" | "setApiKey" | "selectProfile" | "selectModel" | "openConfig" | "getBuiltinModel";
export type ErrorKind =
  | "configInvalid"
  | "unknownProfile"
  | "noProfile"
  | "unknownThread"
  | "missingCredential"
  | "unreachable"
  | "unauthorized"
  | "notFound"
  | "rateLimited"
  | "serverError"
  | "badRequest"
  | "contextOverflow"
  | "streamBroken"
  | "timedOut"
  | "localOnly"
  | "untrustedWorkspace"
  | "profileChanged";

/** Who the user was shown as the one that answers. */
export interface ExpectedProfile {
  /** empty: the settings at the top of config.toml */
  profile: string;
  /** as in codex/profiles */
  origin?: string;
}

/** A file that goes along with a question, or the lines of a range of it. */
export interface ContextItem {
  /** an open document as it is then, otherwise a file inside a workspace folder */
  uri?: string;
  /** in place of uri: relative to a workspace folder */
  path?: string;
  /** absent: all of it */
  range?: Range;
}

/** What `codex/exec` asks. */
export interface ExecParams {
  /** not blank, unless the intent is explain, fix or continue; /NAME asks one of codex/prompts */
  prompt?: string;
  /** absent: ask */
  intent?: Intent;
  /** who the user was shown as the one that answers */
  expected?: ExpectedProfile;
  /** a profile of config.toml; goes before every setting */
  profile?: string;
  /** another model, for this turn */
  model?: string;
  effort?: Effort;
  /** absent: ask */
  mode?: Mode;
  /** resume that conversation; absent begins a new one */
  threadId?: string;
  /** the turnId of a turn of that conversation, which is no longer part of it */
  replaces?: string;
  /** what the question is about, and whose folder's settings apply */
  textDocument?: TextDocumentIdentifier;
  /** the selection; needs a textDocument */
  range?: Range;
  /** what the editor shows there */
  diagnostics?: Diagnostic[];
  /** what else goes along: at most 32 items, in total 262,144 characters */
  context?: ContextItem[];
  workDoneToken?: ProgressToken;
  partialResultToken?: ProgressToken;
}

/** Tokens of one turn */
export interface Usage {
  inputTokens?: number;
  outputTokens?: number;
  cachedInputTokens?: number;
  reasoningTokens?: number;
  /** how many tokens fit, prompt and answer together */
  contextWindow?: number;
}

/** Durations of one turn */
export interface Timing {
  /** until the request was on the wire */
  requestMs: number;
  firstReasoningMs?: number;
  firstContentMs?: number;
  totalMs: number;
  /** the model server's own figure, unless loadEstimated */
  loadMs?: number;
  /** the model server's own figure */
  promptMs?: number;
  outputTokensPerSecond?: number;
  /** counted here, since the model server sent no figures */
  estimated: boolean;
  /** prompt processing, without cached tokens */
  promptTokensPerSecond?: number;
  /** that is counted here; absent: reported by the model server */
  promptEstimated?: boolean;
  /** in the model server's queue, as far as that was to be seen */
  waitedMs?: number;
  /** loadMs is counted here; absent: reported by the model server */
  loadEstimated?: boolean;
  /** counted here, where usage has no reasoningTokens */
  thinkingTokens?: number;
}

/** What a client can offer as a button or a link */
export interface NextStep {
  action: NextAction;
  argument?: string;
  /** in place of the other hint: it names no shell command; absent: the action says it all */
  hint?: string;
}

/** Something the user should know that is not an error. */
export interface Notice {
  kind: string;
  message: string;
  hint?: string;
  nextStep?: NextStep;
}

/** The answer to `codex/exec`. */
export interface ExecResult {
  threadId: string;
  turnId: string;
  status: ReplyStatus;
  /** the whole answer */
  content: string;
  /** the whole thinking, whatever of it was shown */
  reasoning: string;
  finishReason: FinishReason;
  model: string;
  profile?: string;
  provider: string;
  /** with the intents explain, fix and edit: the lines the answer is about */
  range?: Range;
  usage?: Usage;
  timing: Timing;
  notices: Notice[];
}

/** `error.data` of a failed request. */
export interface ErrorData {
  kind: ErrorKind;
  /** the one next step */
  hint?: string;
  /** the same for a client that has commands */
  nextStep?: NextStep;
  /** the same request may work later */
  retryable: boolean;
  provider?: string;
  profile?: string;
  httpStatus?: number;
}

/** Why a turn failed, in its last event. */
export interface TurnError {
  kind: ErrorKind;
  /** the one next step */
  hint?: string;
  /** the same for a client that has commands */
  nextStep?: NextStep;
  /** the same request may work later */
  retryable: boolean;
  provider?: string;
  profile?: string;
  httpStatus?: number;
  message: string;
}

/** The turn has begun */
export interface BeginEvent {
  turnId: string;
  seq: number;
  type: "begin";
  threadId: string;
  model: string;
  profile?: string;
  provider: string;
  isLocal: boolean;
  range?: Range;
}

/** What the model server does: `connecting`, `loading`, `prompt`, `thinking`, `answering` */
export interface PhaseEvent {
  turnId: string;
  seq: number;
  type: "phase";
  phase: Phase;
  fraction?: number;
  waiting?: number;
  silentMs?: number;
}

/** The next piece of thinking, `raw` or a `summary` */
export interface ReasoningEvent {
  turnId: string;
  seq: number;
  type: "reasoning";
  text: string;
  source: ReasoningSource;
}

/** The next piece of the answer */
export interface ContentEvent {
  turnId: string;
  seq: number;
  type: "content";
  text: string;
}

/** `content` to `reasoning`: all content so far was thinking, move it */
export interface ReclassifyEvent {
  turnId: string;
  seq: number;
  type: "reclassify";
  from: "content" | "reasoning";
  to: "content" | "reasoning";
}

/** The request failed before any text, and will be sent again */
export interface RetryEvent {
  turnId: string;
  seq: number;
  type: "retry";
  attempt: number;
  maxAttempts: number;
  delayMs: number;
  reason: string;
}

/** Something to know that is not an error */
export interface NoticeEvent {
  turnId: string;
  seq: number;
  type: "notice";
  kind: string;
  message: string;
  hint?: string;
  nextStep?: NextStep;
}

/** One file of a change */
export interface FileChange {
  uri: string;
  kind: ChangeKind;
  diff: string;
}

/** One step of what a model means to do. */
export interface PlanStep {
  text: string;
  completed: boolean;
}

/** What a model does with its tools */
export interface TurnItem {
  id: string;
  type: ItemType;
  status?: ItemStatus;
  command?: string;
  cwd?: string;
  /** whole once the command has ended; its middle may be left out */
  aggregatedOutput?: string;
  exitCode?: number;
  changes?: FileChange[];
  tool?: string;
  /** JSON */
  arguments?: string;
  result?: string;
  error?: string;
  items?: PlanStep[];
}

/** A tool call of a turn with `mode: "agent"`: `item` at its start and its end */
export interface ItemEvent {
  turnId: string;
  seq: number;
  type: "item";
  stage: ItemStage;
  item?: TurnItem;
  itemId?: string;
  text?: string;
}

/** The next piece of a tool call of `codex/chat`: `id` on the first piece of each, `arguments` are pieces of JSON */
export interface ToolCallEvent {
  turnId: string;
  seq: number;
  type: "toolCall";
  index: number;
  id?: string;
  name?: string;
  arguments: string;
}

/** The turn is over: `completed`, `truncated`, `cancelled`, `failed` */
export interface DoneEvent {
  turnId: string;
  seq: number;
  type: "done";
  status: Status;
  usage?: Usage;
  timing: Timing;
  error?: TurnError;
}

export type TurnEvent =
  | BeginEvent
  | PhaseEvent
  | ReasoningEvent
  | ContentEvent
  | ReclassifyEvent
  | RetryEvent
  | NoticeEvent
  | ItemEvent
  | ToolCallEvent
  | DoneEvent;

/** A value of `$/progress`: LSP's work-done progress, and the event of a turn. */
export interface ProgressValue {
  kind: "begin" | "report" | "end";
  title?: string;
  message?: string;
  percentage?: number;
  cancellable?: boolean;
  codex?: TurnEvent;
}

/** A call of one of the client's tools. */
export interface ChatToolCall {
  id: string;
  name: string;
  /** a JSON object, as the model wrote it: not sanitized */
  arguments: string;
}

/** A tool that the client runs. */
export interface ChatTool {
  name: string;
  description?: string;
  /** the JSON Schema of its arguments; absent: it has none */
  parameters?: object;
}

/** One message of the client's conversation. */
export interface ChatMessage {
  role: ChatRole;
  content?: string;
  /** of the role assistant: what it called */
  toolCalls?: ChatToolCall[];
  /** of the role tool: which call this is the result of */
  toolCallId?: string;
}

/** What `codex/chat` asks: the client's own conversation and tools. */
export interface ChatParams {
  /** the last one is of the user or a tool */
  messages: ChatMessage[];
  tools?: ChatTool[];
  /** absent: auto */
  toolChoice?: ToolChoice;
  /** who the user was shown as the one that answers */
  expected?: ExpectedProfile;
  /** a profile of config.toml; goes before every setting */
  profile?: string;
  /** another model, for this request */
  model?: string;
  effort?: Effort;
  /** whose folder's settings apply */
  textDocument?: TextDocumentIdentifier;
  workDoneToken?: ProgressToken;
  partialResultToken?: ProgressToken;
}

/** The answer to `codex/chat`. */
export interface ChatResult {
  turnId: string;
  status: ReplyStatus;
  content: string;
  reasoning: string;
  /** what the client is to run; the results go into its next request */
  toolCalls: ChatToolCall[];
  finishReason: FinishReason;
  model: string;
  profile?: string;
  provider: string;
  usage?: Usage;
  timing: Timing;
  notices: Notice[];
}

/** Which answer's code `codex/edit` puts where. */
export interface EditParams {
  turnId: string;
  /** for a turn of an earlier session */
  threadId?: string;
  textDocument: TextDocumentIdentifier;
  /** where the code goes, as the document is now */
  range: Range;
  /** the text of that range when it was asked about; absent: what the server saw then */
  original?: string;
  /** absent: replace */
  placement?: Placement;
  /** which code block, from 0 */
  block?: number;
}

/** One code block of an answer. */
export interface CodeBlock {
  index: number;
  language: string;
  lines: number;
  /** its first line */
  preview: string;
}

/** One code block of an answer, whole. */
export interface CodeBlockText {
  index: number;
  language: string;
  lines: number;
  /** its first line */
  preview: string;
  /** as the model wrote it, without the fences and without blank lines at its ends */
  text: string;
}

/** Which answer's code blocks `codex/codeBlocks` returns. */
export interface CodeBlocksParams {
  turnId: string;
  /** for a turn of an earlier session */
  threadId?: string;
}

/** The answer to `codex/codeBlocks`: in the order of the answer. */
export interface CodeBlocksResult {
  /** empty if there is no code block */
  blocks: CodeBlockText[];
}

/** Why nothing is changed. */
export interface EditRefusal {
  kind: EditRefusalKind;
  /** one sentence */
  message: string;
  /** of severalBlocks: what can be chosen */
  blocks?: CodeBlock[];
  /** a prompt for the same thread that asks for the whole block */
  askAgain?: string;
}

/** The answer to `codex/edit`: edits of one version of the document, or a refusal. */
export interface EditResult {
  /** empty if refused */
  edits: TextEdit[];
  /** of the open document that the edits are for */
  version?: number;
  refusal?: EditRefusal;
}

/** What `codex/profiles` asks. */
export interface ProfilesParams {
  /** without one, the first folder's settings apply */
  textDocument?: TextDocumentIdentifier;
}

/** One profile. */
export interface ProfileSummary {
  name: string;
  model: string;
  provider: string;
  wireApi: string;
  /** scheme, host and port alone; empty for the built-in model */
  origin: string;
  isLocal: boolean;
  /** tokens, where config.toml says it; codex/models asks the server */
  contextWindow?: number;
  /** why it can't be used */
  problems: Notice[];
}

/** The answer to `codex/profiles`. */
export interface ProfilesResult {
  /** absent: the settings at the top of config.toml stand alone */
  active?: string;
  source: ProfileSource;
  profiles: ProfileSummary[];
  configPath: string;
  problems: Notice[];
}

/** What `codex/doctor` asks. */
export interface DoctorParams {
  profile?: string;
  /** look for model servers on this machine as well */
  discover?: boolean;
  workDoneToken?: ProgressToken;
}

/** One check of the examination */
export interface DoctorCheck {
  id: string;
  title: string;
  status: CheckStatus;
  detail: string;
  hint?: string;
}

/** The answer to `codex/doctor` */
export interface DoctorResult {
  checks: DoctorCheck[];
}

/** What `codex/threads` asks. */
export interface ThreadsParams {
  /** those alone whose questions and answers hold all of these words */
  search?: string;
  /** the conversations of its folder come first */
  textDocument?: TextDocumentIdentifier;
}

/** One conversation. */
export interface ThreadSummary {
  threadId: string;
  title: string;
  /** 2026-01-31T12:00:00.000Z */
  updatedAt: string;
  profile?: string;
  turns: number;
  /** it began in the folder of textDocument */
  here?: boolean;
}

/** The answer to `codex/threads`: those of the folder first, then the thread that was used last. */
export interface ThreadsResult {
  threads: ThreadSummary[];
}

/** What `codex/thread` asks. */
export interface ThreadParams {
  threadId: string;
}

/** One turn of a saved thread. */
export interface ThreadTurn {
  turnId: string;
  /** when it was asked, as in updatedAt */
  at: string;
  prompt: string;
  reasoning: string;
  content: string;
  status: Status;
  finishReason: FinishReason;
  model: string;
  provider: string;
  profile?: string;
  usage?: Usage;
  timing?: Timing;
  notices: Notice[];
  error?: Notice;
}

/** The answer to `codex/thread`: its turns, the oldest first. */
export interface ThreadResult {
  threadId: string;
  turns: ThreadTurn[];
}

/** One of the user's own prompts, which is asked as /NAME in the prompt of a question. */
export interface PromptSummary {
  name: string;
  description?: string;
  /** the arguments behind the name, in words */
  argumentHint?: string;
  /** what is done with the answer; absent: as the question says */
  intent?: Intent;
}

/** The answer to `codex/prompts`: in the order of their names. */
export interface PromptsResult {
  prompts: PromptSummary[];
}

/** What `codex/models` asks: the models of the server that a `codex/exec` with these would ask. */
export interface ModelsParams {
  profile?: string;
  textDocument?: TextDocumentIdentifier;
}

/** One model of a server. */
export interface ServedModel {
  name: string;
  /** of a built-in model: its file is here */
  loaded?: boolean;
  /** tokens */
  contextWindow?: number;
  /** bytes */
  size?: number;
}

/** The answer to `codex/models`. */
export interface ModelsResult {
  models: ServedModel[];
  /** tokens that fit the profile's own model */
  contextWindow?: number;
}

/** A model server on this machine. */
export interface FoundServer {
  /** name and version, in words */
  title: string;
  /** scheme, host and port */
  origin: string;
  /** those that can answer, those in memory first */
  models: ServedModel[];
}

/** The answer to `codex/discover`. */
export interface DiscoverResult {
  servers: FoundServer[];
  /** the built-in model that answers without any configuration */
  builtIn: ServedModel;
  /** where `codex/addProfile` writes */
  configFolder: string;
}

/** Which model of which server `codex/addProfile` writes a profile for. */
export interface AddProfileParams {
  /** as in codex/discover */
  origin: string;
  model: string;
}

/** The answer to `codex/addProfile`. */
export interface AddProfileResult {
  profile: string;
  /** it answers where nothing else is selected */
  isActive: boolean;
  /** paths of the files that were written; empty where there was such a profile */
  written: string[];
}

/** What `codex/modelPull` asks. */
export interface ModelPullParams {
  name: string;
  workDoneToken?: ProgressToken;
}

/** The answer to `codex/modelPull`. */
export interface ModelPullResult {
  path: string;
  bytes: number;
}

/** Which turn's changes `codex/undo` takes back. */
export interface UndoParams {
  turnId: string;
  /** these files alone; absent or empty: all of them */
  uris?: string[];
}

/** Which turn's changes `codex/changes` returns. */
export interface ChangesParams {
  turnId: string;
}

/** One file that a turn changed: `diff` goes from before the turn to what the file is now. */
export interface ChangedFile {
  uri: string;
  kind: ChangeKind;
  diff: string;
  /** its text before the turn; absent if there was no file, or no text */
  before?: string;
  /** somebody else has changed it since: it is not undone */
  changedSince: boolean;
}

/** The answer to `codex/changes`: what `codex/undo` would take back, in the order of the changes. */
export interface ChangesResult {
  files: ChangedFile[];
}

/** The answer to `codex/undo`: the files that are as they were before the turn. */
export interface UndoResult {
  /** URIs */
  restored: string[];
  /** URIs of files that are left alone, because they were changed since */
  changedSince: string[];
}

/** What `codex/approve` asks the user of the client. */
export interface ApproveParams {
  threadId: string;
  turnId: string;
  /** the item that waits for the answer */
  itemId: string;
  kind: ApprovalKind;
  /** why, in the model's words */
  reason?: string;
  /** control characters are written as escapes */
  command?: string;
  cwd?: string;
  changes?: FileChange[];
  decisions: Decision[];
}

/** The client's answer to `codex/approve` */
export interface ApproveResult {
  decision: Decision;
}

/** What `codex/secret` asks the client for. */
export interface SecretParams {
  provider: string;
  origin: string;
  envKey: string;
}

/** The client's answer to `codex/secret`. */
export interface SecretResult {
  value?: string;
}

/** Whether the user trusts the workspace now. */
export interface DidChangeTrustParams {
  trusted: boolean;
}

/** What the server announces. */
export interface ServerCapability {
  protocolVersion: 1;
  methods: string[];
}

/** What a client made for this server announces. */
export interface ClientCapability {
  protocolVersion: 1;
  /** it answers codex/secret */
  secret?: boolean;
  /** it answers codex/approve */
  approve?: boolean;
  /** it wants codex/didChangeProfiles */
  didChangeProfiles?: boolean;
}
