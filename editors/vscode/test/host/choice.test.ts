import assert from "node:assert/strict";
import * as vscode from "vscode";
import { typing } from "../support/boxes";
import { listening } from "../support/dialogs";
import { Picks } from "../support/picks";
import { answered, closeAll, extension, model, openSample, root, until, withProfile } from "./world";

const AS_IT_IS = "As in the profile";
const run = (command: string, argument?: unknown): Promise<unknown> =>
  Promise.resolve(vscode.commands.executeCommand(`codex.${command}`, argument));
const label = (): string => extension().conversations.latest?.label ?? "";

/** Model and effort of the n-th request. */
async function sent(n: number, server = 0): Promise<(string | undefined)[]> {
  const { json } = await model(server).turn(n);
  return [json!.model, json!.reasoning_effort];
}

async function served(...names: string[]): Promise<void> {
  const data = names.map((id) => ({ id, object: "model" }));
  await model(0).script({ routes: { "GET /v1/models": { json: { object: "list", data } } } });
}

suite("model and effort of one question", () => {
  setup(closeAll);

  test("are picked from lists, sent with it, and go on with its conversation alone", async () => {
    await served("model-one", "model-large");
    await model(0).answer({ content: ["1"] }, { content: ["2"] }, { content: ["3"] });
    await openSample("one");
    const picks = new Picks(vscode, until);
    const titles = await typing(vscode, "Hard?", () =>
      picks.during(async () => {
        const asking = run("askWith");
        await picks.take(0, "first");
        await picks.take(1, "model-large");
        await picks.take(2, "high");
        await asking;
      }),
    );
    assert.deepEqual(titles, ["Ask first · model-large · effort high (local)"]);
    assert.equal(picks.title(1), "Ask: the model of first");
    assert.match(label(), /^first · model-large · effort high \(local\), done in/);
    await run("reply", { thread: extension().conversations.latest!.thread, text: "And then?" });
    await run("ask", "Another one");
    assert.deepEqual(
      [await sent(0), await sent(1), await sent(2)],
      [
        ["model-large", "high"],
        ["model-large", "high"],
        ["model-one", undefined],
      ],
    );
  });

  test("can be left as they are, with Enter alone", async () => {
    await model(0).answer({ content: ["1"] });
    await openSample("one");
    const picks = new Picks(vscode, until);
    await typing(vscode, "As ever?", () =>
      picks.during(async () => {
        const asking = run("askWith");
        for (const [n, row] of ["first", AS_IT_IS, AS_IT_IS].entries()) {
          await picks.rows(n, row);
          await until(`the focus on ${row}`, () => picks.focus(n)?.endsWith(row) === true);
          await picks.accept();
        }
        await asking;
      }),
    );
    assert.deepEqual(await sent(0), ["model-one", undefined]);
    assert.match(label(), /^first \(local\), done in/);
  });

  test("are asked for by a shortcut of the user's own", async () => {
    await model(0).answer({ content: ["1"] });
    await openSample("one");
    await run("askWith", { prompt: "Quick?", effort: "low", model: 7 });
    assert.deepEqual(await sent(0), ["model-one", "low"]);
  });

  test("a server that can't list its models is told in the list, and asking goes on", async () => {
    await openSample("one");
    const picks = new Picks(vscode, until);
    await typing(vscode, "Anyone?", () =>
      picks.during(async () => {
        const asking = run("askWith");
        await picks.take(0, "nowhere");
        const failure = "the server's models could not be listed; Enter tries again";
        const rows = await picks.rows(1, failure);
        assert.match(rows.find(({ description }) => description === failure)?.detail ?? "", /127\.0\.0\.1:1/);
        await picks.take(1, failure);
        await picks.rows(1, failure);
        await picks.take(1, AS_IT_IS);
        await picks.take(2, "low");
        await asking;
      }),
    );
    assert.equal(extension().conversations.latest!.last!.answer.failure?.kind, "unreachable");
    assert.match(label(), /^nowhere · effort low \(local\), failed/);
    await vscode.commands.executeCommand("notifications.clearAll");
  });

  test("a built-in model that is not here yet is the one that is offered to be fetched", async () => {
    await openSample("one");
    const told = await listening(
      vscode.window,
      async (soFar) => {
        await run("askWith", { prompt: "Here?", profile: "embedded", model: "smollm2-135m" });
        await until("the question before the download", () => soFar.length === 2);
      },
      "Get the Built-in Model...",
    );
    assert.deepEqual(told[0]?.buttons, ["Get the Built-in Model..."]);
    assert.match(told[1]?.detail ?? "", /The model, smollm2-135m \(\d+ MB\)/);
  });

  test("Ask Again With... takes another effort of the same profile, or another profile at once", async () => {
    await model(0).answer({ content: ["1"] }, { content: ["2"] }, { content: ["2b"] });
    await model(1).answer({ content: ["3"] });
    await openSample("one");
    await run("ask", "Sure?");
    const picks = new Picks(vscode, until);
    await picks.during(async () => {
      const again = run("askAgainWith");
      await picks.take(0, "Model and Effort...");
      await picks.take(1, AS_IT_IS);
      await picks.take(2, "high");
      await again;
      assert.equal(answered(), "2");
      const once = run("askAgainWith");
      await picks.take(3, "model-one · effort high (chosen here)");
      await picks.rows(4, AS_IT_IS);
      await picks.accept();
      await until("the effort of before in focus", () => picks.focus(5) === "$(check) high");
      await picks.accept();
      await once;
      assert.equal(answered(), "2b");
      const other = run("askAgainWith");
      await picks.take(6, "second");
      await other;
    });
    assert.equal(answered(), "3");
    assert.deepEqual(
      [await sent(0), await sent(1), await sent(2), await sent(0, 1)],
      [
        ["model-one", undefined],
        ["model-one", "high"],
        ["model-one", "high"],
        ["model-two", undefined],
      ],
    );
  });
});

