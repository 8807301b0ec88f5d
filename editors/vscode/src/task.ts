/**
 * Tasks: what a model does with its tools, in a line each. Pure: no editor.
 */

import type { ChangedFile, TurnItem } from "./protocol";

const VERBS = { add: "wrote", update: "edited", delete: "deleted" } as const;

/** A tool call that has ended, as Markdown; empty for one that is not worth a line. */
export function itemLine(item: TurnItem): string {
  const ending = item.status === "declined" ? ", declined" : item.status === "failed" ? ", failed" : "";
  switch (item.type) {
    case "command_execution": {
      const code = item.exitCode ? `, exit code ${item.exitCode}` : undefined;
      return `${inCode(`$ ${item.command ?? ""}`)}${code ?? ending}`;
    }
    case "file_change":
      return (item.changes ?? [])
        .map(({ kind, uri }) => `${VERBS[kind]} ${inCode(nameOf(uri))}${ending}`)
        .join("  \n");
    case "tool_call":
      return `${item.tool ?? "tool"} ${inCode(aboutOf(item.arguments))}${ending}`;
    case "todo_list":
      return "";
  }
}

/** Whether a tool call has changed files. */
export function isChange({ type, status }: TurnItem): boolean {
  return type === "file_change" && status === "completed";
}

/** One line of text as Markdown's code: what is in it is never markup. */
function inCode(text: string): string {
  return `\`${text.replace(/\s+/g, " ").replace(/`/g, "'")}\``;
}

function aboutOf(json = "{}"): string {
  try {
    return Object.values(JSON.parse(json) as Record<string, unknown>).join(" ");
  } catch {
    return "";
  }
}

function nameOf(uri: string): string {
  return decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1));
}

/** A changed file as a row of a list: its name, what was done, and how many lines of it. */
export function changeRow({ uri, kind, diff, changedSince }: ChangedFile): {
  readonly label: string;
  readonly description: string;
} {
  const lines = diff.split("\n").filter((line) => !/^(---|\+\+\+) /.test(line));
  const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length;
  const since = changedSince ? ", changed since by someone else" : "";
  return { label: nameOf(uri), description: `${VERBS[kind]}, +${count("+")} -${count("-")}${since}` };
}
