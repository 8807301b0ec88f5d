import assert from "node:assert/strict";
import * as vscode from "vscode";
import { listening } from "../support/dialogs";
import { answerOf, closeAll, model, openSample, until } from "./world";

function call(name: string, args: object): object {
  const calls = [
    { index: 0, id: "c", type: "function", function: { name, arguments: JSON.stringify(args) } },
  ];
  return { chat: { tool_calls: calls, finish_reason: "tool_calls" } };
}

const EDIT = call("edit_file", { path: "prices.py", old: "return result", new: "return round(result)" });

async function text(editor: vscode.TextEditor): Promise<string> {
  return Buffer.from(await vscode.workspace.fs.readFile(editor.document.uri)).toString();
}

suite("a task", () => {
  setup(closeAll);

  for (const [button, isDone] of [
    ["Yes", true],
    ["No", false],
  ] as const) {
    test(`asks with the diff before a change: ${button}`, async () => {
      const editor = await openSample("one");
      const before = await text(editor);
      // After an undo the editor may still show the text from before: a file with unsaved text is not changed.
      await until("the file's text in the editor", () => editor.document.getText() === before);
      await model(0).script({ answers: [EDIT, { chat: { content: ["Well then."] } }] });
      const told = await listening(
        vscode.window,
        async () => {
          await vscode.commands.executeCommand("codex.do", "Round it");
        },
        button,
      );
      const question = told.find(({ message }) => message === "Codex wants to change files.");
      const diff = "-    return result\n+    return round(result)";
      assert.ok(question?.detail?.includes(diff), JSON.stringify(told));
      assert.deepEqual(question?.buttons, ["Yes", "Yes, from Now On", "No", "Stop"]);
      await answerOf(`edited \`prices.py\`${isDone ? "" : ", declined"}\n\nWell then.`);
      assert.equal((await text(editor)).includes("return round(result)"), isDone);
      if (isDone) await vscode.commands.executeCommand("codex.undoTask");
      assert.equal(await text(editor), before);
    });
  }

  test("is no question: only its request has tools", async () => {
    await openSample("one");
    await model(0).answer({ content: ["1"] }, { content: ["2"] });
    await vscode.commands.executeCommand("codex.ask", "Why?");
    await vscode.commands.executeCommand("codex.do", "Do it");
    const tools = [(await model(0).turn(0)).json, (await model(0).turn(1)).json];
    assert.deepEqual(
      tools.map((json) => "tools" in json!),
      [false, true],
    );
  });
});
