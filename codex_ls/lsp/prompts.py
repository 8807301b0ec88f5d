"""What a question becomes: its words, the code that goes along, and how the answer is to be given.

The one place for the intents of `codex/exec` and for the commands of editors without a plugin. Code that
the model is to write again (`fix`, `edit`) goes without line numbers: small models copy them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codex_ls.errors import InvalidParams
from codex_ls.events import Notice
from codex_ls.lsp.context import around, block_around, describe, describe_lines, lines_of_range
from codex_ls.lsp.documents import Snapshot, Text
from codex_ls.protocol import Diagnostic, Intent, Position, Range
from codex_ls.sanitize import is_blank
from codex_ls.turn.prompt_context import TurnContext

MAX_CHANGED_LINES = 400
"""A model that has to repeat more than this leaves something out."""

MAX_CHANGED_CHARS = 64 * 1024

ASK_ABOUT_THIS = "What is this for, how does it work, and is anything wrong with it?"
"""What is asked about a selection that holds no question."""

_EXPLAIN = "Explain what this does, and what in it is not obvious."
_EXPLAIN_PROBLEM = (
    "Explain the problem that is reported here: what it means, and how to put it right."
)
_CONTINUE = (
    "Your last answer was cut off before its end. Continue it exactly where it stopped, with the very"
    " next word: no introduction, and nothing of it again. If it stopped inside a block of code, open"
    " the block again first."
)
_FIX = "Fix what is wrong in this code, and change nothing else."
_FIX_PROBLEM = "Fix the problem that is reported here, and change nothing else."
_FORM = (
    "Answer with all of {lines}{how}, in one block of code and without line numbers,"
    " with nothing left out"
)
_ASK_AGAIN = (
    "Give all of {lines} again as they are to be, in one single block of code: every line of them, with"
    " nothing left out, no line numbers, not as a diff, and no other block of code."
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a turn sends, and what its answer is about."""

    words: str
    """The user's own, or what the intent asks by itself."""
    context: TurnContext | None = None
    place: Range | None = None
    """The lines that the answer is about; None where the intent is to ask."""
    notices: tuple[Notice, ...] = ()


def compose(
    intent: Intent,
    words: str,
    *,
    snapshot: Snapshot | None,
    place: Range | None,
    diagnostics: Sequence[Diagnostic],
) -> Prompt:
    """Return what is sent for an intent; blank `words` mean what it asks by itself.

    Raises InvalidParams if an edit is of more lines than an answer can hold.
    """
    if intent == "continue":  # what it is about is in the conversation already
        return Prompt(words if not is_blank(words) else _CONTINUE)
    if snapshot is None or intent == "ask":
        if snapshot is None and not diagnostics:
            return Prompt(words)
        context, notices = describe(
            snapshot or Snapshot(), place if snapshot else None, diagnostics
        )
        return Prompt(words, context, notices=notices)
    text = Text(snapshot.source, encoding=snapshot.encoding)
    if intent == "explain":
        return _explain(words, snapshot, text, place, diagnostics)
    lines = lines_to_change(intent, text, place, diagnostics)
    return _change(intent, words, snapshot, text, lines, diagnostics)


def ask_again(first: int, last: int) -> str:
    """Return the prompt that asks for all of some lines once more; lines count from 0."""
    return _ASK_AGAIN.format(lines=_lines(first, last))


def lines_to_change(
    intent: Intent, text: Text, place: Range | None, diagnostics: Sequence[Diagnostic]
) -> tuple[int, int]:
    """Return the lines that a fix or an edit may change, first and last from 0.

    Those that were chosen; around a problem or a cursor, those that belong to it. Raises InvalidParams
    if they are more than an answer can hold.
    """
    first, last = _lines_to_change(intent, text, place, diagnostics)
    if last - first >= MAX_CHANGED_LINES:
        raise InvalidParams(
            f"{last - first + 1} lines are too many for one {intent}.",
            hint=f"Select at most {MAX_CHANGED_LINES}.",
        )
    if text.line_start(last + 1) - text.line_start(first) > MAX_CHANGED_CHARS:
        raise InvalidParams(
            f"These lines are too long for one {intent}.",
            hint=f"Select at most {MAX_CHANGED_CHARS // 1024} KB of text.",
        )
    return first, last


