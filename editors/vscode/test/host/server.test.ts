import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import * as vscode from "vscode";
import { listening } from "../support/dialogs";
import { answered, closeAll, extension, model, openSample, root, until } from "./world";

async function setServer(program: string | undefined): Promise<void> {
  const settings = vscode.workspace.getConfiguration("codex");
  await settings.update("server.path", program, vscode.ConfigurationTarget.Global);
}

suite("a program that is no server", () => {
  setup(closeAll);

  test("and never answers does not keep the next one from starting", async () => {
    const program = `${root()}/silent`;
    await vscode.workspace.fs.writeFile(vscode.Uri.file(program), Buffer.from("#!/bin/sh\nexec cat >&2\n"));
    chmodSync(program, 0o755);
    await listening(vscode.window, async () => {
      await setServer(program);
      const hanging = vscode.commands.executeCommand("codex.restartServer");
      await until("the silent program", () => extension().server.what === program);
      await setServer(undefined);
      await vscode.commands.executeCommand("codex.restartServer");
      await hanging;
    });
    await model(0).answer({ content: ["here"] });
    await openSample("one");
    await vscode.commands.executeCommand("codex.ask", "Anyone?");
    assert.equal(answered(), "here");
  });
});
