/**
 * One answer as it grows: the codex events of a turn in, what a person sees of it out.
 *
 * Pure: no editor, no clock of its own. `reduce` never looks at earlier text again, so a turn of 100,000
 * deltas costs 100,000 small steps.
 */

import type { Override } from "./choice";
import type {
  ErrorData,
  ExecResult,
  NextStep,
  Notice,
  Phase,
  Status,
  Timing,
  TurnEvent,
  Usage,
} from "./protocol";
import { isChange, itemLine } from "./task";

/** `lost`: the language server went away in the middle. */
export type AnswerStatus = "running" | Status | "lost";

export interface Failure {
  readonly message: string;
  readonly hint?: string;
  readonly kind?: string;
  /** What one click can do about it. */
  readonly step?: NextStep;
}

export interface Answer {
  /** What the label begins with: the profile, else the model. */
  readonly name: string;
  /** Whether its model runs on this machine; absent until that is known. */
  readonly isLocal?: boolean;
  /** What was asked for beside the profile. */
  readonly override?: Override;
  readonly model?: string;
  readonly threadId?: string;
  readonly turnId?: string;
  readonly status: AnswerStatus;
  readonly phase: Phase;
  /** How far the phase is, 0..1. */
  readonly fraction?: number;
  /** How many requests are in the model server's queue, this one among them. */
  readonly waiting?: number;
  /** How long ago the last text came, where that is long. */
  readonly silentMs?: number;
  readonly reasoning: string;
  /** The pieces of `reasoning` that a provider sent as summaries. */
  readonly summary: string;
  readonly content: string;
  /** The content has lines about tool calls. */
  readonly acts?: boolean;
  /** A tool call has changed files. */
  readonly hasChanged?: boolean;
  readonly notices: readonly Notice[];
  /** What the editor itself has to say about this answer. */
  readonly remark?: string;
  readonly retry?: { readonly attempt: number; readonly maxAttempts: number; readonly reason: string };
  readonly failure?: Failure;
  readonly startedAt: number;
  readonly thinkingAt?: number;
  readonly answeringAt?: number;
  readonly endedAt?: number;
  readonly outputTokensPerSecond?: number;
  readonly timing?: Timing;
  readonly usage?: Usage;
}

export function newAnswer(
  name: string,
  now: number,
  more: Pick<Answer, "isLocal" | "override" | "remark"> = {},
): Answer {
  return {
    name,
    ...more,
    status: "running",
    phase: "connecting",
    reasoning: "",
    summary: "",
    content: "",
    notices: [],
    startedAt: now,
  };
}

/** The answer after one more event; `now` in milliseconds. */
export function reduce(answer: Answer, event: TurnEvent, now: number): Answer {
  switch (event.type) {
    case "begin":
      return {
        ...answer,
        name: event.profile ?? event.model,
        isLocal: event.isLocal,
        model: event.model,
        threadId: event.threadId,
        turnId: event.turnId,
      };
    case "phase":
      return inPhase(answer, event.phase, now, event);
    case "reasoning": {
      const thinking = inPhase(answer, "thinking", now);
      const summary = event.source === "summary" ? answer.summary + event.text : answer.summary;
      return { ...thinking, reasoning: answer.reasoning + event.text, summary };
    }
    case "content": {
      const answering = inPhase(answer, "answering", now);
      return { ...answering, content: answer.content + event.text };
    }
    case "reclassify":
      if (event.to === "content") {
        return { ...answer, content: answer.reasoning, reasoning: "", summary: "" };
      }
      return { ...answer, reasoning: answer.reasoning + answer.content, content: "" };
    case "retry":
      return { ...answer, retry: event };
    case "item": {
      const line = event.stage === "completed" && event.item ? itemLine(event.item) : "";
      // The calls stand where they were made; the result repeats the texts alone.
      const before = answer.content === "" ? "" : `${answer.content}\n\n`;
      if (line === "" || event.item === undefined) return answer;
      return {
        ...answer,
        acts: true,
        ...(isChange(event.item) && { hasChanged: true }),
        content: `${before}${line}\n\n`,
      };
    }
    case "toolCall": // of codex/chat alone
      return answer;
    case "notice":
      return { ...answer, notices: [...answer.notices, noticeOf(event)] };
    case "done":
      return {
        ...answer,
        status: event.status,
        endedAt: now,
        timing: event.timing,
        ...(event.usage && { usage: event.usage }),
        ...(event.error && { failure: failureOf(event.error.message, event.error) }),
      };
  }
}

