/**
 * What a question is about: the selection or the line of the cursor, and the problems there.
 */

import type { Span } from "./anchor";
import { Range, languages, workspace } from "./editor";
import type { Diagnostic, TextDocument, TextEditor } from "./editor";
import type { ExecParams } from "./protocol";
import type * as lsp from "vscode-languageserver-protocol";
import { place } from "./wording";

export interface Subject {
  readonly document: TextDocument;
  /** The selection, the cursor, or where a problem is. */
  readonly range: Range;
  readonly diagnostics: readonly Diagnostic[];
}

/** Not asked about, and not told to the server: channels, and what this extension itself shows. */
const NO_SUBJECT = new Set([
  "output",
  "comment",
  "codex-thinking",
  "codex-proposal",
  "codex-report",
  "codex-conversation",
]);

export function isSubject({ uri }: TextDocument): boolean {
  return !NO_SUBJECT.has(uri.scheme);
}

/** The selection, without the line break that a whole-line selection drags along in its label. */
export function subjectOf(editor: TextEditor): Subject {
  const { document, selection } = editor;
  const range = new Range(selection.start, selection.end);
  return { document, range, diagnostics: diagnosticsIn(document, range) };
}

/** The problem at the cursor, or those in the selected lines. */
export function problemAt(editor: TextEditor, wanted?: Diagnostic): Subject | undefined {
  const { document, selection } = editor;
  const found = wanted
    ? [wanted]
    : nearest(diagnosticsIn(document, linesOf(document, selection)), selection.active.line);
  const [first] = found;
  if (first === undefined) return undefined;
  const range = selection.isEmpty || wanted ? first.range : linesOf(document, selection);
  return { document, range, diagnostics: found };
}

/** "sample.py, lines 3 to 9" */
export function describe({ document, range }: Subject): string {
  const file = workspace.asRelativePath(document.uri);
  if (range.isEmpty) return file;
  return place(file, range.start.line + 1, lastLine(range) + 1);
}

/** The parameters of the request that say what it is about. */
export function contextOf({
  document,
  range,
  diagnostics,
}: Subject): Pick<ExecParams, "textDocument" | "range" | "diagnostics"> {
  return {
    textDocument: { uri: document.uri.toString() },
    range: lspRange(range),
    ...(diagnostics.length > 0 && { diagnostics: diagnostics.map(lspDiagnostic) }),
  };
}

function diagnosticsIn(document: TextDocument, range: Range): Diagnostic[] {
  return languages.getDiagnostics(document.uri).filter((one) => one.range.intersection(range) !== undefined);
}

/** Those that are at the line itself, worst first, else all. */
function nearest(found: Diagnostic[], line: number): Diagnostic[] {
  const here = found.filter(({ range }) => range.start.line <= line && line <= range.end.line);
  return (here.length > 0 ? here : found).sort((one, other) => one.severity - other.severity);
}

/** The whole lines of a range. */
export function linesOf(document: TextDocument, range: Range): Range {
  return new Range(range.start.line, 0, lastLine(range), document.lineAt(lastLine(range)).text.length);
}

/** A selection that ends at column 0 does not reach into that line. */
function lastLine({ start, end }: Range): number {
  return end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
}

export function lspRange({ start, end }: Span): lsp.Range {
  return {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
}

function lspDiagnostic({ range, message, severity, source, code }: Diagnostic): lsp.Diagnostic {
  const plainCode = typeof code === "object" ? code.value : code;
  return {
    range: lspRange(range),
    message,
    severity: (severity + 1) as lsp.DiagnosticSeverity,
    ...(source !== undefined && { source }),
    ...(plainCode !== undefined && { code: plainCode }),
  };
}
