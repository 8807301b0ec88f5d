import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { moved } from "../../src/anchor";
import { isSteering, isWithin } from "../../src/paths";

/** A document's text, and what stands at the span of `marked` in it, after edits at offsets, one after the other. */
function edited(
  text: string,
  marked: string,
  ...edits: [at: number, removed: number, inserted: string][]
): string {
  const at = (offset: number, of: string): { line: number; character: number } => {
    const lines = of.slice(0, offset).split("\n");
    return { line: lines.length - 1, character: lines.at(-1)!.length };
  };
  const offset = ({ line, character }: { line: number; character: number }, of: string): number =>
    of.split("\n", line).reduce((sum, one) => sum + one.length + 1, 0) + character;
  const start = text.indexOf(marked);
  let span = { start: at(start, text), end: at(start + marked.length, text) };
  let now = text;
  for (const [from, removed, inserted] of edits) {
    span = moved(span, { range: { start: at(from, now), end: at(from + removed, now) }, text: inserted });
    now = now.slice(0, from) + inserted + now.slice(from + removed);
  }
  return now.slice(offset(span.start, now), offset(span.end, now));
}

describe("a span", () => {
  const text = "be\nfore SELEC\nTED af\nter";
  const marked = "SELEC\nTED";
  const kept: [string, [number, number, string][]][] = [
    ["an insertion before", [[0, 0, "longer "]]],
    ["lines inserted before", [[1, 0, "x\ny\n"]]],
    ["lines inserted on its own line", [[5, 0, "x\ny"]]],
    ["an insertion right before", [[8, 0, "x"]]],
    ["an insertion right after", [[17, 0, "x\n"]]],
    ["lines taken away before", [[0, 8, ""]]],
    ["a replacement after", [[18, 6, "ever\nafter"]]],
    [
      "two edits, one after the other",
      [
        [0, 3, ""],
        [0, 0, "a\nb\nc\n"],
      ],
    ],
    [
      "an insertion inside that is undone",
      [
        [10, 0, "x\nyz"],
        [10, 4, ""],
      ],
    ],
  ];
  for (const [what, edits] of kept) {
    test(`follows ${what}`, () => assert.equal(edited(text, marked, ...edits), marked));
  }
  const changed: [string, [number, number, string], string][] = [
    ["a change inside", [9, 1, "xx"], "SxxLEC\nTED"],
    ["lines inserted inside", [13, 0, "\nx"], "SELEC\nx\nTED"],
    ["a deletion that reaches into its start", [5, 5, ""], "LEC\nTED"],
    ["a deletion that reaches over its end", [16, 3, ""], "SELEC\nTE"],
    ["a deletion of it all", [8, 9, ""], ""],
    ["a replacement of everything", [0, text.length, "other\nthing"], "other\nthing"],
  ];
  for (const [what, edit, left] of changed) {
    test(`takes in ${what}`, () => assert.equal(edited(text, marked, edit), left));
  }
  test("that is empty goes behind what is inserted there", () => {
    const at = { line: 1, character: 2 };
    const change = { range: { start: at, end: at }, text: "a\nb" };
    const after = { line: 2, character: 1 };
    assert.deepEqual(moved({ start: at, end: at }, change), { start: after, end: after });
  });
});

describe("a path", () => {
  for (const file of [
    "/w/.vscode/tasks.json",
    "/w/.git/config",
    "C:\\w\\.codex\\config.toml",
    "/w/a.code-workspace",
  ]) {
    test(`${file} steers programs`, () => assert.ok(isSteering(file)));
  }
  for (const file of ["/w/src/a.py", "/w/vscode/a", "/w/.gitignore", "/w/git/.config"]) {
    test(`${file} does not`, () => assert.ok(!isSteering(file)));
  }
  test("is within a folder or not", () => {
    assert.deepEqual(
      ["/w", "/w/a", "/w/..a", "/", "/wx", "/v/a"].map((inner) => isWithin(inner, "/w")),
      [true, true, true, false, false, false],
    );
  });
});
