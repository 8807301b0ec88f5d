---The `codex/*` protocol, version 1. Generated from codex_ls/protocol.py by `make generate`; do not edit.
local M = {}

M.VERSION = 1

---@enum codex_ls.Method
M.METHOD = {
  EXEC = "codex/exec",
  CHAT = "codex/chat",
  EDIT = "codex/edit",
  CODE_BLOCKS = "codex/codeBlocks",
  PROFILES = "codex/profiles",
  DOCTOR = "codex/doctor",
  THREADS = "codex/threads",
  THREAD = "codex/thread",
  PROMPTS = "codex/prompts",
  MODELS = "codex/models",
  DISCOVER = "codex/discover",
  ADD_PROFILE = "codex/addProfile",
  MODEL_PULL = "codex/modelPull",
  CHANGES = "codex/changes",
  UNDO = "codex/undo",
  APPROVE = "codex/approve",
  SECRET = "codex/secret",
  DID_CHANGE_TRUST = "codex/didChangeTrust",
  DID_CHANGE_PROFILES = "codex/didChangeProfiles",
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
  ITEM = "item",
  TOOL_CALL = "toolCall",
  DONE = "done",
}

---@alias codex_ls.Effort
---| "none"
---| "minimal"
---| "low"
---| "medium"
---| "high"

---@alias codex_ls.FinishReason
---| "stop"
---| "length"
---| "toolCalls"
---| "contentFilter"
---| "cancelled"
---| "other"

---@enum codex_ls.Phase
M.PHASE = {
  CONNECTING = "connecting",
  LOADING = "loading",
  PROMPT = "prompt",
  THINKING = "thinking",
  ANSWERING = "answering",
}

---@alias codex_ls.ReasoningSource
---| "raw"
---| "summary"

---@enum codex_ls.Status
M.STATUS = {
  COMPLETED = "completed",
  TRUNCATED = "truncated",
  CANCELLED = "cancelled",
  FAILED = "failed",
}

---@alias codex_ls.Intent
---| "ask"
---| "explain"
---| "fix"
---| "edit"
---| "continue"

---@alias codex_ls.Mode
---| "ask"
---| "agent"

---@alias codex_ls.ItemType
---| "command_execution"
---| "file_change"
---| "tool_call"
---| "todo_list"

---@alias codex_ls.ItemStage
---| "started"
---| "output"
---| "completed"

---@alias codex_ls.ItemStatus
---| "in_progress"
---| "completed"
---| "failed"
---| "declined"

---@alias codex_ls.ChangeKind
---| "add"
---| "delete"
---| "update"

---@alias codex_ls.ApprovalKind
---| "command"
---| "edit"
---| "escalate"

---@alias codex_ls.Decision
---| "accept"
---| "acceptForSession"
---| "decline"
---| "cancel"

---@alias codex_ls.ChatRole
---| "system"
---| "user"
---| "assistant"
---| "tool"

---@alias codex_ls.ToolChoice
---| "auto"
---| "required"

---@alias codex_ls.Placement
---| "replace"
---| "insert"

---@alias codex_ls.ReplyStatus
---| "completed"
---| "truncated"
---| "cancelled"

---@alias codex_ls.CommandStatus
---| "started"
---| "completed"
---| "truncated"
---| "cancelled"
---| "failed"

---@alias codex_ls.CheckStatus
---| "ok"
---| "warning"
---| "failed"
---| "skipped"

---@alias codex_ls.ProfileSource
---| "request"
---| "settings"
---| "config"
---| "default"

---@alias codex_ls.ThinkingShow
---| "full"
---| "summary"
---| "hidden"

---@alias codex_ls.NoticeKind
---| "contextTruncated"
---| "emptyAnswer"
---| "thinkingUnclosed"
---| "toolCallIgnored"
---| "effortRefused"
---| "parameterRefused"
---| "threadNotKept"
---| "historyResent"
---| "agentStopped"

---@alias codex_ls.EditRefusalKind
---| "noCode"
---| "severalBlocks"
---| "unclosedBlock"
---| "omittedCode"
---| "unclear"
---| "unchanged"
---| "documentChanged"
---| "tooLong"

---@alias codex_ls.NextAction
---| "checkSetup"
---| "setApiKey"
---| "selectProfile"
---| "selectModel"
---| "openConfig"
---| "getBuiltinModel"

