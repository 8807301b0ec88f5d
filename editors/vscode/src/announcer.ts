/**
 * Says to a screen reader that an answer is done: a short-lived item of the status bar whose role is `alert`, which VS Code
 * has read aloud wherever the focus is.
 */

import type { Conversation } from "./conversation";
import { StatusBarAlignment, window } from "./editor";
import type { Disposable, StatusBarItem } from "./editor";
import { announcement } from "./wording";

const SHOWN_MS = 5000;

export class Announcer implements Disposable {
  private readonly running = new Set<Conversation>();
  private item: StatusBarItem | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;

  /** What is said now; undefined where nothing is. */
  get said(): string | undefined {
    return this.item?.accessibilityInformation?.label;
  }

  /** A conversation has changed: begun, gone on, or ended. */
  changed(conversation: Conversation): void {
    const { isRunning, last } = conversation;
    if (isRunning) this.running.add(conversation);
    else if (this.running.delete(conversation) && last)
      this.say(announcement(last.answer, last.question.text));
  }

  dispose(): void {
    clearTimeout(this.hiding);
    this.item?.dispose();
    this.item = undefined;
  }

  /** An alert is read when it comes: every answer has an item of its own. */
  private say({ text, spoken }: { readonly text: string; readonly spoken: string }): void {
    this.dispose();
    this.item = window.createStatusBarItem("codex.announcement", StatusBarAlignment.Left, -2);
    this.item.name = "Codex Announcements";
    this.item.text = text;
    this.item.accessibilityInformation = { label: spoken, role: "alert" };
    this.item.show();
    this.hiding = setTimeout(() => this.dispose(), SHOWN_MS);
  }
}
