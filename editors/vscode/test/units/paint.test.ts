import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Painter } from "../../src/paint";
import type { Canvas } from "../../src/paint";

const HELD = 100;
const REST = 25;

/**
 * A window on a clock of its own: `step` lets time pass, timers go off in their order, and each paint costs the window
 * `cost` ms after the host has sent it.
 */
class Window implements Canvas {
  readonly heldMs: number;
  readonly restMs = REST;
  readonly writes: number[] = [];
  clock = 0;
  cost = 1;
  changed = true;
  private free = 0;
  private timers: { at: number; run: () => void }[] = [];
  readonly painter: Painter;

  constructor(heldMs = HELD) {
    this.heldMs = heldMs;
    this.painter = new Painter(
      this,
      (ms) => this.sleep(ms),
      () => this.clock,
    );
  }

  write(): boolean {
    if (this.changed) this.writes.push(this.clock);
    return this.changed;
  }

  shown(): Promise<void> {
    this.free = Math.max(this.free, this.clock) + this.cost;
    return this.sleep(this.free - this.clock);
  }

  /** `ms` pass, a millisecond at a time; `each` runs in each of them. */
  async pass(ms: number, each: () => void = () => undefined): Promise<void> {
    for (let n = 0; n < ms; n += 1) {
      each();
      await new Promise((done) => setImmediate(done));
      this.clock += 1;
      const due = this.timers.filter(({ at }) => at <= this.clock);
      this.timers = this.timers.filter(({ at }) => at > this.clock);
      for (const { run } of due) {
        run();
        await new Promise((done) => setImmediate(done));
      }
    }
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((run) => this.timers.push({ at: this.clock + ms, run }));
  }
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, n) => time - times[n]!);
}

describe("a painter", () => {
  test("writes the first change at once, and then never within the time that the host holds one back", async () => {
    for (const everyMs of [1, 5, 10, 25, 50]) {
      const window = new Window();
      let n = 0;
      await window.pass(2000, () => {
        if (n % everyMs === 0) window.painter.request();
        n += 1;
      });
      assert.equal(window.writes[0], 0);
      const least = Math.min(...gaps(window.writes));
      assert.ok(least >= HELD + REST, `a change every ${everyMs} ms: ${least} ms between two writes`);
      assert.ok(window.writes.length >= 12, `a change every ${everyMs} ms: ${window.writes.length} writes`);
    }
  });

  test("writes once for all that came meanwhile, and the last state always", async () => {
    const window = new Window();
    for (let n = 0; n < 1000; n += 1) window.painter.request();
    await window.pass(10);
    window.painter.request();
    await window.pass(500);
    assert.deepEqual(window.writes.length, 2);
    let settled = false;
    void window.painter.settled().then(() => (settled = true));
    await window.pass(2);
    assert.ok(settled);
  });

  test("leaves a slow window two thirds of its time, and paints four times a second while it can", async () => {
    for (const [cost, atLeast, atMost] of [
      [20, 7, 8],
      [80, 4, 5],
      [200, 1, 2],
    ] as const) {
      const window = new Window();
      window.cost = cost;
      await window.pass(6000, () => window.painter.request());
      const perSecond = window.writes.filter((time) => time >= 1000).length / 5;
      assert.ok(perSecond >= atLeast && perSecond <= atMost, `${cost} ms a paint: ${perSecond} a second`);
      assert.ok(perSecond * cost <= 1000 / 3 + cost, `${cost} ms a paint: ${perSecond} a second`);
    }
  });

  test("is not slowed down by one paint that something else held up, and has the next one ready", async () => {
    const window = new Window();
    window.cost = 600;
    await window.pass(5, () => window.painter.request());
    window.cost = 1;
    await window.pass(1500, () => window.painter.request());
    const second = window.writes[1]!;
    assert.ok(second < 600, `the second write came at ${second}`);
    const late = gaps(window.writes.filter((time) => time > 700));
    assert.ok(Math.max(...late) < 150, late.join());
  });

  test("writes at once what is urgent, however busy the window is, and then at its pace again", async () => {
    for (const [cost, at] of [
      [1, 30],
      [600, 30],
      [600, 400],
    ] as const) {
      const window = new Window();
      window.cost = cost;
      window.painter.request();
      await window.pass(at);
      window.painter.request(true);
      window.cost = 1;
      await window.pass(2000, () => window.painter.request());
      assert.deepEqual(window.writes.slice(0, 2), [0, at]);
      assert.ok(Math.min(...gaps(window.writes.slice(1))) >= HELD + REST);
      assert.ok(window.writes.length > 8, `${window.writes.length} writes`);
    }
  });

  test("waits for nothing where there was nothing to write", async () => {
    const window = new Window();
    window.changed = false;
    window.painter.request();
    await window.pass(1);
    window.changed = true;
    window.painter.request();
    await window.pass(1);
    assert.deepEqual(window.writes, [1]);
  });

  test("is free again when a write fails", async () => {
    const window = new Window();
    const write = window.write.bind(window);
    window.write = () => {
      throw new Error("gone");
    };
    window.painter.request();
    await assert.rejects(window.painter.settled(), /gone/);
    window.write = write;
    window.painter.request();
    await window.pass(1);
    assert.equal(window.writes.length, 1);
  });
});
