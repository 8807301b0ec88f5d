/**
 * Where a range of a document is while the text around it is edited. Pure.
 *
 * Text that is inserted right at its start or right at its end stays outside.
 */

export interface Place {
  readonly line: number;
  readonly character: number;
}

export interface Span {
  readonly start: Place;
  readonly end: Place;
}

/** One edit: `range`, as the document was before it, became `text`. */
export interface Change {
  readonly range: Span;
  readonly text: string;
}

/** The span after one edit of its document. */
export function moved({ start, end }: Span, change: Change): Span {
  const { range } = change;
  const after = endOf(change);
  if (!isBefore(start, range.end)) return { start: shifted(start, change), end: shifted(end, change) };
  if (!isBefore(range.start, end)) return { start, end };
  // The edit reaches into the span: what it wrote at an edge belongs to the span only as far as it began inside.
  return {
    start: isBefore(range.start, start) ? range.start : start,
    end: isBefore(end, range.end) ? after : shifted(end, change),
  };
}

function isBefore(one: Place, other: Place): boolean {
  return one.line < other.line || (one.line === other.line && one.character < other.character);
}

/** A place at or behind the end of an edit, after it. */
function shifted({ line, character }: Place, change: Change): Place {
  const { end } = change.range;
  const after = endOf(change);
  if (line > end.line) return { line: line + after.line - end.line, character };
  return { line: after.line, character: after.character + character - end.character };
}

/** Where what an edit has written ends. */
function endOf({ range: { start }, text }: Change): Place {
  const lines = text.split(/\r\n|\r|\n/);
  const last = lines.at(-1) ?? "";
  if (lines.length === 1) return { line: start.line, character: start.character + last.length };
  return { line: start.line + lines.length - 1, character: last.length };
}

/**
 * Where the lines that stood at `span` are in a document that may have changed unseen: where they were, else at the
 * nearest place that has all of them, else where they were, as far as the document reaches.
 */
export function found(text: string, span: Span, document: readonly string[]): Span {
  const wanted = text.split("\n");
  const last = Math.max(0, document.length - wanted.length);
  const isAt = (line: number): boolean => wanted.every((one, n) => document[line + n] === one);
  for (let off = 0; off <= document.length; off += 1) {
    const there = [span.start.line - off, span.start.line + off].find(
      (line) => line >= 0 && line <= last && isAt(line),
    );
    if (there !== undefined) return down(span, there - span.start.line);
  }
  return { start: within(span.start, document), end: within(span.end, document) };
}

/** The span so many lines further down. */
export function down({ start, end }: Span, lines: number): Span {
  return {
    start: { line: start.line + lines, character: start.character },
    end: { line: end.line + lines, character: end.character },
  };
}

function within({ line, character }: Place, document: readonly string[]): Place {
  const there = Math.max(0, Math.min(line, document.length - 1));
  return { line: there, character: Math.min(character, document[there]?.length ?? 0) };
}
