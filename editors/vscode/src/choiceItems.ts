/**
 * The rows of the two lists that choose a model and an effort. Pure.
 */

import type { Override } from "./choice";
import { BUILT_IN, EFFORTS } from "./protocol";
import type { Effort, ProfileSummary, ServedModel } from "./protocol";

export interface ModelItem {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly alwaysShow?: boolean;
  /** What the row chooses; a heading chooses nothing. */
  readonly picks: { readonly model?: string } | "heading" | "list again";
}

/** What is known while a model is being chosen. */
export interface ModelChoice {
  readonly profile: ProfileSummary;
  /** The model in force, where it is not the profile's own. */
  readonly chosen: string | undefined;
  /** What the user has typed. */
  readonly typed: string;
  /** What the profile's server has; a text is why that is not known; undefined while it is asked. */
  readonly served: readonly ServedModel[] | string | undefined;
}

/** The profile's own model first, then those of its server, loaded ones before the others, then what was typed. */
export function modelItems({ profile, chosen, typed, served }: ModelChoice): ModelItem[] {
  const models = typeof served === "string" || served === undefined ? [] : served;
  const isUnlisted = chosen !== undefined && models.every(({ name }) => name !== chosen);
  const unlisted = isUnlisted ? [{ name: chosen }] : [];
  const own: ModelItem = {
    label: `${mark(chosen === undefined)}As in the profile`,
    description: profile.model,
    picks: {},
  };
  const rows = (some: readonly ServedModel[]): ModelItem[] =>
    some.map((model) => modelItem(model, { profile, chosen }));
  const heading: ModelItem[] =
    models.length === 0 ? [] : [{ label: `on ${whereOf(profile)}`, picks: "heading" }];
  const names = new Set([...unlisted, ...models].map(({ name }) => name));
  return [
    ...[own, ...rows(unlisted), ...heading, ...rows(loadedFirst(models))],
    ...[...typedItems(typed.trim(), names), ...failureItems(served)],
  ];
}

function modelItem(
  { name, loaded, contextWindow, size }: ServedModel,
  { profile, chosen }: Pick<ModelChoice, "profile" | "chosen">,
): ModelItem {
  const [yes, no] = profile.provider === BUILT_IN ? ["fetched", "not fetched"] : ["loaded", "not loaded"];
  const facts = [
    ...(loaded === undefined ? [] : [loaded ? `$(circle-filled) ${yes}` : `$(circle-outline) ${no}`]),
    ...(contextWindow === undefined ? [] : [`window of ${contextWindow.toLocaleString("en")} tokens`]),
    ...(size === undefined ? [] : [`${(size / 1e9).toFixed(1)} GB`]),
  ];
  return { label: `${mark(name === chosen)}${name}`, description: facts.join(" · "), picks: { model: name } };
}

function whereOf(profile: ProfileSummary): string {
  return profile.origin === "" ? "the built-in server" : profile.origin;
}

function loadedFirst(models: readonly ServedModel[]): ServedModel[] {
  return [...models].sort((one, other) => Number(other.loaded ?? false) - Number(one.loaded ?? false));
}

/** There is nothing in its label that could match: it stays below the rows that do. */
function typedItems(typed: string, listed: ReadonlySet<string>): ModelItem[] {
  if (typed === "" || listed.has(typed)) return [];
  return [
    { label: "$(edit)", description: `${typed} (as typed)`, alwaysShow: true, picks: { model: typed } },
  ];
}

function failureItems(served: ModelChoice["served"]): ModelItem[] {
  if (typeof served !== "string") return [];
  return [
    {
      label: "$(warning)",
      description: "the server's models could not be listed; Enter tries again",
      detail: served,
      alwaysShow: true,
      picks: "list again",
    },
  ];
}

export interface EffortItem {
  readonly label: string;
  readonly description: string;
  readonly picks: { readonly effort?: Effort };
}

const EFFORT_SAYS: Readonly<Record<Effort, string>> = {
  none: "no thinking, where the model can do without",
  minimal: "hardly any thinking: the quickest answer of most models",
  low: "a little",
  medium: "what most models do by themselves",
  high: "as much as it wants: slow, for hard questions",
};

/** The profile's own effort first, then those that there are. */
export function effortItems({ effort: chosen }: Override): EffortItem[] {
  const own = { label: `${mark(chosen === undefined)}As in the profile`, description: "", picks: {} };
  return [
    own,
    ...EFFORTS.map((effort) => ({
      label: `${mark(effort === chosen)}${effort}`,
      description: EFFORT_SAYS[effort],
      picks: { effort },
    })),
  ];
}

function mark(isChosen: boolean): string {
  return isChosen ? "$(check) " : "";
}
