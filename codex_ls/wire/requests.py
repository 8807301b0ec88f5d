"""What is asked, in the form each wire wants it.

`request_for` gives the path under `base_url` and the JSON body. Only what the settings ask for is sent:
strict servers refuse a field they do not know, and every prompt token is time on a local machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never

from codex_ls.events import Effort, ReasoningEcho
from codex_ls.wire.decoder import WireApi
from codex_ls.wire.quirks import THINKING_BUDGETS, Quirks


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made: `arguments` is JSON text as the model wrote it."""

    call_id: str
    name: str
    arguments: str


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


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One request to a model, before it takes a wire's form."""

    model: str
    messages: tuple[Message, ...]
    effort: Effort | None = None
    summary: str | None = None
    verbosity: str | None = None
    max_output_tokens: int | None = None
    context_window: int | None = None
    output_schema: Mapping[str, Any] | None = None
    may_be_kept: bool = True
    """Whether the server may keep the conversation, where it does that of itself (LM Studio)."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Further body keys, laid over the rest (the built-in server's grammar and sampling)."""


EFFORT_FIELDS = (
    "reasoning_effort",
    "reasoning",
    "chat_template_kwargs",
    "enable_thinking",
    "thinking_budget",
    "thinking",
    "think",
    "effort",
)
"""Names by which a server may refuse the effort."""


def request_for(wire_api: WireApi, call: ModelCall, quirks: Quirks) -> tuple[str, dict[str, Any]]:
    """The path under `base_url`, and the JSON body.

    Raises InvalidParams for what a wire has no field for and must not be left out.
    """
    match wire_api:
        case "chat":
            return "/chat/completions", _chat(call, quirks)
        case "responses":
            return "/responses", _responses(call, quirks)
        case "ollama":
            return "/api/chat", _ollama(call, quirks)
        case "lmstudio":
            from codex_ls.wire.lmstudio_request import lmstudio_body  # only where it is asked

            return "/api/v1/chat", lmstudio_body(call, quirks)
        case _:
            assert_never(wire_api)


