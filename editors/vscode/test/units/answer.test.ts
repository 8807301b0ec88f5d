import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fail, lose, newAnswer, reduce, settle, withServerStatus } from "../../src/answer";
import { label } from "../../src/label";
import type { Answer } from "../../src/answer";
import type { ExecResult, Timing, TurnEvent } from "../../src/protocol";

type Bare = TurnEvent extends infer E ? (E extends TurnEvent ? Omit<E, "turnId" | "seq"> : never) : never;

const TIMING: Timing = { requestMs: 3, totalMs: 6100, outputTokensPerSecond: 41.3, estimated: false };
const BEGIN: Bare = {
  type: "begin",
  threadId: "h1",
  model: "gpt-oss-20b",
  profile: "local-oss",
  provider: "lm",
  isLocal: true,
};

/** The answer after these events, one every second from 1000 ms on. */
function after(...events: Bare[]): Answer {
  return events.reduce(
    (answer, event, seq) => reduce(answer, { ...event, turnId: "u1", seq }, 1000 * (seq + 1)),
    newAnswer("local-oss", 0),
  );
}

describe("an answer", () => {
  test("is the concatenation of its pieces", () => {
    const answer = after(
      BEGIN,
      { type: "reasoning", text: "The ", source: "raw" },
      { type: "reasoning", text: "user", source: "raw" },
      { type: "content", text: "4" },
      { type: "content", text: "2" },
    );
    assert.deepEqual(answer, {
      name: "local-oss",
      isLocal: true,
      model: "gpt-oss-20b",
      threadId: "h1",
      turnId: "u1",
      status: "running",
      phase: "answering",
      reasoning: "The user",
      summary: "",
      content: "42",
      notices: [],
      startedAt: 0,
      thinkingAt: 2000,
      answeringAt: 4000,
    });
  });

  test("moves what was no answer to the thinking", () => {
    const answer = after(
      BEGIN,
      { type: "content", text: "hm, " },
      { type: "reclassify", from: "content", to: "reasoning" },
      { type: "content", text: "yes" },
    );
    assert.deepEqual([answer.reasoning, answer.content], ["hm, ", "yes"]);
  });

  test("moves thinking that was the answer", () => {
    const answer = after(
      BEGIN,
      { type: "reasoning", text: "4", source: "summary" },
      { type: "reclassify", from: "reasoning", to: "content" },
    );
    assert.deepEqual([answer.reasoning, answer.summary, answer.content], ["", "", "4"]);
  });

  test("keeps summaries apart from raw thinking", () => {
    const answer = after(
      { type: "reasoning", text: "raw", source: "raw" },
      { type: "reasoning", text: "short", source: "summary" },
    );
    assert.deepEqual([answer.reasoning, answer.summary], ["rawshort", "short"]);
  });

  test("is repaired by the result", () => {
    const result: ExecResult = {
      threadId: "h1",
      turnId: "u1",
      status: "completed",
      content: "whole",
      reasoning: "thought",
      finishReason: "stop",
      model: "m",
      provider: "p",
      timing: TIMING,
      notices: [{ kind: "emptyAnswer", message: "n" }],
    };
    const answer = settle(after(BEGIN, { type: "content", text: "who" }), result, 9000);
    assert.deepEqual(
      [answer.content, answer.reasoning, answer.status, answer.notices, answer.endedAt],
      ["whole", "thought", "completed", result.notices, 9000],
    );
  });

  test("keeps its text when the request fails or the server is lost", () => {
    const partial = after(BEGIN, { type: "content", text: "so far" });
    assert.equal(fail(partial, "No.", { kind: "unreachable", hint: "Start it." }, 5000).content, "so far");
    const lost = lose(partial, 5000);
    assert.deepEqual([lost.content, lost.status], ["so far", "lost"]);
    const finished = { ...partial, status: "completed" as const };
    assert.equal(lose(finished, 5000), finished);
  });
});

