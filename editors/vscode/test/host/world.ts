/** What every host test stands on: the extension, two fake model servers, two folders. */

import * as vscode from "vscode";
import type { Extension } from "../../src/extension";
import { ModelServer } from "../support/modelServer";

const models = (process.env.CODEX_TEST_MODELS ?? "").split(",").map((origin) => ModelServer.at(origin));

/** The n-th fake model server: profile `first` leads to 0, `second` to 1. */
export function model(n: number): ModelServer {
  return models[n]!;
}

export function root(): string {
  return process.env.CODEX_TEST_ROOT!;
}

export function extension(): Extension {
  return vscode.extensions.getExtension<Extension>("codex-ls.codex-ls")!.exports;
}

/** No conversation, editor or scripted answer of an earlier test is left. */
export async function closeAll(): Promise<void> {
  await vscode.extensions.getExtension("codex-ls.codex-ls")!.activate();
  const { conversations, overrides } = extension();
  for (const profile of ["first", "second"]) await overrides.set(profile, {});
  while (conversations.latest) {
    await conversations.close(conversations.latest);
  }
  while (vscode.window.tabGroups.activeTabGroup.activeTab) {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  }
  for (const one of models) await one.reset();
}

export async function openSample(folder: "one" | "two"): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(vscode.Uri.file(`${root()}/${folder}/prices.py`));
}

/** Selects whole lines, counted from 1, without the last line break. */
export function selectLines(editor: vscode.TextEditor, first: number, last: number): void {
  const end = editor.document.lineAt(last - 1).range.end;
  editor.selection = new vscode.Selection(new vscode.Position(first - 1, 0), end);
}

/**
 * Runs `body` while config.toml selects another profile. `isUnheard`: as if it had been saved in this very moment, so
 * that the extension has not heard of it yet.
 */
export async function withProfile(
  name: string,
  body: () => Promise<void>,
  { isUnheard = false } = {},
): Promise<void> {
  const file = vscode.Uri.file(`${root()}/home/.codex/config.toml`);
  const before = await vscode.workspace.fs.readFile(file);
  const text = Buffer.from(before).toString().replace('profile = "first"', `profile = "${name}"`);
  const { profiles } = extension();
  const refresh = profiles.refresh.bind(profiles);
  if (isUnheard) Object.assign(profiles, { refresh: () => Promise.resolve() });
  await vscode.workspace.fs.writeFile(file, Buffer.from(text));
  try {
    await body();
  } finally {
    Object.assign(profiles, { refresh });
    await vscode.workspace.fs.writeFile(file, before);
    await until("the old profile", async () => {
      if (isUnheard) await profiles.refresh(firstFolder());
      return profiles.activeName(firstFolder()) === "first";
    });
  }
}

function firstFolder(): vscode.Uri {
  return vscode.window.activeTextEditor?.document.uri ?? vscode.workspace.workspaceFolders![0]!.uri;
}

/** The text of the latest answer as its comment shows it. */
export function answered(): string {
  const comments = extension().conversations.latest?.thread.comments ?? [];
  const comment = comments.filter(({ contextValue }) => contextValue !== "step").at(-1);
  return (comment?.body as vscode.MarkdownString | undefined)?.value ?? "";
}

/** Resolves when the latest answer reads exactly so. */
export async function answerOf(text: string): Promise<void> {
  await until(`the answer ${JSON.stringify(text)}`, () => answered() === text);
}

/** Resolves when `probe` gives true. */
export async function until(
  what: string,
  probe: () => boolean | Promise<boolean>,
  limitMs = 15_000,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await probe())) {
    if (Date.now() > end)
      throw new Error(`not within ${limitMs / 1000} s: ${what}; the answer is ${answered()}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
