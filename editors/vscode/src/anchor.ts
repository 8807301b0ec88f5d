/**
 * Where the text of a question is now, while the document around it is edited.
 *
 * Offsets follow edits before the text; an edit inside it shows as different text, and then nothing may be
 * replaced there any more.
 */

export interface Anchor {
  readonly start: number;
  readonly end: number;
  /** What stood there when the question was asked. */
  readonly text: string;
}

export interface Edit {
  readonly offset: number;
  readonly removed: number;
  readonly inserted: number;
}

/** The anchor after one edit of the document it belongs to. */
export function follow(anchor: Anchor, edit: Edit): Anchor {
  const growth = edit.inserted - edit.removed;
  const editEnd = edit.offset + edit.removed;
  if (editEnd <= anchor.start) return { ...anchor, start: anchor.start + growth, end: anchor.end + growth };
  if (edit.offset >= anchor.end) return anchor;
  return { ...anchor, end: Math.max(anchor.start, anchor.end + growth) };
}

/** Whether the text still stands, unchanged, where the anchor points in this document. */
export function holds(anchor: Anchor, document: string): boolean {
  return document.slice(anchor.start, anchor.end) === anchor.text;
}
