/**
 * What goes on with a question, in one line at the end of the code it is about, until its answer begins.
 *
 * VS Code holds a comment thread's changes back for a tenth of a second, and shows a new thread only then; this line is
 * there with the next frame.
 */

import { Range, ThemeColor, window } from "./editor";
import type { Disposable, TextEditor, Uri } from "./editor";

interface Note {
  readonly uri: string;
  readonly line: number;
  readonly text: string;
}

/** The note of one question. */
export interface CodeNote {
  /** Shows it, or shows it anew. */
  show(uri: Uri, line: number, text: string): void;
  clear(): void;
}

export class CodeNotes implements Disposable {
  private readonly notes = new Map<CodeNote, Note>();
  private readonly type = window.createTextEditorDecorationType({});
  private readonly watching = window.onDidChangeVisibleTextEditors(() => {
    for (const { uri } of this.notes.values()) this.draw(uri);
  });

  /** A note that is not shown yet. */
  note(): CodeNote {
    const one: CodeNote = {
      show: (uri, line, text) => {
        const now = { uri: uri.toString(), line, text };
        const before = this.notes.get(one);
        if (before?.text === text && before.line === line && before.uri === now.uri) return;
        this.notes.set(one, now);
        this.draw(now.uri);
      },
      clear: () => {
        const before = this.notes.get(one);
        this.notes.delete(one);
        if (before) this.draw(before.uri);
      },
    };
    return one;
  }

  dispose(): void {
    this.watching.dispose();
    this.type.dispose();
  }

  private draw(uri: string): void {
    const here = [...this.notes.values()].filter((note) => note.uri === uri);
    for (const editor of window.visibleTextEditors) {
      if (editor.document.uri.toString() !== uri) continue;
      editor.setDecorations(
        this.type,
        here.map(({ line, text }) => ({ range: endOf(editor, line), renderOptions: { after: after(text) } })),
      );
    }
  }
}

function after(contentText: string): object {
  return { contentText, margin: "0 0 0 2em", color: new ThemeColor("editorCodeLens.foreground") };
}

function endOf({ document }: TextEditor, line: number): Range {
  const { end } = document.lineAt(Math.min(line, document.lineCount - 1)).range;
  return new Range(end, end);
}