---@enum codex_ls.ErrorKind
M.ERROR_KIND = {
  CONFIG_INVALID = "configInvalid",
  UNKNOWN_PROFILE = "unknownProfile",
  NO_PROFILE = "noProfile",
  UNKNOWN_THREAD = "unknownThread",
  MISSING_CREDENTIAL = "missingCredential",
  UNREACHABLE = "unreachable",
  UNAUTHORIZED = "unauthorized",
  NOT_FOUND = "notFound",
  RATE_LIMITED = "rateLimited",
  SERVER_ERROR = "serverError",
  BAD_REQUEST = "badRequest",
  CONTEXT_OVERFLOW = "contextOverflow",
  STREAM_BROKEN = "streamBroken",
  TIMED_OUT = "timedOut",
  LOCAL_ONLY = "localOnly",
  UNTRUSTED_WORKSPACE = "untrustedWorkspace",
  PROFILE_CHANGED = "profileChanged",
}

---How hard a model can be told to think.
---@type codex_ls.Effort[]
M.EFFORTS = { "none", "minimal", "low", "medium", "high" }

---Who the user was shown as the one that answers.
---@class codex_ls.ExpectedProfile
---@field profile string empty: the settings at the top of config.toml
---@field origin? string as in codex/profiles

---A file that goes along with a question, or the lines of a range of it.
---@class codex_ls.ContextItem
---@field uri? string an open document as it is then, otherwise a file inside a workspace folder
---@field path? string in place of uri: relative to a workspace folder
---@field range? lsp.Range absent: all of it

---What `codex/exec` asks.
---@class codex_ls.ExecParams
---@field prompt? string not blank, unless the intent is explain, fix or continue; /NAME asks one of codex/prompts
---@field intent? codex_ls.Intent absent: ask
---@field expected? codex_ls.ExpectedProfile who the user was shown as the one that answers
---@field profile? string a profile of config.toml; goes before every setting
---@field model? string another model, for this turn
---@field effort? codex_ls.Effort
---@field mode? codex_ls.Mode absent: ask
---@field threadId? string resume that conversation; absent begins a new one
---@field replaces? string the turnId of a turn of that conversation, which is no longer part of it
---@field textDocument? { uri: string } what the question is about, and whose folder's settings apply
---@field range? lsp.Range the selection; needs a textDocument
---@field diagnostics? lsp.Diagnostic[] what the editor shows there
---@field context? codex_ls.ContextItem[] what else goes along: at most 32 items, in total 262,144 characters
---@field workDoneToken? string|integer
---@field partialResultToken? string|integer

---Tokens of one turn; a count that the model server did not send is absent.
---@class codex_ls.Usage
---@field inputTokens? integer
---@field outputTokens? integer
---@field cachedInputTokens? integer
---@field reasoningTokens? integer
---@field contextWindow? integer how many tokens fit, prompt and answer together

---Durations of one turn; all but loadMs and promptMs count from the arrival of codex/exec.
---@class codex_ls.Timing
---@field requestMs integer until the request was on the wire
---@field firstReasoningMs? integer
---@field firstContentMs? integer
---@field totalMs integer
---@field loadMs? integer the model server's own figure, unless loadEstimated
---@field promptMs? integer the model server's own figure
---@field outputTokensPerSecond? number
---@field estimated boolean counted here, since the model server sent no figures
---@field promptTokensPerSecond? number prompt processing, without cached tokens
---@field promptEstimated? boolean that is counted here; absent: reported by the model server
---@field waitedMs? integer in the model server's queue, as far as that was to be seen
---@field loadEstimated? boolean loadMs is counted here; absent: reported by the model server
---@field thinkingTokens? integer counted here, where usage has no reasoningTokens

---What a client can offer as a button or a link; the hint says the same for a shell.
---@class codex_ls.NextStep
---@field action codex_ls.NextAction
---@field argument? string
---@field hint? string in place of the other hint: it names no shell command; absent: the action says it all

---Something the user should know that is not an error.
---@class codex_ls.Notice
---@field kind string
---@field message string
---@field hint? string
---@field nextStep? codex_ls.NextStep

---The answer to `codex/exec`.
---@class codex_ls.ExecResult
---@field threadId string
---@field turnId string
---@field status codex_ls.ReplyStatus
---@field content string the whole answer
---@field reasoning string the whole thinking, whatever of it was shown
---@field finishReason codex_ls.FinishReason
---@field model string
---@field profile? string
---@field provider string
---@field range? lsp.Range with the intents explain, fix and edit: the lines the answer is about
---@field usage? codex_ls.Usage
---@field timing codex_ls.Timing
---@field notices codex_ls.Notice[]

