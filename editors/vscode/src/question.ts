/**
 * A question, and the turn that answers it.
 */

import type { Span } from "./anchor";
import { newAnswer } from "./answer";
import type { Answer } from "./answer";
import { overrideFrom } from "./choice";
import type { Choice } from "./choice";
import type { AnswerComment, QuestionComment } from "./comment";
import type { ExecParams, ExpectedProfile, Intent, Mode } from "./protocol";

/** What is asked, and with what around it. */
export interface Question extends Shown {
  /** As it stands on the screen. */
  readonly text: string;
  /** As it is sent; empty where the intent says it all. */
  readonly prompt: string;
  readonly intent: Intent;
  /** Absent: the model only answers. */
  readonly mode?: Mode;
  /** The turn of the conversation that this question is asked in the place of. */
  readonly replaces?: string;
  readonly context: Pick<ExecParams, "textDocument" | "range" | "diagnostics">;
  readonly choice: Choice;
  /** What the editor has to say about the answer: that it is not the workspace's profile that gives it. */
  readonly remark?: string;
}

/** The part of a question that the user, or a command, puts. */
export type Asked = Pick<Question, "text" | "prompt" | "intent" | "mode">;

/** What is asked in the user's own words. */
export function asked(prompt: string): Asked {
  return { text: prompt, prompt, intent: "ask" };
}

/** Who the user is told will answer, until the server says who does. */
export interface Shown {
  readonly name: string;
  readonly isLocal?: boolean;
  /** The same, for the server: it asks nobody else. Absent where nothing was known. */
  readonly expected?: ExpectedProfile;
}

/** The text that an answer is about, as it moves with its document. */
export interface About {
  readonly span: Span;
  /** What stood there when it was asked about; absent where the server chose the lines, and knows it. */
  readonly text?: string;
}

export interface Turn {
  question: Question;
  readonly asked: QuestionComment;
  comment: AnswerComment;
  answer: Answer;
  /** Absent where the question was about no part of the document. */
  about?: About;
}

/** The answer to a question before anything of it has come. */
export function begun(
  { name, isLocal, remark, choice }: Pick<Question, "name" | "isLocal" | "remark" | "choice">,
  now: number,
): Answer {
  return newAnswer(name, now, {
    override: overrideFrom(choice),
    ...(isLocal !== undefined && { isLocal }),
    ...(remark !== undefined && { remark }),
  });
}

/** What a question is sent as. */
export function paramsOf(question: Question): ExecParams {
  const { prompt, intent, mode, replaces, expected, context, choice } = question;
  return {
    prompt,
    intent,
    ...(mode && { mode }),
    ...(replaces !== undefined && { replaces }),
    ...(expected && { expected }),
    ...context,
    ...choice,
  };
}
