"""The tools of a client that runs them itself: offered to the model, whose calls go back to the client.

The client has the conversation. Nothing of it is kept here but the reasoning that led to a call: clients
drop it, and some models call worse, or their servers refuse the request, without it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from codex_ls.events import (
    Notice,
    Noticed,
    ReasoningDelta,
    ReasoningEcho,
    RetryScheduled,
    StreamFinished,
    ToolCallDelta,
    WireEvent,
)
from codex_ls.json_model import well_formed
from codex_ls.sanitize import sanitize
from codex_ls.wire import Message, ModelCall, Tool, ToolCall
from codex_ls.wire.whole_calls import WholeMessageCalls, clean_name

if TYPE_CHECKING:
    from codex_ls.agent.call_results import Wait
    from codex_ls.agent.loop import Ask, Step
    from codex_ls.config.model_settings import ModelSettings

_MAX_REMEMBERED: Final = 256
_SHOWN_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class _Reasoning:
    text: str
    echo: ReasoningEcho | None


class CallReasoning:
    """What a model thought before its latest calls, by provider and call id."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Reasoning] = {}

    def add(
        self, provider: str, calls: tuple[ToolCall, ...], text: str, echo: ReasoningEcho | None
    ) -> None:
        """Remember the reasoning of one answer; the oldest is forgotten."""
        if not (text or echo):
            return
        for call in calls:
            self._known.pop((provider, call.call_id), None)
            self._known[provider, call.call_id] = _Reasoning(text, echo)
            if len(self._known) > _MAX_REMEMBERED:
                del self._known[next(iter(self._known))]

    def restored(self, provider: str, message: Message) -> Message:
        """Return the message with the reasoning that led to its calls, if it is remembered."""
        for call in message.tool_calls:
            if (known := self._known.get((provider, call.call_id))) is not None:
                return replace(message, reasoning=known.text, echo=known.echo)
        return message


@dataclass(slots=True)
class _Call:
    call_id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ClientTools:
    """One request to the model with the client's messages and tools; `calls` are what it called.

    Stands where the agent's tools do (`turn.session.Tools`).
    """

    steps: tuple[Message, ...] = ()
    """The client keeps what comes between question and answer."""
    last_text = ""

    def __init__(
        self,
        messages: tuple[Message, ...],
        tools: tuple[Tool, ...],
        *,
        must_call: bool,
        provider: str,
        reasoning: CallReasoning,
    ) -> None:
        """`messages` are the whole conversation; `reasoning` is shared by a client's requests."""
        self._messages = tuple(
            reasoning.restored(provider, message) for message in _for_templates(messages)
        )
        self._tools = tools
        self._must_call = must_call
        self._provider = provider
        self._reasoning = reasoning
        self._taken = {call.call_id for message in messages for call in message.tool_calls}
        self._calls: dict[int, _Call] = {}
        self.calls: tuple[ToolCall, ...] = ()
        """The complete calls, once the answer is over."""

    @property
    def takes_calls(self) -> bool:
        """Whether the client runs tool calls."""
        return bool(self._tools)

    def system_prompt(self, settings: ModelSettings) -> str:  # noqa: ARG002
        """Return nothing: the client's messages have one, or are meant to have none."""
        return ""

    async def run(
        self,
        ask: Ask,
        call: ModelCall,
        *,
        turn_id: str,  # noqa: ARG002
        wait: Wait,  # noqa: ARG002
    ) -> AsyncGenerator[Step, None]:
        """Yield what the wire says of one request, `StreamFinished` last."""
        call = replace(
            call,
            messages=self._messages,
            tools=self._tools,
            must_call_tool=self._must_call,
            may_be_kept=False,
        )
        whole = WholeMessageCalls([tool.name for tool in self._tools])
        thought: list[str] = []
        async with aclosing(ask(call)) as steps:
            async for step in steps:
                match step:
                    case RetryScheduled():
                        self._calls.clear()  # the next attempt begins anew
                        yield step
                        continue
                    case ReasoningDelta():
                        thought.append(step.text)
                    case StreamFinished():
                        for event in whole.finish():
                            yield self._named(event)
                        for event in self._finish(step, "".join(thought)):
                            yield event
                        return
                for event in whole.feed(step):
                    yield self._named(event)

    def _named(self, event: WireEvent) -> WireEvent:
        """Return the event; a piece of a call with a clean name, and an id that no other call has."""
        if not isinstance(event, ToolCallDelta) or not self._tools:
            return event
        call = self._calls.get(event.index)
        call_id = None
        if call is None:
            call_id = self._id(event.call_id)
            call = self._calls[event.index] = _Call(call_id)
        name = None if event.name is None else sanitize(clean_name(event.name))
        call.name = name or call.name
        call.arguments.append(event.arguments)
        return replace(event, call_id=call_id, name=name)

    def _id(self, given: str | None) -> str:
        """Return the server's own id if it has one; nine letters and digits suit every template."""
        call_id = "" if given is None or given in self._taken else sanitize(given)
        if not call_id.removeprefix("call_").strip("0123456789"):  # none, or counted here
            call_id = uuid.uuid4().hex[:9]
        self._taken.add(call_id)
        return call_id

    def _finish(self, end: StreamFinished, thought: str) -> Iterator[WireEvent]:
        calls = [(call, _object(call)) for _, call in sorted(self._calls.items())]
        self.calls = tuple(
            ToolCall(call.call_id, call.name, json.dumps(arguments, ensure_ascii=False))
            for call, arguments in calls
            if arguments is not None
        )
        self._reasoning.add(self._provider, self.calls, thought, end.echo)
        for name in dict.fromkeys(call.name for call, arguments in calls if arguments is None):
            message = f"The model called {name[:_SHOWN_NAME] or 'a tool'} with broken arguments."
            hint = "Ask again, or allow more tokens (model_max_output_tokens)."
            yield Noticed(Notice("toolCallIgnored", message, hint))
        yield replace(end, finish_reason="toolCalls") if self.calls and end.complete else end


def _object(call: _Call) -> dict[str, Any] | None:
    """Return a call's arguments; None if they are no JSON object."""
    text = well_formed("".join(call.arguments))
    try:
        value = json.loads(text.strip() or "{}", strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and call.name else None


def _for_templates(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return messages as every chat template takes them: one system text, first, and roles in turn."""
    system = "\n\n".join(m.text for m in messages if m.role == "system" and m.text)
    result = [Message("system", system)] if system else []
    for message in messages:
        last = result[-1] if result else None
        if message.role == "system":
            continue
        if message.role == "user" and last is not None and last.role == "user":
            result[-1] = replace(last, text=f"{last.text}\n\n{message.text}")
        else:
            result.append(message)
    return tuple(result)
