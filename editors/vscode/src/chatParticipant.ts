/**
 * `@codex` in VS Code's chat: a question to the profile that answers, or to the one that the model picker selects.
 *
 * A chat is one thread of the server. Where its history is another one than the thread's, because a question was asked
 * again or rewritten, a new thread begins with what chat still shows.
 */

import type { Answerers } from "./answerers";
import { VENDOR, inWords } from "./chatModels";
import { Uri, chat, workspace } from "./editor";
import type {
  CancellationToken,
  ChatContext,
  ChatPromptReference,
  ChatRequest,
  ChatResponseStream,
  ChatResult,
  Disposable,
} from "./editor";
import type { Choice } from "./choice";
import type { ContextItem, ExecParams, ExecResult, Phase, TurnEvent } from "./protocol";
import { SafeMarkdownPieces, safeMarkdown } from "./safeMarkdown";
import type { ThinkingShow } from "./settings";
import { activeResource } from "./statusBar";
import type { ThinkingTurn } from "./thinkingOrder";
import { transcript } from "./transcript";
import type { Exchange } from "./transcript";
import type { TurnListener } from "./turn";
import { firstLine } from "./wording";
import type { Heading } from "./wording";

const ID = "codex-ls.codex";
/** The length from which on a piece of thinking ends at its next sentence. */
const STEP_LENGTH = 240;
/** What can take long before the first word. */
const PHASES: Partial<Record<Phase, string>> = {
  loading: "Loading the model",
  prompt: "Reading the prompt",
};
const TAKEN_BACK = "\n\n---\n\n*What stands above was the model's thinking.*\n\n";

export interface ChatSurroundings {
  readonly answerers: Answerers;
  run(params: ExecParams, listener: TurnListener, token: CancellationToken): Promise<ExecResult>;
  show(resource: Uri | undefined): ThinkingShow;
  thinking(heading: Heading): ThinkingTurn;
}

/** What chat keeps of an answer, for the questions that follow it. */
interface Kept {
  readonly threadId: string;
  readonly turnId: string;
}

export class Participant implements Disposable {
  private readonly participant = chat.createChatParticipant(ID, (...asked) => this.answer(...asked));
  /** The last turn of each thread: a history that ends in another one is another conversation. */
  private readonly latest = new Map<string, string>();

  constructor(private readonly surroundings: ChatSurroundings) {}

  dispose(): void {
    this.participant.dispose();
  }

  async answer(
    request: ChatRequest,
    { history }: ChatContext,
    stream: ChatResponseStream,
    token: CancellationToken,
  ): Promise<ChatResult> {
    const resource = activeResource();
    const choice = await this.choice(request, resource);
    const known = this.known(history);
    const prompt = known === undefined ? transcript([...exchanges(history), asked(request)]) : request.prompt;
    const params: ExecParams = {
      prompt,
      ...choice,
      ...(resource && { expected: this.surroundings.answerers.shown(resource, choice).expected }),
      ...(known && { threadId: known.threadId }),
      ...context(request.references),
    };
    const answer = new StreamedAnswer(stream, request.prompt, this.surroundings, resource);
    try {
      const result = await this.surroundings.run(params, answer, token);
      answer.end(result);
      const { threadId, turnId } = result;
      this.latest.set(threadId, turnId);
      return { metadata: { threadId, turnId } satisfies Kept };
    } catch (error) {
      answer.end(undefined);
      const said = inWords(error);
      return { errorDetails: { message: said instanceof Error ? said.message : String(said) } };
    }
  }

  /** One of our models that was picked in chat goes before the settings. */
  private async choice(request: ChatRequest, resource: Uri | undefined): Promise<Choice> {
    const { model } = request as { readonly model?: { readonly vendor: string; readonly id: string } };
    const picked = model?.vendor === VENDOR ? model.id : undefined;
    if (resource === undefined) return picked === undefined ? {} : { profile: picked };
    return this.surroundings.answerers.usual(resource, picked);
  }

  private known(history: ChatContext["history"]): Kept | undefined {
    const kept = history.map((turn) => ("result" in turn ? turn.result.metadata : undefined)).at(-1);
    const { threadId, turnId } = (kept ?? {}) as Partial<Kept>;
    if (threadId === undefined || turnId === undefined) return undefined;
    // After a reload nothing is known of the thread but that it was kept.
    return (this.latest.get(threadId) ?? turnId) === turnId ? { threadId, turnId } : undefined;
  }
}

