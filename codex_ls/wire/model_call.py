"""What a model is asked, before it takes a wire's form, and the names each wire has for its parameters.

Sampling: Chat Completions defines `temperature`, `top_p` and `seed`; local servers read `top_k`, `min_p`
and a repeat penalty from the same object (llama.cpp, LM Studio: `repeat_penalty`; vLLM, SGLang,
OpenRouter: `repetition_penalty`), and so do those of them that serve the Responses API. Ollama's
`/api/chat` has all of them in `options`. LM Studio's `/api/v1/chat` has no seed and refuses fields it
does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from codex_ls.events import Effort, ReasoningEcho
from codex_ls.wire.quirks import Quirks

WireApi = Literal["chat", "responses", "ollama", "lmstudio"]

_UNKNOWN: Mapping[str, frozenset[str]] = {"lmstudio": frozenset({"seed"})}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made: `arguments` is JSON text as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that a model may call; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a prompt: its media type and its bytes in base64."""

    media_type: str
    base64: str

    @property
    def data_url(self) -> str:
        """The picture as a `data:` URL."""
        return f"data:{self.media_type};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    images: tuple[Image, ...] = ()
    reasoning: str = ""
    echo: ReasoningEcho | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str = ""
    """Of a tool's result: which tool was called."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One request to a model, before it takes a wire's form."""

    model: str
    messages: tuple[Message, ...]
    effort: Effort | None = None
    summary: str | None = None
    verbosity: str | None = None
    max_output_tokens: int | None = None
    sampling: Mapping[str, float | int] = field(default_factory=dict)
    """Sampling parameters by our own names, which `sampling_fields` translates."""
    context_window: int | None = None
    output_schema: Mapping[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    """What the model may call; without any, the request is that of a question."""
    must_call_tool: bool = False
    """The model has to call a tool, rather than answer."""
    tools_as_text: bool = False
    """The model's template leaves out tools: they are described in the system text."""
    may_be_kept: bool = True
    """Whether the server may keep the conversation, where it does that of itself (LM Studio)."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Further body keys (the built-in server's grammar and sampling); `sampling` overrides them."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Body keys that the user gave for this request; they override everything else."""


def sampling_fields(
    sampling: Mapping[str, float | int], wire_api: WireApi, quirks: Quirks
) -> dict[str, Any]:
    """The body's keys (for Ollama those of `options`) for these parameters.

    `sampling` has any of `temperature`, `top_p`, `top_k`, `min_p`, `repeat_penalty` and `seed`.
    """
    unknown = _UNKNOWN.get(wire_api, frozenset())
    native = wire_api in ("ollama", "lmstudio")
    fields: dict[str, Any] = {}
    for name, value in sampling.items():
        if name in unknown:
            continue
        if name == "repeat_penalty" and not native:
            fields |= dict.fromkeys(quirks.repeat_penalty_fields, value)
        else:
            fields[name] = value
    return fields


def unknown_to(wire_api: WireApi, sampling: Mapping[str, float | int]) -> tuple[str, ...]:
    """The parameters that this wire has no field for: whoever sends the request says so."""
    unknown = _UNKNOWN.get(wire_api, frozenset())
    return tuple(name for name in sampling if name in unknown)
