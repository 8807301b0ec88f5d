/**
 * When to paint: never more often than `intervalMs`, never before the last paint has reached the screen.
 *
 * `paint` resolves when the editor has taken what it was given. Text that arrives meanwhile is painted once,
 * together: a slow screen gets fewer paints, not a longer queue, and has two thirds of its time for the person
 * who types.
 */

export const REPAINT_MS = 50;
const LONGEST_MS = 1000;

export class Painter {
  private dirty = false;
  private busy: Promise<void> | undefined;

  constructor(
    private readonly paint: () => Promise<void> | void,
    private readonly intervalMs = REPAINT_MS,
    private readonly pause: (ms: number) => Promise<void> = (ms) =>
      new Promise((done) => setTimeout(done, ms)),
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Something changed: paints now if the last paint is long enough ago, else as soon as it is. */
  request(): void {
    this.dirty = true;
    this.busy ??= this.run();
  }

  /** Resolves when everything requested so far is on the screen. */
  async settled(): Promise<void> {
    await this.busy;
  }

  private async run(): Promise<void> {
    await Promise.resolve(); // so that `busy` is set before `paint` can throw
    try {
      while (this.dirty) {
        this.dirty = false;
        const begun = this.now();
        await this.paint();
        const took = this.now() - begun;
        await this.pause(Math.min(LONGEST_MS, Math.max(this.intervalMs, 2 * took)));
      }
    } finally {
      this.busy = undefined;
    }
  }
}
