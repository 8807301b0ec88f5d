/**
 * How the server is started: the user's own program, or the bundled one on a Python that was found.
 *
 * Nothing of it comes from a workspace: the settings are the user's own, the working folder is the
 * extension's, and Python runs isolated (`-I`), so that no `codex_ls` folder or `PYTHONPATH` gets in between.
 */

import { access, mkdir, readdir } from "node:fs/promises";
import * as path from "node:path";
import { extensions, userSetting, workspace } from "./editor";
import type { ExtensionContext, UserSetting } from "./editor";
import { pythonIn } from "./engine";
import { findPython } from "./python";
import type { Python } from "./python";

export interface Launch {
  readonly command: string;
  /** The arguments that make `command` the codex-ls program; the subcommand comes after them. */
  readonly program: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** For the log and the status bar: "bundled server, Python 3.12.1". */
  readonly what: string;
}

/** The server can't be started; the message says why, the hint what to do. */
export class CannotStart extends Error {
  constructor(
    message: string,
    readonly hint: string,
    /** The setting that would mend it. */
    readonly setting?: UserSetting,
  ) {
    super(message);
  }
}

/** Finds out how to start the server, or throws `CannotStart`. */
export async function findLaunch(context: ExtensionContext): Promise<Launch> {
  const cwd = context.globalStorageUri.fsPath;
  await mkdir(cwd, { recursive: true });
  const own = userSetting("server.path");
  if (own !== "") {
    if (!path.isAbsolute(own)) {
      throw new CannotStart(
        `codex.server.path is not an absolute path: ${own}`,
        "Give the whole path of your codex-ls.",
        "server.path",
      );
    }
    return { command: own, program: [], cwd, env: environment(), what: own };
  }
  const python = await findBundledPython(cwd, context.asAbsolutePath("bundled"));
  const script = context.asAbsolutePath(path.join("bundled", "serve.py"));
  return {
    command: python.path,
    program: ["-I", "-X", "utf8", script],
    cwd,
    env: environment(),
    what: `bundled server, Python ${python.version} (${python.path})`,
  };
}

async function findBundledPython(storage: string, bundled: string): Promise<Python> {
  const python = await findPython({
    setting: userSetting("python.interpreter"),
    ...(await ownPython(storage)),
    ...(await chosenPython()),
    searchPath: process.env.PATH ?? "",
    untrustedFolders: (workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
    versions: await bundledVersions(bundled),
  });
  if (typeof python !== "string") return python;
  throw new CannotStart(
    python,
    "Set codex.python.interpreter to one, or run `pipx install codex-ls` and set codex.server.path to its program.",
    "python.interpreter",
  );
}

/** The Pythons that compiled packages were bundled for (`cp311` ...), the newest first. */
async function bundledVersions(bundled: string): Promise<string[]> {
  const minors = (await readdir(bundled)).map((name) => Number(/^cp3(\d+)$/.exec(name)?.[1] ?? Number.NaN));
  return minors
    .filter((minor) => !Number.isNaN(minor))
    .sort((one, other) => other - one)
    .map((minor) => `3.${minor}`);
}

/** The folder of the environment that holds the built-in model's engine. */
export function engineEnvironment(storage: string): string {
  return path.join(storage, "engine");
}

async function ownPython(storage: string): Promise<{ own?: string }> {
  const own = pythonIn(engineEnvironment(storage));
  try {
    await access(own);
    return { own };
  } catch {
    return {};
  }
}

interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(): { path: string };
    resolveEnvironment(at: {
      path: string;
    }): Promise<{ executable?: { uri?: { fsPath: string } } } | undefined>;
  };
}

/** What the Python extension has chosen, in a trusted workspace. */
async function chosenPython(): Promise<{ extension?: string }> {
  const python = extensions.getExtension<PythonExtension>("ms-python.python");
  if (python === undefined || !workspace.isTrusted) return {};
  const environments = (await python.activate()).environments;
  if (environments === undefined) return {};
  const resolved = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
  const chosen = resolved?.executable?.uri?.fsPath;
  return chosen === undefined ? {} : { extension: chosen };
}

function environment(): Record<string, string> {
  const home = userSetting("home");
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    ...Object.fromEntries(inherited),
    ...(home !== "" && { CODEX_HOME: home }),
  };
}
