/**
 * Bundles the extension into `out/extension.js`: one file, with everything but VS Code itself. Beside it lies the JSON
 * Schema of config.toml.
 */

import { copyFileSync } from "node:fs";
import { build } from "esbuild";

export async function buildExtension({ minify = false } = {}) {
  await build({
    entryPoints: ["src/extension.ts"],
    outfile: "out/extension.js",
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["vscode"],
    mainFields: ["module", "main"],
    minify,
    sourcemap: minify ? false : "linked",
    logLevel: "warning",
  });
  const schema = "codex-config.schema.json";
  copyFileSync(`../../schema/${schema}`, `out/${schema}`);
}

if (process.argv[1] === import.meta.filename) await buildExtension();
