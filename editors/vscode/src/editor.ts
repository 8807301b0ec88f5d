/**
 * The one door to VS Code: every other module imports the editor from here, none imports `vscode`.
 *
 * What passes through with a rule attached is wrapped: settings that name a command, host or folder are read
 * from the user's own settings alone, and a paint says when the screen has taken it.
 */

import * as vscode from "vscode";
import type { Span } from "./anchor";

export {
  CodeAction,
  CodeActionKind,
  CancellationTokenSource,
  CommentMode,
  CommentThreadCollapsibleState,
  ConfigurationTarget,
  Disposable,
  EventEmitter,
  ExtensionMode,
  MarkdownString,
  Position,
  ProgressLocation,
  QuickInputButtons,
  QuickPickItemKind,
  Range,
  Selection,
  StatusBarAlignment,
  TextEditorRevealType,
  ThemeColor,
  ThemeIcon,
  Uri,
  WorkspaceEdit,
  chat,
  commands,
  comments,
  env,
  extensions,
  languages,
  version,
  window,
  workspace,
} from "vscode";
export type {
  CancellationToken,
  ChatContext,
  ChatPromptReference,
  ChatRequest,
  ChatResponseStream,
  ChatResult,
  Command,
  Comment,
  CommentController,
  CommentReply,
  CommentThread,
  Diagnostic,
  Event,
  ExtensionContext,
  LogOutputChannel,
  Memento,
  OutputChannel,
  Progress,
  QuickInputButton,
  QuickPick,
  QuickPickItem,
  SecretStorage,
  StatusBarItem,
  TextDocument,
  TextDocumentChangeEvent,
  TextEditor,
  WorkspaceFolder,
} from "vscode";

/** Settings that name a command, a host or a folder: never a workspace's to choose. */
export type UserSetting = "home" | "server.path" | "python.interpreter";

/**
 * A machine setting as the user, and nobody else, wrote it.
 *
 * Through `inspect`, because before VS Code 1.136.2 a nested object in a workspace's settings got past both the
 * scope and Workspace Trust.
 */
export function userSetting(key: UserSetting): string {
  const found = vscode.workspace.getConfiguration("codex").inspect<string>(key);
  const value = found?.globalValue ?? found?.defaultValue;
  return typeof value === "string" ? value.trim() : "";
}

/** Every layer of a setting for one resource, so that the reader decides whom to believe. */
export function layers(key: string, resource?: vscode.Uri): SettingLayers {
  const scope = resource && fileOf(resource);
  const found = vscode.workspace.getConfiguration("codex", scope).inspect(key);
  return {
    default: found?.defaultValue,
    user: found?.globalValue,
    workspace: found?.workspaceValue,
    folder: found?.workspaceFolderValue,
  };
}

/** The file that a document is, or is a part of: a notebook for its cells. */
function fileOf(uri: vscode.Uri): vscode.Uri {
  const isPart = ({ document }: vscode.NotebookCell): boolean => document.uri.toString() === uri.toString();
  return vscode.workspace.notebookDocuments.find((one) => one.getCells().some(isPart))?.uri ?? uri;
}

/** The workspace folder whose settings count for a document. */
export function folderOf(uri: vscode.Uri): vscode.WorkspaceFolder | undefined {
  return vscode.workspace.getWorkspaceFolder(fileOf(uri));
}

export interface SettingLayers {
  readonly default?: unknown;
  readonly user?: unknown;
  readonly workspace?: unknown;
  readonly folder?: unknown;
}

export async function setProfile(
  name: string,
  target: vscode.ConfigurationTarget,
  scope?: vscode.Uri,
): Promise<void> {
  await vscode.workspace.getConfiguration("codex", scope).update("profile", name, target);
}

export function onSettingsChanged(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration("codex")) listener();
  });
}

/** VS Code's own range for a span. */
export function rangeOf({ start, end }: Span): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

/** How long VS Code holds changes of a comment thread back; each new one makes it begin anew (`extHostComments`). */
export const COMMENTS_HELD_MS = 100;

/**
 * Resolves when the window has worked off everything sent to it so far.
 *
 * Messages to the window are answered in order, so an answered one means that the earlier ones were painted.
 */
export async function windowCaughtUp(): Promise<void> {
  await vscode.commands.executeCommand("setContext", "codex.painted", true);
}

export async function setContext(key: "running" | "answered" | "proposing", value: boolean): Promise<void> {
  await vscode.commands.executeCommand("setContext", `codex.${key}`, value);
}

/** Which side this extension runs on, for messages about "localhost": a remote's localhost is not the user's. */
export function side(): string {
  return vscode.env.remoteName === undefined ? "this machine" : `the remote side (${vscode.env.remoteName})`;
}

/** The whole API as it is at run time, for what these typings are too old to know. */
export function api(): unknown {
  return vscode;
}
