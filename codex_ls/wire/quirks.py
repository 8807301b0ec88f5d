"""What differs between servers and models, as data.

`quirks_for` starts from `Quirks()`, the plain OpenAI-compatible server, and lays every matching row of
`ROWS` over it, in order. A row names what it is chosen by: provider ids as the user or this program
calls them, parts of the host name, a pattern on the model's name. Adding a server is adding a row, and
a fixture under `tests/fixtures/streams/`.

The reader of a stream needs few of these: a shape that a stream shows by itself (a field, a tag, a
marker) is recognised for every server.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from codex_ls.events import Effort, FinishReason

Echo = Literal["never", "with_tool_calls", "always"]
EffortForm = Literal[
    "reasoning_effort",  # {"reasoning_effort": "low"}
    "reasoning_object",  # {"reasoning": {"effort": "low"}} (OpenRouter)
    "template_kwargs",  # plus {"chat_template_kwargs": {"enable_thinking": false}} (vLLM, SGLang)
    "llamacpp",  # plus {"thinking_budget_tokens": n}
    "enable_thinking",  # {"enable_thinking": false} (Alibaba's cloud)
    "thinking_type",  # {"thinking": {"type": "disabled"}} (DeepSeek, Z.AI, Moonshot)
    "think",  # {"think": false} (Ollama's native API)
    "think_level",  # {"think": "low"} (the same, for gpt-oss, which takes no booleans)
]


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one server and model want to be asked and read."""

    reasoning_field: str | None = None
    """The delta key to look at first for thinking."""
    forced_open: bool = False
    """The prompt ends inside thinking, and nothing in the stream will say so."""
    harmony: bool = False
    """The model speaks harmony: its markers mean something anywhere in the text."""
    model: str = ""
    """The model's name: some families mark with words that mean nothing elsewhere (`families`)."""
    echo: Echo = "never"
    """Whether thinking goes back with the history."""
    echo_field: str | None = None
    """The message key it goes back under; None: the one it came in."""
    effort_form: EffortForm = "reasoning_effort"
    efforts: Mapping[Effort, str] = field(default_factory=dict)
    """Effort names this server calls otherwise."""
    effort_system_line: bool = False
    """The model also reads `Reasoning: high` from its system message."""
    max_tokens_field: str = "max_tokens"
    repeat_penalty_fields: tuple[str, ...] = ("repeat_penalty", "repetition_penalty")
    """Both names for a server that nothing is known of: each reads its own and ignores the other."""
    include_usage: bool = True
    """Ask for the usage chunk with `stream_options`."""
    merge_system: bool = False
    """No system role: the system text goes in front of the first question."""
    tools_as_text: bool = False
    """The server has no field for tools: they stand in the system text, their calls in the answer."""
    streams: bool = True
    """False: this model answers only whole."""
    left_out: frozenset[str] = frozenset()
    """Keys of the body (for Ollama, of its options) that the server refused."""
    prompt_progress: bool = False
    """Ask for prompt-processing chunks with `return_progress`."""
    include: tuple[str, ...] = ()
    """The Responses API's `include`."""
    store: bool | None = None
    """The Responses API's `store`, where the server knows it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Overrides, and what they are chosen by; everything that is given must match."""

    overrides: Mapping[str, Any]
    providers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    model: str = ""

    def matches(self, *, provider: str, host: str, model: str) -> bool:
        """Whether this row is for that provider id, host and model."""
        if self.providers or self.hosts:
            named = provider.lower() in self.providers
            hosted = any(host == part or host.endswith("." + part) for part in self.hosts)
            if not (named or hosted):
                return False
        return not self.model or re.search(self.model, model, re.IGNORECASE) is not None


