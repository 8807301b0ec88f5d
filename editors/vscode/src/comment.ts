/**
 * The two kinds of comment in a conversation: the question, and the answer that grows under it.
 */

import { answerer } from "./answer";
import type { Answer } from "./answer";
import { CommentMode, MarkdownString, windowCaughtUp } from "./editor";
import type { Comment } from "./editor";
import { Painter } from "./paint";
import { SafeMarkdown } from "./safeMarkdown";
import type { ThinkingShow } from "./settings";
import { answerBody, plain } from "./wording";

export class QuestionComment implements Comment {
  readonly mode = CommentMode.Preview;
  readonly author = { name: "You" };
  readonly contextValue = "question";
  readonly body: MarkdownString;

  constructor(readonly question: string) {
    this.body = untrusted(question.split("\n").map(plain).join("  \n"));
  }
}

/** An answer on the screen: painted when it has changed, never before the last paint was taken. */
export class AnswerComment implements Comment {
  readonly mode = CommentMode.Preview;
  body = untrusted("…");
  author = { name: "" };
  contextValue = "answer";
  private safe = new SafeMarkdown();
  private seen = "";
  private readonly painter: Painter;

  constructor(
    private answer: Answer,
    private readonly show: ThinkingShow,
    private readonly repaint: () => void,
  ) {
    this.author = { name: answerer(answer) };
    this.painter = new Painter(() => this.paint());
  }

  update(answer: Answer): void {
    this.answer = answer;
    this.painter.request();
  }

  /** Resolves when the screen shows the last update. */
  settled(): Promise<void> {
    return this.painter.settled();
  }

  private async paint(): Promise<void> {
    const body = answerBody(this.answer, this.safeContent(), this.show);
    const name = answerer(this.answer);
    if (body !== this.body.value || this.author.name !== name) {
      this.body = untrusted(body);
      this.author = { name };
      this.repaint();
      await windowCaughtUp();
    }
  }

  /** Only what is new goes through the filter, unless the text before it has changed. */
  private safeContent(): string {
    const { content } = this.answer;
    const grown = content.length >= this.seen.length && content.startsWith(this.seen);
    if (!grown) this.safe = new SafeMarkdown();
    this.safe.append(grown ? content.slice(this.seen.length) : content);
    this.seen = content;
    return this.safe.text;
  }
}

/** Markdown that runs no command and renders no HTML. The text itself has to be safe already. */
function untrusted(markdown: string): MarkdownString {
  const string = new MarkdownString(markdown);
  string.isTrusted = false;
  string.supportHtml = false;
  return string;
}
