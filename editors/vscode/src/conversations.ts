/**
 * All conversations that are open, and which of them a command is about.
 */

import { follow, holds } from "./anchor";
import type { Anchor } from "./anchor";
import { QuestionComment } from "./comment";
import { Conversation } from "./conversation";
import type { Surroundings, Turn } from "./conversation";
import { Range, comments, setContext, window, workspace } from "./editor";
import type { CommentController, Disposable, TextDocument, TextDocumentChangeEvent, Uri } from "./editor";

/** What a command on the screen, or the palette, is about. */
export interface Target {
  readonly conversation: Conversation;
  readonly turn: Turn;
}

export class Conversations implements Disposable {
  private readonly controller: CommentController = comments.createCommentController("codex", "Codex");
  private readonly open: Conversation[] = [];
  private readonly following: Disposable;
  private told = { running: false, answered: false };

  constructor() {
    this.controller.options = { prompt: "Ask a follow-up", placeHolder: "Go on with this conversation" };
    this.following = workspace.onDidChangeTextDocument((change) => this.follow(change));
  }

  /** A new conversation under `range`; `about` is what a Replace Selection would replace. */
  create(
    document: TextDocument,
    range: Range,
    about: Range,
    prompt: string,
    surroundings: Surroundings,
  ): Conversation {
    this.makeRoom(document.uri, range);
    // A thread that begins empty would begin with its Reply box open.
    const first = new QuestionComment(prompt);
    const thread = this.controller.createCommentThread(document.uri, range, [first]);
    const conversation = new Conversation(thread, first, surroundings);
    const anchor = anchorAt(document, about);
    if (anchor.text !== "") conversation.anchor = anchor;
    conversation.spot = anchorAt(document, range);
    this.open.push(conversation);
    return conversation;
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

  get latest(): Conversation | undefined {
    return this.open.at(-1);
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

  /** Where the text that a conversation is about stands now; undefined if it is not the same any more. */
  place(conversation: Conversation, document: TextDocument): Range | undefined {
    const { anchor } = conversation;
    if (anchor === undefined || !holds(anchor, document.getText())) return undefined;
    return new Range(document.positionAt(anchor.start), document.positionAt(anchor.end));
  }

  dispose(): void {
    for (const conversation of this.open) conversation.dispose();
    this.following.dispose();
    this.controller.dispose();
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
      for (const { rangeOffset, rangeLength, text } of contentChanges) {
        const edit = { offset: rangeOffset, removed: rangeLength, inserted: text.length };
        conversation.anchor = conversation.anchor && follow(conversation.anchor, edit);
        conversation.spot = conversation.spot && follow(conversation.spot, edit);
      }
      stay(conversation, document);
    }
  }
}

function anchorAt(document: TextDocument, range: Range): Anchor {
  const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  return { start, end, text: document.getText(range) };
}

/** VS Code moves what it shows by itself, but puts it back to the thread's own range with the next comment. */
function stay({ spot, thread }: Conversation, document: TextDocument): void {
  if (spot === undefined) return;
  const range = new Range(document.positionAt(spot.start), document.positionAt(spot.end));
  if (!range.isEqual(thread.range)) thread.range = range;
}

function isSame(one: Uri, other: Uri): boolean {
  return one.toString() === other.toString();
}
