/**
 * From the wire to the eye, as a new user has it: VS Code's own default settings, streams at a steady pace, every frame
 * looked at, nothing touched before the end.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { atRest, figures, glassOf, linesVisible, look } from "../support/glass";
import type { Figures } from "../support/glass";
import { PacedServer } from "../support/pacedServer";
import type { PacedAnswer } from "../support/pacedServer";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";

const CODE = Array.from(
  { length: 40 },
  (_, n) =>
    `def total_${n}(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n\n`,
).join("\n");

/** Ten sections with everything that Markdown has; 2,500 pixels and more in a comment. */
const SECTIONS = Array.from(
  { length: 10 },
  (_, n) =>
    `The sum of prices is the ${n + 1}th thing to look at, with **bold** words and \`code\` in a paragraph that is long enough to be broken.\n\n` +
    `- one thing to know\n- and another one\n\n\`\`\`python\ndef mean_${n}(prices):\n    return sum(prices) / len(prices)\n\`\`\`\n\n` +
    `## After section ${n + 1}\n\nA last word about it.\n\nAnd the very last.\n\n> Quoted, too.\n\n`,
).join("");
const QUESTION = "What can go wrong here?";
const FIRST_WORD = "The";
const PROFILE = "local-oss";

/** A text in pieces of about the size that models have. */
function tokens(text: string): string[] {
  return text.match(/\s*\S{1,4}|\s+$/g) ?? [];
}

let model: PacedServer | undefined;
after(() => model?.stop());

const here = session({
  models: 0,
  defaults: true,
  prepare: async ({ sandbox }) => {
    model = await PacedServer.start();
    sandbox.config([{ name: PROFILE, baseUrl: model.baseUrl, model: "gpt-oss-20b" }]);
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", CODE)] };
  },
});

