/**
 * Thinking as it is thought: appended to one plain channel, and readable as a document per conversation.
 *
 * The channel is only ever appended to, in batches that wait for the window, so that a model at full speed
 * can't flood the editor. One turn at a time writes there; another one's thinking waits its turn rather than
 * being mixed in.
 */

import type { Disposable, OutputChannel } from "./editor";
import { window, windowCaughtUp } from "./editor";
import { Painter } from "./paint";
import { heading } from "./wording";
import type { Heading } from "./wording";

export class ThinkingChannel implements Disposable {
  private readonly channel: OutputChannel = window.createOutputChannel("Codex Thinking", "markdown");
  private readonly painter = new Painter(() => this.flush());
  private readonly queue: ThinkingTurn[] = [];

  /** A new turn's place in the channel. Nothing is written before its first piece. */
  turn(header: Heading): ThinkingTurn {
    const turn = new ThinkingTurn(header, () => this.painter.request());
    this.queue.push(turn);
    return turn;
  }

  /** Shows the channel and leaves the focus where it is. */
  reveal(): void {
    this.channel.show(true);
  }

  dispose(): void {
    this.channel.dispose();
  }

  private async flush(): Promise<void> {
    for (;;) {
      const turn = this.queue[0];
      const text = turn?.take() ?? "";
      if (text !== "") this.channel.append(text);
      if (turn?.ended !== true) break;
      this.queue.shift();
    }
    await windowCaughtUp();
  }
}

/** What one turn has thought and the channel has not yet shown. */
export class ThinkingTurn {
  ended = false;
  private pending: string[] = [];
  private begun = false;

  constructor(
    private readonly header: Heading,
    private readonly changed: () => void,
  ) {}

  append(piece: string): void {
    this.pending.push(piece);
    this.changed();
  }

  end(note: string): void {
    if (this.ended) return;
    if (this.begun || this.pending.length > 0) this.pending.push(`\n\n*${note}*\n\n`);
    this.ended = true;
    this.changed();
  }

  take(): string {
    if (this.pending.length === 0) return "";
    const text = (this.begun ? "" : heading(this.header)) + this.pending.join("");
    this.begun = true;
    this.pending = [];
    return text;
  }
}
