/**
 * The messages of VS Code's chat as those of `codex/chat`. Pure: parts are told apart by their keys.
 */

import type { ModelMessage, ModelTool } from "./chatApi";
import type { ChatMessage, ChatTool } from "./protocol";

interface Part {
  /** Of a text, and of thinking. */
  readonly value?: unknown;
  readonly callId?: unknown;
  /** Of a call. */
  readonly name?: unknown;
  readonly input?: unknown;
  /** Of a call's result. */
  readonly content?: unknown;
  /** Of data. */
  readonly mimeType?: unknown;
  readonly data?: unknown;
}

/** VS Code's roles: 1 user, 2 assistant, 3 system. The results of tools are parts of a user's message there. */
export function chatMessages(messages: readonly ModelMessage[]): ChatMessage[] {
  return messages.flatMap(({ role, content }) => {
    const parts = content as readonly Part[];
    const text = textOf(parts);
    if (role === 2) {
      const toolCalls = parts.filter(isCall).map(({ callId, name, input }) => ({
        id: String(callId),
        name: String(name),
        arguments: JSON.stringify(input ?? {}),
      }));
      return [{ role: "assistant", content: text, ...(toolCalls.length > 0 && { toolCalls }) }];
    }
    const results = parts.filter(isResult).map(({ callId, content: said }): ChatMessage => ({
      role: "tool",
      toolCallId: String(callId),
      content: textOf(said as readonly Part[]),
    }));
    const own: ChatMessage = { role: role === 3 ? "system" : "user", content: text };
    return text === "" && results.length > 0 ? results : [...results, own];
  });
}

export function chatTools(tools: readonly ModelTool[]): ChatTool[] {
  return tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    ...(inputSchema && { parameters: inputSchema }),
  }));
}

/** What a part, or a message, says in words; data that is no text is left out. */
export function textOf(parts: readonly unknown[]): string {
  return (parts as readonly Part[]).map(said).join("");
}

function said(part: Part): string {
  if (isCall(part) || isResult(part)) return "";
  if (typeof part.value === "string") return part.value;
  if (typeof part.mimeType !== "string" || !(part.data instanceof Uint8Array)) return "";
  const isText = part.mimeType.startsWith("text/") || part.mimeType.endsWith("json");
  return isText ? Buffer.from(part.data).toString("utf8") : "";
}

function isCall(part: Part): boolean {
  return typeof part.callId === "string" && typeof part.name === "string";
}

function isResult(part: Part): boolean {
  return typeof part.callId === "string" && Array.isArray(part.content);
}
