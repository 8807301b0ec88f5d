import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as vscode from "vscode";
import { answered, closeAll, extension, model, openSample, root, until } from "./world";

async function setProfile(name: string | undefined, folder?: "one" | "two"): Promise<void> {
  const scope = folder && vscode.Uri.file(`${root()}/${folder}`);
  const target = folder ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Workspace;
  await vscode.workspace.getConfiguration("codex", scope).update("profile", name, target);
}

suite("profiles", () => {
  setup(closeAll);
  teardown(async () => {
    await setProfile(undefined);
    await setProfile(undefined, "one");
    await setProfile(undefined, "two");
  });

  test("two folders with two profiles reach two model servers", async () => {
    await setProfile("first", "one");
    await setProfile("second", "two");
    await model(0).answer({ content: ["from the first"] });
    await model(1).answer({ content: ["from the second"] });
    await openSample("one");
    await vscode.commands.executeCommand("codex.ask", "Who?");
    assert.equal(answered(), "from the first");
    await openSample("two");
    await vscode.commands.executeCommand("codex.ask", "Who?");
    assert.equal(answered(), "from the second");
    assert.equal((await model(0).turn(0)).json!.model, "model-one");
    assert.equal((await model(1).turn(0)).json!.model, "model-two");
  });

  test("a change takes effect on the next question", async () => {
    await model(0).answer({ content: ["old"] });
    await model(1).answer({ content: ["new"] });
    await openSample("one");
    await vscode.commands.executeCommand("codex.ask", "1");
    await setProfile("second");
    await vscode.commands.executeCommand("codex.ask", "2");
    assert.equal(answered(), "new");
  });

  test("an unknown name is an error with the list, and reaches no model", async () => {
    await setProfile("nope");
    await openSample("one");
    await vscode.commands.executeCommand("codex.ask", "Who?");
    const { failure } = extension().conversations.latest!.last!.answer;
    assert.equal(failure?.kind, "unknownProfile");
    for (const name of ["nope"]) assert.ok(failure.message.includes(name), failure.message);
    for (const name of ["first", "second", "keyed", "nowhere"])
      assert.ok(failure.hint?.includes(name), failure.hint ?? "");
    assert.deepEqual([(await model(0).log()).requests, (await model(1).log()).requests], [[], []]);
    await vscode.commands.executeCommand("notifications.clearAll");
  });

  test("a missing key is asked of secret storage, and reaches its own provider alone", async () => {
    await setProfile("keyed");
    await openSample("one");
    await vscode.commands.executeCommand("codex.ask", "No key yet");
    assert.equal(extension().conversations.latest!.last!.answer.failure?.kind, "missingCredential");
    await vscode.commands.executeCommand("notifications.clearAll");
    await extension().secrets.store({ provider: "keyed-server", origin: model(1).origin }, "canary-key");
    await model(1).answer({ content: ["with key"] });
    await vscode.commands.executeCommand("codex.ask", "Now?");
    assert.equal(answered(), "with key");
    const { headers } = await model(1).turn(0);
    assert.equal(
      new Map(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v])).get("authorization"),
      "Bearer canary-key",
    );
    await extension().secrets.store({ provider: "keyed-server", origin: model(1).origin }, "");
  });
});

/** The language server is the one child of this extension host that runs serve.py. */
function serverProcess(): number {
  const listed = execFileSync("pgrep", ["-P", String(process.pid), "-f", "serve.py"], { encoding: "utf8" });
  return Number(listed.trim().split("\n")[0]);
}

suite("the server", () => {
  setup(closeAll);

  test("killed in the middle of an answer is restarted once, and the text stays", async () => {
    await model(0).answer(
      { content: ["text that stays", { gate: "never" }, "!"] },
      { content: ["alive again"] },
    );
    await openSample("one");
    const asking = vscode.commands.executeCommand("codex.ask", "Long?");
    await until("the text", () => answered() === "text that stays");
    process.kill(serverProcess(), "SIGKILL");
    await asking;
    assert.ok(answered().startsWith("text that stays\n\n"), answered());
    assert.match(extension().conversations.latest!.thread.label!, /^first \(local\), interrupted after/);
    await until("the new server", () => extension().server.current === "running");
    const { thread } = extension().conversations.latest!;
    await vscode.commands.executeCommand("codex.reply", { thread, text: "Still there?" });
    assert.equal(answered(), "alive again");
    const { json } = await model(0).turn(1);
    assert.ok(JSON.stringify(json).includes("text that stays"), "the conversation goes on");
    await vscode.commands.executeCommand("notifications.clearAll");
  });
});

suite("Check Setup", () => {
  setup(closeAll);

  test("is a document with a verdict, and without any key", async () => {
    await extension().secrets.store({ provider: "keyed-server", origin: model(1).origin }, "canary-key");
    await vscode.commands.executeCommand("codex.checkSetup");
    const { document } = vscode.window.activeTextEditor!;
    await extension().secrets.store({ provider: "keyed-server", origin: model(1).origin }, "");
    assert.equal(document.uri.scheme, "codex-report");
    assert.equal(document.languageId, "markdown");
    const text = document.getText();
    assert.match(text, /^# Codex: Check Setup\n\n(Everything needed is there|\d+ of \d+ checks failed)\./);
    assert.match(text, /✅/);
    assert.ok(!text.includes("canary-key"));
  });
});

suite("code actions", () => {
  setup(closeAll);

  test("offer to fix a problem, and fixing sends it along", async () => {
    const editor = await openSample("one");
    const problems = vscode.languages.createDiagnosticCollection("linter");
    const problem = new vscode.Diagnostic(new vscode.Range(8, 11, 8, 24), "may divide by zero");
    problems.set(editor.document.uri, [problem]);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      editor.document.uri,
      problem.range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const action = actions.find(({ title }) => title === "Fix with Codex: may divide by zero");
    assert.ok(action?.command, actions.map(({ title }) => title).join());
    await model(0).answer({ content: ["Fixed"] });
    editor.selection = new vscode.Selection(8, 12, 8, 12);
    await vscode.commands.executeCommand(action.command.command, ...(action.command.arguments as unknown[]));
    problems.dispose();
    assert.equal(answered(), "Fixed");
    const sent = (await model(0).turn(0)).json!.messages.at(-1)!.content;
    for (const part of ["may divide by zero", "return total(prices) / len(prices)"])
      assert.ok(sent.includes(part), sent);
  });
});
