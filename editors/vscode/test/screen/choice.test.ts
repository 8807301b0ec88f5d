/** Model and effort, chosen with the keyboard alone: for one question, and for the workspace. */

import assert from "node:assert/strict";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";
import { SAMPLE } from "../support/workspace";

/** As LM Studio 0.4 tells of its models. */
const KEPT = [
  {
    key: "qwen3-8b",
    type: "llm",
    size_bytes: 5_030_000_000,
    max_context_length: 40_960,
    loaded_instances: [],
  },
  {
    key: "gpt-oss-20b",
    type: "llm",
    size_bytes: 12_110_000_000,
    max_context_length: 131_072,
    loaded_instances: [{ id: "gpt-oss-20b", config: { context_length: 32_768 } }],
  },
  {
    key: "devstral-small-2-24b",
    type: "llm",
    size_bytes: 14_330_000_000,
    max_context_length: 393_216,
    loaded_instances: [],
  },
];

const here = session({
  settings: { "codex.thinking.reveal": "onAsk" },
  prepare: async ({ sandbox, model }) => {
    sandbox.config([{ name: "local-oss", baseUrl: model.baseUrl, model: "gpt-oss-20b" }]);
    const data = KEPT.map(({ key }) => ({ id: key, object: "model" }));
    await model.script({
      routes: {
        "GET /v1/models": { before: [{ gate: "asked" }], json: { object: "list", data } },
        "GET /api/v1/models": { json: { models: KEPT } },
        "GET /props": { error: { status: 404, message: "no such path" } },
      },
    });
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

const rows = (): Promise<string[]> => here.window.picks.allInnerTexts();
const title = (): Promise<string> => here.window.page.locator(".quick-input-titlebar").innerText();
const press = (...keys: string[]): Promise<void> =>
  keys.reduce((before, key) => before.then(() => here.window.page.keyboard.press(key)), Promise.resolve());

/** Resolves when the list of this title has a row with this text, and the focus is on such a row. */
async function list(name: string, row: string): Promise<void> {
  const { window } = here;
  const inFocus = window.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: row });
  await until(`the list ${name} with the focus on ${row}`, async () => {
    return (await window.picks.count()) > 0 && (await title()).includes(name) && (await inFocus.count()) > 0;
  });
}

screenTest(here, "a question is asked with the model and the effort that the keyboard chose", async () => {
  const { model, window } = here;
  await model.answer({
    reasoning: ["Two things can go wrong here. ", { gate: "thought" }, "An empty list is one."],
    content: ["It divides by zero when the list is empty."],
  });
  await window.status("local-oss");
  await window.selectLines(8, 9);
  await press("Control+k", "Shift+Q");
  await list("Ask (1/3)", "local-oss");
  await press("Enter");
  await list("Ask: the model of local-oss (2/3)", "As in the profile");
  await model.reached("asked");
  assert.equal(
    (await rows()).length,
    1,
    "the profile's own model can be taken before the server has answered",
  );
  await model.open("asked");
  await until("the server's models", async () => (await rows()).some((row) => row.includes("devstral")));
  const [, first = "", ...others] = await rows();
  assert.match(first, /^gpt-oss-20b\b[^]*loaded · window of 32,768 tokens · 12\.1 GB/);
  for (const row of others) assert.match(row, /not loaded/);
  await press("ArrowDown", "ArrowDown");
  await list("2/3", "qwen3-8b");
  await window.shot("models");
  await press("Enter");
  await list("Ask: the effort of qwen3-8b (3/3)", "As in the profile");
  await window.page.keyboard.type("hi");
  await list("3/3", "high");
  await press("Enter");
  await window.answerInput("What can go wrong here?");
  const { json } = await model.turn(0);
  assert.deepEqual([json!.model, json!.reasoning_effort], ["qwen3-8b", "high"]);
  await model.reached("thought");
  await window.threadLabel(/local-oss · qwen3-8b · effort high \(local\), thinking \d/);
  await window.status(/local-oss · qwen3-8b · effort high \(local\), thinking/);
  const header = " · local-oss · qwen3-8b · effort high\n";
  await until("the header in the channel", async () => (await window.lines(".panel")).includes(header));
  await window.shot("12-chosen");
  await model.open("thought");
  await window.threadLabel(/local-oss · qwen3-8b · effort high \(local\), done in/);
  await window.status(/^\s*local-oss\s*$/);
});

screenTest(here, "a model whose name is typed holds in the workspace until it is taken back", async () => {
  const { model, window } = here;
  await model.answer({ content: ["With mine."] }, { content: ["As ever."] });
  await window.command("Codex: Select Model and Effort...");
  await list("In this workspace: the model of local-oss (1/2)", "As in the profile");
  await window.page.keyboard.type("my-own-model");
  await list("1/2", "my-own-model (as typed)");
  await press("Enter");
  await list("In this workspace: the effort of my-own-model (2/2)", "As in the profile");
  await press("Enter");
  await window.status("local-oss · my-own-model");
  await window.selectLines(1, 5);
  await window.command("Codex: Explain");
  await window.commentWith("With mine.");
  await window.command("Codex: Select Profile...");
  await until("the profiles", async () => (await rows()).some((row) => row.includes("(chosen here)")));
  await window.shot("13-in-force");
  await window.page.keyboard.type("Again");
  const inFocus = window.page.locator(".quick-input-list .monaco-list-row.focused");
  await until("the way back", async () => (await inFocus.innerText()).includes("As in the Profile Again"));
  await press("Enter");
  await window.status(/^\s*local-oss\s*$/);
  await window.command("Codex: Explain");
  await window.commentWith("As ever.");
  const asked = await Promise.all([model.turn(1), model.turn(2)]);
  assert.deepEqual(
    asked.map(({ json }) => [json!.model, json!.reasoning_effort]),
    [
      ["my-own-model", undefined],
      ["gpt-oss-20b", undefined],
    ],
  );
});
