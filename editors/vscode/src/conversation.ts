/**
 * One conversation on the screen: a comment thread at the code it is about, an answer for every question.
 *
 * Its label lives, its text streams, its Reply box goes on with the same `threadId`. Whatever happens to a
 * turn or to the server, text that has arrived stays.
 */

import { fail, label, lose, newAnswer, reduce, settle, withServerStatus } from "./answer";
import type { Answer } from "./answer";
import type { Anchor } from "./anchor";
import { overrideFrom } from "./choice";
import type { Choice } from "./choice";
import { AnswerComment, QuestionComment } from "./comment";
import { CancellationTokenSource, CommentThreadCollapsibleState } from "./editor";
import type { CancellationToken, CommentThread, Disposable } from "./editor";
import type { ExecParams, ExecResult, TurnEvent } from "./protocol";
import type { ThinkingShow } from "./settings";
import type { ThinkingTurn } from "./thinkingOrder";
import { transcript } from "./transcript";
import type { Exchange } from "./transcript";
import { TurnFailed } from "./turn";
import type { TurnListener } from "./turn";
import type { Heading } from "./wording";
import { firstLine, visiblePiece } from "./wording";

const LABEL_MS = 100;

/** What a conversation needs of the rest of the extension. */
export interface Surroundings {
  readonly show: ThinkingShow;
  run(params: ExecParams, listener: TurnListener, token: CancellationToken): Promise<ExecResult>;
  /** A turn's place in the thinking channel. */
  thinking(heading: Heading): ThinkingTurn;
  changed(conversation: Conversation): void;
  failed(conversation: Conversation, error: TurnFailed): void;
}

/** What is asked, and with what around it. */
export interface Question {
  readonly prompt: string;
  /** The name to show until the server has said which profile answers. */
  readonly name: string;
  readonly context: Pick<ExecParams, "textDocument" | "range" | "diagnostics">;
  readonly choice: Choice;
  /** What the editor has to say about the answer: that it is not the workspace's profile that gives it. */
  readonly remark?: string;
}

export interface Turn {
  readonly question: Question;
  readonly asked: QuestionComment;
  readonly comment: AnswerComment;
  answer: Answer;
}

export class Conversation implements Disposable {
  readonly turns: Turn[] = [];
  /** The text the first question was about, as it moves with the document; absent where there was none. */
  anchor: Anchor | undefined;
  /** Where the thread stands, as it moves with the document. */
  spot: Anchor | undefined;
  /** Who was chosen for this conversation alone. */
  pinned: Choice | undefined;
  private threadId: string | undefined;
  private running: CancellationTokenSource | undefined;
  private closed = false;
  private asked = false;
  private queue: Promise<void> = Promise.resolve();
  /** Questions on the screen whose turn has not come yet. */
  private waiting: readonly QuestionComment[] = [];

