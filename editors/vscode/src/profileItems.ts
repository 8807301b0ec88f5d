/**
 * What the profile picker and the status bar say about profiles. Pure.
 */

import { isSet, who } from "./choice";
import type { Override } from "./choice";
import type { Notice, ProfileSummary, ProfilesResult } from "./protocol";

export interface ProfileItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly profile: string;
}

/**
 * One row a profile: name, where it runs, model and host, what is wrong with it. The active one comes first.
 * `chosen` gives what the user chose for a profile.
 */
export function profileItems(
  { profiles, active }: ProfilesResult,
  chosen: (profile: string) => Override = () => ({}),
): ProfileItem[] {
  const ordered = [...profiles].sort(
    (one, other) => Number(other.name === active) - Number(one.name === active),
  );
  return ordered.map((profile) => ({
    label: `${profile.name === active ? "$(check) " : ""}${profile.name}`,
    description: `$(${symbolOf(profile)}) ${whereOf(profile)} · ${modelAndEffort(profile, chosen(profile.name))}`,
    detail: [profile.origin, ...profile.problems.map(problem)].filter((part) => part !== "").join(" · "),
    profile: profile.name,
  }));
}

/** The model, and the effort where one was chosen. */
export function modelAndEffort({ model }: ProfileSummary, override: Override): string {
  const effort = override.effort === undefined ? {} : { effort: override.effort };
  return `${who(override.model ?? model, effort)}${isSet(override) ? " (chosen here)" : ""}`;
}

function symbolOf({ isLocal }: ProfileSummary): string {
  return isLocal ? "device-desktop" : "cloud";
}

function whereOf({ isLocal }: ProfileSummary): string {
  return isLocal ? "local" : "cloud";
}

function problem({ message }: Notice): string {
  return `$(warning) ${message}`;
}

export interface StatusText {
  readonly text: string;
  /** The same in words, for who does not see the symbol. */
  readonly spoken: string;
  readonly tooltip: string;
  readonly isError: boolean;
}

/** What the status bar shows; `happening` is the label of a running answer. */
export function statusText(state: {
  readonly server: "stopped" | "starting" | "running" | "failed";
  readonly chosen: string;
  readonly result?: ProfilesResult;
  /** What the user chose over a profile's own model and effort. */
  readonly overrideOf: (profile: string) => Override;
  readonly happening?: string;
  readonly restricted: boolean;
  readonly side: string;
}): StatusText {
  const { server, chosen, result, overrideOf, happening, restricted, side } = state;
  const name = chosen === "" ? (result?.active ?? "") : chosen;
  const profile = result?.profiles.find((one) => one.name === name);
  const where =
    profile && `${profile.model} on ${profile.origin || "the built-in server"}, ${whereOf(profile)}`;
  const override = overrideOf(name);
  const unknown = result !== undefined && name !== "" && profile === undefined;
  const lines = [
    unknown ? `There is no profile "${name}" in config.toml.` : `Profile: ${name || "none chosen"}`,
    ...(where === undefined ? [] : [where]),
    ...overrideLines(override),
    ...(profile?.problems ?? result?.problems ?? []).map(({ message }) => message),
    ...(restricted ? ["Restricted Mode: the workspace's profile waits for your trust; yours answers."] : []),
    `The server runs on ${side}.`,
    "Click to choose a profile.",
  ];
  const tooltip = lines.join("\n");
  const said = (symbol: string, text: string, spoken: string, isError = false): StatusText => {
    return { text: `$(${symbol}) ${text}`, spoken: `Codex: ${spoken}`, tooltip, isError };
  };
  if (server === "failed") {
    const down = "The codex-ls server is not running.";
    return { ...said("error", "Codex", down, true), tooltip: down };
  }
  if (happening !== undefined) return said("loading~spin", happening, happening);
  if (server === "starting") return said("loading~spin", "Codex", "the server is starting");
  if (unknown) return said("error", name, `there is no profile ${name}`, true);
  if (profile === undefined) return said("comment-discussion", name || "Codex", name || "no profile chosen");
  const what = who(name, override);
  return said(symbolOf(profile), what, `${what}, ${whereOf(profile)}`);
}

function overrideLines({ model, effort }: Override): string[] {
  return [
    ...(model === undefined ? [] : [`Model: ${model}, which you chose for this workspace.`]),
    ...(effort === undefined ? [] : [`Effort: ${effort}, which you chose for this workspace.`]),
  ];
}