ROWS = (
    Row(
        {
            "max_tokens_field": "max_completion_tokens",
            "include": ("reasoning.encrypted_content",),
            "store": False,
        },
        providers=("openai",),
        hosts=(
            "api.openai.com",
            "openai.azure.com",
            "openai.azure.us",
            "openai.azure.cn",
            "cognitiveservices.azure.com",
            "services.ai.azure.com",
        ),
    ),
    Row(
        {
            "effort_form": "llamacpp",
            "prompt_progress": True,
            "efforts": {"minimal": "low"},
            "repeat_penalty_fields": ("repeat_penalty",),
        },
        providers=("llamacpp", "llama.cpp", "llama-cpp", "embedded"),
    ),
    Row(
        {
            "effort_form": "template_kwargs",
            "efforts": {"minimal": "low"},
            "repeat_penalty_fields": ("repetition_penalty",),
        },
        providers=("vllm", "sglang"),
    ),
    Row(
        {"efforts": {"minimal": "low"}, "repeat_penalty_fields": ("repeat_penalty",)},
        providers=("lmstudio", "ollama"),
    ),
    Row({"echo": "always", "echo_field": "reasoning"}, providers=("ollama",)),
    Row(
        {"effort_form": "thinking_type", "echo": "with_tool_calls"},
        providers=("deepseek",),
        hosts=("api.deepseek.com",),
    ),
    Row(
        {"effort_form": "thinking_type", "echo": "always"},
        providers=("zai", "z.ai", "zhipu"),
        hosts=("z.ai", "bigmodel.cn"),
    ),
    Row(
        {"effort_form": "thinking_type", "echo": "with_tool_calls"},
        providers=("moonshot", "kimi"),
        hosts=("moonshot.ai", "moonshot.cn"),
    ),
    Row(
        {
            "effort_form": "reasoning_object",
            "echo": "always",
            "repeat_penalty_fields": ("repetition_penalty",),
        },
        providers=("openrouter",),
        hosts=("openrouter.ai",),
    ),
    Row(
        {"effort_form": "enable_thinking"},
        providers=("dashscope", "alibaba"),
        hosts=("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"),
    ),
    Row({"include_usage": False}, providers=("mistral",), hosts=("api.mistral.ai",)),
    Row({"harmony": True, "effort_system_line": True}, model=r"gpt-?oss"),
)

_NAMED = frozenset(name for row in ROWS for name in row.providers)

THINKING_BUDGETS: Mapping[Effort, int] = {"none": 0, "minimal": 128, "low": 512, "medium": 2048}
"""Tokens of thinking that llama.cpp's `thinking_budget_tokens` allows; `high` has no limit."""

FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "completed": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "max_output_tokens": "length",  # Responses API
    "max_completion_tokens": "length",
    "max_new_tokens": "length",
    "incomplete": "length",  # a Responses API that doesn't say of what
    "tool_calls": "toolCalls",
    "function_call": "toolCalls",
    "max_length": "length",
    "length_limit": "length",
    "token_limit": "length",
    "context_length_exceeded": "length",
    "model_context_window_exceeded": "length",  # Anthropic
    "maxpredictedtokensreached": "length",  # LM Studio's `stop_reason`
    "contextlengthreached": "length",
    "eosfound": "stop",
    "stopstringfound": "stop",
    "toolcalls": "toolCalls",
    "tool_use": "toolCalls",  # Anthropic
    "content_filter": "contentFilter",
    "content_filtered": "contentFilter",
    "sensitive": "contentFilter",  # Z.AI
    "refusal": "contentFilter",  # Anthropic
    "guardrail_intervened": "contentFilter",  # Bedrock
    "safety": "contentFilter",  # Google, and below
    "recitation": "contentFilter",
    "blocklist": "contentFilter",
    "prohibited_content": "contentFilter",
    "spii": "contentFilter",
}
"""Servers' words for why they stopped, in lower case; any other is `other`."""

_CUT = frozenset(
    {
        "abort",  # vLLM, SGLang
        "aborted",
        "repetition",  # vLLM
        "error",
        "failed",
        "cancel",
        "cancelled",
        "canceled",
        "interrupted",
        "timeout",
        "network_error",
        "insufficient_system_resource",  # DeepSeek
        "engine_overloaded",
        "malformed_function_call",  # Google
        "queued",  # the Responses API: an answer that is not there yet
        "in_progress",
        "userstopped",  # LM Studio
        "modelunloaded",
    }
)
"""Words for an answer that the server broke off, so that there may have been more."""


def finish_reason(raw: str | None, *, has_tool_calls: bool) -> FinishReason:
    """The closed name of a server's finish reason; calls that are there beat a `stop`."""
    reason = FINISH_REASONS.get((raw or "").lower(), "other")
    return "toolCalls" if has_tool_calls and reason == "stop" else reason


def is_cut(raw: str | None) -> bool:
    """Whether a server's finish reason says that it broke the answer off."""
    return raw is not None and raw.lower() in _CUT


def is_named(provider: str) -> bool:
    """Whether a provider id says which kind of server it is."""
    return provider.lower() in _NAMED


def quirks_for(
    *, provider: str = "", host: str = "", model: str = "", wire_api: str = "chat"
) -> Quirks:
    """The quirks of a provider id, its host name and a model name, on one wire."""
    quirks = Quirks(model=model)
    for row in ROWS:
        if row.matches(provider=provider, host=host, model=model):
            quirks = replace(quirks, **row.overrides)
    if wire_api == "ollama":
        form: EffortForm = "think_level" if quirks.harmony else "think"
        quirks = replace(quirks, effort_form=form, echo="always", echo_field="thinking")
    elif wire_api == "lmstudio":
        quirks = replace(quirks, efforts={"none": "off", "minimal": "low"})
    return quirks
