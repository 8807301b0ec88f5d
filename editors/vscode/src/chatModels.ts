/**
 * The profiles as language models of VS Code: its chat, inline chat, agent mode, and other extensions can use them.
 *
 * Messages and tools go to the model as they are (`codex/chat`); what it calls, VS Code runs.
 */

import type { ModelInformation, ModelMessage, ModelOptions, ModelProvider, Parts } from "./chatApi";
import { chatMessages, chatTools, textOf } from "./chatMessages";
import { EventEmitter } from "./editor";
import type { CancellationToken, Disposable } from "./editor";
import type { Profiles } from "./profilePicker";
import { BUILT_IN, MODELS } from "./protocol";
import type { ChatParams, ChatResult, ModelsResult, ProfileSummary } from "./protocol";
import type { Server } from "./server";
import { TurnFailed, runChat } from "./turn";

export const VENDOR = "codex-ls";
/** Tokens, where the context window is not known yet: the first answer reports it. */
const UNKNOWN_WINDOW = 32_768;
const OUTPUT_TOKENS = 8_192;
const MUST_CALL = 2;
const CHARS_A_TOKEN = 4;

export class ChatModels implements ModelProvider, Disposable {
  private readonly changed = new EventEmitter<void>();
  readonly onDidChangeLanguageModelChatInformation = this.changed.event;
  private readonly listening: Disposable;
  /** The windows of earlier answers, by profile, address and model. */
  private readonly windows = new Map<string, number>();

  constructor(
    private readonly server: Server,
    private readonly profiles: Profiles,
    private readonly parts: Parts,
  ) {
    this.listening = profiles.onChange(() => this.changed.fire());
  }

  async provideLanguageModelChatInformation(): Promise<ModelInformation[]> {
    try {
      const { active, profiles } = this.profiles.last() ?? (await this.profiles.load());
      const found = await Promise.all(profiles.map((profile) => this.information(profile)));
      const offered = found.filter((one) => one !== undefined);
      return offered.sort((one, other) => Number(other.id === active) - Number(one.id === active));
    } catch {
      return []; // the server can't start: the status bar and the commands say why
    }
  }

  async provideLanguageModelChatResponse(
    { id }: { readonly id: string },
    messages: readonly ModelMessage[],
    { tools = [], toolMode }: ModelOptions,
    progress: { report(part: object): void },
    token: CancellationToken,
  ): Promise<void> {
    const shown = this.profiles.last()?.profiles.find(({ name }) => name === id);
    const params: ChatParams = {
      messages: chatMessages(messages),
      profile: id,
      ...(tools.length > 0 && { tools: chatTools(tools) }),
      ...(tools.length > 0 && toolMode === MUST_CALL && { toolChoice: "required" }),
      ...(shown && { expected: { profile: shown.name, origin: shown.origin } }),
    };
    const { Text, ToolCall, Thinking } = this.parts;
    const seen = { answerInThinking: false };
    const client = await this.server.running();
    const result = await runChat(
      client,
      params,
      {
        event: (event) => {
          if (event.type === "content") progress.report(new Text(event.text));
          if (event.type === "reasoning" && Thinking) progress.report(new Thinking(event.text));
          // All of it was the answer, of which nothing has been reported.
          if (event.type === "reclassify" && event.to === "content") seen.answerInThinking = true;
        },
        status: () => undefined,
      },
      token,
    ).catch((error: unknown) => {
      throw inWords(error);
    });
    if (seen.answerInThinking) progress.report(new Text(result.content));
    for (const { id: callId, name, arguments: input } of result.toolCalls)
      progress.report(new ToolCall(callId, name, JSON.parse(input) as object));
    this.learn(shown, result);
    const isEmpty = result.content === "" && result.toolCalls.length === 0 && result.status !== "cancelled";
    const notice = result.notices.at(-1);
    if (isEmpty && notice) throw new Error([notice.message, notice.hint].join(" ").trim());
  }

  /** An estimate: only the model server can count. */
  provideTokenCount(_model: unknown, text: string | ModelMessage): Promise<number> {
    const words = typeof text === "string" ? text : textOf(text.content);
    return Promise.resolve(Math.ceil(words.length / CHARS_A_TOKEN));
  }

  dispose(): void {
    this.listening.dispose();
    this.changed.dispose();
  }

  /** What chat is told of a profile; undefined for a built-in model that is not on this machine. */
  private async information(profile: ProfileSummary): Promise<ModelInformation | undefined> {
    const { name, model, origin, isLocal } = profile;
    const builtIn = await this.builtIn(profile);
    if (builtIn?.models.some((one) => one.name === model && one.loaded === false)) return undefined;
    const known = this.windows.get(key(profile)) ?? builtIn?.contextWindow ?? profile.contextWindow;
    const window = known ?? UNKNOWN_WINDOW;
    const maxOutputTokens = Math.min(OUTPUT_TOKENS, Math.floor(window / 4));
    return {
      id: name,
      name,
      family: model,
      version: "1",
      detail: isLocal ? "local" : "cloud",
      tooltip: [model, origin].filter((part) => part !== "").join(" on "),
      maxInputTokens: window - maxOutputTokens,
      maxOutputTokens,
      isUserSelectable: true,
      capabilities: { toolCalling: true },
    };
  }

  /** Which built-in models are on this machine. No model server is asked: VS Code calls this before the user asks. */
  private async builtIn(profile: ProfileSummary): Promise<ModelsResult | undefined> {
    if (profile.provider !== BUILT_IN) return undefined;
    const client = await this.server.running();
    const asked = client.sendRequest<ModelsResult>(MODELS, { profile: profile.name });
    return asked.catch(() => undefined); // the server went away
  }

  /** The window that an answer was made in. */
  private learn(profile: ProfileSummary | undefined, { usage }: ChatResult): void {
    const told = usage?.contextWindow;
    if (profile === undefined || told === undefined || this.windows.get(key(profile)) === told) return;
    this.windows.set(key(profile), told);
    this.changed.fire();
  }
}

function key({ name, origin, model }: ProfileSummary): string {
  return JSON.stringify([name, origin, model]);
}

/** The failure with its next step: chat shows the message alone. */
export function inWords(error: unknown): unknown {
  if (!(error instanceof TurnFailed) || error.data.hint === undefined) return error;
  return new Error(`${error.message} ${error.data.hint}`);
}
