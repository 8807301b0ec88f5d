/**
 * Model and effort that the user chose over a profile's own, and how they are told. Pure.
 */

import { EFFORTS } from "./protocol";
import type { Effort } from "./protocol";

/** What is absent is as the profile has it. */
export interface Override {
  readonly model?: string;
  readonly effort?: Effort;
}

/** Who answers a question, and how; without a profile, the one that config.toml selects. */
export interface Choice extends Override {
  readonly profile?: string;
}

const LONGEST = 32;

export function isSet({ model, effort }: Override): boolean {
  return model !== undefined || effort !== undefined;
}

/** The override in something that was stored or handed over; what makes no sense in it is passed over. */
export function overrideFrom(value: unknown): Override {
  const { model, effort } = (value ?? {}) as Record<string, unknown>;
  const name = typeof model === "string" ? model.trim() : "";
  return {
    ...(name !== "" && { model: name }),
    ...(isEffort(effort) && { effort }),
  };
}

/** The choice in a command's argument, such as a shortcut's; undefined where it names none of its parts. */
export function choiceFrom(value: unknown): Choice | undefined {
  const { profile } = (value ?? {}) as Record<string, unknown>;
  const named = typeof profile === "string" && profile.trim() !== "";
  const override = overrideFrom(value);
  return named || isSet(override) ? { ...override, ...(named && { profile: profile.trim() }) } : undefined;
}

function isEffort(value: unknown): value is Effort {
  return (EFFORTS as readonly unknown[]).includes(value);
}

/** "local-oss · qwen3-8b · effort high", in words that fit into a label. */
export function who(name: string, { model, effort }: Override = {}): string {
  const parts = [name, model && shortModel(model), effort && `effort ${effort}`];
  return parts.filter((part) => part).join(" · ");
}

/** A name with where its model runs: "local-oss (local)". */
export function placed(name: string, isLocal?: boolean): string {
  return isLocal === undefined ? name : `${name} (${isLocal ? "local" : "cloud"})`;
}

/** The end of a long model's name, which tells more than the publisher it begins with. */
function shortModel(model: string): string {
  const name = model.length > LONGEST ? model.slice(model.lastIndexOf("/") + 1) : model;
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}
