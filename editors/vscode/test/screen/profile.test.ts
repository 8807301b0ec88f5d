/** Choosing a profile from the status bar, replacing code after a diff, and a server that dies. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";
import { SAMPLE } from "../support/workspace";

const FIXED =
  "def mean(prices):\n    if not prices:\n        return 0.0\n    return total(prices) / len(prices)";

const here = session({
  models: 2,
  settings: { "files.autoSave": "off" },
  prepare: ({ sandbox, models }) => {
    sandbox.config([
      { name: "local-oss", baseUrl: models[0]!.baseUrl, model: "gpt-oss-20b" },
      { name: "local-coder", baseUrl: models[1]!.baseUrl, model: "qwen3-coder-30b" },
    ]);
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

screenTest(here, "the status bar opens the profiles, and the choice answers the next question", async () => {
  const { window, models, sandbox } = here;
  await window.status("local-oss");
  await window.page.locator(".statusbar-item", { hasText: "local-oss" }).click();
  await until("the profiles", async () => (await window.picks.count()) >= 2);
  await window.shot("profiles");
  await window.pick("local-coder");
  await window.pick("This workspace");
  await window.status("local-coder");
  const written = (): string =>
    readFileSync(path.join(sandbox.root, "shop", ".vscode", "settings.json"), "utf8");
  assert.match(written(), /"codex.profile": "local-coder"/);
  await models[1]!.answer({ content: ["Guard it:\n\n```python\n", `${FIXED}\n`, "```\n"] });
  await window.selectLines(8, 9);
  await window.command("Codex: Ask About Selection");
  await window.answerInput("Make mean safe for an empty list");
  await window.commentWith("Guard it:");
  await window.threadLabel(/local-coder \(local\), done in/);
  assert.equal((await models[1]!.turn(0)).json!.model, "qwen3-coder-30b");
});

screenTest(here, "Replace Selection shows a diff that the keyboard accepts", async () => {
  const { window } = here;
  await window.command("Codex: Replace Selection with Answer");
  await window.page.locator(".tab", { hasText: "proposed by local-coder" }).waitFor();
  await window.page.locator(".monaco-diff-editor").first().waitFor();
  await window.shot("diff");
  await window.command("Codex: Accept Proposed Edit");
  await until("the new code", async () => (await window.lines(".part.editor")).includes("if not prices:"));
});

screenTest(here, "a server that dies says so once, and the text stays", async () => {
  const { window, models } = here;
  await models[1]!.answer({ content: ["This text stays", { gate: "never" }, "!"] }, { content: ["Alive."] });
  await window.selectLines(1, 5);
  await window.command("Codex: Explain");
  await window.commentWith("This text stays");
  const pids = execFileSync("pgrep", ["-f", `^[^ ]*python.*${here.sandbox.extensions}.*serve.py`], {
    encoding: "utf8",
  });
  for (const pid of pids.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
  await window.notification(
    "The codex-ls server stopped, and was restarted. The text on the screen is kept.",
  );
  assert.equal(await window.page.locator(".notification-toast").count(), 1);
  await window.commentWith("This text stays");
  await window.threadLabel(/local-coder \(local\), interrupted after/);
  await window.shot("10-restarted");
  await window.command("Notifications: Clear All Notifications");
  await window.command("Codex: Explain");
  await window.commentWith("Alive.");
});
