/**
 * Makes sure that there is a VS Code to test in, before anything else takes time.
 *
 * Where there can't be one, the tests are skipped with a line that says why; in CI that is a failure.
 */

import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

export async function requireHost() {
  const outfile = path.resolve("out/test/support/host.mjs");
  await build({
    entryPoints: ["test/support/host.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
  });
  const { ensureHost } = await import(pathToFileURL(outfile).href);
  try {
    ensureHost();
  } catch (error) {
    if (process.env.CI) throw error;
    process.stdout.write(`Skipped: no VS Code to test in, ${error.message}\n0 passed, 0 failed, 1 skipped\n`);
    process.exit(0);
  }
}

if (process.argv[1] === import.meta.filename) await requireHost();
