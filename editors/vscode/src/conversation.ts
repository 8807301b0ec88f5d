/**
 * One conversation on the screen: a comment thread at the code it is about, an answer for every question.
 *
 * Whatever happens to a turn or to the server, text that has arrived stays. What VS Code shows is written by `write` alone:
 * two writers would hold each other up, since VS Code sends a thread's changes when there was none for a while.
 */

import { settle } from "./answer";
import { label } from "./label";
import { moved } from "./anchor";
import type { Change, Span } from "./anchor";
import type { Choice } from "./choice";
import { AnswerComment, QuestionComment } from "./comment";
import {
  COMMENTS_HELD_MS,
  CancellationTokenSource,
  CommentThreadCollapsibleState,
  EventEmitter,
  rangeOf,
  windowCaughtUp,
} from "./editor";
import type { CancellationToken, CommentThread, Disposable } from "./editor";
import { Painter } from "./paint";
import type { ExecResult } from "./protocol";
import { begun } from "./question";
import type { About, Question, Turn } from "./question";
import { send } from "./sending";
import type { Surroundings } from "./surroundings";
import { TurnFailed, reachedNobody } from "./turn";
import type { TurnListener } from "./turn";
import { TurnProgress, failed } from "./turnProgress";

/** How often the label's seconds go on where nothing else changes. */
const TICK_MS = 500;
/** How long a write stays on its way to the screen before the next one may follow it. */
const REST_MS = 25;

export class Conversation implements Disposable {
  readonly turns: Turn[] = [];
  /** Who was chosen for this conversation alone. */
  pinned: Choice | undefined;
  private id: string | undefined;
  private running: CancellationTokenSource | undefined;
  private closed = false;
  private asked = false;
  private queue: Promise<void> = Promise.resolve();
  /** Questions on the screen whose turn has not come yet. */
  private waiting: readonly QuestionComment[] = [];
  private written = 0;
  /** Whether a first word is on the screen. */
  private hasSpoken = false;
  /** The edits of the document since the last question was sent, until the server has said what its answer is about. */
  private since: Change[] | undefined;
  private readonly placing = new EventEmitter<Span>();
  /** The server has said which lines the answer is about. */
  readonly onPlaced = this.placing.event;
  private readonly painter = new Painter({
    heldMs: COMMENTS_HELD_MS,
    restMs: REST_MS,
    write: () => this.write(),
    shown: () => this.shown(),
  });

  /** `spot` is where the thread stands, and `about` what the first question is about. */
  constructor(
    readonly thread: CommentThread,
    private readonly first: QuestionComment,
    private readonly surroundings: Surroundings,
    private spot: Span,
    private readonly about: About | undefined,
  ) {}

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** The server's name for it; undefined until a turn has begun. */
  get threadId(): string | undefined {
    return this.last?.answer.threadId ?? this.id;
  }

