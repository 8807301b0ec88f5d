/**
 * A question of a conversation on its way to the server, which may have lost the conversation.
 */

import type { ExecParams, ExecResult } from "./protocol";
import { paramsOf } from "./question";
import type { Question, Turn } from "./question";
import { exchanges, transcript } from "./transcript";
import { TurnFailed } from "./turn";

interface Sent {
  readonly question: Question;
  /** The server's name for the conversation; undefined where none has begun. */
  readonly id: string | undefined;
  /** All turns on the screen, that of the question too. */
  readonly turns: readonly Turn[];
}

/** Asks in the server's thread; where that is gone, in a new one that is told what is on the screen. */
export async function send(
  { question, id, turns }: Sent,
  run: (params: ExecParams) => Promise<ExecResult>,
): Promise<ExecResult> {
  const { replaces, ...params } = paramsOf(question);
  if (id === undefined) return run(params);
  try {
    return await run({ ...params, threadId: id, ...(replaces !== undefined && { replaces }) });
  } catch (error) {
    if (!(error instanceof TurnFailed) || error.data.kind !== "unknownThread") throw error;
    return run({
      ...params,
      ...(params.intent === "continue" && { intent: "ask" }),
      ...turns[0]?.question.context,
      prompt: transcript(exchanges(turns)),
    });
  }
}
