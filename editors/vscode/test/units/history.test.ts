import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { found } from "../../src/anchor";
import type { Span } from "../../src/anchor";
import { label } from "../../src/label";
import { describeThread, localTime, pastAnswer, threadPage, threadRows } from "../../src/pastTurns";
import { Places } from "../../src/places";
import type { KeptPlace } from "../../src/places";
import type { ThreadSummary, ThreadTurn, Timing } from "../../src/protocol";
import { unseenText } from "../../src/wording";

const CODE = ["def mean(prices):", "    return 1", "", "def mean(prices):", "    return 2", ""];
const MEAN = "def mean(prices):\n    return 2";

function lines(first: number, last: number): Span {
  return { start: { line: first, character: 0 }, end: { line: last, character: 12 } };
}

describe("a place in a document that was closed", () => {
  test("is where it was, if its lines are still there", () => {
    assert.deepEqual(found(MEAN, lines(3, 4), CODE), lines(3, 4));
  });

  test("moves with its lines, up and down, to the nearest that are all the same", () => {
    assert.deepEqual(found(MEAN, lines(3, 4), ["# one", "# two", ...CODE]), lines(5, 6));
    assert.deepEqual(found(MEAN, lines(3, 4), CODE.slice(3)), lines(0, 1));
    assert.deepEqual(found("def mean(prices):", lines(2, 2), CODE), lines(3, 3));
  });

  test("stays where it was if its lines are gone, as far as the document reaches", () => {
    assert.deepEqual(found("gone", lines(3, 4), CODE), lines(3, 4));
    const last = { line: 1, character: 3 };
    assert.deepEqual(found("gone", lines(3, 4), ["a", "end"]), {
      start: { line: 1, character: 0 },
      end: last,
    });
    assert.deepEqual(found("gone", lines(3, 4), [""]), {
      start: { line: 0, character: 0 },
      end: { line: 0, character: 0 },
    });
  });

  test("that holds its lines once more far away is the near one", () => {
    const twice = [...CODE, ...CODE];
    assert.deepEqual(found(MEAN, lines(10, 11), twice), lines(9, 10));
  });
});

const TIMING: Timing = {
  requestMs: 3,
  firstReasoningMs: 100,
  firstContentMs: 1300,
  totalMs: 6100,
  outputTokensPerSecond: 41.3,
  estimated: false,
};
const TURN: ThreadTurn = {
  turnId: "u1",
  at: "2026-01-31T12:00:00.000Z",
  prompt: "Why?",
  reasoning: "hm",
  content: "So.",
  status: "completed",
  finishReason: "stop",
  model: "gpt-oss-20b",
  provider: "lm",
  profile: "local-oss",
  timing: TIMING,
  notices: [],
};

describe("the answer of an earlier session", () => {
  test("has the label that it had", () => {
    const answer = pastAnswer(TURN, "h1", true);
    assert.equal(label(answer, Date.now()), "local-oss (local), done in 6.1 s, thought 1.2 s, 41 tokens/s");
    assert.deepEqual([answer.threadId, answer.turnId, answer.content], ["h1", "u1", "So."]);
  });

  test("that was never ended was interrupted, whenever that was", () => {
    const broken = Object.fromEntries(Object.entries(TURN).filter(([key]) => key !== "timing"));
    assert.equal(
      label(pastAnswer({ ...(broken as unknown as ThreadTurn), status: "truncated" }, "h1"), Date.now()),
      "local-oss, interrupted",
    );
  });

  test("that failed says why, with the next step", () => {
    const error = { kind: "unreachable", message: "Connection refused.", hint: "Start it." };
    const answer = pastAnswer({ ...TURN, status: "failed", error }, "h1");
    assert.deepEqual(answer.failure, error);
    assert.equal(label(answer, Date.now()), "local-oss, failed");
  });
});

const NOW = new Date(2026, 0, 31, 14, 30);

function thread(threadId: string, here?: true): ThreadSummary {
  const at = new Date(2026, 0, 31, 9, 5).toISOString();
  return { threadId, title: threadId, updatedAt: at, profile: "local-oss", turns: 2, ...(here && { here }) };
}

