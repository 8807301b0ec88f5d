/**
 * What VS Code's chat has at run time and the typings of 1.90 do not: language models of extensions (1.104), their
 * tools, and thinking, which is in no stable typings yet.
 */

import { api } from "./editor";
import type { CancellationToken, Disposable, Event } from "./editor";

/** A message of a request; `role` is 1 for the user, 2 for the assistant and 3 for the system. */
export interface ModelMessage {
  readonly role: number;
  readonly content: readonly unknown[];
}

export interface ModelTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema?: object | undefined;
}

export interface ModelOptions {
  readonly tools?: readonly ModelTool[];
  /** 2: the model has to call a tool. */
  readonly toolMode?: number;
}

/** What the model picker shows, and what chat may do with a model. */
export interface ModelInformation {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  readonly detail: string;
  readonly tooltip: string;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  readonly isUserSelectable: boolean;
  readonly capabilities: { readonly toolCalling: boolean };
}

export interface ModelProvider {
  readonly onDidChangeLanguageModelChatInformation: Event<void>;
  provideLanguageModelChatInformation(): Promise<ModelInformation[]>;
  provideLanguageModelChatResponse(
    model: { readonly id: string },
    messages: readonly ModelMessage[],
    options: ModelOptions,
    progress: { report(part: object): void },
    token: CancellationToken,
  ): Promise<void>;
  provideTokenCount(model: unknown, text: string | ModelMessage): Promise<number>;
}

export type TextPart = new (text: string) => object;
export type ToolCallPart = new (callId: string, name: string, input: object) => object;

/** The parts of an answer, as far as this VS Code has them. */
export interface Parts {
  readonly Text: TextPart;
  readonly ToolCall: ToolCallPart;
  readonly Thinking?: TextPart | undefined;
}

interface ChatApi {
  readonly chat?: { readonly createChatParticipant?: unknown };
  readonly lm?: { registerLanguageModelChatProvider?(vendor: string, provider: ModelProvider): Disposable };
  readonly LanguageModelTextPart?: TextPart;
  readonly LanguageModelToolCallPart?: ToolCallPart;
  readonly LanguageModelThinkingPart?: TextPart;
}

/** Whether chat has participants of extensions. */
export function hasParticipants(): boolean {
  return (api() as ChatApi).chat?.createChatParticipant !== undefined;
}

/** Registers models that `provider` makes of the parts there are; undefined where VS Code has no models of extensions. */
export function registerModels(
  vendor: string,
  provider: (parts: Parts) => ModelProvider,
): Disposable | undefined {
  const found = api() as ChatApi;
  const { LanguageModelTextPart: Text, LanguageModelToolCallPart: ToolCall } = found;
  if (Text === undefined || ToolCall === undefined) return undefined;
  const parts = { Text, ToolCall, Thinking: found.LanguageModelThinkingPart };
  return found.lm?.registerLanguageModelChatProvider?.(vendor, provider(parts));
}
