import assert from "node:assert/strict";
import * as vscode from "vscode";
import { typing } from "../support/boxes";
import { answered, closeAll, model, openSample, root, selectLines, until } from "./world";

const folder = (): vscode.Uri => vscode.Uri.file(`${root()}/home/.codex/prompts`);

async function write(name: string, text: string): Promise<void> {
  await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder(), name), Buffer.from(text));
}

/** What the last message of the n-th request says. */
async function asked(n: number): Promise<string> {
  const { json } = await model(0).turn(n);
  return (json!.messages as { content: string }[]).at(-1)!.content;
}

/** Runs the command with the row that `choose` takes, and these arguments. Returns the rows. */
async function picking(name: string, words: string): Promise<string[]> {
  const { window } = vscode;
  const real = { showQuickPick: window.showQuickPick, showInputBox: window.showInputBox };
  let rows: string[] = [];
  Object.assign(window, {
    showQuickPick: (items: readonly vscode.QuickPickItem[]) => {
      rows = items.map(({ label, description }) => `${label}: ${description ?? ""}`);
      return Promise.resolve(items.find(({ label }) => label.startsWith(name)));
    },
    showInputBox: () => Promise.resolve(words),
  });
  try {
    await vscode.commands.executeCommand("codex.askPrompt");
  } finally {
    Object.assign(window, real);
  }
  return rows;
}

suite("prompts of the user's own", () => {
  setup(async () => {
    await closeAll();
    await write(
      "review.md",
      "---\ndescription: Look at it\nargument-hint: WHAT\n---\nReview for $ARGUMENTS.\n",
    );
    await write("plain.md", "Be plain.\n");
  });
  teardown(() => vscode.workspace.fs.delete(folder(), { recursive: true }));

  test("are picked, given their arguments, and asked about the selection", async () => {
    await model(0).answer({ content: ["Fine."] }, { content: ["Plain."] });
    selectLines(await openSample("one"), 1, 2);
    assert.deepEqual(await picking("/review", "locks"), ["/plain: ", "/review WHAT: Look at it"]);
    await until("the answer", () => answered().includes("Fine."));
    assert.match(await asked(0), /Review for locks\.$/);
    await picking("/plain", "never asked for");
    assert.match(await asked(1), /Be plain\.$/);
  });

  test("are asked by their names in the box", async () => {
    await model(0).answer({ content: ["Fine."] });
    await openSample("one");
    await typing(vscode, "/review names", async () => {
      await vscode.commands.executeCommand("codex.ask");
    });
    assert.match(await asked(0), /Review for names\.$/);
  });
});
