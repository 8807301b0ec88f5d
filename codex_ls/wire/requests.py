"""What is asked, in the form each wire wants it.

`request_for` gives the path under `base_url` and the JSON body. Only what the settings ask for is sent:
strict servers refuse a field they do not know, and every prompt token is time on a local machine.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from codex_ls.events import Effort, ReasoningEcho
from codex_ls.wire.model_call import Message, ModelCall, Tool, WireApi, sampling_fields
from codex_ls.wire.quirks import THINKING_BUDGETS, Quirks

_MUST_CALL = "Call a tool now: an answer in words is of no use here."


def request_for(wire_api: WireApi, call: ModelCall, quirks: Quirks) -> tuple[str, dict[str, Any]]:
    """The path under `base_url`, and the JSON body.

    Raises InvalidParams for what a wire has no field for and must not be left out.
    """
    as_text = wire_api == "lmstudio" or quirks.tools_as_text or call.tools_as_text
    if call.must_call_tool and (as_text or wire_api == "ollama"):
        call = _with_system_line(call, _MUST_CALL)  # there is no field for it
    if as_text and (call.tools or any(message.tool_calls for message in call.messages)):
        from codex_ls.wire.tools_as_text import with_tools_as_text  # only where tools are used

        call = with_tools_as_text(call)
    if quirks.effort_system_line and wire_api == "chat":
        call = _with_effort_line(call)
    if quirks.merge_system:
        call = replace(call, messages=_with_merged_system(call.messages))
    match wire_api:
        case "chat":
            path, body = "/chat/completions", _chat(call, quirks)
        case "responses":
            path, body = "/responses", _responses(call, quirks)
        case "ollama":
            path, body = "/api/chat", _ollama(call, quirks)
        case "lmstudio":
            from codex_ls.wire.lmstudio_request import lmstudio_body  # only where it is asked

            path, body = "/api/v1/chat", lmstudio_body(call, quirks)
        case _:
            assert_never(wire_api)
    if quirks.left_out or not quirks.streams:
        body = _without_refused(body, quirks)
    return path, _overlaid(body, call.body) if call.body else body


def _overlaid(body: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the user's keys in it; tables in both are merged (`options` of Ollama)."""
    result = dict(body)
    for key, value in given.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = _overlaid(old, value) if both else value  # type: ignore[arg-type]
    return result


def _with_merged_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages with the system text in front of the first question."""
    system = "\n\n".join(message.text for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    for place, message in enumerate(others):
        if system and message.role == "user":
            others[place] = replace(message, text=f"{system}\n\n{message.text}")
            break
    return tuple(others)


def _without_refused(body: dict[str, Any], quirks: Quirks) -> dict[str, Any]:
    """The body without what this server refused."""
    kept = {key: value for key, value in body.items() if key not in quirks.left_out}
    for key in ("options", "text"):
        if isinstance(inner := kept.get(key), dict):
            kept[key] = {name: inner[name] for name in inner if name not in quirks.left_out}
            if not kept[key]:
                del kept[key]
    if not quirks.streams:
        kept["stream"] = False
        kept.pop("stream_options", None)
    return kept


def _chat(call: ModelCall, quirks: Quirks) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": call.model,
        "messages": [_chat_message(message, quirks) for message in call.messages],
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
    if call.tools:
        body["tools"] = [_function(tool) for tool in call.tools]
        if call.must_call_tool:
            body["tool_choice"] = "required"
    return body | dict(call.extras) | sampling_fields(call.sampling, "chat", quirks)


def _function(tool: Tool) -> dict[str, Any]:
    about = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": about}


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


def _with_effort_line(call: ModelCall) -> ModelCall:
    """The call with gpt-oss's own effort line: some servers drop every field for it."""
    if call.effort is None:
        return call
    level = "low" if call.effort in ("none", "minimal") else call.effort
    return _with_system_line(call, f"Reasoning: {level}")


def _with_system_line(call: ModelCall, line: str) -> ModelCall:
    """The call with one more line at the end of its system text."""
    first, *rest = call.messages
    if first.role == "system":
        system, others = Message("system", f"{first.text}\n\n{line}"), tuple(rest)
    else:
        system, others = Message("system", line), call.messages
    return replace(call, messages=(system, *others))


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
    if call.tools:
        body["tools"] = [
            {"type": "function", **_function(tool)["function"], "strict": False}
            for tool in call.tools
        ]
        if call.must_call_tool:
            body["tool_choice"] = "required"
    return body | dict(call.extras) | sampling_fields(call.sampling, "responses", quirks)


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
    options: dict[str, Any] = sampling_fields(call.sampling, "ollama", quirks)
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
    if call.tools:
        body["tools"] = [_function(tool) for tool in call.tools]
    return body | dict(call.extras)


def _ollama_message(message: Message, quirks: Quirks) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.images:
        wire["images"] = [image.base64 for image in message.images]
    if message.reasoning and _echoes(message, quirks):
        wire["thinking"] = message.reasoning
    if message.tool_calls:
        wire["tool_calls"] = [
            {"function": {"name": call.name, "arguments": _object(call.arguments)}}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        wire["tool_name"] = message.name
    return wire


def _object(arguments: str) -> dict[str, Any]:
    """Return a call's arguments as the object that Ollama wants; what is none was answered so."""
    try:
        value = json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
