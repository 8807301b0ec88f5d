/** Makes the universal VSIX, and refuses one that is too large: `codex-ls-VERSION.vsix`, under 2 MB. */

import { readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { createVSIX } from "@vscode/vsce";
import { buildExtension } from "./build.mjs";
import { bundlePython } from "./bundle-python.mjs";

const LIMIT = 2_000_000;

/** The path of the new VSIX. */
export async function packageExtension({ keepLibs = false } = {}) {
  const here = path.resolve(import.meta.dirname, "..");
  process.chdir(here);
  rmSync("out", { recursive: true, force: true });
  await buildExtension({ minify: true });
  bundlePython({ keepLibs });
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const packagePath = path.join(here, `codex-ls-${version}.vsix`);
  await createVSIX({
    packagePath,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
    skipLicense: false,
  });
  const { size } = statSync(packagePath);
  if (size >= LIMIT) throw new Error(`${packagePath} has ${size} bytes; the limit is ${LIMIT}.`);
  process.stdout.write(`${path.basename(packagePath)}: ${size} bytes\n`);
  return packagePath;
}

if (process.argv[1] === import.meta.filename) await packageExtension();
