/** Two folders in one window, each with its own profile and its own model server, chosen and asked by hand. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";
import { SAMPLE } from "../support/workspace";

const here = session({
  models: 3,
  prepare: ({ sandbox, models }) => {
    const [standing, api, web] = models;
    sandbox.config([
      { name: "standing", baseUrl: standing!.baseUrl, model: "model-0" },
      { name: "for-api", baseUrl: api!.baseUrl, model: "model-1" },
      { name: "for-web", baseUrl: web!.baseUrl, model: "model-2" },
    ]);
    const folders = { folders: [{ path: "api" }, { path: "web" }] };
    const files = [sandbox.write("api/api.py", SAMPLE), sandbox.write("web/web.py", SAMPLE)];
    return { open: sandbox.write("both.code-workspace", JSON.stringify(folders)), files };
  },
});

screenTest(here, "two folders choose two profiles, and reach two model servers", async () => {
  const { window, models, sandbox } = here;
  const [standing, api, web] = models;
  await window.status("standing");
  for (const [folder, profile] of [
    ["api", "for-api"],
    ["web", "for-web"],
  ] as const) {
    await window.openFile(`${folder}.py`);
    await window.command("Codex: Select Profile...");
    await window.pick(profile);
    await window.pick(`The folder ${folder}`);
    await window.status(profile);
    const settings = path.join(sandbox.root, folder, ".vscode", "settings.json");
    await until("the folder's setting", () => {
      return Promise.resolve(readFileSync(settings, "utf8").includes(`"codex.profile": "${profile}"`));
    });
  }
  await api!.answer({ content: ["From the API's own model"] });
  await web!.answer({ content: ["From the web's own model"] });
  for (const [folder, model, says] of [
    ["api", api!, "From the API's own model"],
    ["web", web!, "From the web's own model"],
  ] as const) {
    await window.openFile(`${folder}.py`);
    await window.status(`for-${folder}`);
    await window.selectLines(8, 9);
    await window.command("Codex: Ask About Selection");
    await window.answerInput(`Who answers in ${folder}?`);
    await window.commentWith(says);
    await window.threadLabel(new RegExp(`for-${folder} \\(local\\), done in`));
    const asked = (await model.log()).requests.filter(({ method }) => method === "POST");
    assert.equal(asked.length, 1);
    assert.ok(asked[0]!.json!.messages.at(-1)!.content.includes(`${folder}.py`));
    await window.shot(`9-folder-${folder}`);
  }
  assert.deepEqual((await standing!.log()).connections, 0);
});
