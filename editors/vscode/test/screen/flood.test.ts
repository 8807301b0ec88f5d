/** A model that thinks 100,000 tokens as fast as the wire carries them, and someone who goes on typing. */

import assert from "node:assert/strict";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";

const TOKENS = 100_000;

const here = session({
  settings: { "codex.thinking.reveal": "onAsk", "editor.quickSuggestions": { other: "off" } },
  prepare: ({ sandbox, model }) => {
    sandbox.config([{ name: "local-oss", baseUrl: model.baseUrl, model: "gpt-oss-20b" }]);
    return { open: sandbox.folder("ws"), files: [sandbox.write("ws/notes.txt", "\n\n\n\n")] };
  },
});

screenTest(here, "typing echoes within 100 ms while 100,000 tokens of thinking stream in", async () => {
  const { model, window } = here;
  const words = Array.from({ length: TOKENS }, (_, n) => `w${n % 1000} `);
  await model.script({
    answers: [
      { chat: { reasoning: ["go ", { gate: "flood" }, ...words], content: ["Flood over."] }, atOnce: true },
    ],
  });
  await window.status("local-oss");
  await window.focusEditor();
  await window.command("Codex: Ask");
  await window.answerInput("Think long");
  await model.reached("flood");
  await window.threadLabel(/thinking/);
  await window.goToLine(1);
  const quiet = await typed(20);
  await model.open("flood");
  const started = Date.now();
  const busy: number[] = [];
  while (!(await isOver())) busy.push(...(await typed(5)));
  const took = Date.now() - started;
  await window.shot("6-flood");
  process.stdout.write(`echo before: ${summary(quiet)}; while streaming for ${took} ms: ${summary(busy)}\n`);
  assert.ok(busy.length >= 10, "typed while it streamed");
  const latest = here.window.page.locator(".review-widget .comment-body", { hasText: "Flood over." });
  await latest.waitFor();
  assert.ok(percentile(busy, 0.95) < 100, summary(busy));
  await until("all of it in the channel", async () => (await window.lines(".panel")).includes("done in"));
});

async function isOver(): Promise<boolean> {
  return (await here.window.page.locator(".review-widget .review-title", { hasText: "done in" }).count()) > 0;
}

/** Milliseconds from each of `count` key presses to the frame that shows its letter. */
async function typed(count: number): Promise<number[]> {
  const { page } = here.window;
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const echo = page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const line = document.querySelector(".editor-instance .view-line") ?? document.body;
          addEventListener(
            "keydown",
            () => {
              const pressed = performance.now();
              const before = line.textContent;
              const look = (): void => {
                if (line.textContent !== before) resolve(performance.now() - pressed);
                else requestAnimationFrame(look);
              };
              requestAnimationFrame(look);
            },
            { capture: true, once: true },
          );
        }),
    );
    await page.keyboard.press("x");
    times.push(await echo);
  }
  return times;
}

function percentile(times: number[], share: number): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN;
}

function summary(times: number[]): string {
  const [median, p95, max] = [0.5, 0.95, 0.9999].map((share) => percentile(times, share).toFixed(0));
  return `median ${median}, p95 ${p95}, max ${max} ms of ${times.length}`;
}
