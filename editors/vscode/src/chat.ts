/**
 * The profiles as models of VS Code's own chat, where it has one (1.104 and later).
 *
 * Feature-detected, with types of our own: the extension runs from 1.90 on, where the API is not there. The
 * thinking part is not in the stable typings but exists at run time; without it, thinking is left out.
 */

import { createHash } from "node:crypto";
import { api } from "./editor";
import type { CancellationToken, Disposable } from "./editor";
import type { Profiles } from "./profilePicker";
import type { ExecResult, ExecParams, ProfileSummary } from "./protocol";
import { transcript } from "./transcript";
import type { Exchange } from "./transcript";
import type { TurnListener } from "./turn";

const VENDOR = "codex-ls";
/** Told to VS Code where config.toml names no window; the server checks the real one. */
const INPUT_TOKENS = 32_768;
const OUTPUT_TOKENS = 8_192;

interface ChatMessage {
  readonly role: number;
  readonly content: readonly unknown[];
}

interface ChatModel {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  readonly detail: string;
  readonly tooltip: string;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  readonly capabilities: Readonly<Record<string, boolean>>;
}

type Part = new (text: string) => object;

/** What of the API is there at run time. */
interface ChatApi {
  readonly lm?: {
    registerLanguageModelChatProvider?(vendor: string, provider: object): Disposable;
  };
  readonly LanguageModelTextPart?: Part;
  readonly LanguageModelThinkingPart?: Part;
}

type Run = (params: ExecParams, listener: TurnListener, token: CancellationToken) => Promise<ExecResult>;

/** Registers the profiles with VS Code's chat; undefined where VS Code has no such thing. */
export function registerChat(profiles: Profiles, run: Run): Disposable | undefined {
  const { lm, LanguageModelTextPart, LanguageModelThinkingPart } = api() as ChatApi;
  if (lm?.registerLanguageModelChatProvider === undefined || LanguageModelTextPart === undefined)
    return undefined;
  const provider = new ChatProvider(profiles, run, LanguageModelTextPart, LanguageModelThinkingPart);
  return lm.registerLanguageModelChatProvider(VENDOR, provider);
}

export class ChatProvider {
  /** The thread that a chat's earlier messages already live in, by a digest of those messages. */
  private readonly threads = new Map<string, string>();
  readonly onDidChangeLanguageModelChatInformation;

  constructor(
    private readonly profiles: Profiles,
    private readonly run: Run,
    private readonly text: Part,
    private readonly thinking: Part | undefined,
  ) {
    this.onDidChangeLanguageModelChatInformation = profiles.onChange;
  }

  async provideLanguageModelChatInformation(): Promise<ChatModel[]> {
    try {
      return (this.profiles.last() ?? (await this.profiles.load())).profiles.map(chatModel);
    } catch {
      return []; // the server can't start: the status bar and the commands say why
    }
  }

  async provideLanguageModelChatResponse(
    model: { readonly id: string },
    messages: readonly ChatMessage[],
    _options: unknown,
    progress: { report(part: object): void },
    token: CancellationToken,
  ): Promise<void> {
    const said = messages.map(exchange);
    const known = this.threads.get(digest(model.id, said.slice(0, -1)));
    const prompt = known === undefined ? transcript(said) : (said.at(-1)?.text ?? "");
    const params: ExecParams = { prompt, profile: model.id, ...(known !== undefined && { threadId: known }) };
    const listener: TurnListener = {
      event: (event) => {
        if (event.type === "content") progress.report(new this.text(event.text));
        if (event.type === "reasoning" && this.thinking) progress.report(new this.thinking(event.text));
      },
      status: () => undefined,
    };
    const result = await this.run(params, listener, token);
    const answered: Exchange[] = [...said, { role: "assistant", text: result.content }];
    this.threads.set(digest(model.id, answered), result.threadId);
  }

  /** An estimate (four characters a token): only the model server can count. */
  provideTokenCount(_model: unknown, text: string | ChatMessage): Promise<number> {
    return Promise.resolve(Math.ceil((typeof text === "string" ? text : exchange(text).text).length / 4));
  }
}

function chatModel({ name, model, origin, isLocal }: ProfileSummary): ChatModel {
  return {
    id: name,
    name,
    family: model,
    version: "1",
    detail: isLocal ? "local" : "cloud",
    tooltip: [model, origin].filter((part) => part !== "").join(" on "),
    maxInputTokens: INPUT_TOKENS,
    maxOutputTokens: OUTPUT_TOKENS,
    capabilities: {},
  };
}

/** VS Code's roles: 1 user, 2 assistant, 3 system. */
function exchange({ role, content }: ChatMessage): Exchange {
  const text = content
    .map((part) => (part as { value?: unknown }).value)
    .filter((value) => typeof value === "string");
  return { role: role === 2 ? "assistant" : role === 3 ? "system" : "user", text: text.join("") };
}

function digest(model: string, said: readonly Exchange[]): string {
  return createHash("sha256")
    .update(JSON.stringify([model, said]))
    .digest("base64");
}
