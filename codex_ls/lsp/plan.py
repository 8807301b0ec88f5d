"""What a command asks the model, and about which lines: from its arguments and the text it is about."""

from dataclasses import asdict, dataclass
from typing import Any

from codex_ls.errors import InvalidParams
from codex_ls.lsp.answer_document import continuation_of
from codex_ls.lsp.command_params import AskArguments
from codex_ls.lsp.params import Diagnostic, Position, Range
from codex_ls.lsp.region import region_around
from codex_ls.lsp.replacement import lines_of
from codex_ls.lsp.subject import Subject
from codex_ls.lsp.values import MAX_POSITION

MAX_FIX_LINES = 400
"""A model that has to repeat more than this rather leaves something out."""

_ASK = "What is this for, how does it work, and is anything wrong with it?"
_EXPLAIN = "Explain what this does, and what in it is not obvious."
_EXPLAIN_PROBLEM = (
    "Explain the problem that is reported here: what it means, and how to put it right."
)
_FIX = "Fix what is wrong in this code, and change nothing else."
_FIX_PROBLEM = "Fix the problem that is reported here, and change nothing else."
_FIX_FORM = (
    "Answer with all of lines {first} to {last}, corrected, in one block of code and without line"
    " numbers; then say in one or two sentences what was wrong."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A question to be asked."""

    title: str
    prompt: str
    question: str | None = None
    """The user's own words, if there are any."""
    uri: str | None = None
    place: Range | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    thread_id: str | None = None
    profile: str | None = None
    region: tuple[int, int] | None = None
    """The first and the last line that the answer may change, from 0."""

    def exec_params(self) -> dict[str, Any]:
        """Return the params of a `codex/exec` that asks this."""
        params = {
            "prompt": self.prompt,
            "threadId": self.thread_id,
            "profile": self.profile,
            "textDocument": None if self.uri is None else {"uri": self.uri},
            "range": None if self.place is None else asdict(self.place),
            "diagnostics": [_as_json(diagnostic) for diagnostic in self.diagnostics],
        }
        return {name: value for name, value in params.items() if value is not None}


def ask_plan(arguments: AskArguments, subject: Subject | None, *, is_answer: bool) -> Plan:
    """Return what `codex.ask` asks: the prompt, else the question in the selection, else a general one.

    In an answer document of ours (`is_answer`) its conversation goes on, with whoever answered there.
    Raises InvalidParams if there is nothing to ask.
    """
    found = subject.question() if subject is not None and arguments.prompt is None else None
    question = arguments.prompt or (found.text if found else None)
    if subject is None and question is None:
        raise InvalidParams(
            "There is no question.",
            hint="Select one, written as a comment, or give codex.ask a prompt.",
        )
    title = question if question is not None else f"About {subject.where if subject else ''}"
    if subject is not None and is_answer:
        goes_on = continuation_of(subject.snapshot.source)
        if goes_on is not None:
            selection = question or subject.selection.strip()
            return Plan(
                title=selection or "Go on",
                prompt=selection or "Go on.",
                question=selection or None,
                thread_id=arguments.threadId or goes_on.thread_id,
                profile=arguments.profile or goes_on.profile,
            )
    place = arguments.range
    if found is not None and found.is_all and place is not None:
        place = Range(place.start, place.start)  # what is around the question, and not it alone
    return Plan(
        title=title,
        prompt=question or _ASK,
        question=question,
        uri=subject.uri if subject is not None else None,
        place=place,
        diagnostics=arguments.diagnostics,
        thread_id=arguments.threadId,
        profile=arguments.profile,
    )


def explain_plan(arguments: AskArguments, subject: Subject) -> Plan:
    """Return what `codex.explain` asks."""
    general = _EXPLAIN_PROBLEM if arguments.diagnostics else _EXPLAIN
    return Plan(
        title=f"Explain: {subject.where}",
        prompt=arguments.prompt or general,
        question=arguments.prompt,
        uri=subject.uri,
        place=arguments.range,
        diagnostics=arguments.diagnostics,
        thread_id=arguments.threadId,
        profile=arguments.profile,
    )


def fix_plan(arguments: AskArguments, subject: Subject) -> Plan:
    """Return what `codex.fix` asks. Raises InvalidParams if the lines are too many for an answer."""
    first, last = _region(arguments, subject)
    if last - first >= MAX_FIX_LINES:
        raise InvalidParams(
            f"{last - first + 1} lines are too many for one fix.",
            hint=f"Select at most {MAX_FIX_LINES}.",
        )
    general = _FIX_PROBLEM if arguments.diagnostics else _FIX
    form = _FIX_FORM.format(first=first + 1, last=last + 1)
    place = Range(Position(first, 0), Position(last, MAX_POSITION))
    return Plan(
        title=f"Fix: {subject.name}, lines {first + 1} to {last + 1}",
        prompt=f"{arguments.prompt or general}\n{form}",
        question=arguments.prompt,
        uri=subject.uri,
        place=place,
        diagnostics=arguments.diagnostics,
        thread_id=arguments.threadId,
        profile=arguments.profile,
        region=(first, last),
    )


def _region(arguments: AskArguments, subject: Subject) -> tuple[int, int]:
    """Return the lines that were chosen; around a problem or a cursor, those that belong to it."""
    lines = lines_of(subject.snapshot.source)
    places = [place for place in (arguments.range, *_ranges(arguments)) if place is not None]
    end_line = max(0, len(lines) - 1 - (not lines[-1]))  # what follows the last line end is none
    if not places:
        return 0, end_line
    ends = [min(end, end_line) for place in places for end in _ends(place)]
    first, last = min(ends), max(ends)
    if arguments.range is not None and len(set(_ends(arguments.range))) > 1:
        return first, last
    return region_around([line.rstrip("\r\n") for line in lines], first, last)


def _ranges(arguments: AskArguments) -> list[Range]:
    return [diagnostic.range for diagnostic in arguments.diagnostics]


def _ends(place: Range) -> tuple[int, int]:
    """Return the first and the last line of which there is anything in a range."""
    is_whole_line = place.end.character == 0 and place.end.line > place.start.line
    return place.start.line, place.end.line - is_whole_line


def _as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    fields = {
        "range": asdict(diagnostic.range),
        "message": diagnostic.text,
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "source": diagnostic.source,
    }
    return {name: value for name, value in fields.items() if value is not None}
