/**
 * A conversation as one prompt, for where its thread can't go on: another server process, or VS Code's chat.
 */

export interface Exchange {
  readonly role: "user" | "assistant" | "system";
  readonly text: string;
}

const NAMES = { user: "User", assistant: "Assistant", system: "Instructions" } as const;

/** The last exchange alone if nothing came before it, else everything, in order, with who said what. */
export function transcript(exchanges: readonly Exchange[]): string {
  const said = exchanges.filter(({ text }) => text.trim() !== "");
  const last = said.at(-1);
  if (said.length <= 1 || last === undefined) return last?.text ?? "";
  const before = said.slice(0, -1).map(({ role, text }) => `${NAMES[role]}:\n${text.trim()}`);
  return `The conversation so far:\n\n${before.join("\n\n")}\n\nAnswer this now:\n\n${last.text}`;
}
