/**
 * Room for an answer: the code it is about is scrolled up until the answer's first ten lines fit under it.
 *
 * VS Code tells an extension which lines are visible, and nothing of pixels, panels or other threads. Where the height
 * of an editor can't be known from its lines it is taken for small.
 */

import { Range, TextEditorRevealType, commands, window, workspace } from "./editor";
import type { TextEditor } from "./editor";

/** A thread's head, its question and the answer's first ten lines, in lines of the editor; and what is better. */
const NEEDED = 19;
const GOOD = 26;
/** What of that stands above the answer. */
const ABOVE = 7;
/** In an editor with fewer lines than this no place for the code leaves room for an answer. */
const SMALLEST = 14;
/** Where the code goes in an editor of unknown height. */
const NEAR_TOP = 2;
/** Where the answer's tenth line is at worst, with headings and code, from the code's line on. */
const TENTH = 21;
/** How long VS Code may take to tell that other lines are visible: after a scroll, and after its parts were laid out. */
const SCROLLED_MS = 150;
const LAID_OUT_MS = 500;
/** When a thread that was made is open. */
const OPEN_MS = 250;

/** An editor as it was before a thread opened in it. */
export interface View {
  readonly editor: TextEditor;
  readonly lines: readonly number[];
  /** Its height in lines; unknown where the document ends in it, which may be anywhere, or other threads are open. */
  readonly height?: number;
  /** Threads that are open in it take room that its lines do not tell of. */
  readonly isCrowded: boolean;
}

/** Where the code came to stand, for `showHead`. */
export interface Room {
  readonly editor: TextEditor;
  readonly line: number;
  /** How many lines are missing for ten lines of the answer. */
  readonly missing: number;
}

/** Lets a panel give way where the editor has no room for an answer at all. */
export async function giveWay(editor: TextEditor): Promise<void> {
  if ((heightOf(editor) ?? SMALLEST) >= SMALLEST) return;
  await changed(editor, () => commands.executeCommand("workbench.action.closePanel"), LAID_OUT_MS);
}

export function viewOf(editor: TextEditor, isCrowded: boolean): View {
  const height = isCrowded ? undefined : heightOf(editor);
  return { editor, lines: linesOf(editor), isCrowded, ...(height !== undefined && { height }) };
}

/** Scrolls as little as it takes to have room for an answer below `line`. */
export async function makeRoom({ editor, lines, height, isCrowded }: View, line: number): Promise<Room> {
  const wanted = height === undefined ? NEAR_TOP : rowFor(height);
  const isAsBefore = linesOf(editor)[0] === lines[0];
  const row = isCrowded || !isAsBefore ? -1 : lines.indexOf(line);
  const isNarrow = row === -1 || row + GOOD > lines.length;
  if (row === -1) await bringTo(editor, line, wanted);
  else if (isNarrow) await scroll(editor, row - wanted);
  await new Promise((done) => setTimeout(done, OPEN_MS));
  // Where no line of the code was in sight when the thread opened, VS Code has kept what comes after it in place.
  if (!linesOf(editor).includes(line)) await bringTo(editor, line, wanted);
  const missing = height === undefined ? NEAR_TOP : wanted + TENTH - height;
  return { editor, line, missing: isNarrow ? missing : 0 };
}

/** Where only a few lines of the answer fit below its code: its head comes to the top, unless the user has moved. */
export async function showHead({ editor, line, missing }: Room): Promise<void> {
  if (missing > 0 && linesOf(editor).includes(line)) await scroll(editor, Math.min(missing, ABOVE));
}

async function bringTo(editor: TextEditor, line: number, row: number): Promise<void> {
  await changed(editor, () => {
    editor.revealRange(new Range(line, 0, line, 0), TextEditorRevealType.AtTop);
  });
  await scroll(editor, paddingOf(editor) - row);
}

/** Resolves when `move` has brought other lines into view, or has moved nothing. */
export async function changed(
  editor: TextEditor,
  move: () => unknown,
  patienceMs = SCROLLED_MS,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(late);
      listening.dispose();
      resolve();
    };
    const late = setTimeout(done, patienceMs);
    const listening = window.onDidChangeTextEditorVisibleRanges((change) => {
      if (change.textEditor === editor) done();
    });
    void move();
  });
}

/** Where the code goes in an editor of this height: not so near to its top that sticky lines cover the thread. */
function rowFor(height: number): number {
  return Math.max(0, Math.min(NEAR_TOP, height - NEEDED), height - GOOD);
}

function heightOf(editor: TextEditor): number | undefined {
  const lines = linesOf(editor);
  const isFull = (lines.at(-1) ?? 0) < editor.document.lineCount - 1;
  return isFull ? lines.length : undefined;
}

function linesOf({ visibleRanges }: TextEditor): number[] {
  return visibleRanges.flatMap(({ start, end }) =>
    Array.from({ length: end.line - start.line + 1 }, (_, n) => start.line + n),
  );
}

/** How many lines VS Code keeps above a line that is revealed at the top (`viewLines`). */
function paddingOf(editor: TextEditor): number {
  const settings = workspace.getConfiguration("editor", editor.document);
  const sticky = settings.get("stickyScroll.enabled") === true;
  const stuck = sticky ? settings.get("stickyScroll.maxLineCount", 5) : 0;
  return Math.max(stuck, settings.get("cursorSurroundingLines", 0));
}

async function scroll(editor: TextEditor, lines: number): Promise<void> {
  if (window.activeTextEditor !== editor || lines <= 0) return;
  const down = { to: "down", by: "wrappedLine", value: lines, revealCursor: false };
  await changed(editor, () => commands.executeCommand("editorScroll", down));
}
