"""What a command is about, and what it asks: from its arguments to a prompt."""

import re
from dataclasses import dataclass
from typing import Any

from codex_ls.errors import InvalidParams
from codex_ls.lsp.answer_files import continuation_of
from codex_ls.lsp.documents import PROSE, Documents, Snapshot, Text
from codex_ls.lsp.prompts import ASK_ABOUT_THIS, lines_to_change
from codex_ls.protocol import AskArguments, Diagnostic, Intent, Range

# ---- the question in a selection -----------------------------------------------------------------
#
# Which question a selection asks by itself: editors without an input line have no other place for one.
#
# The question is a comment in the code, or prose. A comment counts only if nothing else is selected,
# if it begins with `codex:`, or if one of its lines ends in a question mark: other comments are part
# of what is asked about.


MAX_CHARS = 4000

_OPENER = re.compile(
    r"(?:#+(?=\s|$)|//+!?|--+(?=\s|$)|;+(?=\s|$)|%+(?=\s|$)|/\*+(?!/)|\*(?=\s|$)|<!--|\"{3}|'{3})"
)
_CLOSERS = ("*/", "-->", '"""', "'''")
_MARKER = re.compile(r"codex\s*[:,]\s*", re.IGNORECASE)
_ENDS_AS_QUESTION = re.compile(r"[?\uff1f]\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    """What the selection asks; `is_all` if there is nothing else in it."""

    text: str
    is_all: bool


def question_in(selection: str, *, language: str | None) -> Question | None:
    """Return the question that selected text asks, if it asks one."""
    if len(selection) > MAX_CHARS or not selection.strip():
        return None
    if language in PROSE:
        return _in_prose(selection)
    blocks, has_code = _comments(selection)
    if blocks and not has_code:
        text = "\n".join(blocks)
        return Question(_unmarked(text), is_all=True) if text.strip() else None
    for text in blocks:
        if _MARKER.match(text) or _ENDS_AS_QUESTION.search(text):
            return Question(_unmarked(text), is_all=False)
    return None


def _in_prose(selection: str) -> Question | None:
    text = selection.strip()
    if _MARKER.match(text) or _ENDS_AS_QUESTION.search(text):
        return Question(_unmarked(text), is_all=True)
    return None


def _comments(selection: str) -> tuple[list[str], bool]:
    """Return the texts of the blocks of comment lines, and whether there is anything else."""
    blocks: list[list[str]] = []
    has_code, is_inside = False, False
    for line in map(str.strip, selection.splitlines()):
        opener = None if line in _CLOSERS else _OPENER.match(line)
        if opener is not None:
            if not is_inside:
                blocks.append([])
            blocks[-1].append(_without_closer(line[opener.end() :]))
            is_inside = True
        elif line and line not in _CLOSERS:
            has_code, is_inside = True, False
    texts = ["\n".join(block).strip() for block in blocks]
    return [text for text in texts if text], has_code


def _without_closer(comment: str) -> str:
    for closer in _CLOSERS:
        comment = comment.removesuffix(closer)
    return comment.strip()


def _unmarked(text: str) -> str:
    return _MARKER.sub("", text.strip(), count=1)


# ---- the target ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A document and a range of it; a range of no width is a cursor, and none is the document."""

    uri: str
    snapshot: Snapshot
    place: Range | None

    @classmethod
    def open(cls, documents: Documents, uri: str, place: Range | None) -> "Target | None":
        """Return a target in an open document; None if it is not open."""
        snapshot = documents.snapshot(uri)
        return None if snapshot is None else cls(uri, snapshot, place)

    @property
    def name(self) -> str:
        """The file's name."""
        path = self.snapshot.path
        return path.name if path is not None else self.uri.rpartition("/")[2] or "the document"

    @property
    def where(self) -> str:
        """The file's name and the lines."""
        if self.place is None:
            return self.name
        first, last = self.place.start.line, self.place.end.line
        if last > first and self.place.end.character == 0:
            last -= 1
        if first == last:
            return f"{self.name}, line {first + 1}"
        return f"{self.name}, lines {first + 1} to {last + 1}"

    @property
    def selection(self) -> str:
        """The text in the range; of a cursor its line, and of no range nothing."""
        if self.place is None:
            return ""
        start, end = self.place.start, self.place.end
        text = Text(self.snapshot.source, encoding=self.snapshot.encoding)
        if start == end:
            first, last = text.line_start(start.line), text.line_start(start.line + 1)
        else:
            first, last = sorted(
                (text.offset(start.line, start.character), text.offset(end.line, end.character))
            )
        return text.source[first:last]

    def question(self) -> Question | None:
        """Return the question that the selection asks; the line of a cursor must be only that."""
        found = question_in(self.selection, language=self.snapshot.language)
        is_cursor = self.place is not None and self.place.start == self.place.end
        return None if found is None or (is_cursor and not found.is_all) else found


# ---- the prompt ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandPrompt:
    """A question to be asked."""

    title: str
    prompt: str
    """What is asked; empty for what the intent asks by itself."""
    intent: Intent = "ask"
    question: str | None = None
    """The user's own words, if there are any."""
    uri: str | None = None
    place: Range | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    thread_id: str | None = None
    profile: str | None = None
    edit_range: tuple[int, int] | None = None
    """The first and the last line that the answer may change, from 0."""

    def exec_params(self) -> dict[str, Any]:
        """Return the params of a `codex/exec` that asks this."""
        params = {
            "prompt": self.prompt,
            "intent": self.intent,
            "threadId": self.thread_id,
            "profile": self.profile,
            "textDocument": None if self.uri is None else {"uri": self.uri},
            "range": self.place,
            "diagnostics": self.diagnostics,
        }
        return {name: value for name, value in params.items() if value is not None}


def ask_prompt(arguments: AskArguments, target: Target | None, *, is_answer: bool) -> CommandPrompt:
    """Return what `codex.ask` asks: the prompt, else the question in the selection, else a general one.

    In an answer document of ours (`is_answer`) its conversation goes on, with whoever answered there.
    Raises InvalidParams if there is nothing to ask.
    """
    found = target.question() if target is not None and arguments.prompt is None else None
    question = arguments.prompt or (found.text if found else None)
    if target is None and question is None:
        raise InvalidParams(
            "There is no question.",
            hint="Select one, written as a comment, or give codex.ask a prompt.",
        )
    title = question if question is not None else f"About {target.where if target else ''}"
    if target is not None and is_answer:
        goes_on = continuation_of(target.snapshot.source)
        if goes_on is not None:
            selection = question or target.selection.strip()
            return CommandPrompt(
                title=selection or "Go on",
                prompt=selection or "Go on.",
                question=selection or None,
                thread_id=arguments.thread_id or goes_on.thread_id,
                profile=arguments.profile or goes_on.profile,
            )
    place = arguments.range
    if found is not None and found.is_all and place is not None:
        place = Range(place.start, place.start)  # what is around the question, and not it alone
    return CommandPrompt(
        title=title,
        prompt=question or ASK_ABOUT_THIS,
        question=question,
        uri=target.uri if target is not None else None,
        place=place,
        diagnostics=arguments.diagnostics,
        thread_id=arguments.thread_id,
        profile=arguments.profile,
    )


def explain_prompt(arguments: AskArguments, target: Target) -> CommandPrompt:
    """Return what `codex.explain` asks."""
    return _about_code("explain", f"Explain: {target.where}", arguments, target)


def fix_prompt(arguments: AskArguments, target: Target) -> CommandPrompt:
    """Return what `codex.fix` asks. Raises InvalidParams if the lines are too many for an answer."""
    text = Text(target.snapshot.source, encoding=target.snapshot.encoding)
    first, last = lines_to_change("fix", text, arguments.range, arguments.diagnostics)
    title = f"Fix: {target.name}, lines {first + 1} to {last + 1}"
    return _about_code("fix", title, arguments, target, edit_range=(first, last))


def _about_code(
    intent: Intent,
    title: str,
    arguments: AskArguments,
    target: Target,
    *,
    edit_range: tuple[int, int] | None = None,
) -> CommandPrompt:
    return CommandPrompt(
        title=title,
        prompt=arguments.prompt or "",
        intent=intent,
        question=arguments.prompt,
        uri=target.uri,
        place=arguments.range,
        diagnostics=arguments.diagnostics,
        thread_id=arguments.thread_id,
        profile=arguments.profile,
        edit_range=edit_range,
    )


def own_prompt(arguments: AskArguments, target: Target, intent: Intent) -> CommandPrompt:
    """Return what `codex.ask` asks with one of the user's own prompts, `/NAME ARGUMENTS`.

    Raises InvalidParams if its intent is to change lines, and they are too many for an answer.
    """
    edit_range = None
    if intent in ("fix", "edit"):
        text = Text(target.snapshot.source, encoding=target.snapshot.encoding)
        edit_range = lines_to_change(intent, text, arguments.range, arguments.diagnostics)
    return CommandPrompt(
        title=f"{arguments.prompt}: {target.where}",
        prompt=arguments.prompt or "",
        uri=target.uri,
        place=arguments.range,
        diagnostics=arguments.diagnostics,
        thread_id=arguments.thread_id,
        profile=arguments.profile,
        edit_range=edit_range,
    )