describe("the list of conversations", () => {
  test("has those of this folder, and the others, in the server's order", () => {
    const { here, others } = threadRows([thread("a", true), thread("b"), thread("c")], NOW);
    assert.deepEqual(
      [here, others].map((rows) => rows.map(({ label: text }) => text)),
      [["a"], ["b", "c"]],
    );
  });

  test("says when, by whom and how much, in this clock's time", () => {
    assert.equal(describeThread(thread("a"), NOW), "09:05 · local-oss · 2 questions");
    const old = { ...thread("a"), updatedAt: new Date(2025, 11, 1, 23, 59).toISOString(), turns: 1 };
    delete (old as { profile?: string }).profile;
    assert.equal(describeThread(old, NOW), "2025-12-01 23:59 · 1 question");
    assert.equal(localTime("long ago", NOW), "long ago");
  });

  test("a page names the questions, harmless as Markdown", () => {
    const page = threadPage([TURN, { ...TURN, prompt: "And ![x](http://a/b.png)?\nmore" }]);
    assert.equal(
      page,
      "# Why?\n\n- And \\!\\[x\\]\\(http\\:\\/\\/a\\/b\\.png\\)?\n\n".replaceAll("\\/", "/"),
    );
  });
});

/** VS Code's storage for a workspace, which keeps what JSON can say. */
class Storage {
  constructor(private value?: unknown) {}
  readonly keys = (): readonly string[] => ["places"];
  readonly get = (): never => this.value as never;
  readonly update = (_key: string, value: unknown): Promise<void> => {
    this.value = JSON.parse(JSON.stringify(value)) as unknown;
    return Promise.resolve();
  };
}

function place(threadId: string, more: Partial<KeptPlace> = {}): KeptPlace {
  return { threadId, uri: "file:///a.py", span: lines(1, 2), lines: "x", isOpen: true, ...more };
}

describe("the places of a window", () => {
  test("are what was kept, over a reload", async () => {
    const storage = new Storage();
    const full = place("a", {
      about: { span: lines(1, 1), text: "x" },
      mode: "agent",
      pinned: { profile: "p", effort: "high" },
    });
    await new Places(storage).keep([full, place("b", { isOpen: false })]);
    const again = new Places(storage);
    assert.deepEqual(again.open, [full]);
    assert.deepEqual(again.of("b"), place("b", { isOpen: false }));
    await again.forget("a");
    assert.equal(new Places(storage).of("a"), undefined);
  });

  test("are the newest 200", async () => {
    const storage = new Storage();
    const places = new Places(storage);
    await places.keep(Array.from({ length: 201 }, (_, n) => place(`t${n}`)));
    assert.equal(places.open.length, 200);
    assert.equal(new Places(storage).of("t0"), undefined);
  });

  test("that make no sense are left out", () => {
    const wrong = [
      null,
      7,
      {},
      { ...place("a"), span: { start: {}, end: {} } },
      { ...place("b"), lines: 3 },
      place("c"),
    ];
    assert.deepEqual(
      new Places(new Storage(wrong)).open.map(({ threadId }) => threadId),
      ["c"],
    );
    assert.deepEqual(new Places(new Storage("no list")).open, []);
  });
});

describe("the notice of answers out of sight", () => {
  const done = { question: "What can go wrong in this function?", hasFailed: false };

  test("names one, and counts several", () => {
    assert.equal(unseenText([]), undefined);
    assert.equal(
      unseenText([done])?.text,
      "$(comment-unresolved) Answer done: What can go wrong in this fun…",
    );
    assert.equal(
      unseenText([done, { ...done, hasFailed: true }])?.text,
      "$(warning) 2 answers done, 1 failed",
    );
  });

  test("shows no symbol that a question names", () => {
    assert.equal(
      unseenText([{ question: "$(bug)", hasFailed: true }])?.text,
      "$(warning) Answer failed: $ (bug)",
    );
  });
});
