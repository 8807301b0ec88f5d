/**
 * The one item in the status bar: who answers, where that is, and what is happening.
 */

import type { Conversations } from "./conversations";
import { StatusBarAlignment, ThemeColor, folderOf, layers, side, window, workspace } from "./editor";
import type { Disposable, Uri } from "./editor";
import type { Overrides } from "./overrides";
import type { Profiles } from "./profilePicker";
import { statusText } from "./profileItems";
import type { Server } from "./server";
import { profileOf, waitsForTrust } from "./settings";

export class StatusBar implements Disposable {
  private readonly item = window.createStatusBarItem("codex.status", StatusBarAlignment.Left, 0);
  private readonly watching: Disposable[];

  constructor(
    private readonly server: Server,
    private readonly profiles: Profiles,
    private readonly overrides: Overrides,
    private readonly conversations: Conversations,
  ) {
    this.item.name = "Codex";
    this.item.command = "codex.selectProfile";
    this.watching = [
      server.onState(() => this.update()),
      profiles.onChange(() => this.update()),
      overrides.onChange(() => this.update()),
      window.onDidChangeActiveTextEditor(() => this.update()),
      workspace.onDidGrantWorkspaceTrust(() => this.update()),
    ];
    this.update();
    this.item.show();
  }

  update(): void {
    const resource = activeResource();
    const found = layers("profile", resource);
    const result = this.profiles.last(resource);
    const happening = this.conversations.running.at(-1)?.label;
    const { text, spoken, tooltip, isError } = statusText({
      server: this.server.current,
      chosen: profileOf(found, workspace.isTrusted),
      ...(result && { result }),
      overrideOf: (profile) => this.overrides.of(profile),
      ...(happening !== undefined && { happening }),
      restricted: !workspace.isTrusted && waitsForTrust(found),
      side: side(),
    });
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: spoken };
    this.item.backgroundColor = isError ? new ThemeColor("statusBarItem.errorBackground") : undefined;
  }

  dispose(): void {
    for (const one of [...this.watching, this.item]) one.dispose();
  }
}

/** The document that decides which folder's settings count. */
export function activeResource(): Uri | undefined {
  const uri = window.activeTextEditor?.document.uri;
  if (uri !== undefined && folderOf(uri) !== undefined) return uri;
  return workspace.workspaceFolders?.[0]?.uri;
}
