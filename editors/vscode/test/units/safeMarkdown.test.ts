import assert from "node:assert/strict";
import { describe, test } from "node:test";
import MarkdownIt from "markdown-it";
import { marked } from "marked";
import { SafeMarkdown, safeMarkdown } from "../../src/safeMarkdown";

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
  const attacks = [
    "![x](https://evil.test/a.png)",
    "![x][ref]\n\n[ref]: https://evil.test/a.png",
    "![ref]\n\n[ref]: <https://evil.test/a.png>",
    '<img src="https://evil.test/a.png">',
    "<!-- \n```\n-->\n![x](https://evil.test)\n",
    "<div>\n\n![x](https://evil.test)\n\n</div>",
    "[run](command:workbench.action.terminal.new)",
    "[run](\ncommand:x)",
    "[run](&#99;ommand:x)",
    "[run](<command:x>)",
    "<command:x>",
    "[open](file:///etc/passwd)",
    "[open](javascript:alert(1))",
    "[run][r]\n\n[r]: command:x",
    '[a]: x "\n```\n"\n![x](https://evil.test)',
    "foo `\nbar ` ![x](https://evil.test) `",
    '<a title="`"> ![x](https://evil.test) `',
    '[a](x "`") ![i](https://evil.test) `',
    "~~a `~~ ![x](https://evil.test) `",
    "| a | b |\n| - | - |\n| ` | ![x](https://evil.test) ` |",
    "- a\n  ```\n![x](https://evil.test)",
    "- a\n\n   ```\n  x\n   ```\n   ![x](https://evil.test)",
    "- ```\n  code\n  ```\n  ![x](https://evil.test)",
    "> ```\n![x](https://evil.test)",
    "text\n    ```\n    ![x](https://evil.test)",
    "\t```\n![x](https://evil.test)",
    "``` a`b\n![x](https://evil.test)",
    "x\r```\r![x](https://evil.test)",
    "`a\n\f\nb` ![x](https://evil.test) `",
    "*x ``* ![i](https://evil.test) ``",
    "\\![x](https://evil.test)",
    "\\\\![x](https://evil.test)",
    "![![x](https://evil.test)](https://evil.test)",
    "[![x](https://evil.test)](https://evil.test)",
    "~~~ <b>\n![x](https://evil.test)",
    "<https://evil.test/a.png>",
    "<svg/onload=alert(1)>",
    "https://evil.test\\<img src=x>",
    "https://evil.test|<img src=x>",
    "https://evil.test=`` *``[x](command:y)``",
  ];
  for (const attack of attacks) test(JSON.stringify(attack), () => assertHarmless(attack));

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
  const kept = [
    "plain *words* and **more**",
    "a [link](https://example.com/a?b=c#d) and [mail](mailto:a@b.c)",
    "`List<int>` and `vec![1, 2]` in code",
    "**bold** and then `vec![1]`",
    "```python\nx = a[0](b)  # ![not](an image) <tag>\n```\nafter",
    "1. First:\n   ```rust\n   let v: Vec<u8> = vec![1](2);\n   ```\n2. Second",
    "a < b and c > d, 1 <2",
    "| a | b |\n| --- | --- |\n| 1 | `2` |",
    "- [ ] to do\n- [x] done",
  ];
  for (const text of kept) test(JSON.stringify(text), () => assert.equal(safeMarkdown(text), text));
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
