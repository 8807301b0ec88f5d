/** Ask, think, answer, follow up, stop: what a person does and sees, with the stream held where it matters. */

import assert from "node:assert/strict";
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
    reasoning: ["The list may be empty, ", { gate: "thought" }, "so len is zero."],
    content: ["`mean` divides by ", { gate: "half" }, "zero for an empty list."],
  });
  await window.status("local-oss");
  await window.selectLines(8, 9);
  await window.command("Codex: Ask About Selection");
  await window.answerInput("What can go wrong here?");

  await model.reached("thought");
  await until("the first thought in the channel", async () =>
    (await window.lines(".panel")).includes("The list may be empty,"),
  );
  await window.threadLabel(/local-oss, thinking \d/);
  await window.shot("1-thinking");
  await model.open("thought");

  await model.reached("half");
  await window.commentWith("mean divides by");
  assert.ok((await window.lines(".panel")).includes("so len is zero."));
  await window.shot("2-answering");
  await model.open("half");

  await window.commentWith("mean divides by zero for an empty list.");
  await window.threadLabel(/local-oss, done in \d/);
  await window.shot("3-answered");
});

screenTest(here, "a reply carries the conversation", async () => {
  const { model, window } = here;
  await model.answer({ content: ["Return 0.0 for an empty list."] });
  await window.page.locator(".review-widget .review-thread-reply-button").last().click();
  await window.page.keyboard.type("And how to fix it?");
  await window.shot("4-replying");
  await window.page.locator(".review-widget .monaco-text-button", { hasText: "Ask" }).last().click();
  await window.commentWith("Return 0.0 for an empty list.");
  const { json } = await model.turn(1);
  const said = json!.messages
    .filter(({ role }) => role !== "system")
    .map(({ role, content }) => [role, content] as const);
  assert.deepEqual(
    said.map(([role]) => role),
    ["user", "assistant", "user"],
  );
  assert.match(said[0]![1], /What can go wrong here\?/);
  assert.match(said[1]![1], /divides by zero/);
  assert.match(said[2]![1], /And how to fix it\?/);
});
