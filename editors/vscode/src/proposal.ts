/**
 * Replace Selection: shown as a diff first, then accepted or rejected, as one edit that one undo takes back.
 *
 * Refused when the text it would replace has changed since the question, and when the document has changed
 * since the diff was shown: what is applied is what was seen.
 */

import { codeBlocks, fitted } from "./codeBlocks";
import type { Conversations, Target } from "./conversations";
import { ReadOnlyDocuments } from "./documents";
import { WorkspaceEdit, commands, setContext, window, workspace } from "./editor";
import type { Disposable, Range, TextDocument, Uri } from "./editor";
import { mayWrite } from "./guard";
import { firstLine } from "./wording";

interface Proposal {
  readonly shown: Uri;
  readonly document: TextDocument;
  readonly version: number;
  readonly range: Range;
  readonly replacement: string;
}

const CHANGED =
  "The code has changed since the question, so it is not replaced. Copy the answer instead, or ask again.";

export class Proposals implements Disposable {
  private readonly documents = new ReadOnlyDocuments("codex-proposal");
  private open: Proposal[] = [];

  constructor(private readonly conversations: Conversations) {}

  /** Shows what the answer would make of the text it was asked about. */
  async show({ conversation, turn }: Target): Promise<void> {
    const document = await workspace.openTextDocument(conversation.thread.uri);
    const range = this.conversations.place(conversation, document);
    if (range === undefined) {
      await window.showWarningMessage(
        conversation.anchor ? CHANGED : "The question was not about a selection.",
      );
      return;
    }
    const code = await chooseCode(turn.answer.content);
    if (code === undefined) return;
    const replacement = fitted(code, document.getText(range));
    const name = document.uri.path.split("/").at(-1) ?? "document";
    const text = document.getText();
    const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
    const proposed = text.slice(0, start) + replacement + text.slice(end);
    const shown = this.documents.add(name, () => proposed);
    this.open.push({ shown, document, version: document.version, range, replacement });
    await setContext("proposing", true);
    await commands.executeCommand(
      "vscode.diff",
      document.uri,
      shown,
      `${name}: proposed by ${turn.answer.name}`,
    );
  }

  async accept(): Promise<boolean> {
    const proposal = await this.take();
    if (proposal === undefined) return false;
    const { document, version, range, replacement } = proposal;
    if (document.isClosed || document.version !== version) {
      await window.showWarningMessage(
        "The document has changed since the diff was shown, so nothing was replaced.",
      );
      return false;
    }
    if (!(await mayWrite(document.uri))) return false;
    const edit = new WorkspaceEdit();
    edit.replace(document.uri, range, replacement);
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

/** The answer's only code block, the one the user picks, or the whole answer where there is none. */
async function chooseCode(content: string): Promise<string | undefined> {
  const blocks = codeBlocks(content);
  if (blocks.length <= 1) return blocks[0]?.code ?? content.trim();
  const items = blocks.map(({ code, language }) => ({
    label: firstLine(code, 60),
    description: `${language} ${code.split("\n").length} lines`.trim(),
    code,
  }));
  const placeHolder = "Which code should replace the selection?";
  return (await window.showQuickPick(items, { placeHolder }))?.code;
}
