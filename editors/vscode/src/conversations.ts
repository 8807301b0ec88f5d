/**
 * All conversations that are open, and which of them a command is about.
 */

import type { Choice } from "./choice";
import { QuestionComment } from "./comment";
import { Conversation } from "./conversation";
import type { Surroundings } from "./surroundings";
import { CommentThreadCollapsibleState, Disposable, comments, setContext, window, workspace } from "./editor";
import type {
  CommentController,
  CommentThread,
  Range,
  TextDocument,
  TextDocumentChangeEvent,
  TextEditor,
  Uri,
} from "./editor";
import type { Turn } from "./question";

/** What a command on the screen, or the palette, is about. */
export interface Target {
  readonly conversation: Conversation;
  readonly turn: Turn;
}

/** Where a new conversation stands, and what it is about. */
export interface Place {
  readonly document: TextDocument;
  /** The lines that the thread stands under. */
  readonly at: Range;
  /** What Replace Selection would replace; empty where nothing was selected. */
  readonly about: Range;
  readonly question: string;
  readonly surroundings: Surroundings;
}

/** A conversation of an earlier session, and where it stands now. */
export interface Past {
  readonly uri: Uri;
  readonly at: Range;
  readonly threadId: string;
  readonly turns: readonly Turn[];
  readonly surroundings: Surroundings;
  readonly pinned?: Choice;
  /** Only a mark at its line, until the user opens it. */
  readonly isFolded: boolean;
}

export class Conversations implements Disposable {
  private readonly controller: CommentController = comments.createCommentController("codex", "Codex");
  private readonly open: Conversation[] = [];
  private readonly following: Disposable;
  /** The thread of a question that is being typed. */
  private prepared: CommentThread | undefined;
  private told = { running: false, answered: false };

  constructor() {
    this.controller.options = { prompt: "Ask a follow-up", placeHolder: "Go on with this conversation" };
    this.following = workspace.onDidChangeTextDocument((change) => this.follow(change));
  }

  create({ document, at, about, question, surroundings }: Place): Conversation {
    this.makeRoom(document.uri, at);
    // A thread that begins empty would begin with its Reply box open.
    const first = new QuestionComment(question);
    const thread = this.takePrepared(document, at) ?? this.newThread(document.uri, at, first);
    thread.collapsibleState = CommentThreadCollapsibleState.Expanded;
    const what = about.isEmpty ? undefined : { span: about, text: document.getText(about) };
    const conversation = new Conversation(thread, first, surroundings, at, what);
    this.open.push(conversation);
    return conversation;
  }

  restore({ uri, at, threadId, turns, surroundings, pinned, isFolded }: Past): Conversation {
    const [first] = turns;
    const asked = first?.asked ?? new QuestionComment("");
    const thread = this.newThread(uri, at, asked);
    const { Collapsed, Expanded } = CommentThreadCollapsibleState;
    thread.collapsibleState = isFolded ? Collapsed : Expanded;
    const conversation = new Conversation(thread, asked, surroundings, at, first?.about);
    conversation.pinned = pinned;
    conversation.restore(threadId, turns);
    this.open.push(conversation);
    return conversation;
  }

  /**
   * Has VS Code make the thread of a question while it is typed: a session's first one takes it half a second. Folded,
   * it is a mark at the line. The next `create` takes it, unless it is disposed of before.
   */
  prepare(document: TextDocument, at: Range): Disposable {
    this.prepared?.dispose();
    const thread = this.newThread(document.uri, at, new QuestionComment(""));
    thread.collapsibleState = CommentThreadCollapsibleState.Collapsed;
    this.prepared = thread;
    return new Disposable(() => {
      if (this.prepared !== thread) return;
      this.prepared = undefined;
      thread.dispose();
    });
  }

  /** What a menu's argument, or without one the place of the cursor, points at. */
  target(argument: unknown): Target | undefined {
    const pointed = this.pointedAt(argument);
    if (pointed) return pointed;
    const conversation = this.current();
    return conversation?.last && { conversation, turn: conversation.last };
  }

