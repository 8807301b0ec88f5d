/**
 * Replace Selection: shown as a diff first, then accepted or rejected, as one edit that one undo takes back.
 *
 * Refused when the document has changed since the diff was shown: what is applied is what was seen.
 */

import type { Target } from "./conversations";
import { ReadOnlyDocuments } from "./documents";
import { edited } from "./edits";
import type { Edit, Edits } from "./edits";
import { WorkspaceEdit, commands, setContext, window, workspace } from "./editor";
import type { Disposable, TextDocument, Uri } from "./editor";
import { mayWrite } from "./guard";

interface Proposal {
  readonly shown: Uri;
  readonly document: TextDocument;
  readonly version: number;
  readonly edits: readonly Edit[];
}

export class Proposals implements Disposable {
  private readonly documents = new ReadOnlyDocuments("codex-proposal");
  private open: Proposal[] = [];

  constructor(private readonly edits: Edits) {}

  /** Shows what the answer would make of the text it was asked about. */
  async show(target: Target): Promise<void> {
    const { conversation, turn } = target;
    const { about, answer } = turn;
    if (about === undefined) {
      await window.showWarningMessage("The question was not about a selection.");
      return;
    }
    const document = await workspace.openTextDocument(conversation.thread.uri);
    const { span, text } = about;
    const place = {
      document,
      span,
      placement: "replace" as const,
      ...(text !== undefined && { original: text }),
    };
    const edits = await this.edits.of(target, [place]);
    if (edits === undefined) return;
    const proposed = edited(document, edits);
    const name = document.uri.path.split("/").at(-1) ?? "document";
    const shown = this.documents.add(name, () => proposed);
    this.open.push({ shown, document, version: document.version, edits });
    await setContext("proposing", true);
    await commands.executeCommand("vscode.diff", document.uri, shown, `${name}: proposed by ${answer.name}`);
  }

  async accept(): Promise<boolean> {
    const proposal = await this.take();
    if (proposal === undefined) return false;
    const { document, version, edits } = proposal;
    if (document.isClosed || document.version !== version) {
      await window.showWarningMessage(
        "The document has changed since the diff was shown, so nothing was replaced.",
      );
      return false;
    }
    if (!(await mayWrite(document.uri))) return false;
    const edit = new WorkspaceEdit();
    for (const { range, text } of edits) edit.replace(document.uri, range, text);
    const applied = await workspace.applyEdit(edit);
    await window.showTextDocument(document);
    return applied;
  }

  async reject(): Promise<void> {
    await this.take();
  }

  dispose(): void {
    this.documents.dispose();
  }

  /** The proposal on the screen, closed; the latest one if no diff has the focus. */
  private async take(): Promise<Proposal | undefined> {
    const active = window.activeTextEditor?.document.uri.toString();
    const proposal = this.open.find(({ shown }) => shown.toString() === active) ?? this.open.at(-1);
    if (proposal === undefined) return undefined;
    this.open = this.open.filter((one) => one !== proposal);
    await setContext("proposing", this.open.length > 0);
    const tabs = window.tabGroups.all.flatMap((group) => group.tabs);
    const shownIn = tabs.filter(({ input }) => modified(input) === proposal.shown.toString());
    await window.tabGroups.close(shownIn);
    return proposal;
  }
}

/** The address on the right side of a diff tab. */
function modified(input: unknown): string | undefined {
  return (input as { modified?: Uri } | undefined)?.modified?.toString();
}
