/**
 * Whose thinking is written next into the one channel, when several turns think at once. Pure.
 *
 * A turn that thinks alone is never held up. When others wait, the one that writes hands over as soon as its
 * answer begins, else after two seconds at the end of a line, after four in the middle of one. Each piece stands under a
 * header that says whose it is, in its order, and none is lost; a conversation's thinking in one piece is what
 * Show Thinking opens.
 */

import { heading } from "./wording";
import type { Heading } from "./wording";

/** How long a turn's thinking waits for another one's to come to the end of a line. */
export const PATIENCE_MS = 2000;

/** What one turn has thought and the channel has not yet shown. */
export class ThinkingTurn {
  ended = false;
  private pending: string[] = [];
  private begun = false;
  private resting = false;
  private since = 0;
  private note = "";

  constructor(
    private readonly header: Heading,
    private readonly changed: () => void,
    private readonly now: () => number = Date.now,
  ) {}

  append(piece: string): void {
    if (this.pending.length === 0) this.since = this.now();
    this.pending.push(piece);
    this.resting = false;
    this.changed();
  }

  /** The answer has begun: another turn may write meanwhile. */
  rest(): void {
    if (this.resting) return;
    this.resting = true;
    this.changed();
  }

  end(note: string): void {
    if (this.ended) return;
    this.ended = true;
    this.note = note;
    this.changed();
  }

  /** Whether nothing more is to come for now. */
  get isQuiet(): boolean {
    return this.ended || this.resting;
  }

  get isWaiting(): boolean {
    return this.pending.length > 0;
  }

  waitedMs(): number {
    return this.isWaiting ? this.now() - this.since : 0;
  }

  take(): string {
    const text = this.pending.join("");
    this.pending = [];
    return text;
  }

  /** The header that its next piece stands under. */
  takeHeader(): string {
    const goesOn = this.begun;
    this.begun = true;
    return heading({ ...this.header, goesOn });
  }

  /** What is said at its end, once. */
  takeNote(): string {
    const note = this.ended && this.begun && this.note !== "" ? `\n\n*${this.note}*\n\n` : "";
    if (this.ended) this.note = "";
    return note;
  }
}

export class ThinkingOrder {
  private turns: ThinkingTurn[] = [];
  private writing: ThinkingTurn | undefined;
  private atLineEnd = true;

  add(turn: ThinkingTurn): void {
    this.turns.push(turn);
  }

  /** Whether some turn waits for another one. */
  get hasWaiting(): boolean {
    return this.waiting() !== undefined;
  }

  /** What is to be appended now. */
  take(): string {
    const parts: string[] = [];
    const write = (text: string): void => {
      if (text === "") return;
      parts.push(text);
      this.atLineEnd = text.endsWith("\n");
    };
    if (this.writing) write(this.writing.take() + this.writing.takeNote());
    for (let next = this.waiting(); next && this.handsOver(next); next = this.waiting()) {
      if (!this.atLineEnd) write("\n\n");
      this.writing = next;
      write(next.takeHeader() + next.take() + next.takeNote());
    }
    this.turns = this.turns.filter((turn) => !turn.ended || turn.isWaiting);
    if (this.writing?.ended === true) this.writing = undefined;
    return parts.join("");
  }

  private handsOver(next: ThinkingTurn): boolean {
    if (this.writing === undefined || this.writing.isQuiet) return true;
    return next.waitedMs() >= (this.atLineEnd ? PATIENCE_MS : 2 * PATIENCE_MS);
  }

  /** The one that has waited longest. */
  private waiting(): ThinkingTurn | undefined {
    const others = this.turns.filter((turn) => turn !== this.writing && turn.isWaiting);
    return others.sort((one, other) => other.waitedMs() - one.waitedMs())[0];
  }
}