---`error.data` of a failed request.
---@class codex_ls.ErrorData
---@field kind codex_ls.ErrorKind
---@field hint? string the one next step
---@field nextStep? codex_ls.NextStep the same for a client that has commands
---@field retryable boolean the same request may work later
---@field provider? string
---@field profile? string
---@field httpStatus? integer

---Why a turn failed, in its last event.
---@class codex_ls.TurnError
---@field kind codex_ls.ErrorKind
---@field hint? string the one next step
---@field nextStep? codex_ls.NextStep the same for a client that has commands
---@field retryable boolean the same request may work later
---@field provider? string
---@field profile? string
---@field httpStatus? integer
---@field message string

---One file of a change; `diff` is a unified diff.
---@class codex_ls.FileChange
---@field uri string
---@field kind codex_ls.ChangeKind
---@field diff string

---One step of what a model means to do.
---@class codex_ls.PlanStep
---@field text string
---@field completed boolean

---What a model does with its tools; `type` says which of the keys there are.
---@class codex_ls.TurnItem
---@field id string
---@field type codex_ls.ItemType
---@field status? codex_ls.ItemStatus
---@field command? string
---@field cwd? string
---@field aggregatedOutput? string whole once the command has ended; its middle may be left out
---@field exitCode? integer
---@field changes? codex_ls.FileChange[]
---@field tool? string
---@field arguments? string JSON
---@field result? string
---@field error? string
---@field items? codex_ls.PlanStep[]

---A value of `$/progress`: LSP's work-done progress, and the event of a turn.
---@class codex_ls.ProgressValue
---@field kind "begin"|"report"|"end"
---@field title? string
---@field message? string
---@field percentage? integer
---@field cancellable? boolean
---@field codex? codex_ls.Event

---A call of one of the client's tools.
---@class codex_ls.ChatToolCall
---@field id string
---@field name string
---@field arguments string a JSON object, as the model wrote it: not sanitized

---A tool that the client runs.
---@class codex_ls.ChatTool
---@field name string
---@field description? string
---@field parameters? table the JSON Schema of its arguments; absent: it has none

---One message of the client's conversation.
---@class codex_ls.ChatMessage
---@field role codex_ls.ChatRole
---@field content? string
---@field toolCalls? codex_ls.ChatToolCall[] of the role assistant: what it called
---@field toolCallId? string of the role tool: which call this is the result of

---What `codex/chat` asks: the client's own conversation and tools.
---@class codex_ls.ChatParams
---@field messages codex_ls.ChatMessage[] the last one is of the user or a tool
---@field tools? codex_ls.ChatTool[]
---@field toolChoice? codex_ls.ToolChoice absent: auto
---@field expected? codex_ls.ExpectedProfile who the user was shown as the one that answers
---@field profile? string a profile of config.toml; goes before every setting
---@field model? string another model, for this request
---@field effort? codex_ls.Effort
---@field textDocument? { uri: string } whose folder's settings apply
---@field workDoneToken? string|integer
---@field partialResultToken? string|integer

---The answer to `codex/chat`.
---@class codex_ls.ChatResult
---@field turnId string
---@field status codex_ls.ReplyStatus
---@field content string
---@field reasoning string
---@field toolCalls codex_ls.ChatToolCall[] what the client is to run; the results go into its next request
---@field finishReason codex_ls.FinishReason
---@field model string
---@field profile? string
---@field provider string
---@field usage? codex_ls.Usage
---@field timing codex_ls.Timing
---@field notices codex_ls.Notice[]

---Which answer's code `codex/edit` puts where.
---@class codex_ls.EditParams
---@field turnId string
---@field threadId? string for a turn of an earlier session
---@field textDocument { uri: string }
---@field range lsp.Range where the code goes, as the document is now
---@field original? string the text of that range when it was asked about; absent: what the server saw then
---@field placement? codex_ls.Placement absent: replace
---@field block? integer which code block, from 0

---One code block of an answer.
---@class codex_ls.CodeBlock
---@field index integer
---@field language string
---@field lines integer
---@field preview string its first line

---One code block of an answer, whole.
---@class codex_ls.CodeBlockText
---@field index integer
---@field language string
---@field lines integer
---@field preview string its first line
---@field text string as the model wrote it, without the fences and without blank lines at its ends

---Which answer's code blocks `codex/codeBlocks` returns.
---@class codex_ls.CodeBlocksParams
---@field turnId string
---@field threadId? string for a turn of an earlier session

---The answer to `codex/codeBlocks`: in the order of the answer.
---@class codex_ls.CodeBlocksResult
---@field blocks codex_ls.CodeBlockText[] empty if there is no code block

