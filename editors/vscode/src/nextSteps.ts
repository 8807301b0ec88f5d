/**
 * The commands of VS Code for the next steps that the server names. Pure.
 */

import type { NextAction, NextStep } from "./protocol";

export interface Step {
  readonly title: string;
  readonly command: string;
  readonly argument?: string | { readonly query: string };
}

const STEPS: Readonly<Record<NextAction, Step>> = {
  checkSetup: { title: "Check Setup", command: "codex.checkSetup" },
  setApiKey: { title: "Set API Key...", command: "codex.setApiKey" },
  selectProfile: { title: "Select Profile...", command: "codex.selectProfile" },
  selectModel: { title: "Select Model and Effort...", command: "codex.selectModel" },
  openConfig: { title: "Open config.toml", command: "codex.openConfig" },
  getBuiltinModel: { title: "Get the Built-in Model...", command: "codex.getBuiltinModel" },
};

export function commandOf({ action, argument }: NextStep): Step {
  return { ...STEPS[action], ...(argument !== undefined && { argument }) };
}

/** The step as a link in Markdown; nothing of it comes from a model. */
export function linkOf({ title, command, argument }: Step): string {
  const query = argument === undefined ? "" : `?${encodeURIComponent(JSON.stringify([argument]))}`;
  return `[${title}](command:${command}${query.replace(/[()]/g, (char) => (char === "(" ? "%28" : "%29"))})`;
}
