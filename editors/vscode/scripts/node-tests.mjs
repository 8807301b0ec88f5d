/**
 * Bundles the tests of a folder, runs them in plain Node, and ends with one line: "N passed, N failed".
 *
 * `only` is a part of a file's name, `named` a pattern for the names of tests.
 */

import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { build } from "esbuild";

export async function runNodeTests(
  folder,
  { only = "", named = "", concurrency = false, timeout = 30_000, alias = {} } = {},
) {
  const out = path.join("out", folder);
  rmSync(out, { recursive: true, force: true });
  const tests = readdirSync(folder).filter((name) => name.endsWith(".test.ts") && name.includes(only));
  await build({
    entryPoints: tests.map((name) => path.join(folder, name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
    logLevel: "warning",
    alias,
  });
  const count = { passed: 0, failed: 0, skipped: 0 };
  const files = readdirSync(out).map((name) => path.resolve(out, name));
  const testNamePatterns = named === "" ? undefined : [named];
  const stream = run({ files, concurrency, timeout, testNamePatterns });
  stream.on(
    "test:pass",
    (test) => isTest(test) && (count[test.skip === undefined ? "passed" : "skipped"] += 1),
  );
  stream.on("test:fail", (test) => isTest(test) && (count.failed += 1));
  await new Promise((done) => {
    stream.on("end", done);
    stream.compose(spec).pipe(process.stdout);
  });
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
  process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
}

/** A suite, and a file that ran through, are no tests. */
function isTest({ details, name }) {
  return details.type !== "suite" && !name.endsWith(".mjs");
}
