/**
 * What the settings say, and whom they believe.
 *
 * A workspace may choose among the user's own profiles once it is trusted, may add the local-only lock, and may
 * hide thinking; that is all. The server is told the outcome, never the layers.
 */

import type { SettingLayers } from "./editor";

export type ThinkingShow = "full" | "summary" | "hidden";
export type ThinkingReveal = "never" | "onAsk";

const SHOWS: readonly string[] = ["full", "summary", "hidden"];

/** The profile for one resource; empty where none is chosen. In Restricted Mode the user's own choice. */
export function profileOf(found: SettingLayers, trusted: boolean): string {
  const chosen = trusted ? [found.folder, found.workspace, found.user] : [found.user];
  return (
    chosen.find((value): value is string => typeof value === "string" && value.trim() !== "")?.trim() ?? ""
  );
}

/** The lock is on as soon as anyone turns it on: no layer can turn another one's off. */
export function localOnlyOf(found: SettingLayers): boolean {
  return [found.user, found.workspace, found.folder].includes(true);
}

/** The nearest layer that says something sensible. */
export function thinkingShowOf(found: SettingLayers): ThinkingShow {
  const said = [found.folder, found.workspace, found.user, found.default];
  return (
    said.find((value): value is ThinkingShow => typeof value === "string" && SHOWS.includes(value)) ?? "full"
  );
}

/** Whether a workspace asked for something that waits for trust, so that it can be said. */
export function waitsForTrust(found: SettingLayers): boolean {
  return profileOf(found, true) !== profileOf(found, false);
}
