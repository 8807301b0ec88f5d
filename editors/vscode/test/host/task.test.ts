import assert from "node:assert/strict";
import * as vscode from "vscode";
import { listening } from "../support/dialogs";
import { Picks } from "../support/picks";
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

  test("its changes are looked at and taken back file by file", async () => {
    const editor = await openSample("one");
    const before = await text(editor);
    await until("the file's text in the editor", () => editor.document.getText() === before);
    const added = vscode.Uri.joinPath(editor.document.uri, "..", "notes.md");
    const write = call("write_file", { path: "notes.md", content: "Rounded.\n" });
    await model(0).script({ answers: [EDIT, write, { chat: { content: ["Done."] } }] });
    const picks = new Picks(vscode, until);
    const told = await listening(
      vscode.window,
      async () => {
        await vscode.commands.executeCommand("codex.do", "Round it");
        await picks.during(async () => {
          const reviewing = vscode.commands.executeCommand("codex.reviewTask");
          const rows = await picks.rows(0, "prices.py");
          assert.deepEqual(
            rows.map(({ label, description }) => [label, description]),
            [
              ["All Files", "2"],
              ["prices.py", "edited, +1 -1"],
              ["notes.md", "wrote, +1 -0"],
            ],
          );
          await picks.press(0, "notes.md", "Undo This File");
          await until("one file", async () => (await picks.rows(0, "prices.py")).length === 1);
          await assert.rejects(async () => vscode.workspace.fs.stat(added));
          await picks.take(0, "prices.py");
          await reviewing;
        });
      },
      "Yes",
    );
    assert.ok(told.some(({ message }) => message === "1 file is as it was before the task."));
    const { input } = vscode.window.tabGroups.activeTabGroup.activeTab!;
    assert.ok(input instanceof vscode.TabInputTextDiff);
    assert.equal(input.modified.toString(), editor.document.uri.toString());
    const original = await vscode.workspace.openTextDocument(input.original);
    assert.equal(original.getText(), before);
    assert.ok((await text(editor)).includes("return round(result)"));
    await vscode.commands.executeCommand("codex.undoTask");
    assert.equal(await text(editor), before);
  });

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