/** Asks at a line, and gives what was seen until the whole answer stood there. */
async function seen(line: number, answer: PacedAnswer): Promise<Figures> {
  const { window } = here;
  if ((await window.page.locator(".review-widget").count()) > 0)
    await window.command("Codex: Close Conversation");
  const { page } = window;
  const server = model!;
  server.answer(answer);
  const asked = server.requests.length;
  await window.goToLine(line);
  await page.keyboard.press("Control+k");
  await page.keyboard.press("q");
  const input = page.locator(".quick-input-widget .quick-input-box input");
  await input.waitFor();
  await page.keyboard.type(QUESTION, { delay: 40 }); // as fast as people type
  await look(page, PROFILE);
  await page.keyboard.press("Enter");
  const pieces = (answer.reasoning?.length ?? 0) + answer.content.length;
  // Nothing is asked of the window while it paints.
  await pause((answer.silentMs ?? 0) + (1000 * pieces) / answer.tokensPerSecond + 2000);
  await window.threadLabel(/done in/);
  const { firstContentAt, endedAt } = server.requests[asked]!;
  return figures(await glassOf(page), { firstContentAt: firstContentAt!, endedAt: endedAt! }, FIRST_WORD);
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

function told(pace: string, { firstWordMs, firstSignMs, paintsPerSecond, longestMs, lastMs }: Figures): void {
  const [word, sign, longest, last] = [firstWordMs, firstSignMs, longestMs, lastMs].map((ms) =>
    ms.toFixed(0),
  );
  process.stdout.write(
    `${pace}: first sign ${sign} ms after Enter, first word ${word} ms after the wire, ` +
      `${paintsPerSecond.toFixed(1)} paints a second, ${longest} ms at most between two, whole ${last} ms after its end\n`,
  );
}

/** What was seen of each pace. */
const all: Figures[] = [];

screenTest(here, "the window is ready", async () => {
  await here.window.status(PROFILE, 90_000);
  await atRest(here.window.page);
});

for (const pace of [40, 20, 100, 200]) {
  screenTest(here, `at ${pace} tokens a second the answer streams`, async () => {
    const content = tokens(SECTIONS.repeat(2)).slice(0, pace * 6);
    const found = await seen(60, { tokensPerSecond: pace, content });
    told(`${pace} tokens/s`, found);
    all.push(found);
    assert.ok(found.firstSignMs <= 600, "a sign at the code");
    assert.ok(found.firstWordMs <= 600, "the first word");
    assert.ok(found.paintsPerSecond >= 4, "paints");
    assert.ok(found.longestMs <= 600, "no freeze");
    assert.ok(found.isHeadVisible, "the beginning is visible all the time");
  });
}

test("half of the questions have a sign within 300 ms and a first word within 350", () => {
  assert.ok(median(all.map(({ firstSignMs }) => firstSignMs)) <= 300, "a sign at the code");
  assert.ok(median(all.map(({ firstWordMs }) => firstWordMs)) <= 350, "the first word");
});

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

/** Twenty paragraphs of a line each, where the window is as wide as a new user's. */
const PROSE = tokens("The list is empty, and the sum of nothing is zero.\n\n".repeat(20));
const LARGE = { width: 1280, height: 800 };
/** What is left of it at a zoom of 200 %. */
const ZOOMED = { width: 640, height: 400 };
const PLACES = [
  { where: "in a window of 1280 by 800", size: LARGE, line: 60, panel: "" },
  { where: "with a panel open", size: LARGE, line: 60, panel: "Problems: Focus on Problems View" },
  { where: "at the file's first line", size: LARGE, line: 1, panel: "" },
  {
    where: "at the file's last line",
    size: LARGE,
    line: CODE.split("\n").length,
    panel: "Problems: Focus on Problems View",
  },
  { where: "at 200 %", size: ZOOMED, line: 60, panel: "" },
  { where: "at 200 %, with a panel open", size: ZOOMED, line: 60, panel: "Output: Focus on Output View" },
];

for (const { where, size, line, panel } of PLACES) {
  screenTest(here, `${where} the beginning is seen while it streams, and ten lines at its end`, async () => {
    const { window } = here;
    await window.page.setViewportSize(size);
    if (panel !== "") await window.command(panel);
    else if (await window.page.locator(".part.panel").isVisible())
      await window.page.keyboard.press("Control+j");
    const found = await seen(line, { tokensPerSecond: 100, content: PROSE });
    assert.ok(found.isHeadVisible, "the beginning is visible all the time");
    await until("ten lines at the end", async () => (await linesVisible(window.page)) >= 10);
    await window.shot(`glass ${where}`);
  });
}

screenTest(here, "every line of a long answer can be scrolled to", async () => {
  const { window } = here;
  await window.page.setViewportSize(LARGE);
  await seen(100, { tokensPerSecond: 200, content: tokens(SECTIONS) });
  const { height, reached } = await scrolledThrough(window.page);
  assert.ok(height >= 2500, `the answer is ${height} pixels high`);
  assert.deepEqual(
    reached,
    tokens(SECTIONS)
      .join("")
      .match(/After section \d+/g),
  );
});

/** Turns the wheel over the newest answer until nothing moves; the headings that came into the editor, in their order. */
async function scrolledThrough(page: Page): Promise<{ height: number; reached: string[] }> {
  const answer = page.locator(".review-widget .review-comment").last();
  const height = (await answer.boundingBox())!.height;
  const editor = (await page.locator(".editor-instance").first().boundingBox())!;
  await page.mouse.move(editor.x + editor.width / 2, editor.y + editor.height - 40);
  const reached = new Set<string>();
  const end = page.locator(".review-widget .review-thread-reply-button").last();
  for (let turn = 0; turn < 100; turn += 1) {
    for (const heading of await answer.locator("h2").all())
      if (isIn(editor, await heading.boundingBox())) reached.add((await heading.textContent())!);
    if (isIn(editor, await end.boundingBox())) break;
    await page.mouse.wheel(0, 150);
  }
  return { height, reached: [...reached] };
}

interface Box {
  readonly y: number;
  readonly height: number;
}

function isIn(outer: Box, inner: Box | null): boolean {
  return inner !== null && inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height;
}
