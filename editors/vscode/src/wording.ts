/**
 * The Markdown of an answer, of its thinking and of their headings. Pure.
 */

import { hintOf } from "./answer";
import type { Answer } from "./answer";
import type { Effort, TurnEvent } from "./protocol";
import type { ThinkingShow } from "./settings";
import { safeMarkdown } from "./safeMarkdown";

const TAIL = 180;

/** The body of an answer: its text, or the last words of the thinking until there is one, and what went wrong. */
export function answerBody(answer: Answer, safeContent: string, show: ThinkingShow): string {
  const parts = [safeContent === "" ? waiting(answer, show) : safeContent];
  if (answer.remark !== undefined) parts.push(`*${plain(answer.remark)}*`);
  for (const notice of answer.notices) {
    parts.push(`*${sentence(notice.message, hintOf(notice))}*`);
  }
  if (answer.failure) {
    const { message, hint } = answer.failure;
    parts.push(`**${plain(message)}**${hint === undefined ? "" : `\n\n${plain(hint)}`}`);
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

function waiting(answer: Answer, show: ThinkingShow): string {
  if (answer.status !== "running") return answer.failure ? "" : `*${ending(answer)}*`;
  const tail = thinkingTail(visibleThinking(answer, show));
  return tail === "" ? "…" : `> *${tail}*`;
}

function ending(answer: Answer): string {
  return answer.status === "cancelled" ? "Stopped before the answer began." : "The model gave no answer.";
}

/** The thinking that the settings let be seen. */
export function visibleThinking(answer: Answer, show: ThinkingShow): string {
  switch (show) {
    case "full":
      return answer.reasoning;
    case "summary":
      return answer.summary;
    case "hidden":
      return "";
  }
}

/** The thinking that this event adds to what may be seen; `before` is the answer it comes to. */
export function visiblePiece(event: TurnEvent, before: Answer, show: ThinkingShow): string {
  if (event.type === "reclassify") return show === "full" && event.to === "reasoning" ? before.content : "";
  if (event.type !== "reasoning" || show === "hidden") return "";
  return show === "full" || event.source === "summary" ? event.text : "";
}

/** The last words of a thinking, on one line. */
function thinkingTail(thinking: string): string {
  const words = thinking
    .slice(-TAIL * 2)
    .replace(/\s+/g, " ")
    .trim();
  const tail = words.length > TAIL ? `…${words.slice(-TAIL).replace(/^\S* /, "")}` : words;
  return plain(tail);
}

/** Text that Markdown shows as it stands. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+\-.!|~&:]/g, "\\$&").replace(/\s*\n\s*/g, " ");
}

function sentence(message: string, hint?: string): string {
  return plain(hint === undefined ? message : `${message} ${hint}`);
}

export interface Heading {
  readonly at: Date;
  readonly name: string;
  readonly model: string;
  /** Where one was asked for. */
  readonly effort?: Effort;
  readonly question: string;
  /** Another turn's thinking stands between this and what came before. */
  readonly goesOn?: boolean;
}

/**
 * "## 14:03:22 · local-oss · gpt-oss-20b · effort high" and the question's first line; the time is that of the first
 * thought.
 */
export function heading({ at, name, model, effort, question, goesOn = false }: Heading): string {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0"));
  const parts = [
    time.join(":"),
    ...(name === model ? [name] : [name, model]),
    ...(effort === undefined ? [] : [`effort ${effort}`]),
    ...(goesOn ? ["goes on"] : []),
  ];
  return `## ${parts.join(" · ")}\n\n> ${firstLine(question, 100)}\n\n`;
}

/** The first line of a text, at most so many characters of it. */
export function firstLine(text: string, limit: number): string {
  const line = (text.trim().split(/\r?\n/, 1)[0] ?? "").trim();
  return line.length > limit ? `${line.slice(0, limit - 1).trimEnd()}…` : line;
}

/** As much of a question as may stand above its answer: three lines, 160 characters. */
export function shortened(question: string): string {
  const lines = question.trim().split(/\r\n|\r|\n/);
  const text = lines.slice(0, 3).join("\n");
  if (text.length <= 160) return lines.length > 3 ? `${text}…` : text;
  return `${text.slice(0, 159).trimEnd()}…`;
}

/** A conversation as one document: questions as headings, answers as they stand, harmless to preview. */
export function conversationDocument(turns: readonly { question: string; answer: Answer }[]): string {
  return turns
    .map(
      ({ question, answer }) =>
        `# ${plain(firstLine(question, 200))}\n\n${safeMarkdown(answer.content).trim()}\n`,
    )
    .join("\n");
}

/** "sample.py, lines 3 to 9"; lines count from 1. */
export function place(file: string, startLine: number, endLine: number): string {
  return startLine === endLine ? `${file}, line ${startLine}` : `${file}, lines ${startLine} to ${endLine}`;
}

/** What the status bar says of answers that are done and out of sight; undefined where there are none. */
export function unseenText(
  answers: readonly { readonly question: string; readonly hasFailed: boolean }[],
): { readonly text: string; readonly tooltip: string } | undefined {
  const [one] = answers;
  if (one === undefined) return undefined;
  const failed = answers.filter(({ hasFailed }) => hasFailed).length;
  const symbol = failed > 0 ? "warning" : "comment-unresolved";
  if (answers.length > 1) {
    const some = `${answers.length} answers done${failed > 0 ? `, ${failed} failed` : ""}`;
    return { text: `$(${symbol}) ${some}`, tooltip: `Codex: ${some}. Go to the first one.` };
  }
  const what = one.hasFailed ? "Answer failed" : "Answer done";
  const question = firstLine(one.question, 30);
  return {
    text: `$(${symbol}) ${what}: ${question.replace(/\$\(/g, "$ (")}`,
    tooltip: `Codex: ${what}. Go to it: ${question}`,
  };
}

/** What is said of an answer that has just ended, in the status bar and to a screen reader. */
export function announcement(
  { status, name }: Answer,
  question: string,
): { readonly text: string; readonly spoken: string } {
  const what = {
    running: "is being answered",
    completed: "answer done",
    truncated: "answer cut off",
    cancelled: "answer stopped",
    failed: "answer failed",
    lost: "answer interrupted",
  }[status];
  const spoken = `Codex, ${name}: ${what}. ${firstLine(question, 100)}`;
  return { text: `$(${status === "completed" ? "check" : "warning"}) Codex: ${what}`, spoken };
}
