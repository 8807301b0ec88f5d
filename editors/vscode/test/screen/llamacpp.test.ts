/** The real thing: llama.cpp with the smallest built-in model, asked through the palette. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "../support/modelServer";
import { screenTest, session } from "../support/session";
import { SAMPLE } from "../support/workspace";

const MODEL = "smollm2-135m";
const models = process.env.CODEX_LS_MODELS ?? path.join(homedir(), ".cache", "codex-ls-tests", "models");
const python = process.env.CODEX_TEST_PYTHON ?? process.env.PYTHON ?? "python3";
const env = { ...process.env, CODEX_LS_MODELS: models };

const missing = whatIsMissing();
if (missing === undefined) {
  const here = session({
    settings: { "codex.thinking.reveal": "onAsk" },
    machine: { "codex.python.interpreter": pythonItself() },
    env: { CODEX_LS_MODELS: models, CI: "true" },
    models: 0,
    prepare: ({ sandbox }) => {
      const profile = `[profiles.built-in]\nmodel = "${MODEL}"\nmodel_provider = "embedded"\nmodel_max_output_tokens = 80\n`;
      sandbox.write("home/.codex/config.toml", `profile = "built-in"\n\n${profile}`);
      return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
    },
  });

  screenTest(here, "a real model thinks and answers on the screen", async () => {
    const { window } = here;
    await window.status("built-in");
    await window.selectLines(1, 5);
    await window.command("Codex: Ask About Selection");
    await window.answerInput("What does this function return?");
    const label = await window.threadLabel(/built-in, (done in|cut off after) .* tokens\/s/, 120_000);
    await window.shot("7-real-model");
    process.stdout.write(`${(await label.textContent()) ?? ""}\n`);
    const answer = await window.page.locator(".review-widget .comment-body").last().textContent();
    assert.ok((answer ?? "").trim().length > 1, "an answer");
    const thinking = (await window.lines(".panel")).split("\n").filter((line) => !/^(##|>|\*|$)/.test(line));
    assert.ok(thinking.join("").trim().length > 1, "a thought");
  });
} else if (process.env.CI === undefined) {
  test("a real model thinks and answers on the screen", { skip: missing }, () => undefined);
} else {
  test("a real model thinks and answers on the screen", () => assert.fail(missing));
}

/** Fetches the model as a user does; a sentence where engine or model can't be had. */
function whatIsMissing(): string | undefined {
  const options = { cwd: REPOSITORY, env, stdio: "ignore" } as const;
  try {
    execFileSync(python, ["-c", "import xllamacpp"], options);
    execFileSync(python, ["-m", "codex_ls", "model", "pull", MODEL, "--yes"], options);
    return undefined;
  } catch (error) {
    return `needs a Python with xllamacpp, and ${MODEL}: ${String(error)}`;
  }
}

/** The program behind a name on PATH or a shim: the setting wants an absolute path. */
function pythonItself(): string {
  return execFileSync(python, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
}
