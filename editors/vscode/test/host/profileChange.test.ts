/** The profile that is shown is the profile that is asked. */

import assert from "node:assert/strict";
import * as vscode from "vscode";
import { typing } from "../support/boxes";
import { listening } from "../support/dialogs";
import { answered, closeAll, extension, model, openSample, until, withProfile } from "./world";

const ask = (question: string): Promise<unknown> =>
  Promise.resolve(vscode.commands.executeCommand("codex.ask", question));
const latest = (): NonNullable<ReturnType<typeof extension>["conversations"]["latest"]> =>
  extension().conversations.latest!;

suite("config.toml selects another profile", () => {
  setup(closeAll);

  test("what says who answers follows, and the next question goes there", async () => {
    await model(1).answer({ content: ["from the second"] });
    const { document } = await openSample("one");
    await until("the first profile", () => extension().profiles.activeName(document.uri) === "first");
    await withProfile("second", async () => {
      await until("the second", () => extension().profiles.activeName(document.uri) === "second");
      const titles = await typing(vscode, "Who?", () =>
        Promise.resolve(vscode.commands.executeCommand("codex.ask")).then(() => undefined),
      );
      assert.deepEqual(titles, ["Ask second (local)"]);
    });
    assert.equal(answered(), "from the second");
    assert.match(latest().thread.label!, /^second \(local\), done in/);
    assert.equal(latest().thread.comments.at(-1)!.author.name, "second");
  });

  test("in the moment of the question: the user is asked, and nothing is sent before", async () => {
    await model(1).answer({ content: ["from the second"] });
    await openSample("one");
    await withProfile(
      "second",
      async () => {
        const told = await listening(vscode.window, () => ask("Who?").then(() => undefined), "Ask second");
        assert.deepEqual(
          told.map(({ message, buttons }) => [message, buttons]),
          [["config.toml now selects second (local). Ask second?", ["Ask second"]]],
        );
        assert.match(told[0]!.detail!, /^The question was meant for first \(local\)\. Nothing was sent\./);
        assert.equal(answered(), "from the second");
        assert.equal(latest().thread.comments.at(-1)!.author.name, "second");
      },
      { isUnheard: true },
    );
    assert.deepEqual((await model(0).log()).requests, []);
  });

  test("and the user does not want that: nothing is sent, and the answer says so", async () => {
    await openSample("one");
    await withProfile(
      "second",
      async () => {
        const told = await listening(vscode.window, () => ask("Who?").then(() => undefined));
        assert.equal(told.length, 1);
        assert.equal(latest().last!.answer.failure?.kind, "profileChanged");
      },
      { isUnheard: true },
    );
    assert.deepEqual([(await model(0).log()).requests, (await model(1).log()).requests], [[], []]);
  });
});
