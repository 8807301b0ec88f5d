/**
 * Makes the VSIX of each platform, and refuses one that is too large: `codex-ls-TARGET-VERSION.vsix`.
 *
 * `npm run package` makes all of them on any machine; `npm run package -- linux-x64` one.
 */

import { readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { createVSIX } from "@vscode/vsce";
import { buildExtension } from "./build.mjs";
import { HERE, TARGETS, bundlePython } from "./bundle-python.mjs";

const LIMIT = 12_000_000;

/** The path of the new VSIX. */
export async function packageExtension({ target = HERE, keepLibs = false } = {}) {
  const here = path.resolve(import.meta.dirname, "..");
  process.chdir(here);
  rmSync("out", { recursive: true, force: true });
  await buildExtension({ minify: true });
  bundlePython({ target, keepLibs });
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const packagePath = path.join(here, `codex-ls-${target}-${version}.vsix`);
  await createVSIX({
    packagePath,
    target,
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

if (process.argv[1] === import.meta.filename) {
  const wanted = process.argv.slice(2);
  for (const target of wanted.length > 0 ? wanted : TARGETS) await packageExtension({ target });
}
