/**
 * What can be done with an answer that is there: copy it, insert it, open it.
 */

import { Selection, env, window, workspace } from "./editor";
import { mayWrite } from "./guard";
import type { Target } from "./conversations";
import { pickBlock } from "./edits";
import type { Edits } from "./edits";
import { conversationDocument } from "./wording";

/** The whole answer, as the model wrote it. */
export async function copyAnswer({ turn }: Target): Promise<void> {
  await env.clipboard.writeText(turn.answer.content);
  window.setStatusBarMessage("$(check) Copied the answer", 2000);
}

/** One code block of the answer, which the user chooses where there are several. */
export async function copyCodeBlock({ turn }: Target, edits: Edits): Promise<void> {
  const blocks = await edits.blocks(turn);
  if (blocks.length === 0) {
    void window.showInformationMessage("The answer has no code block. Codex: Copy Answer copies all of it.");
    return;
  }
  const title = `The answer has ${blocks.length} code blocks`;
  const index = blocks.length === 1 ? 0 : await pickBlock(title, blocks);
  if (index === undefined) return;
  await env.clipboard.writeText(blocks[index]?.text ?? "");
  window.setStatusBarMessage("$(check) Copied the code block", 2000);
}

/**
 * One code block of the answer behind each selection, at the cursor where nothing is selected: one undo. No character
 * is taken away.
 */
export async function insertAnswer(target: Target, edits: Edits): Promise<void> {
  const uri = target.conversation.thread.uri.toString();
  const editor =
    window.activeTextEditor ??
    window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri);
  if (editor === undefined) {
    await window.showInformationMessage(
      "Open the document that the answer should go into, and put the cursor there.",
    );
    return;
  }
  const { document, selections } = editor;
  if (!(await mayWrite(document.uri))) return;
  const places = selections.map((span) => ({ document, span, placement: "insert" as const }));
  const found = await edits.of(target, places);
  if (found === undefined) return;
  await editor.edit((edit) => {
    for (const { range, text } of found) edit.replace(range, text);
  });
  editor.selections = editor.selections.map(({ end }) => new Selection(end, end));
}

/** The conversation as a new document, which the user may keep. */
export async function openAnswer({ conversation }: Target): Promise<void> {
  const turns = conversation.turns.map(({ question, answer }) => ({ question: question.text, answer }));
  const document = await workspace.openTextDocument({
    language: "markdown",
    content: conversationDocument(turns),
  });
  await window.showTextDocument(document, { preview: false });
}
