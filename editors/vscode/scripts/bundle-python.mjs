/**
 * Makes `bundled/`: the codex-ls server of this repository with its dependencies, pure Python, for any platform.
 *
 * Wheels are taken for "any" platform only, so a compiled package is an error here and not on a user's machine.
 */

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../../..");
const bundled = path.resolve(import.meta.dirname, "../bundled");
const requirements = path.resolve(import.meta.dirname, "../python/requirements.txt");
const libs = path.join(bundled, "libs");
const COMPILED = /\.(so|pyd|dylib|dll)$/;

/** Makes `bundled/` anew; with `keepLibs`, what came from the package index stays if it is what is wanted. */
export function bundlePython({ python = process.env.PYTHON ?? "python3", keepLibs = false } = {}) {
  const stamp = path.join(bundled, "requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (!keepLibs || !existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    rmSync(bundled, { recursive: true, force: true });
    mkdirSync(libs, { recursive: true });
    const anyPlatform = [
      "--platform",
      "any",
      "--implementation",
      "py",
      "--abi",
      "none",
      "--python-version",
      "3.11",
    ];
    const quiet = [
      "--quiet",
      "--disable-pip-version-check",
      "--no-compile",
      "--no-deps",
      "--only-binary",
      ":all:",
    ];
    const args = ["-m", "pip", "install", ...quiet, ...anyPlatform, "--target", libs, "-r", requirements];
    execFileSync(python, args, { stdio: "inherit" });
    rmSync(path.join(libs, "bin"), { recursive: true, force: true });
    writeFileSync(stamp, wanted);
  }
  const notCaches = (source) => !source.includes("__pycache__");
  rmSync(path.join(libs, "codex_ls"), { recursive: true, force: true });
  cpSync(path.join(root, "codex_ls"), path.join(libs, "codex_ls"), { recursive: true, filter: notCaches });
  cpSync(path.resolve(import.meta.dirname, "../python/serve.py"), path.join(bundled, "serve.py"));
  writeFileSync(path.join(bundled, "engine.txt"), `${engineRequirement()}\n`);
  for (const cache of folders(bundled).filter((folder) => path.basename(folder) === "__pycache__")) {
    rmSync(cache, { recursive: true, force: true });
  }
  const compiled = files(libs).filter((file) => COMPILED.test(file));
  if (compiled.length > 0) throw new Error(`Not pure Python: ${compiled.join(", ")}`);
}

/** The one line of the extra `embedded` in pyproject.toml. */
function engineRequirement() {
  const pyproject = readFileSync(path.join(root, "pyproject.toml"), "utf8");
  const found = /^embedded = \["([^"]+)"\]$/m.exec(pyproject)?.[1];
  if (found === undefined) throw new Error("pyproject.toml has no extra `embedded` with one requirement");
  return found;
}

function files(folder) {
  return below(folder).filter((file) => !statSync(file).isDirectory());
}

function folders(folder) {
  return below(folder).filter((file) => statSync(file).isDirectory());
}

function below(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => path.join(folder, name));
}

if (process.argv[1] === import.meta.filename) bundlePython();
