/** VS Code's own chat, without Copilot and without an account: `@codex`, asked and read as a person does. */

import assert from "node:assert/strict";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";
import { SAMPLE } from "../support/workspace";

const here = session({
  settings: { "chat.disableAIFeatures": false },
  prepare: ({ sandbox, model }) => {
    sandbox.config([{ name: "local-oss", baseUrl: model.baseUrl, model: "gpt-oss-20b" }]);
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

const RESPONSE = ".interactive-response";

async function ask(question: string): Promise<void> {
  const { page } = here.window;
  await page.locator(".interactive-input-part .monaco-editor").last().click();
  await page.keyboard.type(question);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
}

async function said(): Promise<string> {
  return here.window.page.locator(RESPONSE).last().innerText();
}

screenTest(here, "thinking is folded, and the answer comes as it is written, safe to read", async () => {
  const { model, window } = here;
  await model.answer({
    reasoning: ["The list may be empty,\n", { gate: "thought" }, "and then len is zero."],
    content: [
      "`mean` divides by\n",
      { gate: "half" },
      "zero:\n\n```python\nif not prices:\n    return 0.0\n```\n\n<b>Not</b> ![x](http://127.0.0.1:9/x.png)\n",
    ],
  });
  await window.status("local-oss", 90_000);
  await window.command("Chat: Open Chat");
  await ask("@codex What can go wrong?");
  await model.reached("thought");
  await until("a response", async () => (await window.page.locator(RESPONSE).count()) > 0);
  await model.open("thought");
  await model.reached("half");
  await until("the first half", async () => (await said()).includes("mean divides by"));
  assert.ok(!(await said()).includes("zero:"));
  await model.open("half");
  await until("the answer", async () => (await said()).includes("Show Thinking"));
  assert.ok((await said()).includes("<b>Not</b> ![x]"), await said());
  assert.match(await said(), /Completed \d steps/);
  assert.ok(!(await said()).includes("The list may be empty"), "folded");
  await window.shot("chat-answer");
  const { json } = await model.turn(0);
  assert.ok(json!.messages.at(-1)!.content.includes("What can go wrong?"));
});

screenTest(here, "a question that follows goes to the same thread, and Cancel frees the model", async () => {
  const { model, window } = here;
  await model.answer({ content: ["Yes, ", { gate: "never" }] });
  await ask("Is there another way?");
  await model.reached("never");
  const { json } = await model.turn(1);
  const roles = json!.messages.filter(({ role }) => role !== "system").map(({ role }) => role);
  assert.deepEqual(roles, ["user", "assistant", "user"]);
  await until("the answer so far", async () => (await said()).includes("Yes,"));
  await window.page.locator(".interactive-input-part .monaco-editor").last().click();
  await window.page.keyboard.press("Control+Escape");
  assert.ok((await model.hungUp(1)) >= 0);
});
