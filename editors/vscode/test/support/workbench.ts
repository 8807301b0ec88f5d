/**
 * VS Code's window, as a person uses it: the keyboard in, what the screen shows out.
 */

import { mkdirSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import type { Browser, Locator, Page } from "playwright-core";
import { REPOSITORY } from "./modelServer";

export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
export const ARTIFACTS = path.join(REPOSITORY, "tests", "artifacts", "vscode");

export class Workbench {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  static async open(executablePath: string, url: string): Promise<Workbench> {
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(30_000);
    await page.goto(url);
    await page.locator(".monaco-workbench").waitFor();
    return new Workbench(browser, page);
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  /** Runs a command through the palette, by its title; once more if something that opened took the focus from it. */
  async command(title: string, attempts = 4): Promise<void> {
    const input = this.page.locator(".quick-input-widget .quick-input-box input");
    const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first();
    try {
      await this.page.keyboard.press("F1");
      await input.fill(`>${title}`, { timeout: 5000 });
      await row.click({ timeout: 5000 });
      await row.waitFor({ state: "hidden" });
    } catch (error) {
      if (attempts <= 1) throw error;
      await this.page.keyboard.press("Escape");
      await this.command(title, attempts - 1);
    }
  }

  /** Types into the input box that is open, and confirms. */
  async answerInput(text: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget .quick-input-box input");
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** Picks the row that has this text from the quick pick that is open. */
  async pick(text: string): Promise<void> {
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first().click();
  }

  get picks(): Locator {
    return this.page.locator(".quick-input-list .monaco-list-row");
  }

  /** The text of the n-th comment of the window, once it contains `text`. */
  async commentWith(text: string): Promise<Locator> {
    const comment = this.page.locator(".review-widget .comment-body", { hasText: text }).last();
    await comment.waitFor();
    return comment;
  }

  async threadLabel(text: string | RegExp, timeout = 30_000): Promise<Locator> {
    const label = this.page.locator(".review-widget .review-title", { hasText: text }).last();
    await label.waitFor({ timeout });
    return label;
  }

  async status(text: string | RegExp, timeout = 30_000): Promise<void> {
    await this.page.locator(".statusbar-item", { hasText: text }).first().waitFor({ timeout });
  }

  async notification(text: string | RegExp): Promise<Locator> {
    const toast = this.page.locator(".notification-toast", { hasText: text }).first();
    await toast.waitFor();
    return toast;
  }

  /** Opens a file of the workspace by its name, or goes to its tab; once more if the list was of something else. */
  async openFile(name: string, attempts = 4): Promise<void> {
    const input = this.page.locator(".quick-input-widget .quick-input-box input");
    try {
      await this.page.keyboard.press("Control+p");
      await input.fill(name, { timeout: 5000 });
      await this.picks.filter({ hasText: name }).first().click({ timeout: 5000 });
      await this.page.locator(".tab.active", { hasText: name }).waitFor({ timeout: 5000 });
    } catch (error) {
      if (attempts <= 1) throw error;
      await this.page.keyboard.press("Escape");
      await this.openFile(name, attempts - 1);
    }
  }

  /** Puts the cursor at a line of the active editor, with the keyboard; once more if something took the focus. */
  async goToLine(line: number, attempts = 4): Promise<void> {
    const input = this.page.locator(".quick-input-widget .quick-input-box input");
    try {
      await this.focusEditor();
      await this.page.keyboard.press("Control+g");
      await input.fill(`:${line}`, { timeout: 5000 });
      await input.press("Enter", { timeout: 5000 });
      await input.waitFor({ state: "hidden", timeout: 5000 });
      await this.status(new RegExp(`Ln ${line}, Col 1\\b`), 5000);
    } catch (error) {
      if (attempts <= 1) throw error;
      await this.page.keyboard.press("Escape");
      await this.goToLine(line, attempts - 1);
    }
  }

  async selectLines(first: number, last: number): Promise<void> {
    await this.goToLine(first);
    await this.page.keyboard.press("Home");
    for (let line = first; line < last; line += 1) await this.page.keyboard.press("Shift+ArrowDown");
    await this.page.keyboard.press("Shift+End");
  }

  async focusEditor(): Promise<void> {
    await this.page.keyboard.press("Control+1");
  }

  /** The lines that an editor (or the output panel, which is one) shows now, from the top. */
  async lines(within: string): Promise<string> {
    return this.page.locator(`${within} .view-line`).evaluateAll((lines) =>
      lines
        .map((line) => ({
          top: Number.parseFloat((line as HTMLElement).style.top),
          text: line.textContent,
        }))
        .sort((one, other) => one.top - other.top)
        .map(({ text }) => text.replaceAll("\u00a0", " "))
        .join("\n"),
    );
  }

  /** Keeps a picture; those of the README are written there by `npm run screenshots`. */
  async shot(name: string): Promise<void> {
    const inReadme = process.env.CODEX_SCREENSHOTS !== undefined && /^[a-z]+$/.test(name);
    const folder = inReadme ? path.resolve("media", "screenshots") : ARTIFACTS;
    mkdirSync(folder, { recursive: true });
    const starting = this.page.locator(".statusbar-item", { hasText: "Activating Extensions" });
    if (inReadme) await starting.waitFor({ state: "hidden" });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }
}

/** Resolves when `probe` gives true; what the screen shows is asked again and again, never waited for by time. */
export async function until(what: string, probe: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await probe())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}
