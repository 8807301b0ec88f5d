import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marked } from "marked";
import { newAnswer } from "../../src/answer";
import type { Answer } from "../../src/answer";
import { doctorReport } from "../../src/doctor";
import { commandOf, linkOf } from "../../src/nextSteps";
import { transcript } from "../../src/transcript";
import {
  announcement,
  answerBody,
  conversationDocument,
  firstLine,
  heading,
  plain,
  shortened,
  visiblePiece,
} from "../../src/wording";

const ANSWER: Answer = {
  ...newAnswer("local", 0),
  reasoning: "First *this*,\nthen that.",
  summary: "In short.",
};

describe("the body of an answer", () => {
  test("is the last words of the thinking until there is an answer", () => {
    assert.equal(answerBody(ANSWER, "", "full"), "> *First \\*this\\*, then that\\.*");
    assert.equal(answerBody(ANSWER, "", "summary"), "> *In short\\.*");
    assert.equal(answerBody(ANSWER, "", "hidden"), "…");
  });
  test("shows a long thinking's end alone, from a whole word on", () => {
    const body = answerBody({ ...ANSWER, reasoning: "word ".repeat(1000) + "end" }, "", "full");
    assert.match(body, /^> \*…word .* end\*$/);
    assert.ok(body.length < 250);
  });
  test("is the answer once there is one, with notices and failure below", () => {
    const answer: Answer = {
      ...ANSWER,
      notices: [{ kind: "contextTruncated", message: "Cut to 4,096 tokens." }],
      failure: { message: "Connection refused: nothing listens at http://x.", hint: "Start it." },
      status: "failed",
    };
    assert.equal(
      answerBody(answer, "The answer.", "full"),
      "The answer.\n\n*Cut to 4,096 tokens\\.*\n\n**Connection refused\\: nothing listens at http\\://x\\.**\n\nStart it\\.",
    );
  });
  test("says why it is empty", () => {
    assert.equal(
      answerBody({ ...ANSWER, status: "cancelled" }, "", "full"),
      "*Stopped before the answer began.*",
    );
    assert.equal(answerBody({ ...ANSWER, status: "completed" }, "", "full"), "*The model gave no answer.*");
  });
});

test("plain text is rendered as it stands", () => {
  const text = "a * b _c_ [d](e) <f> `g` # h ![i](j) 1. k & l | m https://n ~o~";
  const html = marked.parse(plain(text), { async: false });
  const shown = html
    .replace(/<\/?p>|\n$/g, "")
    .replace("&lt;", "<")
    .replace("&gt;", ">")
    .replace("&amp;", "&")
    .trim();
  assert.equal(shown, text);
});

test("only the thinking that may be seen is a piece to show", () => {
  const raw = { type: "reasoning", text: "r", source: "raw", turnId: "u", seq: 1 } as const;
  const summary = { ...raw, source: "summary" } as const;
  const moved = { type: "reclassify", from: "content", to: "reasoning", turnId: "u", seq: 2 } as const;
  const before = { ...ANSWER, content: "moved" };
  const seen = (["full", "summary", "hidden"] as const).map((show) =>
    [raw, summary, moved].map((event) => visiblePiece(event, before, show)),
  );
  assert.deepEqual(seen, [
    ["r", "r", "moved"],
    ["", "r", ""],
    ["", "", ""],
  ]);
});

test("a turn's heading has time, profile, model and question", () => {
  const at = new Date(2026, 0, 2, 9, 5, 7);
  const head = heading({ at, name: "local-oss", model: "gpt-oss-20b", question: "Why?\nBecause." });
  assert.equal(head, "## 09:05:07 · local-oss · gpt-oss-20b\n\n> Why?\n\n");
  assert.match(heading({ at, name: "m", model: "m", question: "q" }), /^## 09:05:07 · m\n/);
  const chosen = { at, name: "local-oss", model: "qwen3-8b", effort: "high", question: "q" } as const;
  assert.equal(heading(chosen), "## 09:05:07 · local-oss · qwen3-8b · effort high\n\n> q\n\n");
});

test("the first line of a text is cut to what fits", () => {
  assert.equal(firstLine("  one\ntwo", 10), "one");
  assert.equal(firstLine("0123456789abc", 10), "012345678…");
});

test("a question is cut where it would push its answer off the screen", () => {
  assert.equal(shortened(" one\ntwo\nthree "), "one\ntwo\nthree");
  assert.equal(shortened("1\r\n2\r\n3\r\n4"), "1\n2\n3…");
  assert.deepEqual(
    [shortened("x".repeat(160)), shortened("x".repeat(161))],
    ["x".repeat(160), `${"x".repeat(159)}…`],
  );
});

test("a conversation as a document is harmless to preview", () => {
  const answer = { ...ANSWER, content: "Look: ![x](https://evil.test)\n" };
  assert.equal(
    conversationDocument([{ question: "What # now?", answer }]),
    "# What \\# now?\n\nLook: !\\[x](https://evil.test)\n",
  );
});

test("a transcript has everything, in order, and the last question apart", () => {
  assert.equal(transcript([{ role: "user", text: "Hi" }]), "Hi");
  assert.equal(
    transcript([
      { role: "system", text: "Be short." },
      { role: "user", text: "1+1?" },
      { role: "assistant", text: "2" },
      { role: "user", text: "+1?" },
      { role: "assistant", text: " " },
    ]),
    "The conversation so far:\n\nInstructions:\nBe short.\n\nUser:\n1+1?\n\nAssistant:\n2\n\nAnswer this now:\n\n+1?",
  );
});

test("the report of Check Setup has a verdict, and every check with its hint, what failed first", () => {
  const report = doctorReport(
    {
      checks: [
        { id: "config", title: "config.toml", status: "ok", detail: "found" },
        { id: "address", title: "Address", status: "failed", detail: "refused", hint: "Start LM Studio." },
      ],
    },
    { server: "bundled", side: "this machine", version: "1.90.0" },
  );
  assert.equal(
    report,
    [
      "# Codex: Check Setup",
      "1 of 2 checks failed.",
      "- ❌ **Address**: refused\n  - Start LM Studio\\.\n- ✅ **config\\.toml**: found",
      "VS Code 1\\.90\\.0, on this machine\\. Server\\: bundled\\. No key or header is in this report\\.",
      "",
    ].join("\n\n"),
  );
});

test("an answer that has ended is announced with how it ended", () => {
  const told = announcement({ ...ANSWER, status: "completed" }, "Why?\nReally?");
  assert.deepEqual(told, { text: "$(check) Codex: answer done", spoken: "Codex, local: answer done. Why?" });
  const failed = announcement({ ...ANSWER, status: "failed" }, "Why?");
  assert.deepEqual(failed, {
    text: "$(warning) Codex: answer failed",
    spoken: "Codex, local: answer failed. Why?",
  });
});

test("a step of the server is a link to one command with its argument", () => {
  const step = commandOf({ action: "setApiKey", argument: "a) b" });
  assert.equal(linkOf(step), "[Set API Key...](command:codex.setApiKey?%5B%22a%29%20b%22%5D)");
});
