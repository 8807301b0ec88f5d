/**
 * Conversations over a reload: those of this window come back at their code when its document is opened, and any other
 * one can be opened in a page of its own. The server keeps what was said; where it was said, `Places`.
 */

import { down, found } from "./anchor";
import type { Span } from "./anchor";
import { AnswerComment, QuestionComment } from "./comment";
import type { Conversation } from "./conversation";
import type { Surroundings } from "./surroundings";
import type { Conversations } from "./conversations";
import { Range, Uri, rangeOf, window, workspace } from "./editor";
import type { Disposable, LogOutputChannel, TextDocument } from "./editor";
import { pastAnswer, threadPage } from "./pastTurns";
import type { KeptPlace, Places } from "./places";
import type { Profiles } from "./profilePicker";
import { THREAD } from "./protocol";
import type { ErrorData, ThreadResult, ThreadTurn } from "./protocol";
import type { Turn } from "./question";
import type { Server } from "./server";
import { lspRange } from "./subject";

/** Of the pages of conversations whose code is not known. */
export const CONVERSATION_SCHEME = "codex-conversation";
/** Changes within this time are written together. */
const KEEP_MS = 250;
/** So many lines find a place again. */
const ANCHOR_LINES = 40;

export class History implements Disposable {
  /** Those that have not come back yet: their documents are closed. */
  private readonly waiting = new Map<string, KeptPlace>();
  private readonly coming = new Map<string, Promise<void>>();
  private readonly listening: Disposable[];
  private keeping: ReturnType<typeof setTimeout> | undefined;
  private kept = "";

