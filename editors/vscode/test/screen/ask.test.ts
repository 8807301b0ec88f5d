/** Ask, think, answer, follow up, stop: what a person does and sees, with the stream held where it matters. */

import assert from "node:assert/strict";
import { best } from "../support/crowd";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";
import { SAMPLE } from "../support/workspace";

const here = session({
  settings: { "codex.thinking.reveal": "onAsk" },
  prepare: ({ sandbox, model }) => {
    sandbox.config([{ name: "local-oss", baseUrl: model.baseUrl, model: "gpt-oss-20b" }]);
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

screenTest(here, "thinking, then answer, stand on the screen while the model holds the rest", async () => {
  const { model, window } = here;
  await model.answer({
    reasoning: [
      "The user asks about mean(). It divides by len(prices). The list may be empty, ",
      { gate: "thought" },
      "and then len is zero:\nthat is a ZeroDivisionError. What should the mean of nothing be? ",
      "statistics.mean raises StatisticsError; 0.0 would hide the problem.",
    ],
    content: [
      "`mean` divides by ",
      { gate: "half" },
      "zero for an empty list, and raises `ZeroDivisionError`.\n\n",
      'Say what you want then:\n\n```python\nif not prices:\n    raise ValueError("no prices")\n```\n',
    ],
  });
  await window.status("local-oss");
  await window.selectLines(8, 9);
  await window.command("Codex: Ask About Selection");
  await window.answerInput("What can go wrong here?");

  await model.reached("thought");
  const thinks = async (text: string): Promise<boolean> => (await window.lines(".panel")).includes(text);
  await until("the first thought in the channel", () => thinks("The list may be empty,"));
  await window.threadLabel(/local-oss \(local\), thinking \d/);
  await window.shot("thinking");
  await model.open("thought");

  await model.reached("half");
  await window.commentWith("mean divides by");
  await until("the whole thought in the channel", () => thinks("0.0 would hide the problem."));
  await window.shot("2-answering");
  await model.open("half");

  await window.commentWith("zero for an empty list");
  await window.threadLabel(/local-oss \(local\), done in \d/);
  await window.shot("answer");
});

screenTest(here, "a reply carries the conversation", async () => {
  const { model, window } = here;
  await model.answer({ content: ["Yes: `statistics.fmean` raises there, too."] });
  await window.page.locator(".review-widget .review-thread-reply-button").last().click();
  await window.page.keyboard.type("Is there one in the standard library?");
  await window.shot("4-replying");
  await window.page.locator(".review-widget .monaco-text-button", { hasText: "Ask" }).last().click();
  await window.commentWith("statistics.fmean raises there, too.");
  const { json } = await model.turn(1);
  const said = json!.messages.filter(({ role }) => role !== "system");
  assert.deepEqual(
    said.map(({ role }) => role),
    ["user", "assistant", "user"],
  );
  for (const [n, text] of [
    "What can go wrong here?",
    "divides by zero",
    "in the standard library?",
  ].entries()) {
    assert.ok(said[n]!.content.includes(text), said[n]!.content);
  }
});

screenTest(here, "an answer stays under its code while lines are typed above it", async () => {
  const { model, window } = here;
  await model.answer({ content: ["Half of ", { gate: "typed" }, "it."] });
  await window.selectLines(4, 5);
  await window.command("Codex: Ask About Selection");
  await window.answerInput("Where am I?");
  await window.commentWith("Half of");
  await window.goToLine(1);
  await window.page.keyboard.press("Home");
  await window.page.keyboard.type("# one\n# two\n");
  await window.page.locator(".part.editor .view-line", { hasText: "# two" }).waitFor();
  await model.open("typed");
  const answer = await window.commentWith("Half of it.");
  await window.threadLabel(/local-oss \(local\), done in/);
  const line = window.page.locator(".part.editor .view-line", { hasText: "return result" });
  const [code, below] = [await line.boundingBox(), await answer.boundingBox()];
  const next = await window.page.locator(".part.editor .view-line", { hasText: "def mean" }).boundingBox();
  assert.ok(code!.y < below!.y && below!.y < next!.y, JSON.stringify([code, below, next]));
  await window.shot("11-edited-above");
  await window.command("Codex: Close Conversation");
});

screenTest(here, "Stop closes the connection within 200 ms, and keeps the text", async () => {
  const { model, window } = here;
  let asked = 3;
  const took = await best(200, async () => {
    const text = `The beginning of a long story, number ${asked},`;
    await model.answer({ content: [text, { gate: `never${asked}` }, "and its end"] });
    await window.selectLines(1, 5);
    await window.command("Codex: Explain");
    await window.commentWith(text);
    const stop = window.page.locator(".review-widget .codicon-debug-stop").first();
    await stop.waitFor();
    const hungUp = model.hungUp(asked);
    asked += 1;
    // From the moment the window has the click: what Playwright does before it is no person's finger.
    await window.page.evaluate(() => {
      addEventListener("mousedown", () => Object.assign(globalThis, { pressed: Date.now() }), {
        capture: true,
        once: true,
      });
    });
    const closed = hungUp.then(() => Date.now());
    await stop.click();
    const end = await closed;
    const pressed = await window.page.evaluate(() => (globalThis as unknown as { pressed: number }).pressed);
    await window.threadLabel(/local-oss \(local\), stopped after/);
    await window.commentWith(text);
    return end - pressed;
  });
  process.stdout.write(`the connection was closed ${took.toFixed(0)} ms after the click\n`);
  assert.ok(took <= 200, `${took} ms`);
});
