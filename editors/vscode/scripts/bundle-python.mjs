/**
 * Makes `bundled/`: the codex-ls server of this repository with its dependencies, for one platform.
 *
 * What is pure Python goes into `libs`, what is compiled into a folder for each Python (`cp311` ...), which
 * `serve.py` puts on the path. Wheels alone are taken, so that nothing is built or run here; any machine can
 * bundle for any platform.
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
const own = path.resolve(import.meta.dirname, "../python");
const libs = path.join(bundled, "libs");
const COMPILED = /\.(so|pyd|dylib|dll)$/;

/** The Pythons that are served, as in the names of wheels. */
const PYTHONS = ["311", "312", "313", "314"];

/** VS Code's name of each platform, and the wheels' names of the oldest system that is served there. */
const PLATFORMS = {
  "linux-x64": ["manylinux_2_17_x86_64"],
  "linux-arm64": ["manylinux_2_17_aarch64"],
  "darwin-x64": ["macosx_10_12_x86_64"],
  "darwin-arm64": ["macosx_11_0_arm64"],
  "win32-x64": ["win_amd64"],
  "win32-arm64": ["win_arm64"],
};

export const TARGETS = Object.keys(PLATFORMS);

/** VS Code's name of this machine's platform. */
export const HERE = `${process.platform}-${process.arch}`;

/** Makes `bundled/` anew; with `keepLibs`, what came from the package index stays if it is what is wanted. */
export function bundlePython({
  python = process.env.PYTHON ?? "python3",
  target = HERE,
  keepLibs = false,
} = {}) {
  const platforms = PLATFORMS[target];
  if (platforms === undefined) throw new Error(`There are no wheels for ${target}: ${TARGETS.join(", ")}`);
  const [pure, compiled] = ["requirements.txt", "requirements-compiled.txt"].map((name) =>
    path.join(own, name),
  );
  const stamp = path.join(bundled, "requirements.txt");
  const wanted = `# ${target}\n${readFileSync(pure, "utf8")}${readFileSync(compiled, "utf8")}`;
  if (!keepLibs || !existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    rmSync(bundled, { recursive: true, force: true });
    const anyPlatform = ["--platform", "any", "--implementation", "py", "--abi", "none"];
    install(python, libs, pure, [...anyPlatform, "--python-version", "3.11"]);
    for (const version of PYTHONS) {
      const one = platforms.flatMap((platform) => ["--platform", platform]);
      const abi = ["--implementation", "cp", "--abi", `cp${version}`, "--python-version", version];
      install(python, path.join(bundled, `cp${version}`), compiled, [...one, ...abi]);
    }
    const check = path.resolve(import.meta.dirname, "check-requirements.py");
    const args = [check, path.join(root, "pyproject.toml"), libs, path.join(bundled, `cp${PYTHONS[0]}`)];
    execFileSync(python, args, { stdio: "inherit" });
    writeFileSync(stamp, wanted);
  }
  const notCaches = (source) => !source.includes("__pycache__");
  rmSync(path.join(libs, "codex_ls"), { recursive: true, force: true });
  cpSync(path.join(root, "codex_ls"), path.join(libs, "codex_ls"), { recursive: true, filter: notCaches });
  cpSync(path.join(own, "serve.py"), path.join(bundled, "serve.py"));
  writeFileSync(path.join(bundled, "engine.txt"), `${engineRequirement()}\n`);
  for (const cache of folders(bundled).filter((folder) => path.basename(folder) === "__pycache__")) {
    rmSync(cache, { recursive: true, force: true });
  }
  const misplaced = files(libs).filter((file) => COMPILED.test(file));
  if (misplaced.length > 0) throw new Error(`Not pure Python: ${misplaced.join(", ")}`);
  for (const version of PYTHONS) {
    if (!files(path.join(bundled, `cp${version}`)).some((file) => COMPILED.test(file))) {
      throw new Error(`Nothing compiled came for Python ${version} on ${target}`);
    }
  }
}

/** Installs wheels of the named kind into a folder. */
function install(python, folder, requirements, kind) {
  mkdirSync(folder, { recursive: true });
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"];
  const wheels = ["--only-binary", ":all:", ...kind];
  const args = ["-m", "pip", "install", ...quiet, ...wheels, "--target", folder, "-r", requirements];
  execFileSync(python, args, { stdio: "inherit" });
  rmSync(path.join(folder, "bin"), { recursive: true, force: true });
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

if (process.argv[1] === import.meta.filename) bundlePython({ target: process.argv[2] ?? HERE });
