/**
 * The built-in model: its engine in an environment of the extension's own, its file fetched by codex-ls itself.
 *
 * Nothing is downloaded without a yes to a question that names the sizes.
 */

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { ProgressLocation, userSetting, window } from "./editor";
import type { CancellationToken, ExtensionContext } from "./editor";
import { CannotStart, bundledPython, engineEnvironment, findLaunch, pythonIn } from "./launch";
import type { Launch } from "./launch";
import type { Server } from "./server";

const run = promisify(execFile);
const MODEL = "qwen2.5-coder-1.5b";

type Report = (message: string, percentage?: number) => void;

/** Fetches engine and model after asking; true when the built-in model is ready. */
export async function getBuiltinModel(context: ExtensionContext, server: Server): Promise<boolean> {
  const needsEngine = userSetting("server.path") === "";
  const known = await describeModel(await findLaunch(context));
  const detail = [
    ...(needsEngine ? ["The engine, llama.cpp (about 34 MB), comes from your Python package index."] : []),
    `The model, ${known}, comes from its public sources and is checked by its checksum.`,
    "Both stay on this machine, and so does everything you ask it.",
  ];
  const options = { modal: true, detail: detail.join("\n") };
  const yes = await window.showInformationMessage("Fetch the built-in model?", options, "Fetch");
  if (yes !== "Fetch") return false;
  const progressOptions = { location: ProgressLocation.Notification, title: "Codex", cancellable: true };
  await window.withProgress(progressOptions, async (progress, token) => {
    let shown = 0;
    const report: Report = (message, percentage = shown) => {
      progress.report({ message, increment: percentage - shown });
      shown = percentage;
    };
    if (needsEngine) await installEngine(context, report);
    await pull(await findLaunch(context), report, token);
  });
  await server.restart();
  void window.showInformationMessage("The built-in model is ready: choose the profile `embedded`, and ask.");
  return true;
}

/** "qwen2.5-coder-1.5b (1,117 MB)", with the size as codex-ls itself lists it. */
async function describeModel(launch: Launch): Promise<string> {
  const { stdout } = await run(launch.command, [...launch.program, "models"], {
    cwd: launch.cwd,
    env: launch.env,
  });
  const size = new RegExp(`^${MODEL.replaceAll(".", "\\.")}\\s+([\\d,]+ [KMG]B)`, "m").exec(stdout)?.[1];
  return size === undefined ? MODEL : `${MODEL} (${size})`;
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
    throw new CannotStart(`The engine could not be installed with ${python}.`, lastWords(error));
  }
}

/** `codex-ls model pull`, its progress shown; cancelling ends it, and a later one goes on from there. */
async function pull(launch: Launch, report: Report, token: CancellationToken): Promise<void> {
  const args = [...launch.program, "model", "pull", MODEL, "--yes"];
  const child = spawn(launch.command, args, {
    cwd: launch.cwd,
    env: launch.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const cancelling = token.onCancellationRequested(() => child.kill());
  let last = "";
  createInterface(child.stderr).on("line", (line) => {
    last = line.trim() === "" ? last : line.trim();
    const percent = /(\d+) ?%/.exec(line)?.[1];
    report(last, percent === undefined ? undefined : Number(percent));
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  cancelling.dispose();
  if (code !== 0 && !token.isCancellationRequested)
    throw new CannotStart("The model could not be fetched.", last);
}

function lastWords(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return (stderr ?? String(error)).trim().split("\n").at(-1) ?? "";
}
