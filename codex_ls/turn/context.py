"""What the user is looking at, as words for the model: selection, file, problems.

Short on purpose: every prompt token is time on a local machine.
"""

from dataclasses import dataclass

SYSTEM_PROMPT = (
    "Answer in Markdown, briefly and exactly, code first. Say what is unclear or unknown."
)
"""Short on purpose: a local model reads 20 to 50 tokens a second, all of them before its first word."""


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


def prompt_with_context(prompt: str, context: TurnContext | None) -> str:
    """The user's words, behind what they are about."""
    if context is None:
        return prompt
    parts = []
    if context.text:
        parts.append(f"{_heading(context)}\n{_fenced(context)}")
    elif context.path:
        parts.append(f"I am looking at {context.path}.")
    if context.diagnostics:
        listed = "\n".join(f"- {_problem(diagnostic)}" for diagnostic in context.diagnostics)
        parts.append(f"Problems reported there:\n{listed}")
    return "\n\n".join((*parts, prompt))


def _heading(context: TurnContext) -> str:
    place = context.path or "the editor"
    if context.start_line == context.end_line:
        return f"From {place}, line {context.start_line}:"
    return f"From {place}, lines {context.start_line} to {context.end_line}:"


def _fenced(context: TurnContext) -> str:
    """The text with its line numbers, in a fence that the text can't close."""
    fence = "```"
    while fence in context.text:
        fence += "`"
    lines = context.text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    width = len(str(context.start_line + len(lines) - 1))
    numbered = (f"{number:{width}} {line}" for number, line in enumerate(lines, context.start_line))
    return "\n".join((f"{fence}{context.language or ''}", *numbered, fence))


def _problem(diagnostic: Diagnostic) -> str:
    tags = " ".join(filter(None, (diagnostic.source, diagnostic.code)))
    where = f"line {diagnostic.start_line}"
    return f"{where}, {diagnostic.severity}{f' ({tags})' if tags else ''}: {diagnostic.message}"
