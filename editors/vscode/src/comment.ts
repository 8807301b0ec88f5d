/**
 * The two kinds of comment in a conversation: the question, and the answer that grows under it.
 */

import { canContinue, isUnfinished, stepOf } from "./answer";
import { answerer } from "./label";
import type { Answer } from "./answer";
import { CommentMode, MarkdownString } from "./editor";
import type { Comment } from "./editor";
import { commandOf, linkOf } from "./nextSteps";
import { SafeMarkdown } from "./safeMarkdown";
import type { ThinkingShow } from "./settings";
import { answerBody, shortened } from "./wording";

/**
 * A question as it was typed, cut where it would push the answer off the screen. It stands where VS Code puts an
 * author, which takes half the height of a text.
 */
export class QuestionComment implements Comment {
  readonly mode = CommentMode.Preview;
  readonly author: { readonly name: string };
  readonly contextValue = "question";
  readonly body = "";

  constructor(readonly question: string) {
    this.author = { name: `You: ${shortened(question)}` };
  }
}

/** A command link. It is a comment of its own: what has text of a model runs no command. */
export class StepComment implements Comment {
  readonly mode = CommentMode.Preview;
  readonly author = { name: "Next step" };
  readonly contextValue = "step";
  readonly body: MarkdownString;

  constructor(link: string, command: string) {
    this.body = new MarkdownString(link);
    this.body.isTrusted = { enabledCommands: [command] };
  }
}

/** An answer as the screen shows it. */
export class AnswerComment implements Comment {
  readonly mode = CommentMode.Preview;
  body = untrusted("…");
  author = { name: "" };
  contextValue = "answer";
  private step: StepComment | undefined;
  private safe = new SafeMarkdown();
  private seen = "";
  private painted: Answer | undefined;

  constructor(private readonly show: ThinkingShow) {}

  /** Whether it names who answers, or has not been shown yet. */
  isBy(answer: Answer): boolean {
    return this.author.name === "" || this.author.name === answerer(answer);
  }

  /** The answer, and below it what one click can do about it. */
  get all(): readonly Comment[] {
    return this.step ? [this, this.step] : [this];
  }

  /** Brings it up to date; whether anything that is seen has changed. */
  update(answer: Answer, isReplaceable: boolean, isLast: boolean): boolean {
    const context = [
      "answer",
      ...(isReplaceable ? ["replaceable"] : []),
      ...(answer.hasChanged ? ["changed"] : []),
      ...(isLast && isUnfinished(answer) ? ["unfinished"] : []),
      ...(isLast && canContinue(answer) ? ["continuable"] : []),
    ].join(" ");
    if (answer === this.painted && context === this.contextValue) return false;
    this.painted = answer;
    const step = stepOf(answer);
    this.step = step && new StepComment(linkOf(commandOf(step)), commandOf(step).command);
    const body = answerBody(answer, this.safeContent(answer), this.show);
    const name = answerer(answer);
    if (body === this.body.value && name === this.author.name && context === this.contextValue) return false;
    if (body !== this.body.value) this.body = untrusted(body);
    this.author = { name };
    this.contextValue = context;
    return true;
  }

  /** Only what is new goes through the filter, unless the text before it has changed. */
  private safeContent({ content }: Answer): string {
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
