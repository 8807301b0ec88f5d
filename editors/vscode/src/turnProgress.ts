/**
 * What arrives of one turn, on its way to the screen and to the thinking channel.
 */

import { fail, lose, reduce, withServerStatus } from "./answer";
import { label } from "./label";
import type { Answer } from "./answer";
import type { Surroundings } from "./surroundings";
import type { TurnEvent } from "./protocol";
import type { Turn } from "./question";
import type { Range } from "vscode-languageserver-protocol";
import type { ThinkingTurn } from "./thinkingOrder";
import { TurnFailed } from "./turn";
import type { TurnListener } from "./turn";
import { firstLine, visiblePiece } from "./wording";

interface Told {
  changed(isFirstWord: boolean): void;
  /** The turn has begun, with the lines its answer is about, where the server chose them. */
  begun(range: Range | undefined): void;
}

export class TurnProgress implements TurnListener {
  private thinking: ThinkingTurn | undefined;

  constructor(
    private readonly turn: Turn,
    private readonly surroundings: Surroundings,
    private readonly told: Told,
  ) {}

  event(event: TurnEvent): void {
    const piece = visiblePiece(event, this.turn.answer, this.surroundings.show);
    this.show(reduce(this.turn.answer, event, Date.now()));
    if (event.type === "begin") this.told.begun(event.range);
    if (piece !== "") this.channel().append(piece);
    else if (event.type === "content") this.thinking?.rest();
  }

  status(message: string): void {
    this.show(withServerStatus(this.turn.answer, message));
  }

  show(answer: Answer): void {
    const isFirstWord = this.turn.answer.content === "" && answer.content !== "";
    this.turn.answer = answer;
    this.told.changed(isFirstWord);
  }

  end(): void {
    const { answer } = this.turn;
    this.thinking?.end(label(answer, Date.now()));
  }

  private channel(): ThinkingTurn {
    const { answer, question } = this.turn;
    const { effort } = question.choice;
    this.thinking ??= this.surroundings.thinking({
      at: new Date(),
      name: answer.name,
      model: answer.model ?? answer.name,
      ...(effort !== undefined && { effort }),
      question: firstLine(question.text, 100),
    });
    return this.thinking;
  }
}

/** The answer after its request failed, for whatever reason. */
export function failed(answer: Answer, error: unknown, now: number): Answer {
  if (!(error instanceof TurnFailed))
    return fail(answer, error instanceof Error ? error.message : String(error), {}, now);
  return error.serverLost ? lose(answer, now) : fail(answer, error.message, error.data, now);
}
