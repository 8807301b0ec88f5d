/**
 * A separate question before model text is written where it would steer an editor, git or this program.
 */

import { folderOf, window, workspace } from "./editor";
import type { Uri } from "./editor";
import { isSteering } from "./paths";

/** True at once for ordinary documents of the workspace; else only when the user says so. */
export async function mayWrite(uri: Uri): Promise<boolean> {
  const inside = uri.scheme === "untitled" || isInWorkspace(uri);
  if (inside && !isSteering(uri.path)) return true;
  const why = isSteering(uri.path) ? "changes how programs behave" : "is outside the workspace";
  const message = `${uri.path} ${why}. Write the model's text into it?`;
  return (await window.showWarningMessage(message, { modal: true }, "Write")) === "Write";
}

/** In a window without a folder, every document is one that the user opened there. */
function isInWorkspace(uri: Uri): boolean {
  return workspace.workspaceFolders === undefined || folderOf(uri) !== undefined;
}
