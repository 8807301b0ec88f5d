"""`textDocument/codeAction`: what an editor without a plugin offers at a selection or a problem.

Only a fix is a `quickfix`. To ask and to explain change nothing, so they have no kind of LSP's: an
editor that asks for some kinds only (refactorings, what to do on save) is not offered them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict

from codex_ls import protocol
from codex_ls.config.custom_prompts import CustomPrompt
from codex_ls.json_model import Params, Shape, Text
from codex_ls.lsp.client_requests import ClientCapabilities
from codex_ls.lsp.commands import RunningCommands
from codex_ls.lsp.documents import Documents
from codex_ls.lsp.target import Target
from codex_ls.protocol import Diagnostic, Range, TextDocument

QUICKFIX = "quickfix"
MAX_PROBLEMS = 5
"""More at one place make a list that nobody reads."""

MAX_PROMPTS = 12
"""Of the user's own; more make the list of actions one to search in."""

MAX_SEARCHED_CHARS = 1024 * 1024
"""In a larger document no question is looked for here: editors ask for actions at every step."""

_MESSAGE_CHARS = 60

_AUTOMATIC = 2


def _with_raw(diagnostic: object) -> tuple[object, object]:
    return diagnostic, diagnostic


Action = dict[str, Any]


class CodeActionContext(Shape):
    """What an editor knows of a place."""

    diagnostics: tuple[Annotated[tuple[Diagnostic, Any], BeforeValidator(_with_raw)], ...] = ()
    """Each as it is read, and as the client sent it: it goes back untouched."""
    only: tuple[Text, ...] | None = None
    trigger_kind: Annotated[int, Strict(), Field(ge=1, le=2)] | None = None


class CodeActionParams(Params):
    """LSP's `CodeActionParams`, as far as they are used."""

    text_document: TextDocument
    range: Range
    context: CodeActionContext = CodeActionContext.model_construct()

    @property
    def is_automatic(self) -> bool:
        """Whether the editor asks by itself, for a lamp in its margin."""
        return self.context.trigger_kind == _AUTOMATIC


def code_actions(
    params: CodeActionParams,
    documents: Documents,
    capabilities: ClientCapabilities,
    commands: RunningCommands,
    prompts: Sequence[CustomPrompt] = (),
) -> list[Action]:
    """Return the actions for a place; commands for a client that knows no actions.

    `prompts` are the user's own.
    """
    actions = [
        action
        for action in (
            *_for_problems(params),
            *_for_selection(documents, params),
            *_for_prompts(params, prompts),
            *(_for_answer(documents, params, commands) if capabilities.shows_choices else ()),
            *_for_running(params, commands),
        )
        if _is_wanted(action.get("kind", ""), params.context.only)
    ]
    if capabilities.takes_actions:
        return actions
    return [action["command"] for action in actions]


def _for_problems(params: CodeActionParams) -> Iterator[Action]:
    found = params.context.diagnostics[:MAX_PROBLEMS]
    for verb, command, kind in (
        ("Fix", protocol.FIX_COMMAND, {"kind": QUICKFIX}),
        ("Explain", protocol.EXPLAIN_COMMAND, {}),
    ):
        for diagnostic, raw in found:
            what = f": {_shortened(diagnostic.message)}" if len(found) > 1 else ""
            place = _spans_lines(params.range) or diagnostic.range
            yield {
                **_action(params, f"{verb} this problem{what}", command, place, [raw]),
                **kind,
                "diagnostics": [raw],
            }


def _for_selection(documents: Documents, params: CodeActionParams) -> Iterator[Action]:
    is_cursor = params.range.start == params.range.end
    if is_cursor and params.is_automatic:
        return
    question = _question(documents, params)
    what = f": {_shortened(question)}" if question else ""
    # The question is for clients that ask it themselves, with `codex/exec`.
    more = {"question": question} if question else {}
    yield _action(params, f"Ask about this{what}", protocol.ASK_COMMAND, params.range, more=more)
    if not params.context.diagnostics:
        yield _action(params, "Explain", protocol.EXPLAIN_COMMAND, params.range)


def _for_prompts(params: CodeActionParams, prompts: Sequence[CustomPrompt]) -> Iterator[Action]:
    """The user's own prompts that can be asked as they are; nobody can be asked for arguments here."""
    if params.is_automatic:
        return
    askable = [prompt for prompt in prompts if not prompt.required]
    for prompt in askable[:MAX_PROMPTS]:
        about = f": {_shortened(prompt.description)}" if prompt.description else ""
        title = f"/{prompt.name}{about}"
        place, raw = params.range, [raw for _, raw in params.context.diagnostics[:MAX_PROBLEMS]]
        yield _action(
            params, title, protocol.ASK_COMMAND, place, raw, {"prompt": f"/{prompt.name}"}
        )


def _for_answer(
    documents: Documents, params: CodeActionParams, commands: RunningCommands
) -> Iterator[Action]:
    """Who answers the next question, and how, offered where an answer is read.

    Some editors can run a command in no other way.
    """
    if params.is_automatic:
        return
    target = Target.open(documents, params.text_document.uri, None)
    if target is not None and commands.answers.holds(target.snapshot.path):
        yield _plain("Select the profile", protocol.SELECT_PROFILE_COMMAND)
        yield _plain("Select the model", protocol.SELECT_MODEL_COMMAND)
        yield _plain("Select the effort", protocol.SELECT_EFFORT_COMMAND)


def _for_running(params: CodeActionParams, commands: RunningCommands) -> Iterator[Action]:
    if commands.running and not params.is_automatic:
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
    more: Mapping[str, str] | None = None,
) -> Action:
    """Return a code action; `more` goes into its argument."""
    title = f"Codex: {title}"
    argument: dict[str, Any] = {
        "textDocument": {"uri": params.text_document.uri},
        "range": asdict(place),
    }
    if diagnostics:
        argument["diagnostics"] = diagnostics
    argument |= more or {}
    return {
        "title": title,
        "command": {"title": title, "command": command, "arguments": [argument]},
    }


def _question(documents: Documents, params: CodeActionParams) -> str | None:
    """Return the question in the selection, if the document is open."""
    target = Target.open(documents, params.text_document.uri, params.range)
    if target is None or len(target.snapshot.source) > MAX_SEARCHED_CHARS:
        return None
    found = target.question()
    return None if found is None else found.text


def _spans_lines(place: Range) -> Range | None:
    return place if place.end.line > place.start.line else None


def _is_wanted(kind: str, only: tuple[str, ...] | None) -> bool:
    """Whether one of the kinds that are asked for is this one, or holds it."""
    return not only or any(wanted in ("", kind) or kind.startswith(f"{wanted}.") for wanted in only)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MESSAGE_CHARS else f"{line[: _MESSAGE_CHARS - 1]}…"
