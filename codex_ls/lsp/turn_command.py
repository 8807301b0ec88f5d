"""`codex.ask`, `codex.explain` and `codex.fix`: one turn, shown with what every LSP client has.

While the answer is written there is progress, with the phase and the line that is being written. When
it is whole it becomes a Markdown document, which the client is asked to show; a fix becomes an edit
instead. Whatever goes wrong is said in a message, and never costs the text that had come.
"""

import asyncio
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_ls.config.settings import ModelSettings
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.lsp import protocol
from codex_ls.lsp.answer_document import answer_document
from codex_ls.lsp.command_params import AskArguments
from codex_ls.lsp.exec import Exec
from codex_ls.lsp.plan import Plan, ask_plan, explain_plan, fix_plan
from codex_ls.lsp.protocol import CommandResult, ExecResult, ProgressToken
from codex_ls.lsp.replacement import NotClear, edits_from
from codex_ls.lsp.replies import ReplyError
from codex_ls.lsp.request import Cancelled, Request
from codex_ls.lsp.showing import Proposal, Showing
from codex_ls.lsp.stream import EventSink, ShownReasoning
from codex_ls.lsp.subject import Subject
from codex_ls.lsp.turn_progress import TurnProgress
from codex_ls.lsp.work import Work

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection

logger = logging.getLogger(__name__)


