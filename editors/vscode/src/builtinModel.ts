/**
 * The built-in model: its engine in an environment of the extension's own, its file fetched by the server.
 *
 * Nothing is downloaded without a yes to a question that names the sizes.
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { ProgressType } from "vscode-languageclient/node";
import { randomUUID } from "node:crypto";
import { ProgressLocation, userSetting, window } from "./editor";
import type { CancellationToken, ExtensionContext } from "./editor";
import { CannotStart, bundledPython, engineEnvironment, pythonIn } from "./launch";
import { MODELS, MODEL_PULL } from "./protocol";
import type { ModelPullResult } from "./protocol";
import type { Server } from "./server";

const run = promisify(execFile);
const DEFAULT_MODEL = "qwen2.5-coder-1.5b";
const PROGRESS = new ProgressType<{ message?: string; percentage?: number }>();

interface BuiltinModel {
  readonly name: string;
  readonly size?: number;
}

type Report = (message: string, percentage?: number) => void;

/** Fetches engine and model after asking; true when the built-in model is ready. */
export async function getBuiltinModel(context: ExtensionContext, server: Server): Promise<boolean> {
  const model = await chooseModel(server);
  if (model === undefined) return false;
  const needsEngine = userSetting("server.path") === "";
  const detail = [
    needsEngine ? "The engine (llama.cpp, about 34 MB) comes from your Python package index." : "",
    `The model ${model.name} (${megabytes(model.size)}) comes from its public sources and is checked by its checksum.`,
    "Both stay on this machine, and so does everything you ask it.",
  ];
  const yes = await window.showInformationMessage(
    "Fetch the built-in model?",
    { modal: true, detail: detail.filter((line) => line !== "").join("\n") },
    "Fetch",
  );
  if (yes !== "Fetch") return false;
  const location = ProgressLocation.Notification;
  return window.withProgress({ location, title: "Codex", cancellable: true }, async (progress, token) => {
    let shown = 0;
    const report: Report = (message, percentage = shown) => {
      progress.report({ message, increment: percentage - shown });
      shown = percentage;
    };
    if (needsEngine) {
      await installEngine(context, report);
      await server.restart();
    }
    await pull(server, model.name, report, token);
    return true;
  });
}

async function chooseModel(server: Server): Promise<BuiltinModel | undefined> {
  const client = await server.running();
  const { models } = await client.sendRequest<{ models: BuiltinModel[] }>(MODELS, { profile: "embedded" });
  const ordered = [...models].sort(
    (one, other) => Number(other.name === DEFAULT_MODEL) - Number(one.name === DEFAULT_MODEL),
  );
  const items = ordered.map((model) => ({ label: model.name, description: megabytes(model.size), model }));
  return (await window.showQuickPick(items, { placeHolder: "Which built-in model?" }))?.model;
}

/** Makes the environment and installs the engine there; throws with the last words of what failed. */
async function installEngine(context: ExtensionContext, report: Report): Promise<void> {
  const python = await bundledPython(context);
  const target = engineEnvironment(context.globalStorageUri.fsPath);
  try {
    report("Making a Python environment");
    await run(python, ["-I", "-m", "venv", target]);
    report("Installing the engine");
    const wanted = (await readFile(context.asAbsolutePath("bundled/engine.txt"), "utf8")).trim();
    await run(pythonIn(target), ["-I", "-m", "pip", "install", "--quiet", "--only-binary", ":all:", wanted]);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    const reason = (stderr ?? "").trim().split("\n").at(-1);
    throw new CannotStart(
      `The engine could not be installed with ${python}. ${reason ?? ""}`.trim(),
      "See the Codex log.",
    );
  }
}

async function pull(server: Server, name: string, report: Report, token: CancellationToken): Promise<void> {
  const client = await server.running();
  const workDoneToken = randomUUID();
  const listening = client.onProgress(PROGRESS, workDoneToken, ({ message, percentage }) => {
    report(message ?? `Fetching ${name}`, percentage);
  });
  try {
    await client.sendRequest<ModelPullResult>(MODEL_PULL, { name, workDoneToken }, token);
  } finally {
    listening.dispose();
  }
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? "size unknown" : `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;
}