---Why nothing is changed.
---@class codex_ls.EditRefusal
---@field kind codex_ls.EditRefusalKind
---@field message string one sentence
---@field blocks? codex_ls.CodeBlock[] of severalBlocks: what can be chosen
---@field askAgain? string a prompt for the same thread that asks for the whole block

---The answer to `codex/edit`: edits of one version of the document, or a refusal.
---@class codex_ls.EditResult
---@field edits lsp.TextEdit[] empty if refused
---@field version? integer of the open document that the edits are for
---@field refusal? codex_ls.EditRefusal

---What `codex/profiles` asks.
---@class codex_ls.ProfilesParams
---@field textDocument? { uri: string } without one, the first folder's settings apply

---One profile.
---@class codex_ls.ProfileSummary
---@field name string
---@field model string
---@field provider string
---@field wireApi string
---@field origin string scheme, host and port alone; empty for the built-in model
---@field isLocal boolean
---@field contextWindow? integer tokens, where config.toml says it; codex/models asks the server
---@field problems codex_ls.Notice[] why it can't be used

---The answer to `codex/profiles`.
---@class codex_ls.ProfilesResult
---@field active? string absent: the settings at the top of config.toml stand alone
---@field source codex_ls.ProfileSource
---@field profiles codex_ls.ProfileSummary[]
---@field configPath string
---@field problems codex_ls.Notice[]

---What `codex/doctor` asks.
---@class codex_ls.DoctorParams
---@field profile? string
---@field discover? boolean look for model servers on this machine as well
---@field workDoneToken? string|integer

---One check of the examination; `id` stays the same over versions.
---@class codex_ls.DoctorCheck
---@field id string
---@field title string
---@field status codex_ls.CheckStatus
---@field detail string
---@field hint? string

---The answer to `codex/doctor`; it holds no key and is safe to paste.
---@class codex_ls.DoctorResult
---@field checks codex_ls.DoctorCheck[]

---What `codex/threads` asks.
---@class codex_ls.ThreadsParams
---@field search? string those alone whose questions and answers hold all of these words
---@field textDocument? { uri: string } the conversations of its folder come first

---One conversation.
---@class codex_ls.ThreadSummary
---@field threadId string
---@field title string
---@field updatedAt string 2026-01-31T12:00:00.000Z
---@field profile? string
---@field turns integer
---@field here? boolean it began in the folder of textDocument

---The answer to `codex/threads`: those of the folder first, then the thread that was used last.
---@class codex_ls.ThreadsResult
---@field threads codex_ls.ThreadSummary[]

---What `codex/thread` asks.
---@class codex_ls.ThreadParams
---@field threadId string

---One turn of a saved thread.
---@class codex_ls.ThreadTurn
---@field turnId string
---@field at string when it was asked, as in updatedAt
---@field prompt string
---@field reasoning string
---@field content string
---@field status codex_ls.Status
---@field finishReason codex_ls.FinishReason
---@field model string
---@field provider string
---@field profile? string
---@field usage? codex_ls.Usage
---@field timing? codex_ls.Timing
---@field notices codex_ls.Notice[]
---@field error? codex_ls.Notice

---The answer to `codex/thread`: its turns, the oldest first.
---@class codex_ls.ThreadResult
---@field threadId string
---@field turns codex_ls.ThreadTurn[]

---One of the user's own prompts, which is asked as /NAME in the prompt of a question.
---@class codex_ls.PromptSummary
---@field name string
---@field description? string
---@field argumentHint? string the arguments behind the name, in words
---@field intent? codex_ls.Intent what is done with the answer; absent: as the question says

---The answer to `codex/prompts`: in the order of their names.
---@class codex_ls.PromptsResult
---@field prompts codex_ls.PromptSummary[]

---What `codex/models` asks: the models of the server that a `codex/exec` with these would ask.
---@class codex_ls.ModelsParams
---@field profile? string
---@field textDocument? { uri: string }

---One model of a server.
---@class codex_ls.ServedModel
---@field name string
---@field loaded? boolean of a built-in model: its file is here
---@field contextWindow? integer tokens
---@field size? integer bytes

---The answer to `codex/models`.
---@class codex_ls.ModelsResult
---@field models codex_ls.ServedModel[]
---@field contextWindow? integer tokens that fit the profile's own model

---A model server on this machine.
---@class codex_ls.FoundServer
---@field title string name and version, in words
---@field origin string scheme, host and port
---@field models codex_ls.ServedModel[] those that can answer, those in memory first

