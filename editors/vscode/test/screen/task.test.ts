/** A task on default settings: what the user is asked, what it did, and its changes as diffs. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { screenTest, session } from "../support/session";
import { SAMPLE } from "../support/workspace";

const here = session({
  defaults: true,
  prepare: ({ sandbox, model }) => {
    const keys = 'sandbox_mode = "workspace-write"\napproval_policy = "untrusted"\n';
    sandbox.config([{ name: "local-oss", baseUrl: model.baseUrl, model: "gpt-oss-20b" }], keys);
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

function call(name: string, args: object): object {
  const calls = [
    { index: 0, id: "c", type: "function", function: { name, arguments: JSON.stringify(args) } },
  ];
  return { chat: { reasoning: ["Cents are enough."], tool_calls: calls, finish_reason: "tool_calls" } };
}

screenTest(here, "a change is asked for with its diff, made, and reviewed file by file", async () => {
  const { window, model, sandbox } = here;
  const file = path.join(sandbox.root, "shop", "prices.py");
  await model.script({
    answers: [
      call("edit_file", { path: "prices.py", old: "return result", new: "return round(result, 2)" }),
      call("write_file", { path: "NOTES.md", content: "Totals are rounded to cents.\n" }),
      { chat: { content: ["`total` rounds to cents now, and NOTES.md says so."] } },
    ],
  });
  await window.openFile("prices.py");
  await window.goToLine(5);
  await window.command("Codex: Do...");
  await window.answerInput("Round totals to cents");
  const dialog = window.page.locator(".monaco-dialog-box");
  await dialog.filter({ hasText: "+    return round(result, 2)" }).waitFor();
  await window.shot("approval");
  assert.equal(readFileSync(file, "utf8"), SAMPLE);
  await dialog.getByText("Yes", { exact: true }).click();
  await dialog.filter({ hasText: "NOTES.md" }).waitFor();
  await dialog.getByText("Yes", { exact: true }).click();
  await window.commentWith("rounds to cents now");
  await window.threadLabel(/done in/);
  await window.page.locator(".review-widget .author", { hasText: "local-oss" }).waitFor();
  await window.shot("41-task-done");
  await window.command("Codex: Review Task Changes");
  await window.picks.filter({ hasText: "prices.py" }).waitFor();
  await window.shot("42-changed-files");
  const row = window.picks.filter({ hasText: "NOTES.md" });
  await row.hover();
  await row.locator(".codicon-discard").click();
  await row.waitFor({ state: "hidden" });
  await window.pick("prices.py");
  await window.page.locator(".monaco-diff-editor .line-insert").first().waitFor();
  await window.shot("changes");
  assert.equal(readFileSync(file, "utf8"), SAMPLE.replace("return result", "return round(result, 2)"));
});
