/**
 * When to paint: the first change at once, the next ones no faster than the host hands them on.
 *
 * Text that arrives meanwhile is painted once, together: a slow screen gets fewer paints, not a longer queue, and has
 * two thirds of its time for the person who types.
 */

const LONGEST_MS = 1000;
/** A window that is busy for longer gets one more paint, to show as soon as it is free, and then none. */
const PATIENCE_MS = 100;

export interface Canvas {
  /** Hands the host what has changed; false if nothing has. */
  write(): boolean;
  /** Resolves when the window has worked off what the host has sent to it. */
  shown(): Promise<void>;
  /** How long the host holds a write back; another write in that time would restart it. */
  readonly heldMs: number;
  /** The least time between a write that has left the host and the next one. */
  readonly restMs: number;
}

export class Painter {
  /** Ends the wait for the next write. */
  private wake: () => void = () => undefined;
  /** How many changes were asked for, and how many of them have been written. */
  private requested = 0;
  private written = 0;
  private busy: Promise<void> | undefined;
  /** Resolves when the window has shown the last write that has left the host. */
  private shownUpTo = Promise.resolve();
  /** What the last two paints have cost the window. One alone may have been held up by something else. */
  private costs: [number, number] = [0, 0];

  constructor(
    private readonly canvas: Canvas,
    private readonly pause: (ms: number) => Promise<void> = (ms) =>
      new Promise((done) => setTimeout(done, ms)),
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Something changed: written now if the last write is long enough ago, else as soon as it is.
   *
   * What is urgent waits for nothing. The host begins anew to hold back the write before it, so it must be rare: an
   * answer's first word.
   */
  request(isUrgent = false): void {
    this.requested += 1;
    this.busy ??= this.run();
    if (isUrgent) this.wake();
  }

  /** Resolves when everything requested so far is on the screen. */
  async settled(): Promise<void> {
    await this.busy;
  }

  private async run(): Promise<void> {
    await Promise.resolve(); // one write for all that is requested in the same breath; `busy` is set before it can throw
    try {
      while (this.written !== this.requested) {
        this.written = this.requested;
        if (!this.canvas.write()) continue;
        const urged = new Promise<void>((done) => (this.wake = done));
        await Promise.race([this.rest(), urged]);
        if (this.written === this.requested) await Promise.race([this.shownUpTo, urged]);
      }
    } finally {
      this.busy = undefined;
    }
  }

  /** Waits until the next write may follow the one that was made now. */
  private async rest(): Promise<void> {
    const { heldMs, restMs } = this.canvas;
    if (heldMs > 0) await this.pause(heldMs);
    await this.shownUpTo;
    this.shownUpTo = this.shown();
    await Promise.race([this.shownUpTo, this.pause(PATIENCE_MS)]);
    // While the host held the write back, the window was free, too.
    await this.pause(Math.min(LONGEST_MS, Math.max(restMs, 2 * Math.min(...this.costs) - heldMs)));
  }

  private async shown(): Promise<void> {
    const sent = this.now();
    await this.canvas.shown();
    this.costs = [this.costs[1], this.now() - sent];
  }
}
