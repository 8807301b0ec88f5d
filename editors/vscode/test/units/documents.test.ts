import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { follow, holds } from "../../src/anchor";
import type { Anchor } from "../../src/anchor";
import { codeBlocks, fitted, insertable } from "../../src/codeBlocks";
import { isSteering, isWithin } from "../../src/paths";

/** A document with an anchor, after one edit. */
function edited(
  text: string,
  anchored: string,
  at: number,
  removed: number,
  inserted: string,
): [Anchor, string] {
  const start = text.indexOf(anchored);
  const anchor = { start, end: start + anchored.length, text: anchored };
  const after = text.slice(0, at) + inserted + text.slice(at + removed);
  return [follow(anchor, { offset: at, removed, inserted: inserted.length }), after];
}

describe("an anchor", () => {
  const text = "before SELECTED after";
  const held: [string, number, number, string][] = [
    ["an insertion before", 0, 0, "longer "],
    ["an insertion right before", 7, 0, "x"],
    ["an insertion right after", 15, 0, "x"],
    ["a deletion before", 0, 7, ""],
    ["a replacement after", 16, 5, "ever after"],
  ];
  for (const [what, at, removed, inserted] of held) {
    test(`follows ${what}`, () => assert.ok(holds(...edited(text, "SELECTED", at, removed, inserted))));
  }
  const broken: [string, number, number, string][] = [
    ["a change inside", 9, 1, "x"],
    ["an insertion inside", 9, 0, "x"],
    ["a deletion that reaches into it", 5, 5, ""],
    ["a deletion of it all", 7, 8, ""],
    ["a replacement of everything", 0, 21, "other"],
  ];
  for (const [what, at, removed, inserted] of broken) {
    test(`lets go at ${what}`, () => assert.ok(!holds(...edited(text, "SELECTED", at, removed, inserted))));
  }
  test("holds again when the change inside is undone", () => {
    const [anchor, after] = edited(text, "SELECTED", 9, 0, "xyz");
    const undone = follow(anchor, { offset: 9, removed: 3, inserted: 0 });
    assert.ok(holds(undone, after.replace("xyz", "")));
  });
});

describe("the code in an answer", () => {
  test("is every fenced block without its fence", () => {
    const answer =
      "Do:\n```python\nx = 1\n\ny = 2\n```\nor\n1. this\n   ~~~~js\n   let a;\n     b;\n   ~~~\n   ~~~~\n";
    assert.deepEqual(codeBlocks(answer), [
      { language: "python", code: "x = 1\n\ny = 2" },
      { language: "js", code: "let a;\n  b;\n~~~" },
    ]);
  });
  test("reaches to the end where the model was stopped in it", () => {
    assert.deepEqual(codeBlocks("```py\nx = 1\ny"), [{ language: "py", code: "x = 1\ny" }]);
  });
  test("is what is inserted if there is exactly one block, else the whole answer", () => {
    assert.equal(insertable("Here:\n```\ncode\n```\n"), "code");
    assert.equal(insertable("```\na\n```\n```\nb\n```"), "```\na\n```\n```\nb\n```");
    assert.equal(insertable("  words\n"), "words");
  });
  test("takes over the selection's last line break, its kind of line break and its indentation", () => {
    assert.equal(fitted("a\nb\n", "x\ny"), "a\nb");
    assert.equal(fitted("a\nb", "x\ny\n"), "a\nb\n");
    assert.equal(fitted("a\nb", "x\r\ny\r\n"), "a\r\nb\r\n");
    assert.equal(fitted("if a:\n\n    b", "    if x:\n        y"), "    if a:\n\n        b");
    assert.equal(fitted("    a", "    x"), "    a");
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
