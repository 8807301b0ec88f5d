---The `codex/*` protocol, version 1, as docs/protocol.md tells it. Names and types only.
---
---`codex_ls/lsp/protocol.py` is the definition; a test fails when this mirror drifts from it.
local M = {}

M.VERSION = 1

---@enum codex_ls.Method
M.METHOD = {
  EXEC = "codex/exec",
  PROFILES = "codex/profiles",
  DOCTOR = "codex/doctor",
  THREADS = "codex/threads",
  THREAD = "codex/thread",
  MODELS = "codex/models",
  MODEL_PULL = "codex/modelPull",
  SECRET = "codex/secret",
  DID_CHANGE_TRUST = "codex/didChangeTrust",
}

---@enum codex_ls.EventType
M.EVENT = {
  BEGIN = "begin",
  PHASE = "phase",
  REASONING = "reasoning",
  CONTENT = "content",
  RECLASSIFY = "reclassify",
  RETRY = "retry",
  NOTICE = "notice",
  DONE = "done",
}

---@enum codex_ls.Phase
M.PHASE = {
  CONNECTING = "connecting",
  LOADING = "loading",
  PROMPT = "prompt",
  THINKING = "thinking",
  ANSWERING = "answering",
}

---@enum codex_ls.Status
M.STATUS = {
  COMPLETED = "completed",
  TRUNCATED = "truncated",
  CANCELLED = "cancelled",
  FAILED = "failed",
}

---@alias codex_ls.Effort "none"|"minimal"|"low"|"medium"|"high"

---How hard a model can be told to think.
---@type codex_ls.Effort[]
M.EFFORTS = { "none", "minimal", "low", "medium", "high" }

---The `data.kind` of an error reply.
---@enum codex_ls.ErrorKind
M.ERROR_KIND = {
  INVALID_PARAMS = "invalidParams",
  CONFIG_INVALID = "configInvalid",
  UNKNOWN_PROFILE = "unknownProfile",
  NO_PROFILE = "noProfile",
  UNKNOWN_THREAD = "unknownThread",
  MISSING_CREDENTIAL = "missingCredential",
  LOCAL_ONLY = "localOnly",
  UNTRUSTED_WORKSPACE = "untrustedWorkspace",
  UNREACHABLE = "unreachable",
  UNAUTHORIZED = "unauthorized",
  NOT_FOUND = "notFound",
  RATE_LIMITED = "rateLimited",
  SERVER_ERROR = "serverError",
  BAD_REQUEST = "badRequest",
  CONTEXT_OVERFLOW = "contextOverflow",
  STREAM_BROKEN = "streamBroken",
  TIMED_OUT = "timedOut",
}

---@class codex_ls.Usage
---@field inputTokens integer
---@field outputTokens integer
---@field cachedInputTokens? integer
---@field reasoningTokens? integer
---@field contextWindow? integer

---@class codex_ls.Timing
---@field requestMs integer
---@field firstReasoningMs? integer
---@field firstContentMs? integer
---@field totalMs integer
---@field loadMs? integer
---@field promptMs? integer
---@field outputTokensPerSecond? number
---@field estimated boolean
---@field promptTokensPerSecond? number
---@field promptEstimated? boolean
---@field waitedMs? integer
---@field loadEstimated? boolean
---@field thinkingTokens? integer

---@class codex_ls.Notice
---@field kind string
---@field message string
---@field hint? string

---What rides under the key `codex` of a progress value. Which fields are there depends on `type`.
---@class codex_ls.Event
---@field type codex_ls.EventType
---@field turnId string
---@field seq integer
---@field threadId? string begin
---@field model? string begin
---@field profile? string begin
---@field provider? string begin
---@field phase? codex_ls.Phase phase
---@field fraction? number phase, 0 to 1
---@field waiting? integer phase, requests in the server's queue
---@field text? string reasoning, content
---@field source? "raw"|"summary" reasoning
---@field attempt? integer retry
---@field maxAttempts? integer retry
---@field delayMs? integer retry
---@field reason? string retry
---@field kind? string notice
---@field message? string notice
---@field hint? string notice
---@field status? codex_ls.Status done
---@field usage? codex_ls.Usage done
---@field timing? codex_ls.Timing done
---@field error? codex_ls.ErrorData|codex_ls.Notice done

---@class codex_ls.ExecParams
---@field prompt string
---@field profile? string
---@field model? string
---@field effort? codex_ls.Effort
---@field threadId? string
---@field textDocument? { uri: string }
---@field range? lsp.Range
---@field diagnostics? lsp.Diagnostic[]
---@field workDoneToken? string
---@field partialResultToken? string

---@class codex_ls.ExecResult
---@field threadId string
---@field turnId string
---@field status codex_ls.Status
---@field content string
---@field reasoning string
---@field finishReason string
---@field model string
---@field profile? string
---@field provider string
---@field usage? codex_ls.Usage
---@field timing codex_ls.Timing
---@field notices codex_ls.Notice[]

---@class codex_ls.ErrorData
---@field kind codex_ls.ErrorKind
---@field hint? string
---@field retryable? boolean
---@field provider? string
---@field profile? string
---@field httpStatus? integer

---@class codex_ls.ProfileSummary
---@field name string
---@field model string
---@field provider string
---@field wireApi string
---@field origin string
---@field isLocal boolean
---@field problems codex_ls.Notice[]

---@class codex_ls.ProfilesResult
---@field active? string
---@field source string
---@field profiles codex_ls.ProfileSummary[]
---@field configPath string
---@field problems codex_ls.Notice[]

---@class codex_ls.ServedModel
---@field name string
---@field loaded? boolean
---@field contextWindow? integer tokens
---@field size? integer bytes

---@class codex_ls.DoctorCheck
---@field id string
---@field title string
---@field status "ok"|"warning"|"failed"|"skipped"
---@field detail string
---@field hint? string

---@class codex_ls.ThreadSummary
---@field threadId string
---@field title string
---@field updatedAt string UTC, as in 2026-01-31T12:00:00.000Z
---@field profile? string
---@field turns integer

---@class codex_ls.ThreadTurn
---@field turnId string
---@field at string
---@field prompt string
---@field reasoning string
---@field content string
---@field status codex_ls.Status
---@field finishReason string
---@field model string
---@field provider string
---@field profile? string
---@field usage? codex_ls.Usage
---@field timing? codex_ls.Timing
---@field notices codex_ls.Notice[]
---@field error? codex_ls.Notice

return M