def _chat(call: ModelCall, quirks: Quirks) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": call.model,
        "messages": [_chat_message(message, quirks) for message in _with_effort_line(call, quirks)],
        "stream": True,
    }
    if quirks.include_usage:
        body["stream_options"] = {"include_usage": True}
    if quirks.prompt_progress:
        body["return_progress"] = True
    if call.max_output_tokens is not None:
        body[quirks.max_tokens_field] = call.max_output_tokens
    if call.verbosity is not None:
        body["verbosity"] = call.verbosity
    if call.output_schema is not None:
        schema = {"name": "answer", "schema": call.output_schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if call.effort is not None:
        body |= _effort(call.effort, quirks)
    return body | dict(call.extras)


def _chat_message(message: Message, quirks: Quirks) -> dict[str, Any]:
    content: Any = message.text
    if message.images:
        pictures = ({"type": "image_url", "image_url": {"url": i.data_url}} for i in message.images)
        content = [{"type": "text", "text": message.text}, *pictures]
    wire: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        wire["content"] = message.text or None
        wire["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.role == "assistant" and _echoes(message, quirks):
        _echo_into(wire, message, quirks)
    return wire


def _echoes(message: Message, quirks: Quirks) -> bool:
    match quirks.echo:
        case "never":
            return False
        case "with_tool_calls":
            return bool(message.tool_calls)
        case "always":
            return bool(message.reasoning or message.echo)
        case _:
            assert_never(quirks.echo)


def _echo_into(wire: dict[str, Any], message: Message, quirks: Quirks) -> None:
    """Send thinking back in the field and form it came in."""
    echo = message.echo or ReasoningEcho()
    name = quirks.echo_field or echo.field or "reasoning_content"
    if echo.details:
        wire["reasoning_details"] = list(echo.details)
    elif name == "content":  # it came as content parts
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": message.reasoning}]}
        wire["content"] = [thinking, {"type": "text", "text": message.text}]
    else:
        wire[name] = message.reasoning


def _effort(effort: Effort, quirks: Quirks) -> dict[str, Any]:
    name = quirks.efforts.get(effort, effort)
    off = effort == "none"
    match quirks.effort_form:
        case "reasoning_effort":
            return {"reasoning_effort": name}
        case "reasoning_object":
            return {"reasoning": {"enabled": False} if off else {"effort": name}}
        case "template_kwargs":
            body: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": not off}}
            return body if off else {"reasoning_effort": name} | body
        case "llamacpp":
            body = {
                "reasoning_effort": name,
                "chat_template_kwargs": {"enable_thinking": not off},
            }
            budget = THINKING_BUDGETS.get(effort)
            return body if budget is None else body | {"thinking_budget_tokens": budget}
        case "enable_thinking":
            return {"enable_thinking": not off}
        case "thinking_type":
            return {"thinking": {"type": "disabled" if off else "enabled"}}
        case "think":
            return {"think": not off}
        case "think_level":
            return {"think": "low" if effort in ("none", "minimal") else name}
        case _:
            assert_never(quirks.effort_form)


def _with_effort_line(call: ModelCall, quirks: Quirks) -> tuple[Message, ...]:
    """The messages, with gpt-oss's own effort line: some servers drop every field for it."""
    if call.effort is None or not quirks.effort_system_line:
        return call.messages
    level = "low" if call.effort in ("none", "minimal") else call.effort
    line = f"Reasoning: {level}"
    first, *rest = call.messages
    if first.role == "system":
        return (Message("system", f"{first.text}\n\n{line}"), *rest)
    return (Message("system", line), *call.messages)


def _responses(call: ModelCall, quirks: Quirks) -> dict[str, Any]:
    instructions = "\n\n".join(m.text for m in call.messages if m.role == "system")
    body: dict[str, Any] = {
        "model": call.model,
        "input": [
            item
            for message in call.messages
            if message.role != "system"
            for item in _responses_items(message)
        ],
        "stream": True,
    }
    if instructions:
        body["instructions"] = instructions
    if quirks.store is not None:
        body["store"] = quirks.store
    if quirks.include:
        body["include"] = list(quirks.include)
    reasoning: dict[str, Any] = {}
    if call.effort is not None:
        reasoning["effort"] = quirks.efforts.get(call.effort, call.effort)
    if call.summary not in (None, "none"):
        reasoning["summary"] = call.summary
    if reasoning:
        body["reasoning"] = reasoning
    text: dict[str, Any] = {}
    if call.verbosity is not None:
        text["verbosity"] = call.verbosity
    if call.output_schema is not None:
        text["format"] = {
            "type": "json_schema",
            "name": "answer",
            "schema": call.output_schema,
            "strict": True,
        }
    if text:
        body["text"] = text
    if call.max_output_tokens is not None:
        body["max_output_tokens"] = call.max_output_tokens
    return body | dict(call.extras)


def _responses_items(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [
            {
                "type": "function_call_output",
                "call_id": message.tool_call_id,
                "output": message.text,
            }
        ]
    items: list[dict[str, Any]] = []
    if message.role == "assistant":
        # Reasoning items are only of use to the server that can read them again.
        items += [dict(i) for i in (message.echo.details if message.echo else ()) if _reusable(i)]
        part = {"type": "output_text", "text": message.text}
        if message.text:
            items.append({"type": "message", "role": "assistant", "content": [part]})
        items += [
            {
                "type": "function_call",
                "call_id": call.call_id,
                "name": call.name,
                "arguments": call.arguments,
            }
            for call in message.tool_calls
        ]
        return items
    parts: list[dict[str, Any]] = [{"type": "input_text", "text": message.text}]
    parts += [{"type": "input_image", "image_url": image.data_url} for image in message.images]
    return [{"type": "message", "role": "user", "content": parts}]


def _reusable(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "reasoning" and bool(item.get("encrypted_content"))


def _ollama(call: ModelCall, quirks: Quirks) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if call.context_window is not None:
        options["num_ctx"] = call.context_window
    if call.max_output_tokens is not None:
        options["num_predict"] = call.max_output_tokens
    body: dict[str, Any] = {
        "model": call.model,
        "messages": [_ollama_message(message, quirks) for message in call.messages],
        "stream": True,
    }
    if call.effort is not None:
        body |= _effort(call.effort, quirks)
    if options:
        body["options"] = options
    if call.output_schema is not None:
        body["format"] = call.output_schema
    return body | dict(call.extras)


def _ollama_message(message: Message, quirks: Quirks) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.images:
        wire["images"] = [image.base64 for image in message.images]
    if message.reasoning and _echoes(message, quirks):
        wire["thinking"] = message.reasoning
    return wire
