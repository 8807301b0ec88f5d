/**
 * Go to Answer: the one that was done out of sight, else the newest; once more, the one before it.
 */

import type { Conversation } from "./conversation";
import type { Conversations } from "./conversations";
import { CommentThreadCollapsibleState, Range, commands, window } from "./editor";
import { CONVERSATION_SCHEME } from "./history";
import type { History } from "./history";
import { makeRoom, viewOf } from "./room";
import type { Unseen } from "./unseen";

export class GoToAnswer {
  constructor(
    private readonly conversations: Conversations,
    private readonly history: History,
    private readonly unseen: Unseen,
  ) {}

  async next(): Promise<void> {
    const conversation = await this.wanted();
    if (conversation) await goTo(conversation);
    else void window.showInformationMessage("There is no answer in this window yet.");
  }

  private async wanted(): Promise<Conversation | undefined> {
    const { first } = this.unseen;
    if (first) return first;
    const there = [...this.conversations.all].reverse();
    const here = there.findIndex(isAtCursor);
    const next = there[here + 1];
    if (next) return next;
    // Those of an earlier session whose documents are closed come after those that are there.
    const [absent] = this.history.absent;
    return absent ? this.history.open(absent.threadId, "") : there[0];
  }
}

/** Shows the conversation: its document, its code near the top, its thread open. */
export async function goTo(conversation: Conversation): Promise<void> {
  const { thread, span } = conversation;
  const uri = thread.uri.toString();
  const selection = new Range(span.end.line, 0, span.end.line, 0);
  const shown = window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri);
  const column = shown?.viewColumn;
  await commands.executeCommand("vscode.open", thread.uri, {
    selection,
    ...(column !== undefined && { viewColumn: column }),
  });
  // VS Code does not tell whether the user has folded it: only a change of what we say opens it then.
  thread.collapsibleState = CommentThreadCollapsibleState.Collapsed;
  thread.collapsibleState = CommentThreadCollapsibleState.Expanded;
  const editor = window.activeTextEditor;
  if (editor?.document.uri.toString() === uri && thread.uri.scheme !== CONVERSATION_SCHEME)
    await makeRoom(viewOf(editor, true), span.end.line);
}

function isAtCursor({ thread, span }: Conversation): boolean {
  const editor = window.activeTextEditor;
  return (
    editor?.document.uri.toString() === thread.uri.toString() &&
    editor.selection.active.line === span.end.line
  );
}
