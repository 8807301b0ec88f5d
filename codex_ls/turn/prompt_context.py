"""What the user is looking at, as words for the model: selection, file, problems.

Short on purpose: every prompt token is time on a local machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SYSTEM_PROMPT = (
    "Answer in Markdown, briefly and exactly, code first. Say what is unclear or unknown."
)
"""Short on purpose: a local model reads 20 to 50 tokens a second, all of them before its first word."""

PLAIN_SYSTEM_PROMPT = (
    "Answer with what was asked for and nothing else: plain text without Markdown, without an"
    " introduction or a comment. Be brief and exact."
)
"""In place of `SYSTEM_PROMPT` where a file or another program gets the answer."""

_MAX_QUOTED_CHARS = 200


def system_prompt(
    instructions: str | None,
    developer_instructions: str | None,
    user_instructions: str | None = None,
    *,
    is_plain: bool = False,
) -> str:
    """The system prompt: the user's or our own, then what the user adds to it; empty for none.

    Both are one message, because many chat templates take one system message and no `developer`.
    """
    own = PLAIN_SYSTEM_PROMPT if is_plain else SYSTEM_PROMPT
    base = own if instructions is None else instructions
    added = (developer_instructions or "", user_instructions or "")
    parts = (part.strip() for part in (base, *added))
    return "\n\n".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem that some tool reported; lines are counted from 1."""

    message: str
    severity: str
    start_line: int
    end_line: int
    source: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The text the question is about: a selection, or a whole file; lines are counted from 1."""

    path: str | None
    language: str | None
    text: str
    start_line: int
    end_line: int
    diagnostics: tuple[Diagnostic, ...] = ()
    selected: tuple[int, int] | None = None
    """The first and last line the question is about, where `text` holds more than those."""
    selection: str | None = None
    """The exact text that is selected, where it begins or ends inside a line."""
    is_numbered: bool = True
    """Whether lines are sent with their numbers; models repeat numbers in code they write."""
    form: str | None = None
    """How the answer is to be given: sent behind the user's words, and not kept as theirs."""


def prompt_with_context(
    prompt: str, context: TurnContext | None, attached: Iterable[TurnContext] = ()
) -> str:
    """The user's words, behind what they are about, and in front of that the attached files.

    So the beginning of a prompt stays the same while questions about the same files change, and the
    model server's cache has it.
    """
    parts = [_attached(file) for file in attached]
    if context is None:
        return "\n\n".join((*parts, prompt))
    if context.text:
        parts.append(f"{_heading(context)}\n{_fenced(context)}")
    elif context.path:
        parts.append(f"I am looking at {context.path}.")
    if selected := _selected(context):
        parts.append(selected)
    if context.diagnostics:
        listed = "\n".join(
            f"- {_problem(diagnostic, context)}" for diagnostic in context.diagnostics
        )
        parts.append(f"Problems reported there:\n{listed}")
    words = prompt if context.form is None else f"{prompt}\n{context.form}"
    return "\n\n".join((*parts, words))


def _attached(file: TurnContext) -> str:
    if not file.text:
        return f"{file.path or 'A file'} is empty."
    return f"{_heading(file)}\n{_fenced(file)}"


def _heading(context: TurnContext) -> str:
    place = context.path or "the editor"
    return f"From {place}, {_lines(context.start_line, context.end_line)}:"


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _selected(context: TurnContext) -> str | None:
    """The sentence that says which part of the text the question is about."""
    if context.selected is None:
        return None
    where = _lines(*context.selected)
    if context.selection is None:
        return f"Selected there: {where}."
    if "\n" not in context.selection and "`" not in context.selection:
        return f"Selected there, in {where}: `{context.selection}`"
    return f"Selected there, in {where}:\n{_block(context.selection, context.language)}"


def _fenced(context: TurnContext) -> str:
    """The text, with its line numbers where they help, in a fence that the text can't close."""
    if not context.is_numbered:
        return _block(context.text, context.language)
    lines = _text_lines(context)
    width = len(str(context.start_line + len(lines) - 1))
    numbered = (f"{number:{width}} {line}" for number, line in enumerate(lines, context.start_line))
    return _block("\n".join(numbered), context.language)


def _text_lines(context: TurnContext) -> list[str]:
    lines = context.text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def _block(text: str, language: str | None) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    end = "" if text.endswith("\n") else "\n"
    return f"{fence}{language or ''}\n{text}{end}{fence}"


def _problem(diagnostic: Diagnostic, context: TurnContext) -> str:
    tags = " ".join(filter(None, (diagnostic.source, diagnostic.code)))
    where = f"line {diagnostic.start_line}"
    told = f"{where}, {diagnostic.severity}{f' ({tags})' if tags else ''}: {diagnostic.message}"
    quoted = None if context.is_numbered else _line_of(diagnostic, context)
    return told if quoted is None else f"{told}\n  at: `{quoted}`"


def _line_of(diagnostic: Diagnostic, context: TurnContext) -> str | None:
    """The line that a problem is at: where lines have no numbers, a number does not say which."""
    index = diagnostic.start_line - context.start_line
    lines = _text_lines(context)
    line = lines[index].strip() if 0 <= index < len(lines) else ""
    return line if line and "`" not in line and len(line) <= _MAX_QUOTED_CHARS else None
