/**
 * What an answer changes in a document. The server decides (`codex/edit`); this asks it, lets the user choose where there
 * is a choice, and says what it refuses.
 */

import type { Conversation } from "./conversation";
import type { Target } from "./conversations";
import { rangeOf, window } from "./editor";
import type { Range, TextDocument } from "./editor";
import { CODE_BLOCKS, EDIT } from "./protocol";
import type {
  CodeBlock,
  CodeBlockText,
  CodeBlocksParams,
  CodeBlocksResult,
  EditParams,
  EditRefusal,
  EditResult,
  Placement,
} from "./protocol";
import type { Turn } from "./question";
import { lspRange } from "./subject";
import type { Server } from "./server";
import type { Span } from "./anchor";

const AGAIN = "Ask Again for the Whole Block";
const CHANGED = "The document has changed meanwhile, so nothing was written into it. Try once more.";

/** One change of a document. */
export interface Edit {
  readonly range: Range;
  readonly text: string;
}

export interface Wanted {
  readonly document: TextDocument;
  readonly span: Span;
  /** What stood there when it was asked about, where that is known here. */
  readonly original?: string;
  readonly placement: Placement;
}

export class Edits {
  /** Which block of an answer was chosen, so that it is asked once for several places. */
  private chosen: { readonly turn: Turn; readonly block: number } | undefined;

  constructor(
    private readonly server: Server,
    private readonly askAgain: (conversation: Conversation, turn: Turn, prompt: string) => Promise<void>,
  ) {}

  /** The edits that an answer makes at each of these places; undefined after it was said why there are none. */
  async of(target: Target, places: readonly Wanted[]): Promise<Edit[] | undefined> {
    this.chosen = undefined;
    const edits: Edit[] = [];
    for (const place of places) {
      const found = await this.at(target, place);
      if (found === undefined) return undefined;
      edits.push(...found);
    }
    return edits;
  }

  /** The code blocks of an answer. */
  async blocks({ answer: { turnId, threadId } }: Turn): Promise<readonly CodeBlockText[]> {
    if (turnId === undefined) return [];
    const client = await this.server.running();
    if (!client.offers(CODE_BLOCKS)) throw new Error("This codex-ls can't list code blocks. Update it.");
    const params: CodeBlocksParams = { turnId, ...(threadId !== undefined && { threadId }) };
    return (await client.sendRequest<CodeBlocksResult>(CODE_BLOCKS, params)).blocks;
  }

  private async at(target: Target, wanted: Wanted): Promise<Edit[] | undefined> {
    const { document } = wanted;
    const { turn, conversation } = target;
    for (;;) {
      const { edits, version, refusal } = await this.ask(turn, wanted);
      if (refusal === undefined) {
        if (version === undefined || version === document.version)
          return edits.map(({ range, newText }) => ({ range: rangeOf(range), text: newText }));
        await window.showWarningMessage(CHANGED);
        return undefined;
      }
      if (refusal.blocks === undefined) {
        await this.refuse(conversation, turn, refusal);
        return undefined;
      }
      const block = await pickBlock(refusal.message, refusal.blocks);
      if (block === undefined) return undefined;
      this.chosen = { turn, block };
    }
  }

  private async ask(turn: Turn, { document, span, original, placement }: Wanted): Promise<EditResult> {
    const { turnId, threadId } = turn.answer;
    if (turnId === undefined)
      throw new Error("There is no answer yet that could be written into a document.");
    const client = await this.server.running();
    if (!client.offers(EDIT)) throw new Error("This codex-ls can't change documents. Update it.");
    const params: EditParams = {
      turnId,
      ...(threadId !== undefined && { threadId }),
      textDocument: { uri: document.uri.toString() },
      range: lspRange(span),
      ...(original !== undefined && { original }),
      placement,
      ...(this.chosen?.turn === turn && { block: this.chosen.block }),
    };
    return client.sendRequest<EditResult>(EDIT, params);
  }

  private async refuse(
    conversation: Conversation,
    turn: Turn,
    { message, askAgain }: EditRefusal,
  ): Promise<void> {
    const chosen = await window.showWarningMessage(message, ...(askAgain === undefined ? [] : [AGAIN]));
    if (chosen === AGAIN && askAgain !== undefined) await this.askAgain(conversation, turn, askAgain);
  }
}

/** Which of several code blocks is meant. */
export async function pickBlock(title: string, blocks: readonly CodeBlock[]): Promise<number | undefined> {
  const items = blocks.map(({ index, language, lines, preview }) => ({
    label: preview,
    description: `${language} ${lines === 1 ? "1 line" : `${lines} lines`}`.trim(),
    index,
  }));
  return (await window.showQuickPick(items, { title, placeHolder: "Which code block?" }))?.index;
}

/** A document's text after these edits, which don't overlap. */
export function edited(document: TextDocument, edits: readonly Edit[]): string {
  const last = [...edits].sort((one, other) => other.range.start.compareTo(one.range.start));
  return last.reduce((text, { range, text: inserted }) => {
    return (
      text.slice(0, document.offsetAt(range.start)) + inserted + text.slice(document.offsetAt(range.end))
    );
  }, document.getText());
}