suite("model and effort in a workspace", () => {
  setup(closeAll);

  test("hold for every question to that profile until they are taken back", async () => {
    await served("model-one", "model-large");
    await model(0).answer({ content: ["1"] }, { content: ["2"] });
    await model(1).answer({ content: ["3"] });
    await openSample("one");
    const picks = new Picks(vscode, until);
    await picks.during(async () => {
      const selecting = run("selectModel");
      await picks.take(0, "model-large");
      await picks.take(1, "medium");
      await selecting;
      await run("explain");
      await run("askWith", { prompt: "Other profile", profile: "second" });
      const resetting = run("selectProfile");
      await picks.take(2, "As in the Profile Again");
      await resetting;
    });
    await run("ask", "Now?");
    assert.deepEqual(
      [await sent(0), await sent(0, 1), await sent(1)],
      [
        ["model-large", "medium"],
        ["model-two", undefined],
        ["model-one", undefined],
      ],
    );
    assert.equal(extension().overrides.any, false);
  });

  test("stay with their profile when config.toml selects another one, and the box to type in waits for neither", async () => {
    await model(0).answer({ content: ["1"] });
    await model(1).answer({ content: ["2"] });
    await openSample("one");
    await extension().overrides.set("first", { model: "model-large", effort: "high" });
    await run("ask", "Who?");
    await withProfile("second", async () => {
      const { profiles } = extension();
      const titles = await typing(
        vscode,
        "And now?",
        () => run("ask").then(() => undefined),
        // The box is open; its title follows.
        (box) => until("the new profile", () => box.title === "Ask second (local)"),
      );
      assert.deepEqual(titles, ["Ask second (local)"]);
      assert.equal(profiles.activeName(vscode.window.activeTextEditor!.document.uri), "second");
    });
    assert.deepEqual(
      [await sent(0), await sent(0, 1)],
      [
        ["model-large", "high"],
        ["model-two", undefined],
      ],
    );
  });

  test("are the user's to choose: no settings file has a word in it", async () => {
    await model(0).answer({ content: ["1"] }, { content: ["2"] });
    await model(1).answer({ content: ["3"] });
    const { document } = await openSample("one");
    const file = vscode.Uri.file(`${root()}/one/.vscode/settings.json`);
    const set = async (settings: object, seen: Record<string, string>): Promise<void> => {
      await vscode.workspace.fs.writeFile(file, Buffer.from(JSON.stringify(settings)));
      await until(`the settings ${JSON.stringify(seen)}`, () => {
        const effective = vscode.workspace.getConfiguration("codex", document.uri);
        return Object.entries(seen).every(([key, value]) => effective.get(key) === value);
      });
    };
    await extension().overrides.set("first", { model: "model-large", effort: "high" });
    const hostile = { model: "evil-model", effort: "none", overrides: [["first", { model: "evil-model" }]] };
    const dotted = Object.fromEntries(Object.entries(hostile).map(([key, value]) => [`codex.${key}`, value]));
    try {
      await set({ codex: hostile }, { model: "evil-model", profile: "" });
      await run("ask", "Whose model?");
      await set({ ...dotted, "codex.profile": "second" }, { model: "evil-model", profile: "second" });
      await run("ask", "Whose model?");
    } finally {
      await set({}, { profile: "" });
      await vscode.workspace.fs.delete(file);
    }
    await run("ask", "And now?");
    assert.deepEqual(
      [await sent(0), await sent(0, 1), await sent(1)],
      [
        ["model-large", "high"],
        ["model-two", undefined],
        ["model-large", "high"],
      ],
    );
  });
});
