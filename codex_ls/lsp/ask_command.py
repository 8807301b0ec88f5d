"""`codex.ask`, `codex.do`, `codex.explain`, `codex.fix`: one turn, shown with what every client has.

While the answer is written there is progress, with the phase and the line that is being written. When
it is whole it becomes a Markdown document, which the client is asked to show; a fix becomes an edit
instead. Whatever goes wrong is said in a message, and never costs the text that had come.
"""

import asyncio
import contextlib
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from codex_ls import protocol
from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.events import ContentDelta, Event, ReasoningDelta, TurnFinished, TurnStarted
from codex_ls.lsp.answer_files import answer_document
from codex_ls.lsp.cancelling import is_broken_off, is_cancelled, to_its_end
from codex_ls.lsp.client_requests import ClientWindow, Level, Proposal
from codex_ls.lsp.client_turn import ExecContext
from codex_ls.lsp.commands import RunningCommands
from codex_ls.lsp.context import language_of
from codex_ls.lsp.documents import Text
from codex_ls.lsp.exec import Exec
from codex_ls.lsp.payloads import Send
from codex_ls.lsp.progress import CreatedProgress, WorkDoneProgress
from codex_ls.lsp.prompt_commands import intent_of
from codex_ls.lsp.prompts import range_of_lines
from codex_ls.lsp.stream import (
    STATUS_INTERVAL_S,
    EventSink,
    ShownReasoning,
    StatusLine,
    Timer,
    Timers,
    ending,
)
from codex_ls.lsp.target import (
    CommandPrompt,
    Target,
    ask_prompt,
    explain_prompt,
    fix_prompt,
    own_prompt,
)
from codex_ls.protocol import (
    AskArguments,
    CommandResult,
    ExecParams,
    ExecResult,
    ProgressToken,
    TurnError,
)

# ---- progress while the answer is written --------------------------------------------------------
#
# A turn on an editor's own progress line: its phase, and the line that is being written.
#
# This is all that an editor without a plugin shows of an answer while it is written, since none of
# them shows a file as it grows. Every value is a plain work-done value; they come at most four times a
# second, and each costs the same however long the answer is.


LINE_CHARS = 60
"""As much as fits beside other things in a status line."""

_HELD_CHARS = 400


class TurnProgress:
    """Shows one turn on a work-done token, from `begin` to `end`; `held` is let go of at the end."""

    def __init__(
        self,
        work: WorkDoneProgress,
        *,
        title: str,
        shown: ShownReasoning,
        held: ExitStack,
        timers: Timers | None = None,
    ) -> None:
        """`timers` are the running event loop's, unless a test has its own."""
        self._work = work
        self._shown = shown
        self._held = held
        self._loop: Timers = timers or asyncio.get_running_loop()
        self._status = StatusLine()
        self._line = LastLine()
        self._timer: Timer | None = None
        self._is_over = False
        self.ending = ""
        """The line that stays, once the turn is over."""
        work.begin(title, message=self._status.text(0.0))  # not started

    def handle(self, event: Event) -> None:
        """Take note of an event; the end is reported at once, all else at the next tick."""
        if self._is_over:
            return
        self._status.follow(event, self._loop.time())
        match event:
            case TurnStarted():
                self._tell()
            case TurnFinished():
                self._finish(ending(event))
            case ContentDelta():
                self._line.add(event.text)
            case ReasoningDelta():
                if self._shown.allows(event.source):
                    self._line.add(event.text)
            case _:
                pass

    def close(self) -> None:
        """End it, if the turn did not come to an end of its own. Idempotent."""
        if not self._is_over:
            self._finish("Failed")

    def _tell(self) -> None:
        now = self._loop.time()
        line = self._line.shown
        status = self._status.text(now)
        self._work.report(f"{status}: {line}" if line else status)
        self._timer = self._loop.call_at(now + STATUS_INTERVAL_S, self._tell)

    def _finish(self, message: str) -> None:
        self._is_over = True
        self.ending = message
        if self._timer is not None:
            self._timer.cancel()
        self._work.end(message)
        self._held.close()


class LastLine:
    """The last line with text of what is added in pieces."""

    def __init__(self) -> None:
        self._whole = ""
        self._current = ""

    def add(self, text: str) -> None:
        """Add the next piece."""
        *whole, current = (self._current + text[-_HELD_CHARS:]).split("\n")
        for line in whole:
            if line.strip():
                self._whole = line
        self._current = current[-_HELD_CHARS:]

    @property
    def shown(self) -> str:
        """Its end, as one line that fits."""
        line = " ".join((self._current if self._current.strip() else self._whole).split())
        return line if len(line) <= LINE_CHARS else f"…{line[1 - LINE_CHARS :].lstrip()}"


