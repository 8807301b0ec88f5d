/**
 * What can be done with an answer that is there: copy it, insert it, open it.
 */

import { insertable } from "./codeBlocks";
import { Selection, env, window, workspace } from "./editor";
import { mayWrite } from "./guard";
import type { Target } from "./conversations";
import { conversationDocument } from "./wording";

/** The whole answer, as the model wrote it. */
export async function copyAnswer({ turn }: Target): Promise<void> {
  await env.clipboard.writeText(turn.answer.content);
  window.setStatusBarMessage("$(check) Copied the answer", 2000);
}

/** The answer's code, if it is one block, else all of it, in the place of every selection: one undo. */
export async function insertAnswer({ turn, conversation }: Target): Promise<void> {
  const uri = conversation.thread.uri.toString();
  const editor =
    window.activeTextEditor ??
    window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri);
  if (editor === undefined) {
    await window.showInformationMessage(
      "Open the document that the answer should go into, and put the cursor there.",
    );
    return;
  }
  if (!(await mayWrite(editor.document.uri))) return;
  const text = insertable(turn.answer.content);
  await editor.edit((edit) => {
    for (const selection of editor.selections) edit.replace(selection, text);
  });
  editor.selections = editor.selections.map(({ end }) => new Selection(end, end));
}

/** The conversation as a new document, which the user may keep. */
export async function openAnswer({ conversation }: Target): Promise<void> {
  const turns = conversation.turns.map(({ question, answer }) => ({ question: question.prompt, answer }));
  const document = await workspace.openTextDocument({
    language: "markdown",
    content: conversationDocument(turns),
  });
  await window.showTextDocument(document, { preview: false });
}