  constructor(
    readonly thread: CommentThread,
    private readonly first: QuestionComment,
    private readonly surroundings: Surroundings,
  ) {
    thread.collapsibleState = CommentThreadCollapsibleState.Expanded;
    thread.canReply = true;
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  get last(): Turn | undefined {
    return this.turns.at(-1);
  }

  get label(): string {
    return this.last ? label(this.last.answer, Date.now()) : "";
  }

  /** Whether any answer of it has something to read. */
  get hasText(): boolean {
    return this.turns.some(({ answer }) => answer.content !== "" || answer.reasoning !== "");
  }

  fold(): void {
    this.thread.collapsibleState = CommentThreadCollapsibleState.Collapsed;
  }

  /** The turn that a comment on the screen belongs to. */
  turnOf(comment: unknown): Turn | undefined {
    return this.turns.find((turn) => turn.comment === comment);
  }

  stop(): void {
    this.running?.cancel();
  }

  /**
   * Asks, after what is still being answered, and resolves when the answer is complete, or has failed and says
   * so on the screen. `anew` leaves the earlier turns out of the conversation.
   */
  ask(question: Question, { anew = false } = {}): Promise<void> {
    const shown = this.asked ? new QuestionComment(question.prompt) : this.first;
    this.asked = true;
    this.waiting = [...this.waiting, shown];
    this.repaint();
    const asked = this.queue.then(() => (this.closed ? undefined : this.answer(question, shown, anew)));
    this.queue = asked.catch(() => undefined);
    return asked;
  }

  dispose(): void {
    this.closed = true;
    this.stop();
    this.thread.dispose();
  }

  private async answer(question: Question, shown: QuestionComment, anew: boolean): Promise<void> {
    const turn = this.begin(question, shown);
    const source = new CancellationTokenSource();
    this.running = source;
    const ticking = setInterval(() => this.relabel(), LABEL_MS);
    this.relabel();
    try {
      if (anew) this.threadId = undefined;
      await this.run(turn, source.token);
    } finally {
      clearInterval(ticking);
      source.dispose();
      this.running = undefined;
      this.relabel();
      await turn.comment.settled();
    }
  }

  private begin(question: Question, asked: QuestionComment): Turn {
    const { name, remark, choice } = question;
    const more = { override: overrideFrom(choice), ...(remark !== undefined && { remark }) };
    const answer = newAnswer(name, Date.now(), more);
    const comment = new AnswerComment(answer, this.surroundings.show, () => this.repaint());
    if (this.anchor !== undefined && this.anchor.text !== "") comment.contextValue = "answer replaceable";
    this.waiting = this.waiting.filter((one) => one !== asked);
    const turn = { question, asked, comment, answer };
    this.turns.push(turn);
    this.repaint();
    return turn;
  }

  private repaint(): void {
    if (this.closed) return;
    const turns = this.turns.flatMap((turn) => [turn.asked, turn.comment]);
    this.thread.comments = [...turns, ...this.waiting];
  }

  private relabel(): void {
    const wanted = this.label;
    if (!this.closed && this.thread.label !== wanted) this.thread.label = wanted;
    const context = this.isRunning ? "running" : "answered";
    if (!this.closed && this.thread.contextValue !== context) this.thread.contextValue = context;
    this.surroundings.changed(this);
  }

  private async run(turn: Turn, token: CancellationToken): Promise<void> {
    const progress = new TurnProgress(turn, this.surroundings, () => this.surroundings.changed(this));
    try {
      const result = await this.request(turn, progress, token);
      progress.show(settle(turn.answer, result, Date.now()));
    } catch (error) {
      progress.show(failed(turn.answer, error, Date.now()));
      if (!(error instanceof TurnFailed)) throw error;
      this.surroundings.failed(this, error);
    } finally {
      this.threadId = turn.answer.threadId ?? this.threadId;
      progress.end();
    }
  }

  private async request(turn: Turn, listener: TurnListener, token: CancellationToken): Promise<ExecResult> {
    const { prompt, context, choice } = turn.question;
    const params: ExecParams = { prompt, ...context, ...choice };
    if (this.threadId === undefined) return this.surroundings.run(params, listener, token);
    try {
      return await this.surroundings.run({ ...params, threadId: this.threadId }, listener, token);
    } catch (error) {
      // The thread lived in a server that is gone; what is on the screen can still be told again.
      if (!(error instanceof TurnFailed) || error.data.kind !== "unknownThread") throw error;
      const told = { ...params, ...this.turns[0]?.question.context, prompt: transcript(this.said()) };
      return this.surroundings.run(told, listener, token);
    }
  }

  private said(): Exchange[] {
    return this.turns.flatMap(({ question, answer }) => [
      { role: "user" as const, text: question.prompt },
      { role: "assistant" as const, text: answer.content },
    ]);
  }
}

/** What arrives of one turn, on its way to its comment and to the thinking channel. */
class TurnProgress implements TurnListener {
  private thinking: ThinkingTurn | undefined;

  constructor(
    private readonly turn: Turn,
    private readonly surroundings: Surroundings,
    private readonly changed: () => void,
  ) {}

  event(event: TurnEvent): void {
    const piece = visiblePiece(event, this.turn.answer, this.surroundings.show);
    this.show(reduce(this.turn.answer, event, Date.now()));
    if (piece !== "") this.channel().append(piece);
    else if (event.type === "content") this.thinking?.rest();
  }

  status(message: string): void {
    this.turn.answer = withServerStatus(this.turn.answer, message);
    this.changed();
  }

  show(answer: Answer): void {
    this.turn.answer = answer;
    this.turn.comment.update(answer);
  }

  end(): void {
    const { answer } = this.turn;
    this.thinking?.end(label(answer, Date.now()));
  }

  private channel(): ThinkingTurn {
    const { answer, question } = this.turn;
    const { effort } = question.choice;
    this.thinking ??= this.surroundings.thinking({
      at: new Date(),
      name: answer.name,
      model: answer.model ?? answer.name,
      ...(effort !== undefined && { effort }),
      question: firstLine(question.prompt, 100),
    });
    return this.thinking;
  }
}

function failed(answer: Answer, error: unknown, now: number): Answer {
  if (!(error instanceof TurnFailed))
    return fail(answer, error instanceof Error ? error.message : String(error), {}, now);
  return error.serverLost ? lose(answer, now) : fail(answer, error.message, error.data, now);
}