function inPhase(
  answer: Answer,
  phase: Phase,
  now: number,
  { fraction, waiting, silentMs }: Pick<Answer, "fraction" | "waiting" | "silentMs"> = {},
): Answer {
  const isSame = waiting === answer.waiting && silentMs === answer.silentMs;
  if (answer.phase === phase && fraction === undefined && isSame) return answer;
  const rest: Mutable<Answer> = { ...answer };
  delete rest.fraction;
  delete rest.waiting;
  delete rest.silentMs;
  delete rest.retry;
  return {
    ...rest,
    phase,
    ...(fraction !== undefined && { fraction }),
    ...(waiting !== undefined && { waiting }),
    ...(silentMs !== undefined && { silentMs }),
    ...(phase === "thinking" && answer.thinkingAt === undefined && { thinkingAt: now }),
    ...(phase === "answering" && answer.answeringAt === undefined && { answeringAt: now }),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function noticeOf({ kind, message, hint, nextStep }: Notice): Notice {
  return { kind, message, ...(hint !== undefined && { hint }), ...(nextStep && { nextStep }) };
}

/** What one click can do about an answer that failed or was cut off. */
export function stepOf({ status, failure, notices }: Answer): NextStep | undefined {
  if (failure) return failure.step;
  return status === "truncated" ? notices.find(({ nextStep }) => nextStep)?.nextStep : undefined;
}

/** The hint to show: where VS Code has a command for it, the one that names no shell command. */
export function hintOf({ hint, nextStep }: Pick<Notice, "hint" | "nextStep">): string | undefined {
  return nextStep ? nextStep.hint : hint;
}

/** The answer as the response repeats it: whatever progress was missed is repaired. */
export function settle(answer: Answer, result: ExecResult, now: number): Answer {
  return {
    ...answer,
    name: result.profile ?? result.model,
    model: result.model,
    threadId: result.threadId,
    turnId: result.turnId,
    status: result.status,
    reasoning: result.reasoning,
    content: answer.acts ? answer.content : result.content,
    notices: result.notices,
    endedAt: answer.endedAt ?? now,
    timing: result.timing,
    ...(result.usage && { usage: result.usage }),
  };
}

/** The answer after its request failed: what had arrived stays. */
export function fail(answer: Answer, message: string, data: Partial<ErrorData>, now: number): Answer {
  return { ...answer, status: "failed", failure: failureOf(message, data), endedAt: now };
}

export function failureOf(
  message: string,
  { kind, ...more }: Omit<Partial<ErrorData>, "kind"> & { kind?: string },
): Failure {
  const hint = hintOf(more);
  return {
    message,
    ...(hint !== undefined && { hint }),
    ...(kind !== undefined && { kind }),
    ...(more.nextStep && { step: more.nextStep }),
  };
}

/** The answer after the language server died under it: what had arrived stays. */
export function lose(answer: Answer, now: number): Answer {
  const failure = { message: "The codex-ls server stopped before this answer was complete." };
  return answer.status === "running" ? { ...answer, status: "lost", failure, endedAt: now } : answer;
}

/** How fast the model writes, if the server's human-readable status says so: "Answering, 41 tokens/s". */
export function withServerStatus(answer: Answer, message: string): Answer {
  const rate = /([\d.]+) tokens\/s/.exec(message)?.[1];
  return rate === undefined ? answer : { ...answer, outputTokensPerSecond: Number(rate) };
}

/** Whether an answer ended before its time, for whatever reason: its question can be asked again in its place. */
export function isUnfinished({ status }: Answer): boolean {
  return status !== "running" && status !== "completed";
}

/** Whether there is a beginning that the model can go on with. */
export function canContinue(answer: Answer): boolean {
  return isUnfinished(answer) && answer.content !== "" && answer.threadId !== undefined;
}
