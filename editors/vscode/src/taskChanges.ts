/**
 * `Codex: Review Task Changes...`: the files that a task changed, each as a diff, kept or put back one by one.
 *
 * The server keeps what stood there before (`codex/changes`) and puts it back (`codex/undo`).
 */

import type { Target } from "./conversations";
import { ReadOnlyDocuments } from "./documents";
import { ThemeIcon, Uri, commands, window } from "./editor";
import type { Disposable, QuickPick, QuickPickItem } from "./editor";
import { CHANGES, UNDO } from "./protocol";
import type { ChangedFile, ChangesResult, UndoResult } from "./protocol";
import type { Server } from "./server";
import { BACK, step } from "./steps";
import { changeRow } from "./task";

const UNDO_FILE = { iconPath: new ThemeIcon("discard"), tooltip: "Undo This File" };
const NOTHING = "No file differs from before this task.";

interface Row extends QuickPickItem {
  readonly file?: ChangedFile;
}

export class TaskChanges implements Disposable {
  private readonly before = new ReadOnlyDocuments("codex-before");

  constructor(private readonly server: Server) {}

  /** Lists the changed files; shows the diff of the one that is picked, or of all. */
  async review({ turn }: Target): Promise<void> {
    const { turnId } = turn.answer;
    const files = turnId === undefined ? [] : await this.changes(turnId);
    if (turnId === undefined || files.length === 0) {
      void window.showInformationMessage(NOTHING);
      return;
    }
    const picked = await step<Row>({
      title: "Review Task Changes",
      placeHolder: "Show the diff of which file?",
      fill: (picker) => {
        picker.items = rows(files);
        picker.onDidTriggerItemButton(({ item }) => void this.undoFile(turnId, item, picker));
        return undefined;
      },
    });
    if (picked === undefined || picked === BACK) return;
    const shown = picked.file === undefined ? await this.changes(turnId) : [picked.file];
    await this.show(shown);
  }

  /** Puts back every file of a task. */
  async undo({ turn }: Target): Promise<void> {
    const { turnId } = turn.answer;
    if (turnId !== undefined) await this.putBack(turnId);
  }

  dispose(): void {
    this.before.dispose();
  }

  private async undoFile(turnId: string, { file }: Row, picker: QuickPick<Row>): Promise<void> {
    if (file === undefined) return;
    picker.busy = true;
    try {
      await this.putBack(turnId, file.uri);
      const left = await this.changes(turnId);
      if (left.length === 0) picker.hide();
      else picker.items = rows(left);
    } catch (error) {
      void window.showErrorMessage(error instanceof Error ? error.message : String(error));
    } finally {
      picker.busy = false;
    }
  }

  private async putBack(turnId: string, uri?: string): Promise<void> {
    const client = await this.server.running();
    const params = { turnId, ...(uri !== undefined && { uris: [uri] }) };
    const { restored, changedSince } = await client.sendRequest<UndoResult>(UNDO, params);
    const left =
      changedSince.length === 0 ? "" : ` ${changedSince.length} were changed since and left alone.`;
    const files = restored.length === 1 ? "1 file is as it was" : `${restored.length} files are as they were`;
    void window.showInformationMessage(`${files} before the task.${left}`);
  }

  private async changes(turnId: string): Promise<readonly ChangedFile[]> {
    const client = await this.server.running();
    return (await client.sendRequest<ChangesResult>(CHANGES, { turnId })).files;
  }

  /** One file in a diff editor, several in the editor of VS Code for that. */
  private async show(files: readonly ChangedFile[]): Promise<void> {
    const pairs = files.map((file) => {
      const now = Uri.parse(file.uri);
      const name = now.path.split("/").at(-1) ?? "file";
      const none = this.before.add(name, () => "");
      const old = file.kind === "add" ? none : this.before.add(name, () => file.before ?? "");
      return { name, now, old, shown: file.kind === "delete" ? none : now };
    });
    const [one] = pairs;
    if (one === undefined) await window.showInformationMessage(NOTHING);
    else if (pairs.length === 1)
      await commands.executeCommand("vscode.diff", one.old, one.shown, `${one.name}: changed by the task`);
    else
      await commands.executeCommand(
        "vscode.changes",
        "Task Changes",
        pairs.map(({ now, old, shown }) => [now, old, shown]),
      );
  }
}

function rows(files: readonly ChangedFile[]): Row[] {
  const each = files.map((file) => ({
    ...changeRow(file),
    file,
    buttons: file.changedSince ? [] : [UNDO_FILE],
  }));
  return files.length === 1 ? each : [{ label: "All Files", description: `${files.length}` }, ...each];
}
