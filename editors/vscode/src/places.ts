/**
 * Where the conversations of this window stand, over a reload: their text is the server's to keep, their place ours.
 *
 * It is kept in VS Code's own storage for the workspace; a conversation that was closed keeps its place, so that it can
 * be opened there again.
 */

import type { Span } from "./anchor";
import { choiceFrom } from "./choice";
import type { Choice } from "./choice";
import type { Memento } from "./editor";
import type { Mode } from "./protocol";

const KEY = "places";
/** Of more conversations the oldest lose their place. */
const MOST = 200;

export interface KeptPlace {
  readonly threadId: string;
  readonly uri: string;
  /** The lines that it stands under, and what they were, by which they are found after a change that nobody saw. */
  readonly span: Span;
  readonly lines: string;
  /** What Replace Selection would replace, and what stood there. */
  readonly about?: { readonly span: Span; readonly text?: string };
  readonly mode?: Mode;
  /** Who was chosen for this conversation alone. */
  readonly pinned?: Choice;
  readonly isOpen: boolean;
}

export class Places {
  private readonly all: Map<string, KeptPlace>;

  constructor(private readonly storage: Memento) {
    const stored = storage.get<unknown>(KEY);
    const places = (Array.isArray(stored) ? stored : []).flatMap((one) => placeFrom(one) ?? []);
    this.all = new Map(places.map((place) => [place.threadId, place]));
  }

  of(threadId: string): KeptPlace | undefined {
    return this.all.get(threadId);
  }

  /** Those that are open, the newest last. */
  get open(): KeptPlace[] {
    return [...this.all.values()].filter(({ isOpen }) => isOpen);
  }

  /** Keeps these; one that is new is the newest. */
  async keep(places: readonly KeptPlace[]): Promise<void> {
    const before = JSON.stringify([...this.all.values()]);
    for (const place of places) this.all.set(place.threadId, place);
    for (const old of [...this.all.keys()].slice(0, -MOST)) this.all.delete(old);
    if (JSON.stringify([...this.all.values()]) !== before) await this.write();
  }

  async forget(threadId: string): Promise<void> {
    if (this.all.delete(threadId)) await this.write();
  }

  private async write(): Promise<void> {
    await this.storage.update(KEY, [...this.all.values()]);
  }
}

/** What an earlier version wrote, or nobody of ours, is left out. */
function placeFrom(value: unknown): KeptPlace | undefined {
  const { threadId, uri, span, lines, about, mode, pinned, isOpen } = (value ?? {}) as Record<
    string,
    unknown
  >;
  if (typeof threadId !== "string" || typeof uri !== "string" || typeof lines !== "string") return undefined;
  if (!isSpan(span)) return undefined;
  const { span: part, text } = (about ?? {}) as Record<string, unknown>;
  const choice = choiceFrom(pinned);
  return {
    threadId,
    uri,
    span,
    lines,
    ...(isSpan(part) && { about: { span: part, ...(typeof text === "string" && { text }) } }),
    ...(mode === "agent" && { mode }),
    ...(choice && { pinned: choice }),
    isOpen: isOpen === true,
  };
}

function isSpan(value: unknown): value is Span {
  const { start, end } = (value ?? {}) as Record<string, unknown>;
  return [start, end].every((place) => {
    const { line, character } = (place ?? {}) as Record<string, unknown>;
    return isCount(line) && isCount(character);
  });
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
