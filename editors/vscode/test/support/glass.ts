/**
 * What the eye sees of an answer while it is streamed: looked at with every frame of the window, and not touched before
 * the stream's end. A picture, or a question from Playwright, lets the window paint and would be part of what is seen.
 */

import type { Page } from "playwright-core";

/** One frame in which something had changed. Times are epoch milliseconds. */
export interface Frame {
  readonly at: number;
  /** The newest answer's text; empty while there is none. */
  readonly text: string;
  /** Whether its beginning is in the editor and nothing covers it. */
  readonly isHeadVisible: boolean;
  readonly title: string;
  /** What stands at the end of a line of code, as a decoration of ours. */
  readonly note: string;
}

export interface Glass {
  /** When the key went down that sent the question. */
  readonly enteredAt: number;
  readonly frames: readonly Frame[];
  /** The longest time between two frames: how long the window itself stood still. */
  readonly stillMs: number;
}

/** Resolves when a window that was opened has come to rest: a second without a frame that took longer than 50 ms. */
export async function atRest(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        let before = performance.now();
        let since = before;
        const each = (now: number): void => {
          if (now - before > 50) since = now;
          before = now;
          if (now - since > 1000) done();
          else requestAnimationFrame(each);
        };
        requestAnimationFrame(each);
      }),
  );
}

/** Begins to look; `glassOf` ends it. A decoration is a sign of the question if it names `profile`. */
export async function look(page: Page, profile: string): Promise<void> {
  await page.evaluate((name) => {
    const frames: Frame[] = [];
    const glass = { enteredAt: 0, frames, stillMs: 0, isOver: false };
    Object.assign(globalThis, { glass });
    const entered = (event: KeyboardEvent): void => {
      if (event.key === "Enter" && glass.enteredAt === 0) glass.enteredAt = Date.now();
    };
    addEventListener("keydown", entered, { capture: true });
    const body = (): HTMLElement | undefined => {
      const comments = [...document.querySelectorAll<HTMLElement>(".review-widget .review-comment")];
      const answer = comments
        .reverse()
        .find((one) => !one.querySelector(".author")?.textContent.startsWith("You"));
      return answer?.querySelector<HTMLElement>(".comment-body") ?? undefined;
    };
    const isHeadVisible = (answer: HTMLElement | undefined): boolean => {
      const words = answer && document.createTreeWalker(answer, NodeFilter.SHOW_TEXT).nextNode();
      const range = document.createRange();
      if (words) range.selectNodeContents(words);
      const [first] = range.getClientRects();
      if (first === undefined || answer === undefined) return false;
      const hit = document.elementFromPoint(first.left + 2, first.top + first.height / 2);
      return hit !== null && answer.contains(hit);
    };
    const note = (): string => {
      const marked = document.querySelectorAll(".view-line [class*='ced-']");
      const contents = [...marked].map((one) => getComputedStyle(one, "::after").content);
      return contents.find((content) => content.includes(name)) ?? "";
    };
    let last = "";
    let before = performance.now();
    const each = (): void => {
      const now = performance.now();
      glass.stillMs = Math.max(glass.stillMs, now - before);
      before = now;
      const answer = body();
      const text = answer?.textContent ?? "";
      const title = [...document.querySelectorAll(".review-widget .review-title")].at(-1)?.textContent ?? "";
      const seen = { text, isHeadVisible: isHeadVisible(answer), title, note: note() };
      const key = JSON.stringify(seen);
      if (key !== last) frames.push({ at: performance.timeOrigin + now, ...seen });
      last = key;
      if (!glass.isOver) requestAnimationFrame(each);
    };
    requestAnimationFrame(each);
  }, profile);
}

/** Ends the looking, and gives what was seen. */
export async function glassOf(page: Page): Promise<Glass> {
  return page.evaluate(() => {
    const { glass } = globalThis as unknown as { glass: Glass & { isOver: boolean } };
    glass.isOver = true;
    return glass;
  });
}

export interface Figures {
  /** From the wire's first byte of the answer to the frame in which its first word can be seen. */
  readonly firstWordMs: number;
  /** From Enter to the first sign at the code. */
  readonly firstSignMs: number;
  readonly paintsPerSecond: number;
  /** The longest time without a change of the text while it was streamed, after its first word. */
  readonly longestMs: number;
  /** From the last byte to the whole text. */
  readonly lastMs: number;
  /** Whether the beginning was visible in every frame from the first word on. */
  readonly isHeadVisible: boolean;
}

/** What an answer's first word looks like, so that thinking in its place is not taken for it. */
export function figures(
  { enteredAt, frames }: Glass,
  wire: { firstContentAt: number; endedAt: number },
  firstWord: string,
): Figures {
  const begun = frames.findIndex((frame) => frame.text.startsWith(firstWord) && frame.isHeadVisible);
  if (begun === -1) throw new Error(`in no frame ${firstWord} can be seen`);
  const since = frames.slice(begun);
  const changes = since.filter(({ text }, n) => n === 0 || text !== since[n - 1]?.text).map(({ at }) => at);
  const streamed = changes.filter((at) => at <= wire.endedAt);
  const first = changes[0] ?? Number.NaN;
  const waits = [...streamed.slice(1), wire.endedAt].map((at, n) => at - (streamed[n] ?? at));
  const sign = frames.find(({ at, note, title }) => at >= enteredAt && (note !== "" || title !== ""));
  return {
    firstWordMs: first - wire.firstContentAt,
    firstSignMs: (sign?.at ?? Number.POSITIVE_INFINITY) - enteredAt,
    paintsPerSecond: (1000 * streamed.length) / (wire.endedAt - first),
    longestMs: Math.max(...waits),
    lastMs: (changes.at(-1) ?? Number.NaN) - wire.endedAt,
    isHeadVisible: since.every((frame) => frame.isHeadVisible),
  };
}

/** How many lines of the newest answer are wholly in the editor, counted from its first. */
export async function linesVisible(page: Page): Promise<number> {
  return page.evaluate(() => {
    const bodies = [...document.querySelectorAll<HTMLElement>(".review-widget .comment-body")];
    const editor = document.querySelector(".editor-instance .overflow-guard")?.getBoundingClientRect();
    const answer = bodies.at(-1);
    if (answer === undefined || editor === undefined) return 0;
    const rects: DOMRect[] = [];
    const words = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(words.currentNode);
      rects.push(...[...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0));
    }
    const lines = [...new Map(rects.map((rect) => [Math.round(rect.bottom), rect])).values()];
    lines.sort((one, other) => one.top - other.top);
    const isSeen = ({ left, top, bottom }: DOMRect): boolean => {
      if (top < editor.top || bottom > editor.bottom + 1) return false;
      const hit = document.elementFromPoint(left + 2, (top + bottom) / 2);
      return hit !== null && answer.contains(hit);
    };
    const hidden = lines.findIndex((line) => !isSeen(line));
    return hidden === -1 ? lines.length : hidden;
  });
}
