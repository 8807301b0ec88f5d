/**
 * Finds a Python that the bundled server has compiled packages for, and never one that only the workspace names.
 */

import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import * as path from "node:path";
import { isWithin } from "./paths";

export interface Python {
  readonly path: string;
  readonly version: string;
}

/** Where to look, most wanted first. */
export interface Candidates {
  /** What the user set; nothing else is tried then. */
  readonly setting: string;
  /** The environment that this extension made for the built-in model, if it did. */
  readonly own?: string;
  /** What the Python extension runs for this workspace; absent in Restricted Mode. */
  readonly extension?: string;
  /** `PATH` of the editor. */
  readonly searchPath: string;
  /** Folders whose programs are not to be run just because `PATH` leads there. */
  readonly untrustedFolders: readonly string[];
  /** The versions that are supported, as in "3.11", the newest first. */
  readonly versions: readonly string[];
}

/** Gives a program's "major.minor.micro", or undefined where it is no Python that starts. */
export type AskVersion = (program: string) => Promise<string | undefined>;

/** The first candidate of a supported version, or a sentence that says what was found instead. */
export async function findPython(
  from: Candidates,
  askVersion: AskVersion = versionOf,
): Promise<Python | string> {
  if (from.setting !== "") {
    const version = path.isAbsolute(from.setting) ? await askVersion(from.setting) : undefined;
    if (version !== undefined && isSupported(version, from)) return { path: from.setting, version };
    const found = version === undefined ? "does not run" : `is Python ${version}`;
    return `codex.python.interpreter: ${from.setting} ${found}; the server requires ${wanted(from)}.`;
  }
  let other: string | undefined;
  for (const program of await programs(from)) {
    const version = await askVersion(program);
    if (version !== undefined && isSupported(version, from)) return { path: program, version };
    other ??= version;
  }
  return `${other === undefined ? "No Python" : `Python ${other}`} was found; the server requires ${wanted(from)}.`;
}

function isSupported(version: string, { versions }: Candidates): boolean {
  return versions.includes(version.split(".").slice(0, 2).join("."));
}

function wanted({ versions }: Candidates): string {
  return `Python ${versions.at(-1) ?? ""} to ${versions[0] ?? ""}`;
}

async function programs(from: Candidates): Promise<string[]> {
  const named = [from.own, from.extension].filter((program) => program !== undefined);
  const folders = from.searchPath
    .split(path.delimiter)
    .filter(
      (folder) => path.isAbsolute(folder) && !from.untrustedFolders.some((one) => isWithin(folder, one)),
    );
  const suffix = process.platform === "win32" ? ".exe" : "";
  const names = [...from.versions.map((version) => `python${version}`), "python3", "python"];
  const searched = names.flatMap((name) => folders.map((folder) => path.join(folder, name + suffix)));
  const existing = await Promise.all(
    [...named, ...searched].map(async (program) => ((await isFile(program)) ? [program] : [])),
  );
  return [...new Set(existing.flat())];
}

async function isFile(program: string): Promise<boolean> {
  try {
    return (await stat(program)).isFile();
  } catch {
    return false;
  }
}

/** Asks the program itself, isolated from the environment and the folder it is started in. */
export function versionOf(program: string): Promise<string | undefined> {
  const code = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
  return new Promise((resolve) => {
    execFile(
      program,
      ["-I", "-S", "-c", code],
      { timeout: 10_000, cwd: path.dirname(program) },
      (error, stdout) => {
        resolve(error === null && /^\d+\.\d+\.\d+\s*$/.test(stdout) ? stdout.trim() : undefined);
      },
    );
  });
}
