import assert from "node:assert/strict";
import * as vscode from "vscode";
import { listening } from "../support/dialogs";
import type { Told } from "../support/dialogs";
import { closeAll, root } from "./world";

const SECTION = "evenBetterToml.schema";
const ADD = "Add to User Settings";

function associations(): Record<string, string> {
  const found = vscode.workspace.getConfiguration(SECTION).inspect<Record<string, string>>("associations");
  return found?.globalValue ?? {};
}

async function setAssociations(value: Record<string, string> | undefined): Promise<void> {
  await vscode.workspace
    .getConfiguration(SECTION)
    .update("associations", value, vscode.ConfigurationTarget.Global);
}

function setUp(answer?: string): Promise<Told[]> {
  return listening(
    vscode.window,
    async () => {
      await vscode.commands.executeCommand("codex.setUpConfigSchema");
    },
    answer,
  );
}

suite("completion in config.toml", () => {
  setup(closeAll);
  teardown(() => setAssociations(undefined));

  test("is added to the user's settings after a yes, beside what is there, and once", async () => {
    await setAssociations({ "^other$": "file:///other.json" });
    const [asked] = await setUp(ADD);
    assert.deepEqual(asked?.buttons, [ADD]);
    assert.ok(asked.detail?.includes(`${root()}/home/.codex/config.toml`), asked.detail);
    const { "^other$": kept, ...added } = associations();
    assert.equal(kept, "file:///other.json");
    const [[pattern, schema]] = Object.entries(added) as [[string, string]];
    assert.match(`file://${root()}/home/.codex/config.toml`, new RegExp(pattern));
    const stored = vscode.Uri.parse(schema);
    assert.equal(stored.scheme, "file");
    const { properties } = JSON.parse((await vscode.workspace.fs.readFile(stored)).toString()) as {
      properties: Record<string, unknown>;
    };
    assert.ok("model_providers" in properties);
    assert.deepEqual(
      (await setUp()).map(({ message }) => message),
      ["Completion for config.toml is already set up."],
    );
  });

  test("changes nothing without a yes", async () => {
    const [asked] = await setUp();
    assert.deepEqual(asked?.buttons, [ADD]);
    assert.deepEqual(associations(), {});
  });

  test("without the extension that does it, its name is shown", async () => {
    const { getExtension } = vscode.extensions;
    Object.assign(vscode.extensions, { getExtension: () => undefined });
    try {
      const [told] = await setUp();
      assert.match(told!.message, /needs the extension Even Better TOML/);
      assert.deepEqual(associations(), {});
    } finally {
      Object.assign(vscode.extensions, { getExtension });
    }
  });
});
