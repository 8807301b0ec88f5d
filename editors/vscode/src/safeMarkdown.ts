/**
 * Model text that is safe to render: no image loads, no HTML, no link but http, https and mailto.
 *
 * Comment threads load remote images even in Restricted Mode, and a Markdown preview renders HTML, so what a
 * model writes is made harmless before either sees it. Escapes are backslashes and show nothing when
 * rendered. Code is left alone, but only where every Markdown parser agrees that it is code: what is
 * doubtful is escaped. Linear: a finished line is looked at once.
 */

interface Fence {
  readonly mark: string;
  readonly length: number;
  readonly indent: number;
}

const FENCE = /^( *)(`{3,}|~{3,})(.*)$/;
const FENCE_BEHIND_MARKERS = /^([\s>*+\-\d.)]*)(?:`{3}|~{3})/;
const MARKER = /[\t>*+\-.)]/;
/** A bare address that may go on: one parser takes the backtick after it for a part of it. */
const BARE_ADDRESS = /(?::\/\/|www\.|@)[^\s<]*$/i;
const BLANK = /^[ \t]*$/;
/** A whole link target that can do nothing but be clicked and lead to the web. */
const PLAIN_TARGET = /^\]\((?:https?:\/\/|mailto:)[^\s()<>`\\]*(?: "[^"`\\]*")?\)/;

/** Safe Markdown of a text that arrives in pieces; `append` is linear in the piece, `text` in the last line. */
export class SafeMarkdown {
  private done = "";
  private tail = "";
  private readonly lines = new LineGuard();

  append(piece: string): void {
    // A carriage return ends a line too; one at the end of a piece waits for what follows it.
    const lines = (this.tail + piece).split(/\r\n|\r(?!$)|\n/);
    this.tail = lines.pop() ?? "";
    for (const line of lines) this.done += this.lines.next(line) + "\n";
  }

  get text(): string {
    return this.done + this.lines.copy().next(this.tail);
  }
}

/** What no parser reads as the beginning of anything that is escaped, or left unescaped, further on. */
const PLAIN = /^[^`~<![\]\\\r]*/;

/**
 * The same for where a text can only be appended to: `append` returns what is certain of it, `end` the rest. Prose passes at
 * once; a line waits for its end from the first character on that its end may give another meaning.
 */
export class SafeMarkdownPieces {
  private tail = "";
  /** How much of the tail has been returned. */
  private sent = 0;
  private readonly lines = new LineGuard();

  append(piece: string): string {
    const lines = (this.tail + piece).split(/\r\n|\r(?!$)|\n/);
    this.tail = lines.pop() ?? "";
    let safe = "";
    for (const line of lines) {
      safe += this.lines.next(line).slice(this.sent) + "\n";
      this.sent = 0;
    }
    const plain = this.lines.isFenced ? 0 : (PLAIN.exec(this.tail)?.[0].length ?? 0);
    if (plain > this.sent) {
      safe += this.tail.slice(this.sent, plain);
      this.sent = plain;
    }
    return safe;
  }

  end(): string {
    const rest = this.lines.next(this.tail).slice(this.sent);
    this.tail = "";
    this.sent = 0;
    return rest;
  }
}

/** Safe Markdown of a whole text. */
export function safeMarkdown(text: string): string {
  const markdown = new SafeMarkdown();
  markdown.append(text);
  return markdown.text;
}

/** What one line needs to know of the lines before it: the open fence, and whether code spans can be trusted. */
class LineGuard {
  private fence: Fence | undefined;
  /** An indented fence may be taken for code: nothing before has left it open whether we are inside one. */
  private trustIndented = true;
  private trustFences = true;
  private spans: SpanTrust = "all";

  get isFenced(): boolean {
    return this.fence !== undefined;
  }

  copy(): LineGuard {
    return Object.assign(new LineGuard(), this);
  }

  next(line: string): string {
    if (this.fence) {
      if (this.closes(line, this.fence)) {
        this.fence = undefined;
        return line;
      }
      if (this.isInside(line, this.fence)) return line;
      // Less indented than its fence: one parser ends the block here, another does not.
      this.fence = undefined;
      this.trustFences = false;
    }
    if (this.opens(line)) {
      this.spans = "all";
      return line;
    }
    if (BLANK.test(line)) this.spans = "all";
    const [safe, spans] = guardInline(line, this.spans);
    this.spans = spans;
    return safe;
  }

  private opens(line: string): boolean {
    const [, indent = "", run = "", info = ""] = FENCE.exec(line) ?? [];
    if (run === "" || (run.startsWith("`") && info.includes("`"))) {
      if (MARKER.test(FENCE_BEHIND_MARKERS.exec(line)?.[1] ?? "")) this.trustIndented = false;
      return false;
    }
    if (indent.length > 3) this.trustIndented = false;
    if (!this.trustFences || (indent !== "" && !this.trustIndented) || /[<[!&]/.test(info)) {
      this.trustFences = false;
      return false;
    }
    this.fence = { mark: run.charAt(0), length: run.length, indent: indent.length };
    return true;
  }

  private closes(line: string, fence: Fence): boolean {
    const [, indent = "", run = "", rest = ""] = FENCE.exec(line) ?? [];
    if (!run.startsWith(fence.mark) || run.length < fence.length || !BLANK.test(rest)) return false;
    if (indent.length === fence.indent || (fence.indent === 0 && indent.length <= 3)) return true;
    if (fence.indent > 0) this.trustFences = false;
    return false;
  }

  private isInside(line: string, fence: Fence): boolean {
    return this.trustFences && (BLANK.test(line) || line.search(/[^ ]/) >= fence.indent);
  }
}

/** Which code spans are code for every parser: all, those of one backtick, or none. Until the next empty line. */
type SpanTrust = "all" | "single" | "none";

function guardInline(line: string, before: SpanTrust): [string, SpanTrust] {
  let spans = before;
  let safe = "";
  let at = 0;
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === "\\" && at + 1 < line.length && !/[<!]/.test(line.charAt(at + 1))) {
      safe += line.slice(at, at + 2);
      at += 2;
    } else if (char === "`") {
      if (BARE_ADDRESS.test(line.slice(Math.max(0, at - 2000), at))) spans = "none";
      const run = runLength(line, at);
      const end = spanEnd(line, at, run);
      const code = end === -1 ? "" : line.slice(at, end);
      const trusted =
        code !== "" && !code.includes("|") && (spans === "all" || (spans === "single" && run === 1));
      if (!trusted || run > 1) spans = "none";
      safe += trusted ? code : line.slice(at, at + run);
      at = trusted ? end : at + run;
    } else {
      if (char === "~") spans = "none";
      if ((char === "*" || char === "_") && spans === "all") spans = "single";
      const [out, used] = guardChar(line, at);
      safe += out;
      at += used;
    }
  }
  return [safe, spans];
}

/** One character outside code, made harmless, and how much of the line that used up. */
function guardChar(line: string, at: number): [string, number] {
  const char = line.charAt(at);
  const next = line.charAt(at + 1);
  if (char === "!" && next === "[") return ["!\\[", 2];
  // An entity: a bare address before it would take a backslash for its own last character.
  if (char === "<" && /[a-z/!?]/i.test(next)) return ["&lt;", 1];
  if (char === "]" && next === ":") return ["]\\:", 2];
  if (char === "]" && next === "(") {
    const target = PLAIN_TARGET.exec(line.slice(at, at + 2100))?.[0];
    return target === undefined ? ["]\\(", 2] : [target, target.length];
  }
  return [char, 1];
}

function runLength(line: string, at: number): number {
  let end = at;
  while (line.charAt(end) === "`") end += 1;
  return end - at;
}

/** Where the span that `run` backticks open at `at` ends on this line, or -1. */
function spanEnd(line: string, at: number, run: number): number {
  let from = at + run;
  for (;;) {
    const start = line.indexOf("`", from);
    if (start === -1) return -1;
    const length = runLength(line, start);
    if (length === run) return start + length;
    from = start + length;
  }
}
