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
    implicit_closers: tuple[str, ...] = ()
    """Text that ends thinking without a closing tag."""
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
    include_usage: bool = True
    """Ask for the usage chunk with `stream_options`."""
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
        hosts=("api.openai.com", "openai.azure.com"),
    ),
    Row(
        {"effort_form": "llamacpp", "prompt_progress": True, "efforts": {"minimal": "low"}},
        providers=("llamacpp", "llama.cpp", "llama-cpp", "embedded"),
    ),
    Row(
        {"effort_form": "template_kwargs", "efforts": {"minimal": "low"}},
        providers=("vllm", "sglang"),
    ),
    Row({"efforts": {"minimal": "low"}}, providers=("lmstudio", "ollama")),
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
        {"effort_form": "reasoning_object", "echo": "always"},
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
    Row({"implicit_closers": ("<tool_call>",)}, model=r"qwen-?3[._]5"),
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
    "tool_calls": "toolCalls",
    "function_call": "toolCalls",
    "content_filter": "contentFilter",
    "sensitive": "contentFilter",  # Z.AI
}
"""Servers' words for why they stopped; any other is `other`."""


def finish_reason(raw: str | None, *, has_tool_calls: bool) -> FinishReason:
    """The closed name of a server's finish reason; calls that are there beat a `stop`."""
    reason = FINISH_REASONS.get(raw or "", "other")
    return "toolCalls" if has_tool_calls and reason == "stop" else reason


def is_named(provider: str) -> bool:
    """Whether a provider id says which kind of server it is."""
    return provider.lower() in _NAMED


def quirks_for(
    *, provider: str = "", host: str = "", model: str = "", wire_api: str = "chat"
) -> Quirks:
    """The quirks of a provider id, its host name and a model name, on one wire."""
    quirks = Quirks()
    for row in ROWS:
        if row.matches(provider=provider, host=host, model=model):
            quirks = replace(quirks, **row.overrides)
    if wire_api == "ollama":
        form: EffortForm = "think_level" if quirks.harmony else "think"
        quirks = replace(quirks, effort_form=form, echo="always", echo_field="thinking")
    elif wire_api == "lmstudio":
        quirks = replace(quirks, efforts={"none": "off", "minimal": "low"})
    return quirks