  get running(): Conversation[] {
    return this.open.filter(({ isRunning }) => isRunning);
  }

  /** All of them, the newest last. */
  get all(): readonly Conversation[] {
    return this.open;
  }

  get latest(): Conversation | undefined {
    return this.open.at(-1);
  }

  /** Whether an editor shows the last line that the conversation is about. */
  isInSight({ thread }: Conversation): boolean {
    return window.visibleTextEditors.some(
      ({ document, visibleRanges }) =>
        isSame(thread.uri, document.uri) && visibleRanges.some((range) => range.contains(thread.range.end)),
    );
  }

  /** Whether the editor shows a line that has a conversation. */
  isAnyIn({ document, visibleRanges }: TextEditor): boolean {
    return this.open.some(
      ({ thread }) =>
        isSame(thread.uri, document.uri) && visibleRanges.some((range) => range.contains(thread.range.end)),
    );
  }

  async close(conversation: Conversation): Promise<void> {
    conversation.dispose();
    this.open.splice(this.open.indexOf(conversation), 1);
    await this.tellContext();
  }

  /** Lets menus and shortcuts know whether there is anything to stop, or to act upon. */
  async tellContext(): Promise<void> {
    const now = { running: this.running.length > 0, answered: this.open.length > 0 };
    const before = this.told;
    this.told = now;
    if (now.running !== before.running) await setContext("running", now.running);
    if (now.answered !== before.answered) await setContext("answered", now.answered);
  }

  dispose(): void {
    for (const conversation of this.open) conversation.dispose();
    this.following.dispose();
    this.controller.dispose();
  }

  /** The thread that was prepared, if it is for this place; one for another place goes. */
  private takePrepared({ uri }: TextDocument, at: Range): CommentThread | undefined {
    const { prepared } = this;
    this.prepared = undefined;
    if (prepared && isSame(prepared.uri, uri) && prepared.range.isEqual(at)) return prepared;
    prepared?.dispose();
    return undefined;
  }

  private newThread(uri: Uri, at: Range, first: QuestionComment): CommentThread {
    const thread = this.controller.createCommentThread(uri, at, [first]);
    // Its Reply box is an editor, which VS Code would make before it shows anything: the first word comes before it.
    thread.canReply = false;
    return thread;
  }

  /** A new answer stands under the older ones at its line: those are folded, and those that only failed go. */
  private makeRoom(uri: Uri, range: Range): void {
    const there = this.open.filter(
      ({ thread }) => isSame(thread.uri, uri) && thread.range.end.line === range.end.line,
    );
    for (const one of there) {
      if (one.isRunning) continue;
      if (one.hasText) one.fold();
      else void this.close(one);
    }
  }

  private pointedAt(argument: unknown): Target | undefined {
    for (const conversation of this.open) {
      const turn =
        conversation.turnOf(argument) ?? (conversation.thread === argument ? conversation.last : undefined);
      if (turn) return { conversation, turn };
    }
    return undefined;
  }

  /** The conversation nearest to the cursor in this document, the newer of two, else the latest one. */
  private current(): Conversation | undefined {
    const active = window.activeTextEditor;
    const line = active?.selection.active.line ?? 0;
    const here = this.open
      .filter(({ thread }) => active !== undefined && isSame(thread.uri, active.document.uri))
      .reverse();
    const distance = ({ thread }: Conversation): number => Math.abs(thread.range.end.line - line);
    return here.sort((one, other) => distance(one) - distance(other))[0] ?? this.latest;
  }

  private follow({ document, contentChanges }: TextDocumentChangeEvent): void {
    for (const conversation of this.open) {
      if (!isSame(conversation.thread.uri, document.uri)) continue;
      for (const change of contentChanges) conversation.follow(change);
    }
  }
}

function isSame(one: Uri, other: Uri): boolean {
  return one.toString() === other.toString();
}
