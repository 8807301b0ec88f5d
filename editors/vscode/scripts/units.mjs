/** Runs the unit tests in plain Node, and ends with one line: "N passed, N failed". */

import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { build } from "esbuild";

const out = "out/test/units";
rmSync(out, { recursive: true, force: true });
const tests = readdirSync("test/units").filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: tests.map((name) => path.join("test/units", name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  packages: "external",
  sourcemap: "inline",
  logLevel: "warning",
});

let passed = 0;
let failed = 0;
const files = readdirSync(out).map((name) => path.resolve(out, name));
const stream = run({ files, concurrency: true });
// A file counts as a test of its own, one level above those inside it.
stream.on("test:pass", ({ nesting, details }) => (passed += isTest(nesting, details)));
stream.on("test:fail", ({ nesting, details }) => (failed += isTest(nesting, details)));
stream.on("end", () => {
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
});
stream.compose(spec).pipe(process.stdout);

function isTest(nesting, details) {
  return nesting >= 0 && details.type !== "suite" ? 1 : 0;
}
