/** Every shape in protocol.ts is the published one, field by field, optional where it is optional. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** The interfaces of a text: their fields, `?` behind those that may be absent. */
function shapes(text: string): Map<string, string[]> {
  const found = text.matchAll(/interface (\w+) \{[^\n]*\n([^]*?)\n\}/g);
  return new Map(
    [...found].map(([, name, body]) => [
      name!,
      [...body!.matchAll(/^ {2}(\w+\??):/gm)].map(([, field]) => field!).sort(),
    ]),
  );
}

test("the shapes are those of docs/protocol.md", () => {
  const published = shapes(readFileSync("../../docs/protocol.md", "utf8"));
  const ours = shapes(readFileSync("src/protocol.ts", "utf8"));
  const both = [...ours.keys()].filter((name) => published.has(name));
  assert.ok(both.length >= 12, both.join());
  for (const name of both) assert.deepEqual(ours.get(name), published.get(name), name);
});
