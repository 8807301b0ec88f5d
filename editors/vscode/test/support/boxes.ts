/** Boxes that the extension opens for a question: filled in, and sent by the command that Enter is bound to. */

import type * as vscode from "vscode";

/** Types `question` into the box that opens while `body` runs; gives the titles that the boxes had when it was sent. */
export async function typing(
  api: typeof vscode,
  question: string,
  body: () => Promise<void>,
  beforeEnter: (box: vscode.InputBox) => Promise<void> = () => Promise.resolve(),
): Promise<(string | undefined)[]> {
  const { window } = api;
  const real = window.createInputBox.bind(window);
  const titles: (string | undefined)[] = [];
  const open = (): vscode.InputBox => {
    const box = real();
    const show = box.show.bind(box);
    box.show = () => {
      show();
      box.value = question;
      void send(box);
    };
    return box;
  };
  const send = async (box: vscode.InputBox): Promise<void> => {
    await beforeEnter(box);
    titles.push(box.title);
    // The extension host sends what was set with its next timer; this one stands behind that in the row.
    await new Promise((done) => setTimeout(done, 0));
    await api.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
  };
  Object.assign(window, { createInputBox: open });
  try {
    await body();
  } finally {
    Object.assign(window, { createInputBox: real });
  }
  return titles;
}