# ---- the command ---------------------------------------------------------------------------------


logger = logging.getLogger(__name__)


class TurnCommand:
    """One of the three commands, from its arguments to its result."""

    def __init__(
        self,
        command: str,
        arguments: AskArguments,
        token: ProgressToken | None,
        context: ExecContext,
        window: ClientWindow,
        commands: RunningCommands,
    ) -> None:
        self._command = command
        self._arguments = arguments
        self._token = token
        self._context = context
        self._window = window
        self._commands = commands
        self._settings: ModelSettings | None = None
        self._shows_thinking = True
        self._progress: TurnProgress | None = None
        self._created: CreatedProgress | None = None

    async def run(self) -> CommandResult:
        """Return the result. Raises InvalidParams before anything is asked."""
        target = await self._target()
        asked = self._prompt(target)
        params = ExecParams.read(self._exec_params(asked))
        try:
            result = await Exec(
                self._context,
                params,
                open_sink=self._open_progress,
                model_for=self._commands.model_for,
                questions=self._context.agents.questions(self._window),
            ).reply()
        except JsonRpcException as error:
            return self._failed(error)
        finally:
            if self._created is not None:
                await to_its_end(self._created.settle())
        if asked.edit_range is not None and target is not None and result.status == "completed":
            return await self._propose(asked, asked.edit_range, target, result)
        return await self._show(asked, result)

    # ---- before the turn -----------------------------------------------------------------------------

    async def _target(self) -> Target | None:
        document, place = self._arguments.text_document, self._arguments.range
        if document is None:
            return None
        is_open = Target.open(self._context.documents, document.uri, place)
        if is_open is not None:
            return is_open
        snapshot = await self._context.documents.read_snapshot(document.uri)
        return Target(document.uri, snapshot, place)

    def _prompt(self, target: Target | None) -> CommandPrompt:
        arguments = self._arguments
        if self._command in (protocol.ASK_COMMAND, protocol.DO_COMMAND):
            intent = intent_of(arguments.prompt or "", self._context.settings)
            if target is not None and intent != "ask":
                return own_prompt(arguments, target, intent)
            path = target.snapshot.path if target is not None else None
            is_answer = self._commands.answers.holds(path)
            return ask_prompt(arguments, target, is_answer=is_answer)
        if target is None:
            raise InvalidParams(f"{self._command} needs a textDocument.")
        if self._command == protocol.EXPLAIN_COMMAND:
            return explain_prompt(arguments, target)
        return fix_prompt(arguments, target)

    def _exec_params(self, asked: CommandPrompt) -> dict[str, Any]:
        chosen = self._commands
        named = {
            "profile": asked.profile or chosen.profile,
            "model": self._arguments.model,
            "effort": self._arguments.effort or chosen.effort,
        }
        given = {name: value for name, value in named.items() if value is not None}
        mode = {"mode": "agent"} if self._command == protocol.DO_COMMAND else {}
        return given | mode | asked.exec_params()

    async def _open_progress(self, settings: ModelSettings, shown: ShownReasoning) -> EventSink:
        self._settings = settings
        self._shows_thinking = shown.raw or shown.summary
        progress, held = self._context.progress, ExitStack()
        token = self._token
        send: Send = progress.send
        if token is None and (created := progress.create()) is not None:
            token, send, self._created = created.token, created.send, created
        held.enter_context(progress.held(token))
        self._progress = TurnProgress(
            WorkDoneProgress(send, token),
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

    # ---- after the turn ------------------------------------------------------------------------------

    def _failed(self, error: JsonRpcException) -> CommandResult:
        if isinstance(error, JsonRpcInvalidParams):
            raise InvalidParams(error.message)
        assert isinstance(error.data, dict)
        data: dict[str, Any] = error.data
        self._window.message(Level.Error, f"{self._who}: {error.message}", data.get("hint"))
        failure = TurnError.model_validate({"message": error.message, **data})
        return CommandResult(status="failed", error=failure)

    async def _show(
        self, asked: CommandPrompt, result: ExecResult, *, unchanged: str | None = None
    ) -> CommandResult:
        """Have the answer shown; a message names the file where that can't be done."""
        has_text = bool(result.content.strip() or result.reasoning.strip())
        if result.status == "cancelled" and not has_text:
            return _command_result(result)
        path = await self._written(asked, result, outcome=unchanged)
        if unchanged is not None:
            self._window.message(Level.Warning, f"{self._who}: {unchanged}")
        shown = _command_result(result, path, applied=None if unchanged is None else False)
        if path is None:
            return shown
        if result.status == "cancelled":
            self._window.message(Level.Info, f"{self._who}: stopped. What had come is in {path}")
        elif not await self._is_shown(path):
            self._window.message(Level.Info, f"{self._who}: the answer is in {path}")
        return shown

    async def _is_shown(self, path: Path) -> bool:
        if is_cancelled():
            return True  # the client has lost interest
        try:
            return await self._window.document(path)
        except asyncio.CancelledError:
            if is_broken_off():
                raise
            return True

    async def _written(
        self, asked: CommandPrompt, result: ExecResult, *, outcome: str | None = None
    ) -> Path | None:
        """Return the document; None if it can't be written, and then the text is in the log."""
        assert self._settings is not None
        text = answer_document(
            title=asked.title,
            question=asked.question if asked.question != asked.title else None,
            result=result,
            ending=self._ending,
            outcome=outcome,
            with_thinking=self._shows_thinking,
        )
        name = self._command.replace(".", "-")
        keep = self._settings.keep_history
        try:
            return await to_its_end(
                asyncio.to_thread(self._commands.answers.write, name, text, keep=keep)
            )
        except OSError as error:
            logger.warning("an answer could not be written: %s", error)
            self._window.log(text)
            self._window.message(
                Level.Error,
                f"{self._who}: the answer can't be written ({error.strerror}).",
                "It is in this editor's log of the language server.",
            )
            return None

    @property
    def _ending(self) -> str:
        return self._progress.ending if self._progress is not None else "Stopped"

    # ---- a fix ---------------------------------------------------------------------------------------

    async def _propose(
        self, asked: CommandPrompt, edit_range: tuple[int, int], target: Target, result: ExecResult
    ) -> CommandResult:
        """Have the answer's code put in its place, if it is clear and the place is as it was."""
        from codex_ls.lsp.edits.chosen_code import Refused
        from codex_ls.lsp.edits.compute import edits_of

        first, last = edit_range
        snapshot = target.snapshot
        text = Text(snapshot.source, encoding=snapshot.encoding)
        try:
            edits = edits_of(
                result.content,
                snapshot.source,
                range_of_lines(text, first, last),
                encoding=snapshot.encoding,
                language=language_of(snapshot),
            )
        except Refused as refused:
            unclear = f"nothing was changed: of the answer, {refused.reason}."
            return await self._show(asked, result, unchanged=unclear)
        if not self._window.capabilities.applies_edits:
            unable = "nothing was changed: this editor does not support edits by a language server."
            return await self._show(asked, result, unchanged=unable)
        refusal: str | None = "it was cancelled"
        with contextlib.suppress(asyncio.CancelledError):
            if not is_cancelled():
                refusal = await self._apply(asked, target, edits)
        if is_broken_off():
            raise asyncio.CancelledError
        if refusal is not None:
            unchanged = f"nothing was changed: {refusal}."
            return await self._show(asked, result, unchanged=unchanged)
        outcome = f"{target.name} was changed, lines {first + 1} to {last + 1}."
        path = await self._written(asked, result, outcome=outcome)
        place = f" The answer is in {path}" if path is not None else ""
        self._window.message(Level.Info, f"{self._who}: {outcome}{place}")
        return _command_result(result, path, applied=True)

    async def _apply(self, asked: CommandPrompt, target: Target, edits: Any) -> str | None:
        """Return None if the edits were made, else why not."""
        documents = self._context.documents
        now = Target.open(documents, target.uri, None)
        if now is None:
            try:
                source = (await documents.read_snapshot(target.uri)).source
            except CodexError as error:
                return error.message.rstrip(".")
        else:
            source = now.snapshot.source
        if source != target.snapshot.source:
            return f"{target.name} has been changed since"
        return await self._window.apply(
            Proposal(
                uri=target.uri,
                version=documents.version(target.uri),
                edits=edits,
                label=f"Codex: {asked.title}",
                description=self._who,
            )
        )


def _command_result(
    result: ExecResult, path: Path | None = None, *, applied: bool | None = None
) -> CommandResult:
    """Return a command's result, with the document that has the answer."""
    return CommandResult(
        status=result.status,
        thread_id=result.thread_id,
        turn_id=result.turn_id,
        uri=None if path is None else path.as_uri(),
        applied=applied,
    )