def range_of_lines(text: Text, first: int, last: int) -> Range:
    """Return the range of whole lines, without the last one's end."""
    return Range(Position(first, 0), Position(last, text.line_length(last)))


def _lines_to_change(
    intent: Intent, text: Text, place: Range | None, diagnostics: Sequence[Diagnostic]
) -> tuple[int, int]:
    end = _last_line(text)
    is_selection = place is not None and place.start != place.end
    if place is not None and is_selection and intent == "edit":
        first, last = (min(line, end) for line in lines_of_range(place))
        return first, last
    places = [*([place] if place else []), *(found.range for found in diagnostics)]
    if not places:
        return 0, end
    spans = [lines_of_range(found) for found in places]
    first = min(min(span[0] for span in spans), end)
    last = min(max(span[1] for span in spans), end)
    if place is not None and len(set(lines_of_range(place))) > 1:
        return first, last
    return block_around(text, first, last)


def _explain(
    words: str,
    snapshot: Snapshot,
    text: Text,
    place: Range | None,
    diagnostics: Sequence[Diagnostic],
) -> Prompt:
    """The lines that were chosen, or those of the problem, go along with their block."""
    words = words if not is_blank(words) else (_EXPLAIN_PROBLEM if diagnostics else _EXPLAIN)
    end = _last_line(text)
    if place is None and not diagnostics:
        context, notices = describe(snapshot, None, diagnostics)
        return Prompt(words, context, range_of_lines(text, 0, end), notices)
    if place is not None and place.start != place.end:
        context, notices = describe(snapshot, place, diagnostics)
        first, last = (min(line, end) for line in lines_of_range(place))
        return Prompt(words, context, range_of_lines(text, first, last), notices)
    places = [*([place] if place else []), *(found.range for found in diagnostics)]
    spans = [lines_of_range(found) for found in places]
    first = min(min(span[0] for span in spans), end)
    last = min(max(span[1] for span in spans), end)
    block = block_around(text, first, last)
    if diagnostics or not _is_within_size(text, block):
        about, sent = (first, last), around(text, first, last)
    else:
        about = sent = block
    if not _is_within_size(text, sent):
        context, notices = describe(snapshot, place, diagnostics)
        return Prompt(words, context, range_of_lines(text, *about), notices)
    context = describe_lines(snapshot, text, sent, diagnostics)
    return Prompt(words, context, range_of_lines(text, *about))


def _change(
    intent: Intent,
    words: str,
    snapshot: Snapshot,
    text: Text,
    lines: tuple[int, int],
    diagnostics: Sequence[Diagnostic],
) -> Prompt:
    context = describe_lines(snapshot, text, lines, diagnostics)
    first, last = lines
    if intent == "fix":
        words = words if not is_blank(words) else (_FIX_PROBLEM if diagnostics else _FIX)
        form = _FORM.format(lines=_lines(first, last), how=", corrected")
        form += "; then say in one or two sentences what was wrong."
    else:
        form = _FORM.format(lines=_lines(first, last), how=", changed as asked") + "."
    return Prompt(
        words, replace(context, is_numbered=False, form=form), range_of_lines(text, first, last)
    )


def _lines(first: int, last: int) -> str:
    return f"line {first + 1}" if first == last else f"lines {first + 1} to {last + 1}"


def _last_line(text: Text) -> int:
    """The last line of which there is anything: what follows the last line end is none."""
    last = text.line_count - 1
    return last - (last > 0 and not text.line(last))


def _is_within_size(text: Text, lines: tuple[int, int]) -> bool:
    size = text.line_start(lines[1] + 1) - text.line_start(lines[0])
    return size <= MAX_CHANGED_CHARS
