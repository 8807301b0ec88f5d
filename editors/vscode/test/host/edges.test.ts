import assert from "node:assert/strict";
import * as vscode from "vscode";
import { listening } from "../support/dialogs";
import { SAMPLE } from "../support/workspace";
import {
  answerOf,
  answered,
  closeAll,
  extension,
  model,
  openSample,
  root,
  selectLines,
  until,
} from "./world";

const ask = (question: string): Thenable<unknown> => vscode.commands.executeCommand("codex.ask", question);
const KEY = "Set API Key...";
const latest = (): NonNullable<ReturnType<typeof extension>["conversations"]["latest"]> =>
  extension().conversations.latest!;
const bodies = (): string[] =>
  latest().thread.comments.map(({ author, body }) => (typeof body === "string" ? author.name : body.value));

async function sent(n: number): Promise<string> {
  return (await model(0).turn(n)).json!.messages.at(-1)!.content;
}

async function set(
  key: string,
  value: unknown,
  target = vscode.ConfigurationTarget.Workspace,
): Promise<void> {
  await vscode.workspace.getConfiguration("codex").update(key, value, target);
}

suite("what goes wrong is told with the next step", () => {
  setup(closeAll);
  teardown(() => set("profile", undefined));

  const cases = [
    { profile: "nowhere", kind: "unreachable", button: "Check Setup" },
    { profile: "nope", kind: "unknownProfile", button: "Select Profile..." },
    { profile: "keyed", kind: "missingCredential", button: KEY },
    { profile: "embedded", kind: "notFound", button: "Get the Built-in Model..." },
  ];
  for (const { profile, kind, button } of cases) {
    test(`${kind}: ${button}`, async () => {
      await set("profile", profile);
      await openSample("one");
      const told = await listening(vscode.window, async () => {
        await ask("Anyone?");
      });
      const { failure } = latest().last!.answer;
      assert.equal(failure?.kind, kind);
      assert.deepEqual(told, [{ message: failure.message, buttons: [button] }]);
      assert.ok(answered().startsWith("**"), answered());
    });
  }

  test("the key that is missing can be typed at once, and nobody is asked whose it is", async () => {
    await set("profile", "keyed");
    await openSample("one");
    const { showInputBox } = vscode.window;
    const asked: (string | undefined)[] = [];
    const typed = (options?: vscode.InputBoxOptions): Promise<string> => {
      asked.push(options?.title);
      return Promise.resolve("canary-key");
    };
    Object.assign(vscode.window, { showInputBox: typed });
    try {
      await listening(vscode.window, () => Promise.resolve(ask("Anyone?")).then(() => undefined), KEY);
      const holder = { provider: "keyed-server", origin: model(1).origin };
      await until("the key", async () => {
        return (await extension().secrets.get(holder.provider, holder.origin)) === "canary-key";
      });
      await extension().secrets.store(holder, "");
    } finally {
      Object.assign(vscode.window, { showInputBox });
    }
    assert.deepEqual(asked, ["API key for keyed-server"]);
  });

  test("a server that can't start: the setting that is wrong, and the log", async () => {
    const program = `${root()}/no-such-program`;
    const told = await listening(vscode.window, async () => {
      await set("server.path", program, vscode.ConfigurationTarget.Global);
      await vscode.commands.executeCommand("codex.restartServer");
      await openSample("one");
      await ask("Anyone?");
    });
    assert.equal(told.length, 2);
    for (const { message, buttons } of told) {
      assert.match(message, /^The codex-ls server did not start on .*no-such-program/);
      assert.deepEqual(buttons, [
        vscode.env.remoteName === undefined ? "Open Settings" : "Open Remote Settings",
        "Show Log",
      ]);
    }
    assert.equal(extension().server.current, "failed");
    assert.match(answered(), /did not start/);
    await set("server.path", undefined, vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand("codex.restartServer");
    await model(0).answer({ content: ["back"] });
    await ask("And now?");
    assert.equal(answered(), "back");
  });
});

suite("an answer that is on its way", () => {
  setup(closeAll);

  test("can be stopped while the model server still loads the model", async () => {
    await model(0).script({ always: { error: { status: 503, message: "Loading model" } } });
    await openSample("one");
    const asking = ask("Ready?");
    await until("the phase", () => {
      return extension().conversations.latest?.label.startsWith("first (local), loading the model") === true;
    });
    await vscode.commands.executeCommand("codex.stop");
    await asking;
    assert.match(latest().thread.label!, /^first \(local\), stopped after/);
    assert.equal(answered(), "*Stopped before the answer began.*");
  });

  test("shows a follow-up at once, and answers it when it is over", async () => {
    await model(0).answer({ content: ["One", { gate: "more" }, "."] }, { content: ["Two."] });
    await openSample("one");
    const first = ask("First?");
    await answerOf("One");
    const { thread } = latest();
    const second = vscode.commands.executeCommand("codex.reply", { thread, text: "Second?" });
    await until("the question", () => bodies().at(-1) === "You: Second?");
    assert.deepEqual(bodies(), ["You: First?", "One", "You: Second?"]);
    await model(0).open("more");
    await Promise.all([first, second]);
    assert.deepEqual(bodies(), ["You: First?", "One.", "You: Second?", "Two."]);
  });

  test("stays at its code while the document is edited above it", async () => {
    await model(0).answer({ content: ["Here", { gate: "more" }, "."] });
    const editor = await openSample("one");
    selectLines(editor, 8, 9);
    const asking = ask("Where?");
    await answerOf("Here");
    const edit = (at: number, text: string): Thenable<boolean> =>
      editor.edit((change) => change.insert(new vscode.Position(at, 0), text));
    await edit(0, "import math\n\n");
    await edit(11, "# the end\n");
    const stands = (first: number, last: number): Promise<void> =>
      until(`the thread at lines ${first} to ${last}`, () => {
        return latest().thread.range.isEqual(new vscode.Range(first, 0, last, 38));
      });
    await stands(9, 10);
    await editor.edit((change) => change.delete(new vscode.Range(0, 0, 2, 0)));
    await stands(7, 8);
    await model(0).open("more");
    await asking;
    assert.equal(answered(), "Here.");
  });

  test("goes on when its file is closed", async () => {
    await model(0).answer({ content: ["Still", { gate: "more" }, " here."] });
    await openSample("one");
    const asking = ask("Going?");
    await answerOf("Still");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await model(0).open("more");
    await asking;
    assert.equal(answered(), "Still here.");
    assert.match(latest().thread.label!, /^first \(local\), done in/);
  });

  test("of 100,000 characters arrives whole, in few paints", async () => {
    const line = "A line of the answer that has `code`, **words** and a [link](https://example.com).\n";
    const times = Math.ceil(100_000 / line.length);
    await model(0).answer({ content: Array.from({ length: times }, () => line) });
    await openSample("one");
    await ask("Tell me everything");
    assert.equal(latest().last!.answer.content, line.repeat(times));
    assert.equal(answered(), line.repeat(times));
  });
});

suite("where answers stand", () => {
  setup(closeAll);

  test("a new one is not below the fold: older ones at its line are folded, failed ones go", async () => {
    const { conversations } = extension();
    const editor = await openSample("one");
    const about = async (question: string): Promise<void> => {
      selectLines(editor, 8, 9);
      await ask(question);
    };
    await model(0).answer({ content: ["old"] });
    await about("1");
    const old = latest();
    await set("profile", "nowhere");
    await listening(vscode.window, () => about("2"));
    const failed = latest();
    await set("profile", undefined);
    await model(0).answer({ content: ["new"] });
    await about("3");
    assert.equal(old.thread.collapsibleState, vscode.CommentThreadCollapsibleState.Collapsed);
    assert.equal(latest().thread.collapsibleState, vscode.CommentThreadCollapsibleState.Expanded);
    assert.equal(conversations.target(failed.thread)?.conversation, latest());
    assert.equal(conversations.target(old.thread)?.conversation, old);
  });
});

suite("any document can be asked about", () => {
  setup(closeAll);

  async function askedAbout(document: vscode.TextDocument, first: number, last: number): Promise<string> {
    await model(0).answer({ content: ["ok"] });
    const editor = await vscode.window.showTextDocument(document);
    selectLines(editor, first, last);
    await ask("What is this?");
    assert.equal(answered(), "ok");
    return sent(0);
  }

  test("one that was never saved", async () => {
    const document = await vscode.workspace.openTextDocument({ language: "python", content: SAMPLE });
    const prompt = await askedAbout(document, 8, 9);
    assert.ok(prompt.includes("def mean(prices):") && prompt.includes("lines 8 to 9"), prompt);
    assert.ok(prompt.includes("python"), prompt);
  });

  test("one of a scheme that the server can't read, as on the left side of a diff", async () => {
    const provider = vscode.workspace.registerTextDocumentContentProvider("before", {
      provideTextDocumentContent: () => SAMPLE,
    });
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse("before:/one/prices.py"));
    const prompt = await askedAbout(document, 8, 9);
    provider.dispose();
    assert.ok(prompt.includes("def mean(prices):") && prompt.includes("lines 8 to 9"), prompt);
  });

  test("a cell of a notebook, with the profile of its folder", async () => {
    const folder = vscode.Uri.file(`${root()}/two`);
    const settings = vscode.workspace.getConfiguration("codex", folder);
    await settings.update("profile", "second", vscode.ConfigurationTarget.WorkspaceFolder);
    const cell = { cell_type: "code", source: SAMPLE.split(/(?<=\n)/), metadata: {}, outputs: [] };
    const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 2 };
    const uri = vscode.Uri.joinPath(folder, "prices.ipynb");
    await vscode.workspace.fs.writeFile(uri, Buffer.from(JSON.stringify(notebook)));
    await model(1).answer({ content: ["from the second"] });
    const shown = await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(uri));
    await vscode.commands.executeCommand("notebook.cell.edit");
    await until("the cell's editor", () => {
      return vscode.window.activeTextEditor?.document === shown.notebook.cellAt(0).document;
    });
    selectLines(vscode.window.activeTextEditor!, 8, 9);
    await ask("What is this?");
    await settings.update("profile", undefined, vscode.ConfigurationTarget.WorkspaceFolder);
    assert.equal(answered(), "from the second");
    const prompt = (await model(1).turn(0)).json!.messages.at(-1)!.content;
    assert.ok(prompt.includes("def mean(prices):") && prompt.includes("lines 8 to 9"), prompt);
  });

  test("several cursors: the question is about the first, the answer goes to all", async () => {
    await model(0).answer({ content: ["```python\n# checked\n```"] });
    const editor = await openSample("one");
    const at = (line: number): vscode.Selection => new vscode.Selection(line, 0, line, 5);
    editor.selections = [at(0), at(7)];
    await ask("Well?");
    const prompt = await sent(0);
    assert.ok(prompt.includes("line 1") && !prompt.includes("line 8"), prompt);
    await vscode.commands.executeCommand("codex.insertAnswer");
    const lines = editor.document.getText().split("\n");
    assert.deepEqual(lines.slice(0, 2), ["def total(prices):", "# checked"]);
    assert.deepEqual(lines.slice(8, 10), ["def mean(prices):", "# checked"]);
    assert.equal(lines.filter((line) => line !== "# checked").join("\n"), SAMPLE, "nothing was taken away");
    await vscode.commands.executeCommand("undo");
    assert.equal(editor.document.getText(), SAMPLE);
  });
});

suite("code actions", () => {
  setup(closeAll);

  test("are the extension's own, each once: the server's, for other editors, stay out", async () => {
    const editor = await openSample("one");
    const problems = vscode.languages.createDiagnosticCollection("linter");
    const problem = new vscode.Diagnostic(new vscode.Range(8, 11, 8, 24), "may divide by zero");
    problems.set(editor.document.uri, [problem]);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      editor.document.uri,
      problem.range,
    );
    problems.dispose();
    const ours = actions.map(({ title }) => title).filter((title) => /codex|explain|fix|ask/i.test(title));
    assert.deepEqual(ours.sort(), ["Ask Codex About Selection", "Fix with Codex: may divide by zero"]);
  });
});