---The answer to `codex/discover`.
---@class codex_ls.DiscoverResult
---@field servers codex_ls.FoundServer[]
---@field builtIn codex_ls.ServedModel the built-in model that answers without any configuration
---@field configFolder string where `codex/addProfile` writes

---Which model of which server `codex/addProfile` writes a profile for.
---@class codex_ls.AddProfileParams
---@field origin string as in codex/discover
---@field model string

---The answer to `codex/addProfile`.
---@class codex_ls.AddProfileResult
---@field profile string
---@field isActive boolean it answers where nothing else is selected
---@field written string[] paths of the files that were written; empty where there was such a profile

---What `codex/modelPull` asks.
---@class codex_ls.ModelPullParams
---@field name string
---@field workDoneToken? string|integer

---The answer to `codex/modelPull`.
---@class codex_ls.ModelPullResult
---@field path string
---@field bytes integer

---Which turn's changes `codex/undo` takes back.
---@class codex_ls.UndoParams
---@field turnId string
---@field uris? string[] these files alone; absent or empty: all of them

---Which turn's changes `codex/changes` returns.
---@class codex_ls.ChangesParams
---@field turnId string

---One file that a turn changed: `diff` goes from before the turn to what the file is now.
---@class codex_ls.ChangedFile
---@field uri string
---@field kind codex_ls.ChangeKind
---@field diff string
---@field before? string its text before the turn; absent if there was no file, or no text
---@field changedSince boolean somebody else has changed it since: it is not undone

---The answer to `codex/changes`: what `codex/undo` would take back, in the order of the changes.
---@class codex_ls.ChangesResult
---@field files codex_ls.ChangedFile[]

---The answer to `codex/undo`: the files that are as they were before the turn.
---@class codex_ls.UndoResult
---@field restored string[] URIs
---@field changedSince string[] URIs of files that are left alone, because they were changed since

---What `codex/approve` asks the user of the client.
---@class codex_ls.ApproveParams
---@field threadId string
---@field turnId string
---@field itemId string the item that waits for the answer
---@field kind codex_ls.ApprovalKind
---@field reason? string why, in the model's words
---@field command? string control characters are written as escapes
---@field cwd? string
---@field changes? codex_ls.FileChange[]
---@field decisions codex_ls.Decision[]

---The client's answer to `codex/approve`; anything else declines.
---@class codex_ls.ApproveResult
---@field decision codex_ls.Decision

---What `codex/secret` asks the client for.
---@class codex_ls.SecretParams
---@field provider string
---@field origin string
---@field envKey string

---The client's answer to `codex/secret`.
---@class codex_ls.SecretResult
---@field value? string

---Whether the user trusts the workspace now.
---@class codex_ls.DidChangeTrustParams
---@field trusted boolean

---What the server announces.
---@class codex_ls.ServerCapability
---@field protocolVersion 1
---@field methods string[]

---What a client made for this server announces.
---@class codex_ls.ClientCapability
---@field protocolVersion 1
---@field secret? boolean it answers codex/secret
---@field approve? boolean it answers codex/approve
---@field didChangeProfiles? boolean it wants codex/didChangeProfiles

---What is under the key `codex` of a progress value; the fields depend on `type`.
---@class codex_ls.Event
---@field type codex_ls.EventType
---@field turnId string
---@field seq integer
---@field threadId? string begin
---@field model? string begin
---@field profile? string begin
---@field provider? string begin
---@field isLocal? boolean begin
---@field range? lsp.Range begin
---@field phase? codex_ls.Phase phase
---@field fraction? number phase
---@field waiting? integer phase
---@field silentMs? integer phase
---@field text? string reasoning, content, item
---@field source? codex_ls.ReasoningSource reasoning
---@field from? "content"|"reasoning" reclassify
---@field to? "content"|"reasoning" reclassify
---@field attempt? integer retry
---@field maxAttempts? integer retry
---@field delayMs? integer retry
---@field reason? string retry
---@field kind? string notice
---@field message? string notice
---@field hint? string notice
---@field nextStep? codex_ls.NextStep notice
---@field stage? codex_ls.ItemStage item
---@field item? codex_ls.TurnItem item
---@field itemId? string item
---@field index? integer toolCall
---@field id? string toolCall
---@field name? string toolCall
---@field arguments? string toolCall
---@field status? codex_ls.Status done
---@field usage? codex_ls.Usage done
---@field timing? codex_ls.Timing done
---@field error? codex_ls.TurnError done

return M