/** An answer on its way into the chat: the thinking as lines that pass by, and then the text. */
class StreamedAnswer implements TurnListener {
  private readonly markdown = new SafeMarkdownPieces();
  private readonly show: ThinkingShow;
  private channel: ThinkingTurn | undefined;
  private model = "";
  private name = "";
  /** Thinking that is no whole step yet. */
  private thought = "";
  private phase: Phase | undefined;
  private hasText = false;

  constructor(
    private readonly stream: ChatResponseStream,
    private readonly question: string,
    private readonly surroundings: ChatSurroundings,
    resource: Uri | undefined,
  ) {
    this.show = surroundings.show(resource);
  }

  event(event: TurnEvent): void {
    if (event.type === "begin") {
      this.model = event.model;
      this.name = event.profile ?? event.model;
    } else if (event.type === "phase") {
      this.enter(event.phase);
    } else if (event.type === "reasoning") {
      this.think(event.text);
    } else if (event.type === "content") {
      this.channel?.rest();
      this.step(this.thought.length);
      this.write(this.markdown.append(event.text));
    } else if (event.type === "reclassify" && event.to === "reasoning" && this.hasText) {
      this.write(this.markdown.end() + TAKEN_BACK);
    }
  }

  status(): void {
    // Steps stay in the chat: one for each phase is enough.
  }

  /** Everything that was held back, what there is to know of it, and the way to the whole thinking. */
  end(result: ExecResult | undefined): void {
    this.step(this.thought.length);
    this.write(this.markdown.end());
    this.channel?.end(result === undefined ? "failed" : result.status);
    if (result === undefined) return;
    if (!this.hasText && result.content !== "") this.write(safeMarkdown(result.content));
    for (const { message, hint } of result.notices) {
      this.stream.markdown(`\n\n> ${safeMarkdown([message, hint].join(" ").trim())}\n`);
    }
    if (this.channel) this.stream.button({ command: "codex.showThinkingChannel", title: "Show Thinking" });
  }

  private think(piece: string): void {
    if (this.show === "hidden") return;
    this.channel ??= this.surroundings.thinking({
      at: new Date(),
      name: this.name,
      model: this.model,
      question: firstLine(this.question, 100),
    });
    this.channel.append(piece);
    this.thought += piece;
    const line = this.thought.lastIndexOf("\n") + 1;
    this.step(line > 0 || this.thought.length < STEP_LENGTH ? line : this.thought.lastIndexOf(". ") + 2);
  }

  /** Shows so many characters of the thinking as one step. */
  private step(length: number): void {
    const text = this.thought.slice(0, Math.max(length, 0)).trim();
    if (length > 1) this.thought = this.thought.slice(length);
    if (text !== "") this.stream.progress(safeMarkdown(text));
  }

  private enter(phase: Phase): void {
    const words = PHASES[phase];
    if (words !== undefined && phase !== this.phase) this.stream.progress(words);
    this.phase = phase;
  }

  private write(text: string): void {
    if (text === "") return;
    this.hasText = true;
    this.stream.markdown(text);
  }
}

function asked({ prompt }: ChatRequest): Exchange {
  return { role: "user", text: prompt };
}

function exchanges(history: ChatContext["history"]): Exchange[] {
  return history.map((turn) => {
    if (!("response" in turn)) return { role: "user", text: turn.prompt };
    const said = turn.response.map((part) => {
      const { value } = part as { readonly value?: { readonly value?: unknown } };
      return typeof value?.value === "string" ? value.value : "";
    });
    return { role: "assistant", text: said.join("") };
  });
}

/** Files and selections that were attached, by hand or by chat itself. */
function context(references: readonly ChatPromptReference[]): { context?: ContextItem[] } {
  const items = references.flatMap(({ value }): ContextItem[] => {
    if (value instanceof Uri) return isFolder(value) ? [] : [{ uri: value.toString() }];
    const { uri, range } = value as { readonly uri?: unknown; readonly range?: ContextItem["range"] };
    return uri instanceof Uri && range ? [{ uri: uri.toString(), range: plainRange(range) }] : [];
  });
  return items.length > 0 ? { context: items } : {};
}

function isFolder(uri: Uri): boolean {
  return workspace.workspaceFolders?.some((folder) => folder.uri.toString() === uri.toString()) ?? false;
}

function plainRange({ start, end }: NonNullable<ContextItem["range"]>): NonNullable<ContextItem["range"]> {
  return {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
}
