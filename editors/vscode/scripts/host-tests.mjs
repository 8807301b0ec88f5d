/** The tests that run inside a real extension host, in a real VS Code. */

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { buildExtension } from "./build.mjs";
import { bundlePython } from "./bundle-python.mjs";
import { requireHost } from "./require-host.mjs";

await requireHost();

const out = "out/test/host";
rmSync(out, { recursive: true, force: true });
await buildExtension();
bundlePython({ keepLibs: true });
const inHost = readdirSync("test/host").filter((name) => name.endsWith(".test.ts") || name === "index.ts");
const common = { bundle: true, outdir: out, platform: "node", sourcemap: "inline", logLevel: "warning" };
await build({
  ...common,
  entryPoints: inHost.map((name) => `test/host/${name}`),
  format: "cjs",
  external: ["vscode", "mocha"],
  target: "node20",
});
await build({
  ...common,
  entryPoints: ["test/host/runner.ts"],
  outExtension: { ".js": ".mjs" },
  format: "esm",
  packages: "external",
  target: "node20",
});
const env = { ...process.env, ...(process.argv[2] && { CODEX_TEST_GREP: process.argv[2] }) };
process.exitCode = spawnSync(process.execPath, [`${out}/runner.mjs`], { stdio: "inherit", env }).status ?? 1;
