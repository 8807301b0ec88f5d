/**
 * Tasks: what a model does with its tools, in a line each. Pure: no editor.
 */

import type { TurnItem } from "./protocol";

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
