/**
 * What the profile picker and the status bar say about profiles. Pure.
 */

import type { Notice, ProfileSummary, ProfilesResult } from "./protocol";

export interface ProfileItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly profile: string;
}

/** One row a profile: name, where it runs, model and host, what is wrong with it. The active one comes first. */
export function profileItems({ profiles, active }: ProfilesResult): ProfileItem[] {
  const ordered = [...profiles].sort(
    (one, other) => Number(other.name === active) - Number(one.name === active),
  );
  return ordered.map((profile) => ({
    label: `${profile.name === active ? "$(check) " : ""}${profile.name}`,
    description: `${icon(profile)} ${profile.isLocal ? "local" : "cloud"} · ${profile.model}`,
    detail: [profile.origin, ...profile.problems.map(problem)].filter((part) => part !== "").join(" · "),
    profile: profile.name,
  }));
}

function icon({ isLocal }: ProfileSummary): string {
  return isLocal ? "$(device-desktop)" : "$(cloud)";
}

function problem({ message }: Notice): string {
  return `$(warning) ${message}`;
}

export interface StatusText {
  readonly text: string;
  readonly tooltip: string;
  readonly isError: boolean;
}

/** What the status bar shows; `happening` is the label of a running answer. */
export function statusText(state: {
  readonly server: "stopped" | "starting" | "running" | "failed";
  readonly chosen: string;
  readonly result?: ProfilesResult;
  readonly happening?: string;
  readonly restricted: boolean;
  readonly side: string;
}): StatusText {
  const { server, chosen, result, happening, restricted, side } = state;
  const name = chosen === "" ? (result?.active ?? "") : chosen;
  const profile = result?.profiles.find((one) => one.name === name);
  const where =
    profile &&
    `${profile.model} on ${profile.origin || "the built-in server"}, ${profile.isLocal ? "local" : "cloud"}`;
  const unknown = result !== undefined && name !== "" && profile === undefined;
  const lines = [
    unknown ? `There is no profile "${name}" in config.toml.` : `Profile: ${name || "none chosen"}`,
    ...(where === undefined ? [] : [where]),
    ...(profile?.problems ?? result?.problems ?? []).map(({ message }) => message),
    ...(restricted ? ["Restricted Mode: the workspace's profile waits for your trust; yours answers."] : []),
    `The server runs on ${side}.`,
    "Click to choose a profile.",
  ];
  const tooltip = lines.join("\n");
  if (server === "failed")
    return { text: "$(error) Codex", tooltip: "The codex-ls server is not running.", isError: true };
  if (happening !== undefined) return { text: `$(loading~spin) ${happening}`, tooltip, isError: false };
  if (server === "starting") return { text: "$(loading~spin) Codex", tooltip, isError: false };
  if (unknown) return { text: `$(error) ${name}`, tooltip, isError: true };
  const symbol = profile === undefined ? "$(comment-discussion)" : icon(profile);
  return { text: `${symbol} ${name || "Codex"}`, tooltip, isError: false };
}
