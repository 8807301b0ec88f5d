/**
 * A conversation as one prompt, for where its thread can't go on: another server process, or VS Code's chat.
 */

export interface Exchange {
  readonly role: "user" | "assistant" | "system";
  readonly text: string;
}

const NAMES = { user: "User", assistant: "Assistant", system: "Instructions" } as const;

/** What was said in these turns. */
export function exchanges(
  turns: readonly {
    readonly question: { readonly text: string };
    readonly answer: { readonly content: string };
  }[],
): Exchange[] {
  return turns.flatMap(({ question, answer }) => [
    { role: "user" as const, text: question.text },
    { role: "assistant" as const, text: answer.content },
  ]);
}

/** The last exchange alone if nothing came before it, else everything, in order, with who said what. */
export function transcript(all: readonly Exchange[]): string {
  const said = all.filter(({ text }) => text.trim() !== "");
  const last = said.at(-1);
  if (said.length <= 1 || last === undefined) return last?.text ?? "";
  const before = said.slice(0, -1).map(({ role, text }) => `${NAMES[role]}:\n${text.trim()}`);
  return `The conversation so far:\n\n${before.join("\n\n")}\n\nAnswer this now:\n\n${last.text}`;
}