  /** The lines that it stands under. */
  get span(): Span {
    return this.spot;
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

  /** Takes over the turns of an earlier session: the conversation goes on with them. */
  restore(threadId: string, turns: readonly Turn[]): void {
    this.id = threadId;
    this.asked = true;
    this.turns.push(...turns);
    this.painter.request();
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

  /** The document has changed: what stands in it and what was asked about moves along. */
  follow(change: Change): void {
    this.since?.push(change);
    this.spot = moved(this.spot, change);
    for (const turn of this.turns) {
      if (turn.about) turn.about = { ...turn.about, span: moved(turn.about.span, change) };
    }
    // VS Code moves what it shows by itself, and puts it back to the thread's own range with the next change of that.
    this.painter.request();
  }

  /**
   * Asks, after what is still being answered, and resolves when the answer is complete, or has failed and says
   * so on the screen. `anew` leaves the earlier turns out of the conversation; `instead` is the turn whose place it takes.
   */
  ask(question: Question, { anew = false, instead }: { anew?: boolean; instead?: Turn } = {}): Promise<void> {
    const shown = instead?.asked ?? (this.asked ? new QuestionComment(question.text) : this.first);
    if (instead) {
      this.id = this.threadId;
      this.turns.splice(this.turns.indexOf(instead), 1);
    }
    this.asked = true;
    this.waiting = [...this.waiting, shown];
    if (this.isRunning) this.painter.request();
    const asked = this.queue.then(() =>
      this.closed ? undefined : this.answer(question, shown, anew, instead),
    );
    this.queue = asked.catch(() => undefined);
    return asked;
  }

  dispose(): void {
    this.closed = true;
    this.placing.dispose();
    this.stop();
    this.surroundings.note.clear();
    this.thread.dispose();
  }

  private async answer(
    question: Question,
    shown: QuestionComment,
    anew: boolean,
    instead?: Turn,
  ): Promise<void> {
    const turn = this.begin(question, shown, instead?.about);
    const source = new CancellationTokenSource();
    this.running = source;
    const ticking = setInterval(() => this.painter.request(), TICK_MS);
    this.painter.request();
    try {
      if (anew) this.id = undefined;
      await this.run(turn, source.token);
    } finally {
      clearInterval(ticking);
      source.dispose();
      this.running = undefined;
      this.painter.request();
      await this.painter.settled();
    }
  }

  private begin(question: Question, asked: QuestionComment, before?: About): Turn {
    const answer = begun(question, Date.now());
    const comment = new AnswerComment(this.surroundings.show);
    const about = before ?? this.turns[0]?.about ?? this.about;
    this.waiting = this.waiting.filter((one) => one !== asked);
    const turn: Turn = { question, asked, comment, answer, ...(about && { about }) };
    this.turns.push(turn);
    return turn;
  }

  /** Everything that has changed, in one go: the comments, the label, the menus and the place. */
  private write(): boolean {
    if (this.closed) return false;
    const { thread } = this;
    for (const turn of this.turns) {
      // VS Code shows another author only with another comment: who answers was not known yet.
      if (turn.comment.isBy(turn.answer)) continue;
      turn.comment = new AnswerComment(this.surroundings.show);
    }
    const changed = this.turns.filter((turn) =>
      turn.comment.update(turn.answer, turn.about !== undefined, turn === this.last),
    );
    const comments = [
      ...this.turns.flatMap(({ asked, comment }) => [asked, ...comment.all]),
      ...this.waiting,
    ];
    const wanted = {
      label: this.label,
      contextValue: this.isRunning ? "running" : "answered",
      canReply: this.hasSpoken || !this.isRunning,
      range: rangeOf(this.spot),
      ...((changed.length > 0 || comments.length !== this.written) && { comments }),
    };
    this.written = comments.length;
    const isOld = (["label", "contextValue", "canReply"] as const).every(
      (key) => thread[key] === wanted[key],
    );
    const isStill = isOld && thread.range.isEqual(wanted.range) && wanted.comments === undefined;
    if (!isStill) Object.assign(thread, wanted);
    if (this.isSilent) this.surroundings.note.show(thread.uri, this.spot.end.line, wanted.label);
    this.surroundings.changed(this);
    return !isStill;
  }

  private async shown(): Promise<void> {
    await windowCaughtUp();
    this.hasSpoken ||= !this.isSilent;
    if (!this.isSilent) this.surroundings.note.clear();
  }

  /** Whether a turn runs whose answer has not begun. */
  private get isSilent(): boolean {
    return this.isRunning && this.last?.answer.content === "";
  }

  private async run(turn: Turn, token: CancellationToken): Promise<void> {
    const progress = new TurnProgress(turn, this.surroundings, {
      changed: (isFirstWord) => this.painter.request(isFirstWord),
      begun: (range) => this.place(turn, range),
    });
    try {
      const result = await this.request(turn, progress, token);
      progress.show(settle(turn.answer, result, Date.now()));
    } catch (error) {
      progress.show(failed(turn.answer, error, Date.now()));
      if (!(error instanceof TurnFailed)) throw error;
      this.surroundings.failed(error);
    } finally {
      this.since = undefined;
      this.id = turn.answer.threadId ?? this.id;
      progress.end();
    }
  }

  /** Asks until somebody answers whom the user wants to ask. */
  private async request(turn: Turn, listener: TurnListener, token: CancellationToken): Promise<ExecResult> {
    for (;;) {
      try {
        return await this.send(turn.question, listener, token);
      } catch (error) {
        if (!(error instanceof TurnFailed) || !reachedNobody(error.data)) throw error;
        this.renew(turn); // while the user decides, nothing has failed
        const question = await this.surroundings.reconsidered(turn.question, error);
        if (question === undefined || token.isCancellationRequested) throw error;
        turn.question = question;
        this.renew(turn);
      }
    }
  }

  /** The turn's answer from its beginning. */
  private renew(turn: Turn): void {
    turn.answer = begun(turn.question, turn.answer.startedAt);
    this.painter.request();
  }

  private send(question: Question, listener: TurnListener, token: CancellationToken): Promise<ExecResult> {
    this.since = [];
    const { id, turns } = this;
    return send({ question, id, turns }, (params) => this.surroundings.run(params, listener, token));
  }

  /** The server has chosen the lines that the answer is about: it stands there, and is meant for them. */
  private place(turn: Turn, range: Span | undefined): void {
    const changes = this.since ?? [];
    this.since = undefined;
    if (range === undefined) return;
    const span = changes.reduce(moved, range);
    turn.about = { span };
    if (turn !== this.turns[0]) return;
    this.spot = span;
    this.placing.fire(span);
    this.painter.request();
  }
}
