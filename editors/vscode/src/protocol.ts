/**
 * The `codex/*` protocol, version 1: the mirror of `docs/protocol.md` and `codex_ls/lsp/protocol.py`.
 *
 * Names and shapes only. A change here is a change of all of them; a test of the server's suite compares
 * the names below with its own, so keep every name a plain string in one of these lists.
 */

import type {
  Diagnostic,
  ProgressToken,
  Range,
  TextDocumentIdentifier,
} from "vscode-languageserver-protocol";

export const PROTOCOL_VERSION = 1;

export const EXEC = "codex/exec";
export const PROFILES = "codex/profiles";
export const DOCTOR = "codex/doctor";
export const THREADS = "codex/threads";
export const THREAD = "codex/thread";
export const MODELS = "codex/models";
export const MODEL_PULL = "codex/modelPull";
export const SECRET = "codex/secret";
export const DID_CHANGE_TRUST = "codex/didChangeTrust";

/** The provider, and the profile, that are there without any config.toml. */
export const BUILT_IN = "embedded";

export const EFFORTS = ["none", "minimal", "low", "medium", "high"] as const;
export const PHASES = ["connecting", "loading", "prompt", "thinking", "answering"] as const;
export const REASONING_SOURCES = ["raw", "summary"] as const;
export const STATUSES = ["completed", "truncated", "cancelled", "failed"] as const;
export const FINISH_REASONS = ["stop", "length", "toolCalls", "contentFilter", "cancelled", "other"] as const;
export const EVENT_TYPES = [
  "begin",
  "phase",
  "reasoning",
  "content",
  "reclassify",
  "retry",
  "notice",
  "done",
] as const;
export const ERROR_KINDS = [
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
] as const;

export type Effort = (typeof EFFORTS)[number];
export type Phase = (typeof PHASES)[number];
export type ReasoningSource = (typeof REASONING_SOURCES)[number];
export type Status = (typeof STATUSES)[number];
export type FinishReason = (typeof FINISH_REASONS)[number];
export type ErrorKind = (typeof ERROR_KINDS)[number];

export interface ExecParams {
  prompt: string;
  profile?: string;
  model?: string;
  effort?: Effort;
  threadId?: string;
  textDocument?: TextDocumentIdentifier;
  range?: Range;
  diagnostics?: Diagnostic[];
  workDoneToken?: ProgressToken;
  partialResultToken?: ProgressToken;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens?: number;
  reasoningTokens?: number;
  contextWindow?: number;
}

export interface Timing {
  requestMs: number;
  firstReasoningMs?: number;
  firstContentMs?: number;
  totalMs: number;
  loadMs?: number;
  promptMs?: number;
  outputTokensPerSecond?: number;
  estimated: boolean;
  promptTokensPerSecond?: number;
  promptEstimated?: boolean;
  waitedMs?: number;
  loadEstimated?: boolean;
  thinkingTokens?: number;
}

export interface Notice {
  kind: string;
  message: string;
  hint?: string;
}

export interface ExecResult {
  threadId: string;
  turnId: string;
  status: Exclude<Status, "failed">;
  content: string;
  reasoning: string;
  finishReason: FinishReason;
  model: string;
  profile?: string;
  provider: string;
  usage?: Usage;
  timing: Timing;
  notices: Notice[];
}

/** `data` of a failed request. */
export interface ErrorData {
  kind: ErrorKind;
  hint?: string;
  retryable: boolean;
  provider?: string;
  profile?: string;
  httpStatus?: number;
}

interface InTurn {
  turnId: string;
  seq: number;
}

/** Why a turn failed, in its last event. */
export interface TurnError extends ErrorData {
  message: string;
}

/** What stands under the key `codex` of a `$/progress` value. */
export type TurnEvent = InTurn &
  (
    | { type: "begin"; threadId: string; model: string; profile?: string; provider: string }
    | { type: "phase"; phase: Phase; fraction?: number; waiting?: number }
    | { type: "reasoning"; text: string; source: ReasoningSource }
    | { type: "content"; text: string }
    | { type: "reclassify"; from: "content"; to: "reasoning" }
    | { type: "retry"; attempt: number; maxAttempts: number; delayMs: number; reason: string }
    | ({ type: "notice" } & Notice)
    | { type: "done"; status: Status; usage?: Usage; timing: Timing; error?: TurnError }
  );

export interface ProgressValue {
  kind: "begin" | "report" | "end";
  title?: string;
  message?: string;
  codex?: TurnEvent;
}

export interface ProfileSummary {
  name: string;
  model: string;
  provider: string;
  wireApi: string;
  origin: string;
  isLocal: boolean;
  problems: Notice[];
}

export interface ProfilesResult {
  active?: string;
  source: "request" | "settings" | "config" | "default";
  profiles: ProfileSummary[];
  configPath: string;
  problems: Notice[];
}

export interface DoctorCheck {
  id: string;
  title: string;
  status: "ok" | "warning" | "failed" | "skipped";
  detail: string;
  hint?: string;
}

export interface DoctorResult {
  checks: DoctorCheck[];
}

export interface ServedModel {
  name: string;
  /** Of a built-in model: whether it has been fetched. */
  loaded?: boolean;
  contextWindow?: number;
  /** In bytes. */
  size?: number;
}

export interface ModelsResult {
  models: ServedModel[];
}

export interface ModelPullParams {
  name: string;
  workDoneToken: ProgressToken;
}

export interface ModelPullResult {
  path: string;
  bytes: number;
}

export interface SecretParams {
  provider: string;
  origin: string;
  envKey: string;
}

export interface SecretResult {
  value?: string;
}
