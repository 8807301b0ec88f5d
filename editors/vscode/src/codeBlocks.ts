/**
 * The code inside an answer, for putting it into a document.
 */

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

const OPENING = /^([ \t]*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/;

/** Every fenced block of a Markdown text, without its fence; an unclosed one reaches to the end. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { indent: string; fence: string; language: string; lines: string[] } | undefined;
  for (const line of markdown.split(/\r\n|\r|\n/)) {
    if (open === undefined) {
      const [, indent = "", fence = "", language = ""] = OPENING.exec(line) ?? [];
      if (fence !== "") open = { indent, fence, language, lines: [] };
    } else if (closes(line, open.fence)) {
      blocks.push({ language: open.language, code: open.lines.join("\n") });
      open = undefined;
    } else {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart());
    }
  }
  if (open) blocks.push({ language: open.language, code: open.lines.join("\n") });
  return blocks;
}

function closes(line: string, fence: string): boolean {
  const text = line.trim();
  return text.length >= fence.length && text === fence.charAt(0).repeat(text.length);
}

/** What is put at the cursor: the code if there is exactly one block, else the whole answer. */
export function insertable(markdown: string): string {
  const blocks = codeBlocks(markdown);
  return blocks.length === 1 && blocks[0] ? blocks[0].code : markdown.trim();
}

/** `code` in the place of `selected`: ends in a line break exactly if the selection did, in its indentation. */
export function fitted(code: string, selected: string): string {
  const body = indented(code.replace(/\n+$/, ""), selected);
  const newline = /\r\n|\n/.exec(selected)?.[0] ?? "\n";
  return body.replaceAll("\n", newline) + (selected.endsWith("\n") ? newline : "");
}

/** A block that starts at column 0 is moved to where the selection starts; one that is indented stays. */
function indented(code: string, selected: string): string {
  const wanted = /^[ \t]+/.exec(selected)?.[0] ?? "";
  if (wanted === "" || /^[ \t]/.test(code)) return code;
  return code.replace(/^(?=.)/gm, wanted);
}
