/** Lists that the extension opens: the row in focus is taken by the command that Enter is bound to. */

import type * as vscode from "vscode";

type Row = vscode.QuickPickItem;

/** Every list that was opened while `body` ran, the newest last. */
export class Picks {
  private readonly opened: vscode.QuickPick<Row>[] = [];

  constructor(
    private readonly api: typeof vscode,
    private readonly until: (what: string, probe: () => boolean) => Promise<void>,
  ) {}

  /** Runs `body` with the lists that open meanwhile. */
  async during(body: () => Promise<void>): Promise<void> {
    const { window } = this.api;
    const real = window.createQuickPick.bind(window);
    const open = (): vscode.QuickPick<Row> => {
      const picker = real();
      this.opened.push(picker);
      return picker;
    };
    Object.assign(window, { createQuickPick: open });
    try {
      await body();
    } finally {
      Object.assign(window, { createQuickPick: real });
    }
  }

  /** The rows of the n-th list, once there is one whose label contains `text`. */
  async rows(n: number, text: string): Promise<readonly Row[]> {
    await this.until(`a row ${text} in list ${n}; the lists have ${this.told()}`, () => this.has(n, text));
    return this.opened[n]!.items;
  }

  title(n: number): string | undefined {
    return this.opened[n]?.title;
  }

  /** Moves to the row, and takes it with Enter. */
  async take(n: number, text: string): Promise<void> {
    const rows = await this.rows(n, text);
    this.opened[n]!.activeItems = rows.filter((row) => fits(row, text)).slice(0, 1);
    await this.accept();
  }

  /** Presses a button of a row, which no command does: as the window tells the extension host of it. */
  async press(n: number, text: string, tooltip: string): Promise<void> {
    const rows = await this.rows(n, text);
    const row = rows.findIndex((one) => fits(one, text));
    const button = rows[row]?.buttons?.findIndex((one) => one.tooltip === tooltip) ?? -1;
    const picker = this.opened[n] as unknown as {
      _fireDidTriggerItemButton(row: number, button: number): void;
    };
    picker._fireDidTriggerItemButton(row, button);
  }

  /** Enter, in the newest list. */
  async accept(): Promise<void> {
    // The extension host sends what was set with its next timer; this one stands behind that in the row.
    await new Promise((done) => setTimeout(done, 0));
    await this.api.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
  }

  /** The row that has the focus in the n-th list. */
  focus(n: number): string | undefined {
    return this.opened[n]?.activeItems[0]?.label;
  }

  private has(n: number, text: string): boolean {
    return this.opened[n]?.items.some((row) => fits(row, text)) === true;
  }

  private told(): string {
    return JSON.stringify(this.opened.map(({ items }) => items.map(({ label }) => label)));
  }
}

function fits({ label, description = "" }: Row, text: string): boolean {
  return label === text || label.endsWith(` ${text}`) || description === text;
}
