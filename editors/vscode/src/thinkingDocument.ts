/**
 * Show Thinking: all the thinking of a conversation as a read-only Markdown document.
 *
 * It folds at its headings, can be searched, copied and read aloud. While a turn is thinking it is brought up to
 * date, less often the longer it gets: a document is replaced as a whole.
 */

import type { Conversation } from "./conversation";
import { ReadOnlyDocuments } from "./documents";
import type { Disposable, Uri } from "./editor";
import { SafeMarkdown } from "./safeMarkdown";
import type { ThinkingShow } from "./settings";
import { firstLine, plain, visibleThinking } from "./wording";

const REFRESH_MS = 500;

export class ThinkingDocuments implements Disposable {
  private readonly documents = new ReadOnlyDocuments("codex-thinking");
  private readonly shown = new Map<Conversation, { uri: Uri; refreshed: number; length: number }>();

  async show(conversation: Conversation, show: ThinkingShow): Promise<void> {
    const known = this.shown.get(conversation);
    if (known && this.documents.isOpen(known.uri)) {
      await this.documents.show(known.uri);
      return;
    }
    const text = new ThinkingText(conversation, show);
    const question = conversation.turns[0]?.question.text ?? "";
    const uri = this.documents.add(`Thinking, ${firstLine(question, 40)}.md`, () => text.render());
    this.shown.set(conversation, { uri, refreshed: Date.now(), length: 0 });
    await this.documents.show(uri);
  }

  /** The conversation has changed; its document follows when it is due, and always at the end of a turn. */
  changed(conversation: Conversation): void {
    const shown = this.shown.get(conversation);
    if (shown === undefined) return;
    if (!this.documents.isOpen(shown.uri)) return;
    const length = conversation.turns.reduce((sum, { answer }) => sum + answer.reasoning.length, 0);
    const due = Date.now() - shown.refreshed >= Math.max(REFRESH_MS, length / 100);
    if (length === shown.length && conversation.isRunning) return;
    if (conversation.isRunning && !due) return;
    this.shown.set(conversation, { ...shown, refreshed: Date.now(), length });
    this.documents.changed(shown.uri);
  }

  forget(conversation: Conversation): void {
    this.shown.delete(conversation);
  }

  dispose(): void {
    this.documents.dispose();
  }
}

/** The text of such a document; only what is new goes through the filter. */
class ThinkingText {
  private readonly filters: { safe: SafeMarkdown; length: number }[] = [];

  constructor(
    private readonly conversation: Conversation,
    private readonly show: ThinkingShow,
  ) {}

  render(): string {
    const parts = this.conversation.turns.map(({ question, answer }, index) => {
      const thinking = visibleThinking(answer, this.show);
      const filter = (this.filters[index] ??= { safe: new SafeMarkdown(), length: 0 });
      filter.safe.append(thinking.slice(filter.length));
      filter.length = thinking.length;
      const effort = answer.override?.effort;
      const by = [
        answer.name,
        answer.model ?? answer.name,
        ...(effort === undefined ? [] : [`effort ${effort}`]),
      ];
      const body = thinking === "" ? `*${this.none()}*` : filter.safe.text;
      return `# ${plain(firstLine(question.text, 100))}\n\n*${plain(by.join(", "))}*\n\n${body}\n`;
    });
    return parts.join("\n");
  }

  private none(): string {
    if (this.show === "hidden") return "Thinking is hidden by codex.thinking.show.";
    return this.show === "summary" ? "No summary of the thinking was sent." : "No thinking was sent.";
  }
}
