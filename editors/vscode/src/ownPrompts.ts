/**
 * The user's own prompts, as the server lists them: one is picked, and asked as `/name arguments`.
 *
 * What stands in a prompt, and what it does, the server knows; typed into the box of a question it is asked as well.
 */

import { window } from "./editor";
import type { QuickPickItem } from "./editor";
import { PROMPTS } from "./protocol";
import type { PromptSummary, PromptsResult } from "./protocol";
import type { Server } from "./server";

interface Row extends QuickPickItem {
  readonly prompt: PromptSummary;
}

/** What to ask; undefined if the user goes away, or has no prompts, which is said. */
export async function ownPrompt(server: Server): Promise<string | undefined> {
  const client = await server.running();
  if (!client.offers(PROMPTS)) throw new Error("This codex-ls has no prompts of your own; a newer one has.");
  const { prompts } = await client.sendRequest<PromptsResult>(PROMPTS, {});
  if (prompts.length === 0) {
    void window.showInformationMessage(
      "You have no prompts yet: a prompt is a file prompts/NAME.md beside config.toml.",
    );
    return undefined;
  }
  const picked = await window.showQuickPick(prompts.map(row), {
    title: "Ask a prompt of your own",
    placeHolder: "Which prompt?",
    matchOnDescription: true,
  });
  return picked && withArguments(picked.prompt);
}

/** A prompt whose front matter says what stands behind its name is asked with that; it may be empty. */
async function withArguments({ name, argumentHint }: PromptSummary): Promise<string | undefined> {
  if (argumentHint === undefined) return `/${name}`;
  const typed = await window.showInputBox({ title: `/${name}`, prompt: argumentHint, ignoreFocusOut: true });
  return typed === undefined ? undefined : `/${name} ${typed}`.trim();
}

function row(prompt: PromptSummary): Row {
  const { name, description, argumentHint } = prompt;
  const label = argumentHint === undefined ? `/${name}` : `/${name} ${argumentHint}`;
  return { label, ...(description !== undefined && { description }), prompt };
}
