import assert from "node:assert/strict";
import * as vscode from "vscode";
import { listening } from "../support/dialogs";
import { answerOf, answered, closeAll, extension, model, openSample, until } from "./world";

const run = (command: string, argument?: unknown): Thenable<unknown> =>
  vscode.commands.executeCommand(`codex.${command}`, argument);

const latest = () => extension().conversations.latest!;

/** What the menus of the last answer go by. */
const offered = (): string => latest().last!.comment.contextValue;

async function sent(turn: number): Promise<string[]> {
  const { messages } = (await model(0).turn(turn)).json!;
  return messages.filter(({ role }) => role !== "system").map(({ content }) => content);
}

suite("an answer that ended before its time", () => {
  setup(closeAll);
  teardown(() => vscode.commands.executeCommand("notifications.clearAll"));

  test("failed, is asked again in its place, and is no part of the conversation", async () => {
    await model(0).script({
      answers: [
        { chat: { content: ["First"] } },
        { error: { status: 400, message: "no" } },
        { chat: { content: ["Second"] } },
        { chat: { content: ["Third"] } },
      ],
    });
    await openSample("one");
    await run("ask", "1?");
    const { thread } = latest();
    assert.equal(offered(), "answer");
    await run("reply", { thread, text: "2?" });
    assert.equal(latest().last!.answer.status, "failed");
    assert.equal(offered(), "answer unfinished");
    await run("askAgain", latest().last!.comment);
    assert.equal(answered(), "Second");
    assert.equal(offered(), "answer");
    assert.deepEqual(
      latest().turns.map(({ question, answer }) => [question.text, answer.content]),
      [
        ["1?", "First"],
        ["2?", "Second"],
      ],
    );
    assert.equal(thread.comments.length, 4);
    await run("reply", { thread, text: "3?" });
    const [, ...said] = await sent(3);
    assert.deepEqual(said, ["First", "2?", "Second", "3?"]);
  });

  test("stopped, is asked again with the same choice, and nothing of it is sent", async () => {
    await model(0).answer({ content: ["so far", { gate: "never" }, "!"] }, { content: ["All of it"] });
    await openSample("one");
    const asking = run("askWith", { prompt: "Long?", effort: "high" });
    await answerOf("so far");
    await run("stop");
    await asking;
    assert.equal(offered(), "answer unfinished continuable");
    const { turnId } = latest().last!.answer;
    await run("askAgain");
    assert.equal(answered(), "All of it");
    assert.notEqual(latest().last!.answer.turnId, turnId);
    assert.equal((await sent(1)).length, 1);
    assert.equal((await model(0).turn(1)).json!.reasoning_effort, "high");
  });

  test("cut off, is continued in the same conversation, with a prompt that the server writes", async () => {
    await model(0).answer({ content: ["One, two,"], finish_reason: "length" }, { content: [" three."] });
    await openSample("one");
    await run("ask", "Count!");
    assert.match(latest().thread.label!, /cut off/);
    assert.equal(offered(), "answer unfinished continuable");
    await run("continue", latest().last!.comment);
    assert.equal(answered(), " three.");
    const said = await sent(1);
    assert.equal(said[1], "One, two,");
    assert.match(said[2]!, /^Your last answer was cut off/);
    assert.equal(latest().turns[0]!.comment.contextValue, "answer", "it has been continued");
  });

  test("complete, is neither asked again in its place nor continued", async () => {
    await model(0).answer({ content: ["Done"] });
    await openSample("one");
    await run("ask", "All?");
    for (const command of ["askAgain", "continue"]) {
      const told = await listening(vscode.window, async () => {
        await run(command);
      });
      assert.equal(told.length, 1, command);
    }
    assert.equal((await model(0).log()).requests.length, 1);
    assert.equal(answered(), "Done");
  });

  test("has the next step as a link that runs this one command", async () => {
    await vscode.workspace
      .getConfiguration("codex")
      .update("profile", "nowhere", vscode.ConfigurationTarget.Workspace);
    try {
      await openSample("one");
      await run("ask", "Anyone?");
    } finally {
      await vscode.workspace
        .getConfiguration("codex")
        .update("profile", undefined, vscode.ConfigurationTarget.Workspace);
    }
    const { body, contextValue } = latest().thread.comments.at(-1)!;
    assert.equal(contextValue, "step");
    const { value, isTrusted } = body as vscode.MarkdownString;
    assert.equal(value, "[Check Setup](command:codex.checkSetup)");
    assert.deepEqual(isTrusted, { enabledCommands: ["codex.checkSetup"] });
    assert.doesNotMatch(answered(), /codex.?-ls/);
  });
});

suite("an answer", () => {
  setup(closeAll);

  test("is announced when it is done", async () => {
    const real = vscode.window.createStatusBarItem.bind(vscode.window);
    const shown: vscode.StatusBarItem[] = [];
    const create = (...argument: Parameters<typeof real>): vscode.StatusBarItem => {
      const item = real(...argument);
      shown.push(item);
      return item;
    };
    await model(0).answer({ content: ["Yes", { gate: "more" }, "."] });
    await openSample("one");
    Object.assign(vscode.window, { createStatusBarItem: create });
    try {
      const asking = run("ask", "Sure?");
      await answerOf("Yes");
      assert.equal(shown.length, 0);
      await model(0).open("more");
      await asking;
      await until("the announcement", () => shown.length === 1);
    } finally {
      Object.assign(vscode.window, { createStatusBarItem: real });
    }
    assert.deepEqual(shown[0]!.accessibilityInformation, {
      label: "Codex, first: answer done. Sure?",
      role: "alert",
    });
  });

  test("has a code block that is copied, one of several after a question", async () => {
    const two = "```python\nx = 1\n```\n\n```\na\nb\n```\n";
    await model(0).answer({ content: [two] }, { content: ["```\nonly\n```"] }, { content: ["none"] });
    await openSample("one");
    await run("ask", "Two?");
    const { showQuickPick } = vscode.window;
    const rows: string[] = [];
    const pick = (items: readonly vscode.QuickPickItem[]): Promise<vscode.QuickPickItem | undefined> => {
      rows.push(...items.map(({ label }) => label));
      return Promise.resolve(items[1]);
    };
    Object.assign(vscode.window, { showQuickPick: pick });
    try {
      await run("copyCodeBlock");
      assert.equal(await vscode.env.clipboard.readText(), "a\nb");
      await run("ask", "One?");
      await run("copyCodeBlock");
    } finally {
      Object.assign(vscode.window, { showQuickPick });
    }
    assert.equal(await vscode.env.clipboard.readText(), "only");
    assert.deepEqual(rows, ["x = 1", "a"]);
    await run("ask", "None?");
    const told = await listening(vscode.window, async () => {
      await run("copyCodeBlock");
    });
    assert.equal(told.length, 1);
    assert.equal(await vscode.env.clipboard.readText(), "only");
  });
});
