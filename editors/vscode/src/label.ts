/**
 * The line above an answer: who answers, and what is happening. Pure.
 */

import type { Answer } from "./answer";
import { placed, who } from "./choice";
import type { Usage } from "./protocol";

/** Who answers: "local-oss", or "local-oss · qwen3-8b · effort high" where that was asked for. */
export function answerer({ name, override }: Answer): string {
  return who(name, override);
}

/** One line that says what is happening: "local-oss (local), thinking 3.2 s". */
export function label(answer: Answer, now: number): string {
  const happening =
    answer.status === "running" ? [...doing(answer, now), ...silence(answer)] : outcome(answer);
  return [placed(answerer(answer), answer.isLocal), ...happening].join(", ");
}

function silence({ silentMs }: Answer): string[] {
  return silentMs === undefined ? [] : [`no text for ${Math.round(silentMs / 1000)} s`];
}

function doing(answer: Answer, now: number): string[] {
  if (answer.retry) {
    return [`trying again (${answer.retry.attempt} of ${answer.retry.maxAttempts}): ${answer.retry.reason}`];
  }
  if (answer.waiting !== undefined) return [`waiting for the server, queue of ${answer.waiting}`];
  const percent = answer.fraction === undefined ? "" : ` ${Math.round(answer.fraction * 100)}%`;
  switch (answer.phase) {
    case "connecting":
      return ["connecting"];
    case "loading":
      return [`loading the model${percent}`];
    case "prompt":
      return [`reading prompt${percent}`];
    case "thinking":
      return [`thinking ${seconds(now - (answer.thinkingAt ?? now))}`];
    case "answering":
      return [...thought(answer), ...speedOr(answer, now)];
  }
}

function outcome(answer: Answer): string[] {
  const { timing, startedAt, endedAt } = answer;
  // Of an answer from an earlier session the time may not be known.
  const isTimed = timing !== undefined || endedAt !== undefined;
  const after = isTimed ? ` after ${seconds(timing?.totalMs ?? (endedAt ?? startedAt) - startedAt)}` : "";
  const speed = timing?.outputTokensPerSecond;
  const details = [...thought(answer), ...(speed ? [rate(speed)] : []), ...windowShare(answer.usage)];
  switch (answer.status) {
    case "completed":
      return [`done${after.replace(" after", " in")}`, ...details];
    case "truncated":
      return [`cut off${after}`, ...details];
    case "cancelled":
      return [`stopped${after}`, ...thought(answer)];
    case "failed":
      return ["failed"];
    case "lost":
      return [`interrupted${after}`];
    case "running":
      return [];
  }
}

function thought(answer: Answer): string[] {
  if (answer.thinkingAt === undefined) return [];
  const took = (answer.answeringAt ?? answer.endedAt ?? answer.thinkingAt) - answer.thinkingAt;
  return took < 50 ? [] : [`thought ${seconds(took)}`];
}

/** The rate, where the server tells one while it writes, else for how long the model has been answering. */
function speedOr(answer: Answer, now: number): string[] {
  if (answer.outputTokensPerSecond) return ["answering", rate(answer.outputTokensPerSecond)];
  return [`answering ${seconds(now - (answer.answeringAt ?? now))}`];
}

/** How full the model's context window is now, where that is known. */
function windowShare(usage?: Usage): string[] {
  const { inputTokens, outputTokens = 0, contextWindow } = usage ?? {};
  if (!contextWindow || inputTokens === undefined) return [];
  const percent = Math.round((100 * (inputTokens + outputTokens)) / contextWindow);
  return percent < 1 ? [] : [`${percent}% of the window`];
}

function rate(tokensPerSecond: number): string {
  return `${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : Math.round(tokensPerSecond)} tokens/s`;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}
