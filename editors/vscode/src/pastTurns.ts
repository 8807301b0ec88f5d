/**
 * The turns of a kept conversation as the screen shows turns, and as a list names conversations. Pure.
 */

import { failureOf } from "./answer";
import type { Answer } from "./answer";
import type { ThreadSummary, ThreadTurn } from "./protocol";
import { firstLine, plain } from "./wording";

/** The answer of an earlier session. Where its process died before the end, it was interrupted. */
export function pastAnswer(turn: ThreadTurn, threadId: string, isLocal?: boolean): Answer {
  const { timing, usage, error } = turn;
  const startedAt = Date.parse(turn.at) || 0;
  const thinkingAt = timing?.firstReasoningMs;
  const answeringAt = timing?.firstContentMs;
  return {
    name: turn.profile ?? turn.model,
    ...(isLocal !== undefined && { isLocal }),
    model: turn.model,
    threadId,
    turnId: turn.turnId,
    status: timing === undefined && turn.status === "truncated" ? "lost" : turn.status,
    phase: "answering",
    reasoning: turn.reasoning,
    // Which of it were summaries is not kept.
    summary: "",
    content: turn.content,
    notices: turn.notices,
    startedAt,
    ...(thinkingAt !== undefined && { thinkingAt: startedAt + thinkingAt }),
    ...(answeringAt !== undefined && { answeringAt: startedAt + answeringAt }),
    ...(timing && { endedAt: startedAt + timing.totalMs, timing }),
    ...(usage && { usage }),
    ...(error && { failure: failureOf(error.message, error) }),
  };
}

export interface ThreadRow {
  readonly label: string;
  readonly description: string;
  readonly thread: ThreadSummary;
}

/** One row a conversation, in the server's order: those of this folder, and the others. */
export function threadRows(
  threads: readonly ThreadSummary[],
  now: Date,
): { readonly here: ThreadRow[]; readonly others: ThreadRow[] } {
  const row = (thread: ThreadSummary): ThreadRow => ({
    label: thread.title,
    description: describeThread(thread, now),
    thread,
  });
  return {
    here: threads.filter(({ here }) => here === true).map(row),
    others: threads.filter(({ here }) => here !== true).map(row),
  };
}

/** "12:04 · local-oss · 2 questions", with the day where that is not today. */
export function describeThread({ updatedAt, profile, turns }: ThreadSummary, now: Date): string {
  const questions = turns === 1 ? "1 question" : `${turns} questions`;
  return [localTime(updatedAt, now), profile, questions].filter((part) => part).join(" · ");
}

/** A time of the server as a clock here shows it. */
export function localTime(at: string, now: Date): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  const two = (part: number): string => String(part).padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

/** The page that a conversation stands in whose code is not known: what was asked; the text stands below it. */
export function threadPage(turns: readonly ThreadTurn[]): string {
  const questions = turns.map(({ prompt }) => plain(firstLine(prompt, 200)));
  const [first = "Conversation", ...others] = questions;
  return [`# ${first}`, ...others.map((question) => `- ${question}`), ""].join("\n\n");
}
