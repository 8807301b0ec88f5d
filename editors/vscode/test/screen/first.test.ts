/** The first minute of a new user: default settings, no config.toml, a model server that runs on this machine. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { after } from "node:test";
import { ModelServer } from "../support/modelServer";
import { screenTest, session } from "../support/session";
import { SAMPLE } from "../support/workspace";

/** Some of the ports that are looked at (`codex_ls/providers/servers/discover.py`). */
const PORTS = [10240, 4891, 4000, 5001, 1337, 30000];

let model: ModelServer | undefined;
after(() => model?.stop());

const here = session({
  models: 0,
  defaults: true,
  prepare: async ({ sandbox }) => {
    model = await ModelServer.start(await freePort());
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

/** The first of the ports that nothing listens at. */
async function freePort(): Promise<number> {
  for (const port of PORTS) {
    const isTaken = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (!isTaken) return port;
  }
  throw new Error("every port of a model server is in use");
}

screenTest(here, "Getting Started opens once, where nothing is configured", async () => {
  const { window } = here;
  await window.page.getByText("Three steps from nothing to the first answer.").waitFor({ timeout: 90_000 });
  await window.shot("30-welcome");
});

screenTest(here, "the first question offers what answers here, and one key has it asked", async () => {
  const { window, sandbox } = here;
  await model!.answer({ content: ["It fails for an empty list."] });
  await window.openFile("prices.py");
  await window.goToLine(8);
  await window.page.keyboard.press("Control+k");
  await window.page.keyboard.press("q");
  const input = window.page.locator(".quick-input-widget .quick-input-box input");
  await input.waitFor();
  const begun = Date.now();
  await window.page.keyboard.type("What can go wrong?");
  await window.page.keyboard.press("Enter");
  await window.picks.filter({ hasText: "test-model" }).waitFor();
  await window.shot("31-first-question");
  await window.page.keyboard.press("Enter");
  await window.commentWith("It fails for an empty list.");
  const seconds = (Date.now() - begun) / 1000;
  process.stdout.write(`from the first letter to the first answer: 2 actions, ${seconds.toFixed(1)} s\n`);
  await window.threadLabel(/llamacpp \(local\), done in/);
  await window.status("llamacpp");
  await window.shot("32-first-answer");
  const codex = path.join(sandbox.home, ".codex");
  assert.match(readFileSync(path.join(codex, "llamacpp.config.toml"), "utf8"), /model = "test-model"/);
  const { json } = await model!.turn(0);
  assert.ok(json!.messages.at(-1)!.content.includes("What can go wrong?"));
});

screenTest(here, "the second question is asked at once, and nothing opens after a reload", async () => {
  const { window } = here;
  await model!.answer({ content: ["Yes."] });
  await window.goToLine(1);
  await window.page.keyboard.press("Control+k");
  await window.page.keyboard.press("q");
  await window.answerInput("Is it fast?");
  await window.commentWith("Yes.");
  await window.command("View: Close All Editors");
  await window.command("Developer: Reload Window");
  await window.status("llamacpp", 90_000);
  assert.equal(await window.page.getByText("Three steps from nothing").count(), 0);
});
