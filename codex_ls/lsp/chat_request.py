"""`codex/chat`: one request to the model with the client's own messages and tools.

The client has the conversation and runs the tools; here its messages become one call of the model.
"""

from codex_ls import protocol
from codex_ls.agent.client_tools import ClientTools
from codex_ls.lsp.client_turn import ClientTurn, ExecContext
from codex_ls.lsp.payloads import chat_result
from codex_ls.protocol import ChatMessage, ChatParams
from codex_ls.turn.session import TurnRequest
from codex_ls.wire import Message, Tool, ToolCall

_NO_ARGUMENTS = {"type": "object", "properties": {}}


class Chat(ClientTurn[protocol.ChatResult]):
    """One `codex/chat`, until its reply."""

    def __init__(self, context: ExecContext, params: ChatParams) -> None:
        super().__init__(context, params)
        self._params = params

    async def answer(self) -> protocol.ChatResult:
        """Return the result. Raises CodexError."""
        params = self._params
        uri = params.text_document.uri if params.text_document else None
        settings, shown = await self.settings(params, uri)
        tools = ClientTools(
            messages_of(params.messages),
            tuple(
                Tool(tool.name, tool.description, tool.parameters or _NO_ARGUMENTS)
                for tool in params.tools
            ),
            must_call=params.tool_choice == "required",
            provider=settings.provider.id,
            reasoning=self.context.call_reasoning,
        )
        prompt = next((m.content for m in reversed(params.messages) if m.role == "user"), "")
        request = TurnRequest(prompt=prompt, tools=tools, is_kept=False)
        started, finished = await self.run(request, settings, shown)
        return chat_result(started, finished, self.notices, calls=tools.calls)


def messages_of(sent: tuple[ChatMessage, ...]) -> tuple[Message, ...]:
    """Return a client's messages; a tool's result with the name of the tool, which some wires want."""
    names: dict[str, str] = {}
    messages = []
    for message in sent:
        names |= {call.id: call.name for call in message.tool_calls}
        calls = tuple(ToolCall(c.id, c.name, c.arguments) for c in message.tool_calls)
        messages.append(
            Message(
                message.role,
                message.content,
                tool_calls=calls,
                tool_call_id=message.tool_call_id,
                name=names.get(message.tool_call_id or "", ""),
            )
        )
    return tuple(messages)
