"""The loop: a request, its calls, their results, the next request, until an answer without calls.

One for every surface. Messages are only ever appended, so that the model server finds the whole previous
prompt in its cache; nothing that changes with time is part of it. `token_budget` shortens old results
once the context window is nearly full, `call_results` runs the calls.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from codex_ls.agent.call_results import CallResults, Wait
from codex_ls.agent.token_budget import TokenBudget
from codex_ls.agent.toolbox import Toolbox
from codex_ls.events import (
    ContentDelta,
    ItemChanged,
    ItemOutput,
    Notice,
    Noticed,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    StreamFinished,
    ToolCallDelta,
    UsageReported,
    WireEvent,
)
from codex_ls.wire import Message, ModelCall, Tool, ToolCall
from codex_ls.wire.whole_calls import WholeMessageCalls, clean_name

MAX_REQUESTS: Final = 40

Step = WireEvent | RetryScheduled
AgentEvent = Step | ItemChanged | ItemOutput
Ask = Callable[[ModelCall], AsyncGenerator[Step, None]]


@dataclass(slots=True)
class _Answer:
    """The answer to one request."""

    text: str = ""
    reasoning: list[str] = field(default_factory=list)
    calls: dict[int, ToolCall] = field(default_factory=dict)
    end: StreamFinished = field(default_factory=lambda: StreamFinished("other", complete=False))

    def take(self, event: Step) -> bool:
        """Record an event; return whether the user should see it."""
        match event:
            case ContentDelta():
                self.text += event.text
            case ReasoningDelta():
                self.reasoning.append(event.text)
            case Reclassified():
                self.reasoning.append(self.text)
                self.text = ""
            case StreamFinished():
                self.end = event
                return False
            case ToolCallDelta():
                known = self.calls.get(event.index, ToolCall("", "", ""))
                self.calls[event.index] = ToolCall(
                    event.call_id or known.call_id,
                    event.name or known.name,
                    known.arguments + event.arguments,
                )
                return False
        return True


class AgentLoop:
    """One turn of a model with tools. `steps` is what it adds to the conversation."""

    def __init__(
        self,
        toolbox: Toolbox,
        tools: tuple[Tool, ...],
        *,
        window: int | None,
        leaves_out_tools: bool = False,
    ) -> None:
        self._toolbox = toolbox
        self._tools = tools
        self.leaves_out_tools = leaves_out_tools
        """The server accepts tools and its chat template drops them, as the token count has shown."""
        self._window = window
        self._messages: list[Message] = []
        self._sent = 0
        self._ids: set[str] = set()
        self.last_text = ""
        """The text of the last request: the answer itself."""

    @property
    def steps(self) -> tuple[Message, ...]:
        """The messages between the question and the answer: calls, and a result for each."""
        return tuple(self._messages[self._sent :])

    async def run(
        self, ask: Ask, call: ModelCall, *, wait: Wait
    ) -> AsyncGenerator[AgentEvent, None]:
        """Yield the events of the turn, `StreamFinished` last. Raises what `ask` and `wait` raise.

        Raises ContextOverflow if the context window is too small for tools.
        """
        self._messages, self._sent = list(call.messages), len(call.messages)
        self._ids = {c.call_id for message in call.messages for c in message.tool_calls}
        call = replace(call, tools=self._tools, tools_as_text=self.leaves_out_tools)
        budget, results = TokenBudget(self._window, self._tools), CallResults(self._toolbox)
        for count in range(MAX_REQUESTS):
            self._fit_results(budget)
            budget.compact(self._messages)
            if count and self.last_text.strip():
                yield ContentDelta("\n\n")
            answer = _Answer()
            async with aclosing(self._request(ask, call, answer, budget)) as steps:
                async for step in steps:
                    yield step
            self.last_text = answer.text
            if not (count or answer.calls or call.tools_as_text) and budget.lacks_tools(
                self._messages
            ):
                # The model has not seen its tools: what it said is no answer to the task.
                self.leaves_out_tools = True
                call = replace(call, tools_as_text=True)
                self.last_text = ""
                yield Reclassified()
                continue
            if not answer.calls:
                yield answer.end
                return
            calls = tuple(self._identified(c) for _, c in sorted(answer.calls.items()))
            reasoning = "".join(answer.reasoning)
            self._messages.append(
                Message("assistant", answer.text, (), reasoning, answer.end.echo, calls)
            )
            async with aclosing(results.run(calls, self._messages, wait)) as items:
                async for item in items:
                    yield item
            if (reason := results.deadlock) is not None:
                break
        else:
            reason = f"The model made {MAX_REQUESTS} requests without finishing."
        hint = "Check what it did, then rephrase the task or ask in smaller steps."
        yield Noticed(Notice("agentStopped", reason, hint))
        yield StreamFinished("other", complete=True, explained=True)

    async def _request(
        self, ask: Ask, call: ModelCall, answer: _Answer, budget: TokenBudget
    ) -> AsyncGenerator[AgentEvent, None]:
        """Ask once; record the answer and yield what the user should see of it."""
        whole = WholeMessageCalls([tool.name for tool in self._tools])
        messages = tuple(self._messages)
        budget.begin_request()
        async with aclosing(ask(replace(call, messages=messages))) as steps:
            async for step in steps:
                if isinstance(step, UsageReported):
                    step = budget.note(step, messages)
                if isinstance(step, RetryScheduled):
                    yield step
                    continue
                if isinstance(step, StreamFinished):
                    for event in whole.finish():
                        if answer.take(event):
                            yield event
                for event in whole.feed(step):
                    if answer.take(event):
                        yield event

    def _identified(self, call: ToolCall) -> ToolCall:
        """Return a call with a clean name and an id that no other call has."""
        call_id, number = call.call_id or "call", 1
        while (call_id if number == 1 else f"{call_id}_{number}") in self._ids:
            number += 1
        call_id = call_id if number == 1 else f"{call_id}_{number}"
        self._ids.add(call_id)
        return ToolCall(call_id, clean_name(call.name), call.arguments.strip() or "{}")

    def _fit_results(self, budget: TokenBudget) -> None:
        limit = budget.max_result_chars
        if limit is not None:
            self._toolbox.max_result_chars = min(self._toolbox.max_result_chars, limit)
