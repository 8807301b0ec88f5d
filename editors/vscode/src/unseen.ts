/**
 * A quiet notice in the status bar: an answer that is out of sight is done.
 */

import type { Conversation } from "./conversation";
import type { Conversations } from "./conversations";
import { StatusBarAlignment, window } from "./editor";
import type { Disposable } from "./editor";
import { unseenText } from "./wording";

export class Unseen implements Disposable {
  private readonly item = window.createStatusBarItem("codex.unseen", StatusBarAlignment.Left, -1);
  private readonly running = new Set<Conversation>();
  /** Those that are done and were not looked at since, the oldest first. */
  private readonly done = new Set<Conversation>();
  private readonly listening: Disposable[];

  constructor(private readonly conversations: Conversations) {
    this.item.name = "Codex Answers";
    this.item.command = "codex.goToAnswer";
    this.listening = [
      window.onDidChangeTextEditorVisibleRanges(() => this.update()),
      window.onDidChangeVisibleTextEditors(() => this.update()),
    ];
  }

  get first(): Conversation | undefined {
    return [...this.done][0];
  }

  /** A conversation has changed: begun, gone on, or ended. */
  changed(conversation: Conversation): void {
    if (conversation.isRunning) {
      this.running.add(conversation);
      this.done.delete(conversation);
    } else if (this.running.delete(conversation)) {
      this.done.add(conversation);
    }
    this.update();
  }

  /** Takes away what is in sight now, or was closed. */
  update(): void {
    for (const one of [...this.done]) {
      if (!this.conversations.all.includes(one) || this.conversations.isInSight(one)) this.done.delete(one);
    }
    const text = unseenText(
      [...this.done].map(({ last }) => ({
        question: last?.question.text ?? "",
        hasFailed: last?.answer.failure !== undefined,
      })),
    );
    if (text === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = text.text;
    this.item.tooltip = text.tooltip;
    this.item.accessibilityInformation = { label: text.tooltip };
    this.item.show();
  }

  dispose(): void {
    for (const one of [...this.listening, this.item]) one.dispose();
  }
}
