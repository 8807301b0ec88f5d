import assert from "node:assert/strict";
import { describe, test } from "node:test";
import MarkdownIt from "markdown-it";
import { marked } from "marked";
import { SafeMarkdown, SafeMarkdownPieces, safeMarkdown } from "../../src/safeMarkdown";
import cases from "../../../../tests/fixtures/markdown/cases.json"; // the server's own suite has the same

const preview = new MarkdownIt({ html: true, linkify: true });

/** What VS Code's two renderers, marked and markdown-it, make of a text: every tag, and every link's target. */
function rendered(markdown: string): string[] {
  return [marked.parse(markdown, { async: false }), preview.render(markdown)];
}

const HARMLESS_TAG =
  /^<\/?(p|em|strong|del|s|code|pre|ul|ol|li|blockquote|h[1-6]|hr|br|a|table|thead|tbody|tr|th|td|input)\b/;

function harm(html: string): string[] {
  const tags = html.match(/<[^>]*>/g) ?? [];
  const bad = tags.filter((tag) => !HARMLESS_TAG.test(tag));
  const targets = [...html.matchAll(/<a[^>]*?href="([^"]*)"/g)].map(([, target]) => target ?? "");
  return [...bad, ...targets.filter((target) => !/^(https?:|mailto:)/.test(target))];
}

function assertHarmless(markdown: string): void {
  const safe = safeMarkdown(markdown);
  for (const html of rendered(safe)) {
    assert.deepEqual(harm(html), [], `\n${JSON.stringify(markdown)}\n${JSON.stringify(safe)}\n${html}`);
  }
}

describe("nothing loads, runs or hides", () => {
  for (const { text, safe } of cases.attacks) {
    test(JSON.stringify(text), () => {
      assertHarmless(text);
      assert.equal(safeMarkdown(text), safe);
    });
  }

  test("10,000 texts made of dangerous pieces", () => {
    const pieces = [
      "`",
      "``",
      "```",
      "~~~",
      "\n",
      "\n\n",
      " ",
      "   ",
      "    ",
      "\t",
      "- ",
      "1. ",
      "> ",
      "|",
      "*",
      "_",
      "~~",
    ];
    const targets = [
      "![x](https://evil.test)",
      "![x]",
      "[x](command:y)",
      "[x]",
      "[x]:",
      "(",
      ")",
      "<img src=x>",
      "<",
      ">",
    ];
    const odd = [
      "\\",
      "\r",
      '"',
      "!",
      "[",
      "]",
      ": https://evil.test",
      "a",
      "<!--",
      "-->",
      "&#33;",
      "#",
      "=",
      "-|-",
      "\f",
    ];
    const all = [...pieces, ...targets, ...odd];
    let seed = 20_261_122;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let n = 0; n < 10_000; n += 1) {
      assertHarmless(Array.from({ length: 2 + random(14) }, () => all[random(all.length)]).join(""));
    }
  });
});

describe("what is harmless stays", () => {
  for (const text of cases.kept) test(JSON.stringify(text), () => assert.equal(safeMarkdown(text), text));
});

test("the pieces a text comes in never matter", () => {
  const text = "Use `List<int>`:\r\n\r\n```py\nx[0](y)\n```\n![x](https://evil.test) [run](command:x)\n<b>";
  const whole = safeMarkdown(text);
  for (let at = 0; at <= text.length; at += 1) {
    const pieces = new SafeMarkdown();
    pieces.append(text.slice(0, at));
    assert.equal(typeof pieces.text, "string"); // painted in between
    pieces.append(text.slice(at));
    assert.equal(pieces.text, whole, `split at ${at}`);
  }
});

test("a line of nothing but markers takes linear time", () => {
  const start = performance.now();
  safeMarkdown(">".repeat(200_000));
  assert.ok(performance.now() - start < 2000);
});

test("a long text, painted often, takes linear time", () => {
  const cost = (lines: number): number => {
    const markdown = new SafeMarkdown();
    const start = performance.now();
    for (let n = 0; n < lines; n += 1) {
      markdown.append("some `code` and ![x](y) words in a line of an answer\n");
      if (n % 10 === 0) assert.ok(markdown.text !== "");
    }
    return performance.now() - start;
  };
  cost(2000); // warm
  const [small, large] = [cost(4000), cost(40_000)];
  assert.ok(large < Math.max(small, 5) * 40, `${small} ms for 4,000 lines, ${large} ms for 40,000`);
});

describe("pieces that can only be appended", () => {
  const texts = [
    ...cases.attacks.map(({ text }) => text),
    "Plain words, and `code`.\n```py\nx = 1\n```\nend",
  ];

  test("are the safe text of the whole, at every cut", () => {
    for (const text of texts) {
      for (let at = 0; at <= text.length; at += 1) {
        const pieces = new SafeMarkdownPieces();
        const said = pieces.append(text.slice(0, at)) + pieces.append(text.slice(at)) + pieces.end();
        assert.equal(said, safeMarkdown(text), JSON.stringify([text, at]));
      }
      const pieces = new SafeMarkdownPieces();
      const said = Array.from(text, (char) => pieces.append(char)).join("") + pieces.end();
      assert.equal(said, safeMarkdown(text), JSON.stringify(text));
    }
  });

  test("prose passes at once, and a line from its first doubtful character on waits for its end", () => {
    const pieces = new SafeMarkdownPieces();
    assert.equal(pieces.append("Some wo"), "Some wo");
    assert.equal(pieces.append("rds, then <b"), "rds, then ");
    assert.equal(pieces.append(">x</b>"), "");
    assert.equal(pieces.append("\nand"), "&lt;b>x&lt;/b>\nand");
  });
});
