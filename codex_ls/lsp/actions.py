"""`textDocument/codeAction`: what an editor without a plugin offers at a selection or a problem.

Only a fix is a `quickfix`. To ask and to explain change nothing, so they have no kind of LSP's: an
editor that asks for some kinds only (refactorings, what to do on save) is not offered them.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from codex_ls.lsp import protocol
from codex_ls.lsp.command_params import CodeActionParams
from codex_ls.lsp.params import Range, parse
from codex_ls.lsp.request import Request
from codex_ls.lsp.subject import Subject

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection

QUICKFIX = "quickfix"
MAX_PROBLEMS = 5
"""More at one place make a list that nobody reads."""

MAX_SEARCHED_CHARS = 1024 * 1024
"""In a larger document no question is looked for here: editors ask for actions at every step."""

_MESSAGE_CHARS = 60

Action = dict[str, Any]


async def code_actions(connection: "Connection", request: Request) -> list[Action]:
    """Return the actions for a place; commands for a client that knows none. Raises InvalidParams."""
    params = parse(CodeActionParams, request.params)
    actions = [
        action
        for action in (
            *_for_problems(params),
            *_for_selection(connection, params),
            *_for_answer(connection, params),
            *_for_running(connection, params),
        )
        if _is_wanted(action.get("kind", ""), params.only)
    ]
    if connection.abilities.takes_actions:
        return actions
    return [action["command"] for action in actions]


def _for_problems(params: CodeActionParams) -> Iterator[Action]:
    found = list(zip(params.diagnostics, params.raw_diagnostics, strict=True))[:MAX_PROBLEMS]
    for verb, command, kind in (
        ("Fix", protocol.FIX_COMMAND, {"kind": QUICKFIX}),
        ("Explain", protocol.EXPLAIN_COMMAND, {}),
    ):
        for diagnostic, raw in found:
            what = f": {_shortened(diagnostic.text)}" if len(found) > 1 else ""
            place = _spans_lines(params.range) or diagnostic.range
            yield {
                **_action(params, f"{verb} this problem{what}", command, place, [raw]),
                **kind,
                "diagnostics": [raw],
            }


def _for_selection(connection: "Connection", params: CodeActionParams) -> Iterator[Action]:
    is_cursor = params.range.start == params.range.end
    if is_cursor and params.is_automatic:
        return
    question = _question(connection, params)
    what = f": {_shortened(question)}" if question else ""
    yield _action(params, f"Ask about this{what}", protocol.ASK_COMMAND, params.range)
    if not params.diagnostics:
        yield _action(params, "Explain", protocol.EXPLAIN_COMMAND, params.range)


def _for_answer(connection: "Connection", params: CodeActionParams) -> Iterator[Action]:
    """Who answers the next question, and how, offered where an answer is read.

    Some editors can run a command in no other way.
    """
    if params.is_automatic or not connection.abilities.shows_choices:
        return
    subject = Subject.open(connection, params.textDocument.uri, None)
    if subject is not None and connection.commands.answers.holds(subject.snapshot.path):
        yield _plain("Select the profile", protocol.SELECT_PROFILE_COMMAND)
        yield _plain("Select the model", protocol.SELECT_MODEL_COMMAND)
        yield _plain("Select the effort", protocol.SELECT_EFFORT_COMMAND)


def _for_running(connection: "Connection", params: CodeActionParams) -> Iterator[Action]:
    if connection.commands.running and not params.is_automatic:
        yield _plain("Stop", protocol.STOP_COMMAND)


def _plain(title: str, command: str) -> Action:
    title = f"Codex: {title}"
    return {"title": title, "command": {"title": title, "command": command}}


def _action(
    params: CodeActionParams,
    title: str,
    command: str,
    place: Range,
    diagnostics: list[dict[str, Any]] | None = None,
) -> Action:
    title = f"Codex: {title}"
    argument: dict[str, Any] = {
        "textDocument": {"uri": params.textDocument.uri},
        "range": asdict(place),
    }
    if diagnostics:
        argument["diagnostics"] = diagnostics
    return {
        "title": title,
        "command": {"title": title, "command": command, "arguments": [argument]},
    }


def _question(connection: "Connection", params: CodeActionParams) -> str | None:
    """Return the question in the selection, if the document is open."""
    subject = Subject.open(connection, params.textDocument.uri, params.range)
    if subject is None or len(subject.snapshot.source) > MAX_SEARCHED_CHARS:
        return None
    found = subject.question()
    return None if found is None else found.text


def _spans_lines(place: Range) -> Range | None:
    return place if place.end.line > place.start.line else None


def _is_wanted(kind: str, only: tuple[str, ...] | None) -> bool:
    """Whether one of the kinds that are asked for is this one, or holds it."""
    return not only or any(wanted in ("", kind) or kind.startswith(f"{wanted}.") for wanted in only)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MESSAGE_CHARS else f"{line[: _MESSAGE_CHARS - 1]}…"
