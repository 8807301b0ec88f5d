/**
 * What a conversation needs of the rest of the extension.
 */

import type { CodeNote } from "./codeNotes";
import type { Conversation } from "./conversation";
import type { CancellationToken, TextEditor } from "./editor";
import type { ExecParams, ExecResult } from "./protocol";
import type { Question } from "./question";
import type { ThinkingShow } from "./settings";
import type { ThinkingTurn } from "./thinkingOrder";
import type { TurnFailed, TurnListener } from "./turn";
import type { Heading } from "./wording";

export interface Surroundings {
  readonly show: ThinkingShow;
  /** What goes on with a question, at the code. */
  readonly note: CodeNote;
  run(params: ExecParams, listener: TurnListener, token: CancellationToken): Promise<ExecResult>;
  /** Opens the thinking channel where the settings say so. */
  revealThinking(editor?: TextEditor): Promise<void>;
  /** A turn's place in the thinking channel. */
  thinking(heading: Heading): ThinkingTurn;
  changed(conversation: Conversation): void;
  /** It reached nobody: what the user wants to ask instead, if anything, and if another one could answer. */
  reconsidered(question: Question, error: TurnFailed): Promise<Question | undefined>;
  failed(error: TurnFailed): void;
}
