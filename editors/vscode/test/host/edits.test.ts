/** What the server makes of an answer, and what the user is asked about it. */

import assert from "node:assert/strict";
import * as vscode from "vscode";
import { listening } from "../support/dialogs";
import { SAMPLE } from "../support/workspace";
import { answered, closeAll, extension, model, openSample, selectLines } from "./world";

const AGAIN = "Ask Again for the Whole Block";
const GUARDED =
  "def mean(prices):\n    if not prices:\n        return 0.0\n    return total(prices) / len(prices)";
const block = (code: string): string => `\`\`\`python\n${code}\n\`\`\`\n`;
const run = (command: string): Promise<unknown> =>
  Promise.resolve(vscode.commands.executeCommand(`codex.${command}`));

async function replaced(editor: vscode.TextEditor): Promise<string> {
  await run("replaceSelection");
  await run("acceptEdit");
  return editor.document.getText();
}

/** Asks about whole lines, or about what `select` selects. */
async function asked(
  content: string,
  select?: (editor: vscode.TextEditor) => void,
): Promise<vscode.TextEditor> {
  await model(0).answer({ content: [content] });
  const editor = await openSample("one");
  if (select) select(editor);
  else selectLines(editor, 8, 9);
  await vscode.commands.executeCommand("codex.ask", "Make it safe");
  return editor;
}

suite("an answer's code", () => {
  setup(closeAll);
  const wanted = SAMPLE.replace(/def mean[^]*/, `${GUARDED}\n`);

  test("goes into the file without the line numbers that the model repeats", async () => {
    const numbered = GUARDED.split("\n").map((line, n) => `${n + 8}  ${line}`);
    assert.equal(await replaced(await asked(block(numbered.join("\n")))), wanted);
  });

  test("keeps its indentation where the selection begins at a line's first letter", async () => {
    const code = "if not prices:\n    return 0.0\nreturn total(prices) / len(prices)";
    const editor = await asked(block(code), (one) => {
      one.selection = new vscode.Selection(8, 4, 8, 38);
    });
    assert.equal(await replaced(editor), wanted);
  });

  test("is applied as a diff where it is one", async () => {
    const diff =
      "@@ -8,2 +8,4 @@\n def mean(prices):\n+    if not prices:\n+        return 0.0\n     return total(prices) / len(prices)";
    assert.equal(await replaced(await asked(`\`\`\`diff\n${diff}\n\`\`\`\n`)), wanted);
  });

  test("is chosen by the user where there are several blocks", async () => {
    const editor = await asked(`This:\n${block("x = 1")}or\n${block(GUARDED)}`);
    const { showQuickPick } = vscode.window;
    const rows: vscode.QuickPickItem[][] = [];
    const pick = (items: readonly vscode.QuickPickItem[]): Promise<vscode.QuickPickItem | undefined> => {
      rows.push([...items]);
      return Promise.resolve(items[1]);
    };
    Object.assign(vscode.window, { showQuickPick: pick });
    try {
      assert.equal(await replaced(editor), wanted);
    } finally {
      Object.assign(vscode.window, { showQuickPick });
    }
    assert.deepEqual(
      rows.map((row) => row.map(({ label, description }) => [label, description])),
      [
        [
          ["x = 1", "python 1 line"],
          ["def mean(prices):", "python 4 lines"],
        ],
      ],
    );
  });

  test("with a gap is refused in one sentence, and all of it asked for with a button", async () => {
    const editor = await asked(block("def mean(prices):\n    # ... existing code ..."));
    await model(0).answer({ content: [block(GUARDED)] });
    const told = await listening(vscode.window, () => run("replaceSelection").then(() => undefined), AGAIN);
    assert.equal(told.length, 1);
    assert.deepEqual(told[0]!.buttons, [AGAIN]);
    assert.match(told[0]!.message, /^[^.]+\.$/);
    assert.equal(editor.document.getText(), SAMPLE, "nothing is changed");
    assert.equal(extension().conversations.latest!.turns.length, 2, "in the same conversation");
    const sent = (await model(0).turn(1)).json!.messages;
    assert.ok(sent.some(({ role, content }) => role === "assistant" && content.includes("existing code")));
    assert.ok(!/^\s*\d+[ |:]/m.test(sent.at(-1)!.content), "no line numbers in the prompt of an edit");
    assert.equal(answered(), block(GUARDED));
    assert.equal(await replaced(editor), wanted);
  });

  test("that is none is refused without a question", async () => {
    const editor = await asked("I would not change it.");
    const told = await listening(vscode.window, () => run("replaceSelection").then(() => undefined));
    assert.equal(told.length, 1);
    assert.equal(editor.document.getText(), SAMPLE);
  });

  test("is inserted behind the selection, prose and fences left out, and removes no character", async () => {
    const editor = await asked(`Call it so:\n${block("print(mean([1, 2]))")}That prints 1.5.`);
    await run("insertAnswer");
    assert.equal(
      editor.document.getText(),
      `${SAMPLE.trimEnd()}\n    print(mean([1, 2]))\n`.replace(
        "    print",
        editor.document.lineAt(9).text.startsWith("    ") ? "    print" : "print",
      ),
    );
    await vscode.commands.executeCommand("undo");
    assert.equal(editor.document.getText(), SAMPLE);
  });

  test("of a fix is for the block that the server chose, and the answer stands under that", async () => {
    const problems = vscode.languages.createDiagnosticCollection("linter");
    await model(0).answer({ content: [block(`${SAMPLE.split("\n\n\n")[0]!}\n\n\n${GUARDED}`)] });
    const editor = await openSample("one");
    const problem = new vscode.Diagnostic(new vscode.Range(8, 11, 8, 24), "may divide by zero");
    problems.set(editor.document.uri, [problem]);
    editor.selection = new vscode.Selection(8, 12, 8, 12);
    await run("fix");
    problems.dispose();
    const { conversation, turn } = extension().conversations.target(undefined)!;
    assert.ok(turn.about!.span.end.line > turn.about!.span.start.line, "several lines");
    assert.equal(conversation.thread.range.end.line, turn.about!.span.end.line);
    assert.equal(await replaced(editor), wanted);
    await vscode.commands.executeCommand("undo");
  });
});

suite("an explanation", () => {
  setup(closeAll);

  test("is about the block around the cursor, wherever that has moved while the model was loaded", async () => {
    await model(0).answer({ content: ["It ", { gate: "more" }, "sums."] });
    const editor = await openSample("one");
    editor.selection = new vscode.Selection(3, 8, 3, 8);
    const explaining = run("explain");
    const { messages } = (await model(0).turn(0)).json!;
    assert.ok(messages.at(-1)!.content.includes("for price in prices:"), messages.at(-1)!.content);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(editor.document.uri, new vscode.Position(0, 0), "import math\n");
    await vscode.workspace.applyEdit(edit);
    await model(0).open("more");
    await explaining;
    const { turn, conversation } = extension().conversations.target(undefined)!;
    const { start, end } = turn.about!.span;
    assert.ok(start.line >= 1 && end.line > start.line, JSON.stringify([start, end]));
    assert.equal(conversation.thread.range.end.line, end.line);
    await vscode.commands.executeCommand("undo");
  });
});