  constructor(
    private readonly server: Server,
    private readonly conversations: Conversations,
    private readonly places: Places,
    private readonly profiles: Profiles,
    private readonly log: LogOutputChannel,
    private readonly surroundings: (resource: Uri) => Surroundings,
  ) {
    const tabs = window.tabGroups.all.flatMap((group) => group.tabs.map(({ input }) => uriIn(input)));
    for (const place of places.open) {
      // A new document may have the name of one that is gone.
      const isGone = place.uri.startsWith("untitled:") && !tabs.includes(place.uri);
      if (!isGone) this.waiting.set(place.threadId, place);
    }
    this.listening = [
      workspace.registerTextDocumentContentProvider(CONVERSATION_SCHEME, {
        provideTextDocumentContent: async (uri) => {
          const { turns } = await this.read(threadIn(uri));
          return threadPage(turns);
        },
      }),
      workspace.onDidOpenTextDocument((document) => void this.comeBack(document)),
      workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme !== CONVERSATION_SCHEME) return;
        for (const one of this.conversations.all.filter(({ thread }) => isSame(thread.uri, uri)))
          void this.conversations.close(one);
      }),
    ];
    for (const document of workspace.textDocuments) void this.comeBack(document);
  }

  /** Those of this window whose documents are closed, the newest first. */
  get absent(): KeptPlace[] {
    return [...this.waiting.values()].reverse();
  }

  /** A conversation has changed, has moved or was closed. */
  changed(): void {
    this.keeping ??= setTimeout(() => {
      this.keeping = undefined;
      void this.keep();
    }, KEEP_MS);
  }

  /** Brings a kept conversation to the screen: at its code where that is known and there, else in a page of its own. */
  async open(threadId: string, title: string): Promise<Conversation | undefined> {
    const place = this.places.of(threadId);
    if (this.find(threadId) === undefined && place !== undefined) {
      this.waiting.set(threadId, place);
      await workspace.openTextDocument(Uri.parse(place.uri)).then(
        (document) => this.comeBack(document),
        () => this.waiting.delete(threadId),
      );
    }
    if (this.find(threadId) === undefined) {
      const name = title.replace(/[\\/?#:*"<>|\s]+/g, " ").trim();
      const path = `/${threadId}/${name === "" ? "Conversation" : name}.md`;
      await this.comeBack(await workspace.openTextDocument(Uri.from({ scheme: CONVERSATION_SCHEME, path })));
    }
    return this.find(threadId);
  }

  dispose(): void {
    clearTimeout(this.keeping);
    for (const one of this.listening) one.dispose();
  }

  private find(threadId: string): Conversation | undefined {
    return this.conversations.all.find((one) => one.threadId === threadId);
  }

  /** Resolves when the conversations of a document stand in it. */
  private async comeBack(document: TextDocument): Promise<void> {
    const uri = document.uri.toString();
    if (document.uri.scheme === CONVERSATION_SCHEME) {
      const threadId = threadIn(document.uri);
      const lines = document.getText();
      const start = { line: document.lineCount - 1, character: 0 };
      const place = { threadId, uri, span: { start, end: start }, lines, isOpen: false };
      if (this.find(threadId) === undefined && !this.coming.has(threadId)) this.waiting.set(threadId, place);
    }
    const here = [...this.waiting.values()].filter((place) => place.uri === uri);
    for (const place of here) {
      this.waiting.delete(place.threadId);
      const coming = this.restore(place, document, place !== here.at(-1));
      this.coming.set(place.threadId, coming);
    }
    const { coming } = this;
    await Promise.all(coming.values());
    for (const { threadId } of here) coming.delete(threadId);
  }

  private async restore(place: KeptPlace, document: TextDocument, isFolded: boolean): Promise<void> {
    const { threadId, pinned } = place;
    try {
      const { turns } = await this.read(threadId);
      if (turns.length === 0 || document.isClosed) return;
      const { uri } = document;
      if (!this.profiles.last(uri)) await this.profiles.load(uri);
      const isPage = uri.scheme === CONVERSATION_SCHEME;
      const span = isPage
        ? place.span
        : found(place.lines, place.span, document.getText().split(/\r\n|\r|\n/));
      const surroundings = this.surroundings(uri);
      this.conversations.restore({
        uri,
        at: rangeOf(span),
        threadId,
        turns: turns.map((turn) => this.turn(turn, place, uri, span, surroundings)),
        surroundings,
        isFolded,
        ...(pinned && { pinned }),
      });
      this.changed();
    } catch (error) {
      if ((error as { data?: Partial<ErrorData> }).data?.kind === "unknownThread") {
        await this.places.forget(threadId);
        return;
      }
      this.waiting.set(threadId, place);
      this.log.warn(`A conversation did not come back: ${String(error)}`);
    }
  }

  private turn(
    kept: ThreadTurn,
    { threadId, span: before, about, mode }: KeptPlace,
    uri: Uri,
    span: Span,
    { show }: Surroundings,
  ): Turn {
    const { prompt, profile } = kept;
    const isLocal = this.profiles.summary(profile, uri)?.isLocal;
    const answer = pastAnswer(kept, threadId, isLocal);
    const part = about && { ...about, span: down(about.span, span.start.line - before.start.line) };
    const isPage = uri.scheme === CONVERSATION_SCHEME;
    return {
      question: {
        text: prompt,
        prompt,
        intent: "ask",
        ...(mode && { mode }),
        name: answer.name,
        ...(isLocal !== undefined && { isLocal }),
        context: isPage ? {} : { textDocument: { uri: uri.toString() }, range: lspRange(part?.span ?? span) },
        choice: profile === undefined ? {} : { profile },
      },
      asked: new QuestionComment(prompt),
      comment: new AnswerComment(show),
      answer,
      ...(part && { about: part }),
    };
  }

  private async read(threadId: string): Promise<ThreadResult> {
    const client = await this.server.running();
    return client.sendRequest<ThreadResult>(THREAD, { threadId });
  }

  private async keep(): Promise<void> {
    const open = this.conversations.all.filter(({ thread }) => thread.uri.scheme !== CONVERSATION_SCHEME);
    const stamps = open.map(({ threadId, span, thread }) => [threadId, span, versionOf(thread.uri)]);
    const stamp = JSON.stringify(stamps);
    if (stamp === this.kept) return;
    this.kept = stamp;
    const places = open.flatMap((one) => this.placeOf(one) ?? []);
    const isOpen = new Set([...places.map(({ threadId }) => threadId), ...this.waiting.keys()]);
    const closed = this.places.open.filter(
      ({ threadId }) => !isOpen.has(threadId) && !this.coming.has(threadId),
    );
    await this.places.keep([...closed.map((one) => ({ ...one, isOpen: false })), ...places]);
  }

  private placeOf({ threadId, span, thread, turns, pinned }: Conversation): KeptPlace | undefined {
    const [first] = turns;
    if (threadId === undefined || first === undefined) return undefined;
    const document = documentOf(thread.uri);
    const last = Math.min(span.end.line, span.start.line + ANCHOR_LINES - 1);
    const lines =
      document
        ?.getText(new Range(span.start.line, 0, last, Number.MAX_SAFE_INTEGER))
        .replace(/\r\n?/g, "\n") ??
      this.places.of(threadId)?.lines ??
      "";
    const { mode } = first.question;
    const { about } = first;
    return {
      threadId,
      uri: thread.uri.toString(),
      // VS Code writes a range of its own as an array.
      span: lspRange(span),
      lines,
      ...(about && { about: { ...about, span: lspRange(about.span) } }),
      ...(mode && { mode }),
      ...(pinned && { pinned }),
      isOpen: true,
    };
  }
}

/** The thread that a page of a conversation is of. */
function threadIn({ path }: Uri): string {
  return path.split("/")[1] ?? "";
}

function documentOf(uri: Uri): TextDocument | undefined {
  return workspace.textDocuments.find((document) => isSame(document.uri, uri));
}

function versionOf(uri: Uri): number | undefined {
  return documentOf(uri)?.version;
}

function uriIn(input: unknown): string | undefined {
  return (input as { uri?: Uri } | undefined)?.uri?.toString();
}

function isSame(one: Uri, other: Uri): boolean {
  return one.toString() === other.toString();
}
