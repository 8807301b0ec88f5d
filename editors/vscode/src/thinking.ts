/**
 * Thinking as it is thought: appended to one plain channel.
 *
 * The channel is only ever appended to, in batches that wait for the window, so that a model at full speed
 * can't flood the editor. Several turns at once share it as `thinkingOrder.ts` says.
 */

import type { Disposable, OutputChannel } from "./editor";
import { window, windowCaughtUp } from "./editor";
import { Painter } from "./paint";
import { PATIENCE_MS, ThinkingOrder, ThinkingTurn } from "./thinkingOrder";
import type { Heading } from "./wording";

const NAME = "Codex Thinking";

export class ThinkingChannel implements Disposable {
  private readonly channel: OutputChannel = window.createOutputChannel(NAME, "markdown");
  private readonly painter = new Painter({
    heldMs: 0,
    restMs: 50,
    write: () => this.flush(),
    shown: windowCaughtUp,
  });
  private readonly order = new ThinkingOrder();
  private waiting: NodeJS.Timeout | undefined;

  /** A new turn's place in the channel. Nothing is written before its first piece. */
  turn(header: Heading): ThinkingTurn {
    const turn = new ThinkingTurn(header, () => this.painter.request());
    this.order.add(turn);
    return turn;
  }

  /** Whether the panel shows the channel: VS Code has a document of the scheme `output` for it. */
  get isVisible(): boolean {
    return window.visibleTextEditors.some(
      ({ document: { uri } }) => uri.scheme === "output" && uri.path.endsWith(NAME),
    );
  }

  /** Shows the channel and leaves the focus where it is. */
  reveal(): void {
    this.channel.show(true);
  }

  dispose(): void {
    clearTimeout(this.waiting);
    this.channel.dispose();
  }

  private flush(): boolean {
    const text = this.order.take();
    if (text !== "") this.channel.append(text);
    clearTimeout(this.waiting);
    // Its patience ends even where no model sends anything more.
    if (this.order.hasWaiting) this.waiting = setTimeout(() => this.painter.request(), PATIENCE_MS / 4);
    return text !== "";
  }
}
