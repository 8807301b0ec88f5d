import assert from "node:assert/strict";
import * as vscode from "vscode";
import { answerOf, answered, closeAll, extension, model, openSample, selectLines } from "./world";

suite("asking", () => {
  setup(closeAll);

  test("sends the selection with its lines, the file and its language, and the problems in it", async () => {
    await model(0).answer({ content: ["ok"] });
    const editor = await openSample("one");
    const problems = vscode.languages.createDiagnosticCollection("linter");
    const range = new vscode.Range(8, 11, 8, 24);
    const problem = new vscode.Diagnostic(range, "may divide by zero", vscode.DiagnosticSeverity.Warning);
    problem.source = "linter";
    problem.code = "W42";
    problems.set(editor.document.uri, [problem]);
    selectLines(editor, 8, 9);
    await vscode.commands.executeCommand("codex.ask", "What is wrong?");
    problems.dispose();
    const { json } = await model(0).turn(0);
    const sent = json!.messages.at(-1)!.content;
    assert.equal(json!.model, "model-one");
    for (const part of [
      "What is wrong?",
      "prices.py",
      "python",
      "def mean(prices):",
      "may divide by zero",
      "W42",
    ]) {
      assert.ok(sent.includes(part), `${part} in:\n${sent}`);
    }
    assert.match(sent, /\b8\b[^]*\b9\b/);
    // Around the selection, so that the model knows what `total` is.
    assert.ok(sent.includes("def total"), sent);
  });

  test("shows the answer at the selection, streamed, with question and label", async () => {
    await model(0).answer({ reasoning: ["hm"], content: ["It is ", { gate: "half" }, "fine."] });
    const editor = await openSample("one");
    selectLines(editor, 1, 5);
    const asking = vscode.commands.executeCommand("codex.ask", "Is it fine?");
    await model(0).reached("half");
    await answerOf("It is ");
    const { conversation } = extension().conversations.target(undefined)!;
    assert.match(conversation.label, /^first \(local\), (thought \d+\.\d s, )?answering/);
    assert.equal(conversation.thread.contextValue, "running");
    await model(0).open("half");
    await asking;
    assert.equal(answered(), "It is fine.");
    assert.match(conversation.thread.label!, /^first \(local\), done in \d+\.\d s/);
    assert.deepEqual(conversation.thread.range, new vscode.Range(0, 0, 4, 17));
    assert.equal(conversation.thread.uri.toString(), editor.document.uri.toString());
    assert.equal(conversation.thread.contextValue, "answered");
    const [question, { body: answer } = question!] = conversation.thread.comments;
    assert.deepEqual([question!.author.name, question!.body], ["You: Is it fine?", ""]);
    assert.ok(
      answer instanceof vscode.MarkdownString && answer.isTrusted === false && answer.supportHtml === false,
    );
  });
});