describe("the label", () => {
  const cases: [string, Answer, number][] = [
    ["local-oss (local), connecting", after(BEGIN), 1500],
    ["local-oss (local), loading the model", after(BEGIN, { type: "phase", phase: "loading" }), 2500],
    [
      "local-oss (local), reading prompt 62%",
      after(BEGIN, { type: "phase", phase: "prompt", fraction: 0.62 }),
      2500,
    ],
    [
      "local-oss (local), waiting for the server, queue of 3",
      after(BEGIN, { type: "phase", phase: "prompt" }, { type: "phase", phase: "prompt", waiting: 3 }),
      2500,
    ],
    [
      "local-oss (local), reading prompt",
      after(BEGIN, { type: "phase", phase: "prompt", waiting: 3 }, { type: "phase", phase: "prompt" }),
      2500,
    ],
    [
      "local-oss (local), thinking 3.2 s",
      after(BEGIN, { type: "reasoning", text: "x", source: "raw" }),
      5200,
    ],
    [
      "local-oss (local), thought 1.0 s, answering 0.5 s",
      after(BEGIN, { type: "reasoning", text: "x", source: "raw" }, { type: "content", text: "y" }),
      3500,
    ],
    [
      "local-oss (local), answering, 41 tokens/s",
      withServerStatus(after(BEGIN, { type: "content", text: "y" }), "Answering, 41 tokens/s"),
      3500,
    ],
    [
      "local-oss (local), trying again (2 of 5): 503",
      after(BEGIN, { type: "retry", attempt: 2, maxAttempts: 5, delayMs: 10, reason: "503" }),
      2000,
    ],
    [
      "local-oss (local), done in 6.1 s, 41 tokens/s",
      after(BEGIN, { type: "done", status: "completed", timing: TIMING }),
      9000,
    ],
    [
      "local-oss (local), done in 6.1 s, 41 tokens/s, 32% of the window",
      after(BEGIN, {
        type: "done",
        status: "completed",
        timing: TIMING,
        usage: { inputTokens: 2100, outputTokens: 530, contextWindow: 8192 },
      }),
      9000,
    ],
    [
      "local-oss (local), stopped after 6.1 s",
      after(BEGIN, { type: "done", status: "cancelled", timing: TIMING }),
      9000,
    ],
    [
      "local-oss (local), cut off after 6.1 s, 41 tokens/s",
      after(BEGIN, { type: "done", status: "truncated", timing: TIMING }),
      9000,
    ],
    [
      "local-oss (local), thought 1.0 s, answering 6.5 s, no text for 6 s",
      after(
        BEGIN,
        { type: "reasoning", text: "x", source: "raw" },
        { type: "content", text: "y" },
        { type: "phase", phase: "answering", silentMs: 6200 },
      ),
      9500,
    ],
    [
      "local-oss (local), answering 2.0 s",
      after(
        BEGIN,
        { type: "content", text: "y" },
        { type: "phase", phase: "answering", silentMs: 6200 },
        { type: "content", text: "z" },
      ),
      4000,
    ],
    ["work (cloud), connecting", after({ ...BEGIN, profile: "work", isLocal: false }), 1500],
    ["local-oss, connecting", newAnswer("local-oss", 0), 100],
    [
      "local-oss (local), done in 6.1 s, 41 tokens/s",
      after(BEGIN, {
        type: "done",
        status: "completed",
        timing: TIMING,
        usage: { outputTokens: 530, contextWindow: 8192 },
      }),
      9000,
    ],
    ["local-oss (local), failed", fail(after(BEGIN), "No.", {}, 2000), 9000],
    ["local-oss (local), interrupted after 2.0 s", lose(after(BEGIN), 2000), 9000],
  ];
  for (const [expected, answer, now] of cases) {
    test(`says "${expected}"`, () => assert.equal(label(answer, now), expected));
  }

  test("goes back from a percentage to none when the phase changes", () => {
    const answer = after(
      { type: "phase", phase: "prompt", fraction: 0.9 },
      { type: "reasoning", text: "x", source: "raw" },
    );
    assert.equal(answer.fraction, undefined);
  });
});

test("100,000 deltas take linear time", () => {
  const cost = (count: number): number => {
    let answer = newAnswer("m", 0);
    const start = performance.now();
    for (let seq = 0; seq < count; seq += 1) {
      answer = reduce(answer, { type: "reasoning", text: "word ", source: "raw", turnId: "u", seq }, seq);
    }
    assert.equal(answer.reasoning.length, count * 5);
    return performance.now() - start;
  };
  cost(10_000); // warm
  const [small, large] = [cost(20_000), cost(200_000)];
  assert.ok(large < Math.max(small, 5) * 40, `${small} ms for 20,000, ${large} ms for 200,000`);
});
