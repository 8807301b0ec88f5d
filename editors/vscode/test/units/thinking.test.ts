import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PATIENCE_MS, ThinkingOrder, ThinkingTurn } from "../../src/thinkingOrder";

const AT = new Date(2026, 0, 31, 12, 0, 5);

/** Two turns that share a channel, and a clock that only the test moves. */
function two() {
  const clock = { ms: 0 };
  const order = new ThinkingOrder();
  const turn = (name: string): ThinkingTurn => {
    const header = { at: AT, name, model: name, question: `${name}?` };
    const one = new ThinkingTurn(
      header,
      () => undefined,
      () => clock.ms,
    );
    order.add(one);
    return one;
  };
  return { clock, order, first: turn("first"), second: turn("second") };
}

const header = (name: string, more = ""): string => `## 12:00:05 · ${name}${more}\n\n> ${name}?\n\n`;

describe("the thinking of several turns in one channel", () => {
  test("one alone is written the moment it is thought, with a header and a last line", () => {
    const { order, first } = two();
    first.append("One ");
    assert.equal(order.take(), `${header("first")}One `);
    first.append("two");
    assert.equal(order.take(), "two");
    first.end("first, done in 1.0 s");
    assert.equal(order.take(), "\n\n*first, done in 1.0 s*\n\n");
    assert.equal(order.take(), "");
  });

  test("a second one waits while the first is in the middle of a line, and takes over at its end", () => {
    const { clock, order, first, second } = two();
    first.append("Half a");
    order.take();
    second.append("Other. ");
    clock.ms += PATIENCE_MS;
    assert.equal(order.take(), "");
    assert.ok(order.hasWaiting);
    first.append(" line.\n");
    assert.equal(order.take(), ` line.\n${header("second")}Other. `);
    assert.ok(!order.hasWaiting);
  });

  test("it does not wait for ever for the end of a line", () => {
    const { clock, order, first, second } = two();
    first.append("No end of line");
    order.take();
    second.append("Other.");
    clock.ms += 2 * PATIENCE_MS;
    assert.equal(order.take(), `\n\n${header("second")}Other.`);
  });

  test("it takes over at once when the first one's answer begins, and the first goes on later", () => {
    const { clock, order, first, second } = two();
    first.append("Thought.");
    order.take();
    second.append("Other.");
    assert.equal(order.take(), "");
    first.rest();
    assert.equal(order.take(), `\n\n${header("second")}Other.`);
    first.append("Again.");
    assert.equal(order.take(), "");
    clock.ms += 2 * PATIENCE_MS;
    assert.equal(order.take(), `\n\n${header("first", " · goes on")}Again.`);
  });

  test("one that ended while it waited is written with its last line, and nothing comes after it", () => {
    const { order, first, second } = two();
    first.append("Thought.");
    order.take();
    second.append("Other.");
    second.end("second, done");
    assert.equal(order.take(), "");
    first.end("first, done");
    assert.equal(order.take(), `\n\n*first, done*\n\n${header("second")}Other.\n\n*second, done*\n\n`);
    assert.equal(order.take(), "");
  });

  test("one that ended after another took over leaves no line of its own", () => {
    const { order, first, second } = two();
    first.append("Thought.");
    first.rest();
    second.append("Other.");
    order.take();
    first.end("first, done");
    assert.equal(order.take(), "");
    second.end("second, done");
    assert.equal(order.take(), "\n\n*second, done*\n\n");
  });

  test("whatever the order of things, nothing is lost and every piece stands in its own turn's order", () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
    for (let round = 0; round < 300; round += 1) {
      const { clock, order, first, second } = two();
      const said = { first: "", second: "" };
      let shown = "";
      for (let step = 0; step < 40; step += 1) {
        clock.ms += random() * 900;
        const [turn, name] = random() < 0.5 ? ([first, "first"] as const) : ([second, "second"] as const);
        const piece = `${name}${step}${random() < 0.3 ? "\n" : " "}`;
        said[name] += piece;
        turn.append(piece);
        if (random() < 0.1) turn.rest();
        if (random() < 0.7) shown += order.take();
      }
      first.end("over");
      shown += order.take();
      second.end("over");
      shown += order.take();
      const bodies = shown.split(/## 12:00:05 · /).slice(1);
      for (const name of ["first", "second"] as const) {
        const own = bodies
          .filter((body) => body.startsWith(name))
          .map((body) => body.slice(body.indexOf("?\n\n") + 3).replace("\n\n*over*\n\n", ""));
        const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
        assert.deepEqual(words(own.join(" ")), words(said[name]));
      }
    }
  });
});
