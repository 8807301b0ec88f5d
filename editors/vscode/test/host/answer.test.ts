import assert from "node:assert/strict";
import * as vscode from "vscode";
import { best } from "../support/crowd";
import { listening } from "../support/dialogs";
import { answerOf, answered, closeAll, extension, model, openSample, selectLines, until } from "./world";

const FIXED = "```python\ndef mean(prices):\n    return total(prices) / len(prices) if prices else 0\n```";

async function askAbout(first: number, last: number, content: string): Promise<vscode.TextEditor> {
  await model(0).answer({ content: [content] });
  const editor = await openSample("one");
  selectLines(editor, first, last);
  await vscode.commands.executeCommand("codex.ask", "Make it better");
  return editor;
}

function tabs(): string[] {
  return vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label));
}

suite("an answer", () => {
  setup(closeAll);

  test("is copied as the model wrote it", async () => {
    await askAbout(8, 9, `Do:\n${FIXED}`);
    await vscode.commands.executeCommand("codex.copyAnswer");
    assert.equal(await vscode.env.clipboard.readText(), `Do:\n${FIXED}`);
  });

  test("is inserted at the cursor, the code alone, with one undo", async () => {
    const editor = await askAbout(8, 9, `Do:\n${FIXED}`);
    const before = editor.document.getText();
    editor.selection = new vscode.Selection(5, 0, 5, 0);
    await vscode.commands.executeCommand("codex.insertAnswer");
    assert.ok(
      editor.document
        .getText()
        .includes("return result\ndef mean(prices):\n    return total(prices) / len(prices) if"),
    );
    await vscode.commands.executeCommand("undo");
    assert.equal(editor.document.getText(), before);
  });

  test("replaces the selection after a diff, with one undo", async () => {
    const editor = await askAbout(8, 9, `Do:\n${FIXED}`);
    const { document } = editor;
    const before = document.getText();
    await vscode.commands.executeCommand("codex.replaceSelection");
    assert.ok(tabs().includes("prices.py: proposed by first"), tabs().join());
    assert.equal(document.getText(), before);
    await vscode.commands.executeCommand("codex.acceptEdit");
    assert.ok(document.getText().endsWith("return total(prices) / len(prices) if prices else 0\n"));
    assert.ok(!tabs().includes("prices.py: proposed by first"));
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), before);
  });

  test("replaces nothing when the proposal is rejected", async () => {
    const { document } = await askAbout(8, 9, FIXED);
    const before = document.getText();
    await vscode.commands.executeCommand("codex.replaceSelection");
    await vscode.commands.executeCommand("codex.rejectEdit");
    assert.equal(document.getText(), before);
    assert.ok(!tabs().includes("prices.py: proposed by first"));
  });

  test("is refused when the document has changed since the diff", async () => {
    const { document } = await askAbout(8, 9, FIXED);
    await vscode.commands.executeCommand("codex.replaceSelection");
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 0), "# new\n");
    await vscode.workspace.applyEdit(edit);
    const changed = document.getText();
    const told = await listening(vscode.window, async () => {
      await vscode.commands.executeCommand("codex.acceptEdit");
    });
    assert.match(told.map(({ message }) => message).join(), /^The document has changed since the diff/);
    assert.equal(document.getText(), changed);
  });

  test("is refused when the selected text has changed since the question, and follows text before it", async () => {
    const { document } = await askAbout(8, 9, FIXED);
    const { turn } = extension().conversations.target(undefined)!;
    const insert = async (line: number): Promise<void> => {
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(line, 0), "# new\n");
      await vscode.workspace.applyEdit(edit);
    };
    await insert(0);
    assert.deepEqual({ ...turn.about!.span.start }, { line: 8, character: 0 });
    await insert(9);
    const told = await listening(vscode.window, async () => {
      await vscode.commands.executeCommand("codex.replaceSelection");
    });
    assert.match(told.map(({ message }) => message).join(), /changed since/);
    assert.ok(!tabs().includes("prices.py: proposed by first"));
  });

  test("opens as Markdown that is harmless to preview", async () => {
    await askAbout(8, 9, "See ![x](https://evil.test/a.png).");
    await vscode.commands.executeCommand("codex.openAnswer");
    const { document } = vscode.window.activeTextEditor!;
    assert.equal(document.languageId, "markdown");
    assert.equal(document.getText(), "# Make it better\n\nSee !\\[x](https://evil.test/a.png).\n");
  });

  test("has its thinking in a read-only document that is brought up to date", async () => {
    await model(0).answer({ reasoning: ["One ", { gate: "more" }, "two."], content: ["Done"] });
    await openSample("one");
    const asking = vscode.commands.executeCommand("codex.ask", "Think!");
    await model(0).reached("more");
    await until(
      "the first thought",
      () => extension().conversations.latest?.last?.answer.reasoning === "One ",
    );
    await vscode.commands.executeCommand("codex.showThinking");
    const { document } = vscode.window.activeTextEditor!;
    assert.equal(document.uri.scheme, "codex-thinking");
    assert.equal(document.languageId, "markdown");
    assert.equal(document.getText(), "# Think\\!\n\n*first, model\\-one*\n\nOne \n");
    await model(0).open("more");
    await asking;
    await until("all of it", () => document.getText() === "# Think\\!\n\n*first, model\\-one*\n\nOne two.\n");
  });

  test("carries the conversation on in its reply", async () => {
    await askAbout(8, 9, "First answer");
    await model(0).answer({ content: ["Second answer"] });
    const { thread } = extension().conversations.latest!;
    await vscode.commands.executeCommand("codex.reply", { thread, text: "And then?" });
    assert.equal(answered(), "Second answer");
    assert.equal(thread.comments.length, 4);
    const { json } = await model(0).turn(1);
    const roles = json!.messages.map(({ role }) => role).filter((role) => role !== "system");
    assert.deepEqual(roles, ["user", "assistant", "user"]);
    assert.equal(json!.messages.at(-2)!.content, "First answer");
    assert.equal(json!.messages.at(-1)!.content, "And then?");
  });

  test("several stream at once, each into its own place", async () => {
    await model(0).answer(
      { content: ["one ", { gate: "a" }, "and only"] },
      { content: ["two ", { gate: "b" }, "and only"] },
    );
    const editor = await openSample("one");
    selectLines(editor, 1, 5);
    const first = vscode.commands.executeCommand("codex.ask", "1?");
    await model(0).reached("a");
    selectLines(editor, 8, 9);
    const second = vscode.commands.executeCommand("codex.ask", "2?");
    await model(0).reached("b");
    await answerOf("two ");
    assert.equal(extension().conversations.running.length, 2);
    await model(0).open("b");
    await second;
    assert.equal(answered(), "two and only");
    await model(0).open("a");
    await first;
    assert.equal(extension().conversations.running.length, 0);
  });

  test("stops at once, keeps its text, and closes the connection within 200 ms", async () => {
    await openSample("one");
    let asked = 0;
    const took = await best(200, async () => {
      await model(0).answer({
        reasoning: ["hm"],
        content: [`so far ${asked}`, { gate: `never${asked}` }, "!"],
      });
      const asking = vscode.commands.executeCommand("codex.ask", "Long?");
      await answerOf(`so far ${asked}`);
      const hungUp = model(0).hungUp(asked);
      const pressed = performance.now();
      const stopping = vscode.commands.executeCommand("codex.stop");
      await hungUp;
      const closed = performance.now() - pressed;
      await Promise.all([stopping, asking]);
      assert.equal(answered(), `so far ${asked}`);
      assert.match(extension().conversations.latest!.thread.label!, /^first \(local\), stopped after/);
      asked += 1;
      return closed;
    });
    console.log(`[test] (the connection was closed ${took.toFixed(0)} ms after Stop)`);
    assert.ok(took <= 200, `${took} ms`);
  });
});