class TurnCommand:
    """One of the three commands, from its arguments to its result."""

    def __init__(
        self,
        connection: "Connection",
        request: Request,
        *,
        command: str,
        arguments: AskArguments,
        token: ProgressToken | None,
    ) -> None:
        self._connection = connection
        self._request = request
        self._command = command
        self._arguments = arguments
        self._token = token
        self._showing = Showing(connection)
        self._settings: ModelSettings | None = None
        self._shows_thinking = True
        self._progress: TurnProgress | None = None

    async def run(self) -> CommandResult:
        """Return the result. Raises InvalidParams before anything is asked."""
        subject = await self._subject()
        plan = self._plan(subject)
        inner = Request(
            self._request.id,
            protocol.EXEC,
            self._exec_params(plan),
            received_at=self._request.received_at,
        )
        self._request.on_cancel(inner.cancel)
        try:
            result = await Exec(
                self._connection,
                inner,
                open_sink=self._open_progress,
                model_for=self._connection.commands.model_for,
            ).reply()
        except ReplyError as error:
            return self._failed(error)
        if plan.region is not None and subject is not None and result["status"] == "completed":
            return await self._propose(plan, plan.region, subject, result)
        return await self._show(plan, result)

    # ---- before the turn -----------------------------------------------------------------------

    async def _subject(self) -> Subject | None:
        document, place = self._arguments.textDocument, self._arguments.range
        if document is None:
            return None
        is_open = Subject.open(self._connection, document.uri, place)
        if is_open is not None:
            return is_open
        snapshot = await self._connection.read_snapshot(document.uri)
        return Subject(document.uri, snapshot, place)

    def _plan(self, subject: Subject | None) -> Plan:
        arguments = self._arguments
        if self._command == protocol.ASK_COMMAND:
            path = subject.snapshot.path if subject is not None else None
            is_answer = self._connection.commands.answers.holds(path)
            return ask_plan(arguments, subject, is_answer=is_answer)
        if subject is None:
            raise InvalidParams(f"{self._command} needs a textDocument.")
        if self._command == protocol.EXPLAIN_COMMAND:
            return explain_plan(arguments, subject)
        return fix_plan(arguments, subject)

    def _exec_params(self, plan: Plan) -> dict[str, Any]:
        chosen = self._connection.commands
        named = {
            "profile": plan.profile or chosen.profile,
            "model": self._arguments.model,
            "effort": self._arguments.effort or chosen.effort,
        }
        given = {name: value for name, value in named.items() if value is not None}
        return given | plan.exec_params()

    async def _open_progress(self, settings: ModelSettings, shown: ShownReasoning) -> EventSink:
        self._settings = settings
        self._shows_thinking = shown.raw or shown.summary
        connection, held = self._connection, ExitStack()
        token = self._token if self._token is not None else await connection.create_progress()
        held.enter_context(connection.tokens.held(self._request, token))
        self._progress = TurnProgress(
            Work(connection.outbox.write, token),
            title=f"Codex ({self._who})",
            shown=shown,
            held=held,
        )
        return self._progress

    @property
    def _who(self) -> str:
        """The profile and the model, as far as they are known."""
        if self._settings is None:
            return "Codex"
        profile, model = self._settings.profile, self._settings.model
        return f"{profile}, {model}" if profile else model

    # ---- after the turn ------------------------------------------------------------------------

    def _failed(self, error: ReplyError) -> CommandResult:
        if error.code == protocol.INVALID_PARAMS:
            raise InvalidParams(error.message)
        assert isinstance(error.data, dict)
        data: dict[str, Any] = error.data
        self._showing.message("error", f"{self._who}: {error.message}", data.get("hint"))
        told: Any = {"message": error.message, **data}
        return {"status": "failed", "error": told}

    async def _show(
        self, plan: Plan, result: ExecResult, *, unchanged: str | None = None
    ) -> CommandResult:
        """Have the answer shown; a message names the file where that can't be done."""
        shown = _told(result)
        has_text = bool(result["content"].strip() or result["reasoning"].strip())
        if result["status"] == "cancelled" and not has_text:
            return shown
        path = await self._written(plan, result, outcome=unchanged)
        if unchanged is not None:
            shown["applied"] = False
            self._showing.message("warning", f"{self._who}: {unchanged}")
        if path is None:
            return shown
        shown["uri"] = path.as_uri()
        if result["status"] == "cancelled":
            self._showing.message("info", f"{self._who}: stopped. What had come is in {path}")
        elif not await self._is_shown(path):
            self._showing.message("info", f"{self._who}: the answer is in {path}")
        return shown

    async def _is_shown(self, path: Path) -> bool:
        try:
            return await self._request.wait(self._showing.document(path))
        except Cancelled:
            return True  # the client has lost interest

    async def _written(
        self, plan: Plan, result: ExecResult, *, outcome: str | None = None
    ) -> Path | None:
        """Return the document; None if it can't be written, and then the text is in the log."""
        assert self._settings is not None
        text = answer_document(
            title=plan.title,
            question=plan.question if plan.question != plan.title else None,
            result=result,
            ending=self._ending,
            outcome=outcome,
            with_thinking=self._shows_thinking,
        )
        name = self._command.replace(".", "-")
        keep = self._settings.keep_history
        try:
            return await asyncio.to_thread(
                self._connection.commands.answers.write, name, text, keep=keep
            )
        except OSError as error:
            logger.warning("an answer could not be written: %s", error)
            self._showing.log(text)
            self._showing.message(
                "error",
                f"{self._who}: the answer can't be written ({error.strerror}).",
                "It stands in this editor's log of the language server.",
            )
            return None

    @property
    def _ending(self) -> str:
        return self._progress.ending if self._progress is not None else "Stopped"

    # ---- a fix ---------------------------------------------------------------------------------

    async def _propose(
        self, plan: Plan, region: tuple[int, int], subject: Subject, result: ExecResult
    ) -> CommandResult:
        """Have the answer's code put in its place, if it is clear and the place is as it was."""
        first, last = region
        snapshot = subject.snapshot
        try:
            edits = edits_from(
                result["content"],
                snapshot.source,
                first=first,
                last=last,
                encoding=snapshot.encoding,
            )
        except NotClear as reason:
            return await self._show(
                plan, result, unchanged=f"nothing was changed: of the answer, {reason}."
            )
        if not self._connection.abilities.applies_edits:
            unable = "nothing was changed: this editor takes no edits from a language server."
            return await self._show(plan, result, unchanged=unable)
        try:
            refusal = await self._request.wait(self._apply(plan, subject, edits))
        except Cancelled:
            refusal = "it was cancelled"
        if refusal is not None:
            unchanged = f"nothing was changed: {refusal}."
            return await self._show(plan, result, unchanged=unchanged)
        outcome = f"{subject.name} was changed, lines {first + 1} to {last + 1}."
        path = await self._written(plan, result, outcome=outcome)
        place = f" The answer is in {path}" if path is not None else ""
        self._showing.message("info", f"{self._who}: {outcome}{place}")
        applied = _told(result)
        applied["applied"] = True
        if path is not None:
            applied["uri"] = path.as_uri()
        return applied

    async def _apply(self, plan: Plan, subject: Subject, edits: Any) -> str | None:
        """Return None if the edits were made, else why not."""
        connection = self._connection
        now = Subject.open(connection, subject.uri, None)
        if now is None:
            try:
                source = (await connection.read_snapshot(subject.uri)).source
            except CodexError as error:
                return error.message.rstrip(".")
        else:
            source = now.snapshot.source
        if source != subject.snapshot.source:
            return f"{subject.name} has been changed since"
        return await self._showing.apply(
            Proposal(
                uri=subject.uri,
                version=connection.version(subject.uri),
                edits=edits,
                label=f"Codex: {plan.title}",
                description=self._who,
            )
        )


def _told(result: ExecResult) -> CommandResult:
    """Return what a command's result always tells of its turn."""
    return {
        "status": result["status"],
        "threadId": result["threadId"],
        "turnId": result["turnId"],
    }
