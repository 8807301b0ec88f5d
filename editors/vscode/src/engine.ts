/**
 * The built-in model's engine: llama.cpp, compiled, in a Python environment of the extension's own.
 *
 * The bundled server is pure Python and runs anywhere; what is compiled comes from the user's own package index, with
 * the user's own settings of pip, and only as a wheel: nothing of it is run while it is installed. The server is then
 * run by that environment's Python.
 */

import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import type { CancellationToken } from "./editor";

/** What the built-in engine is imported as. */
const MODULE = "xllamacpp";

export interface Engine {
  /** The Python that makes the environment. */
  readonly python: string;
  /** The folder of the environment. */
  readonly folder: string;
  /** What pip is asked for, as in "name>=1.2". */
  readonly requirement: string;
}

/** The engine could not be installed; the message has the last words of the program that failed. */
export class EngineFailed extends Error {}

/** What pip is asked for: the extra of the server that comes with the extension. */
export async function engineRequirement(bundled: string): Promise<string> {
  return (await readFile(path.join(bundled, "engine.txt"), "utf8")).trim();
}

/** Whether this Python has the engine. */
export async function hasEngine(python: string): Promise<boolean> {
  const code = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${MODULE}") is None)`;
  return (await finished(python, ["-I", "-c", code])).code === 0;
}

/**
 * Makes the environment and installs the engine there. Throws `EngineFailed`.
 *
 * False if it was cancelled. What is half done then, or has failed, is taken away again.
 */
export async function installEngine(
  { python, folder, requirement }: Engine,
  tell: (message: string) => void,
  token: CancellationToken,
): Promise<boolean> {
  const pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--only-binary", ":all:"];
  const steps = [
    { says: "Making a Python environment", program: python, args: ["-I", "-m", "venv", folder] },
    { says: "Installing the engine", program: pythonIn(folder), args: [...pip, requirement] },
  ];
  for (const { says, program, args } of steps) {
    tell(says);
    const { code, words } = await finished(program, args, token);
    if (code === 0 && !token.isCancellationRequested) continue;
    await rm(folder, { recursive: true, force: true });
    if (token.isCancellationRequested) return false;
    throw new EngineFailed(`The engine could not be installed with ${program}: ${words}`);
  }
  return true;
}

/** The Python of an environment. */
export function pythonIn(folder: string): string {
  return process.platform === "win32"
    ? path.join(folder, "Scripts", "python.exe")
    : path.join(folder, "bin", "python");
}

/** Runs a program to its end, which cancelling brings about; `words` is the last line that tells of an error. */
function finished(
  program: string,
  args: readonly string[],
  token?: CancellationToken,
): Promise<{ code: number | null; words: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], cwd: homedir() });
    const stopping = token?.onCancellationRequested(() => child.kill("SIGKILL"));
    let said = "";
    const listen = (text: Buffer): void => void (said = (said + text.toString()).slice(-4000));
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    const end = (code: number | null, problem = lastWords(said)): void => {
      stopping?.dispose();
      resolve({ code, words: problem });
    };
    child.once("error", (error) => end(null, error.message));
    child.once("close", (code) => end(code));
  });
}

function lastWords(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  const errors = lines.filter((line) => /error/i.test(line));
  return errors.at(-1) ?? lines.filter((line) => line !== "").at(-1) ?? "it said nothing";
}
