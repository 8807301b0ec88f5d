"""Tools for a model whose server has no field for them: described in the system text, answered as text.

The notation is Hermes', which most open models have seen: `<tool_call>` with a JSON object, and
`<tool_response>` in a message of the user. `text_calls` reads it like every other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codex_ls.wire.model_call import Message, ModelCall, Tool

_INTRODUCTION = """\
# Tools

Call a tool by writing, and then stop:
<tool_call>
{"name": "TOOL", "arguments": {...}}
</tool_call>
The result comes in <tool_response> tags. The tools, with the JSON Schema of their arguments:
"""


def with_tools_as_text(call: ModelCall) -> ModelCall:
    """Return the call with its tools, tool calls and results as text of messages."""
    messages = list(_messages(call.messages))
    if call.tools:
        described = _INTRODUCTION + "\n".join(_line(tool) for tool in call.tools)
        first = messages[0]
        if first.role == "system":
            messages[0] = replace(first, text=f"{first.text}\n\n{described}")
        else:
            messages.insert(0, replace(_plain(first), role="system", text=described))
    return replace(call, messages=tuple(messages), tools=())


def _line(tool: Tool) -> str:
    about = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return json.dumps(about, ensure_ascii=False)


def _messages(messages: tuple[Message, ...]) -> Iterator[Message]:
    results: list[Message] = []
    for message in messages:
        if message.role == "tool":
            results.append(message)
            continue
        if results:
            yield _answered(results)
            results = []
        yield _called(message) if message.tool_calls else message
    if results:
        yield _answered(results)


def _called(message: Message) -> Message:
    written = [
        f'<tool_call>\n{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}\n</tool_call>'
        for call in message.tool_calls
    ]
    text = "\n".join(filter(None, (message.text.strip(), *written)))
    return replace(message, text=text, tool_calls=())


def _answered(results: list[Message]) -> Message:
    text = "\n".join(f"<tool_response>\n{message.text}\n</tool_response>" for message in results)
    return replace(_plain(results[0]), role="user", text=text)


def _plain(message: Message) -> Message:
    return replace(
        message, images=(), reasoning="", echo=None, tool_calls=(), tool_call_id=None, name=""
    )
