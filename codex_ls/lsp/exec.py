"""`codex/exec`: a question to the model, about what the client names."""

from codex_ls import protocol
from codex_ls.errors import InvalidParams
from codex_ls.events import Notice
from codex_ls.lsp.agent_turns import Questions
from codex_ls.lsp.attached_files import AttachedFiles
from codex_ls.lsp.client_turn import ClientTurn, ExecContext, ModelFor, OpenSink
from codex_ls.lsp.documents import Snapshot
from codex_ls.lsp.payloads import exec_result
from codex_ls.lsp.prompt_commands import with_own_prompt
from codex_ls.lsp.prompts import compose
from codex_ls.lsp.remembered_turns import RememberedTurn, digests_of
from codex_ls.protocol import ExecParams
from codex_ls.turn.session import TurnRequest


class Exec(ClientTurn[protocol.ExecResult]):
    """One `codex/exec`, until its reply."""

    def __init__(
        self,
        context: ExecContext,
        params: ExecParams,
        *,
        open_sink: OpenSink | None = None,
        model_for: ModelFor | None = None,
        questions: Questions | None = None,
    ) -> None:
        """The keywords are those of `ClientTurn`."""
        super().__init__(
            context, params, open_sink=open_sink, model_for=model_for, questions=questions
        )
        self._params = params

    async def answer(self) -> protocol.ExecResult:
        """Return the result. Raises CodexError."""
        # Before anything is waited for: an edit that comes behind the question is not in it.
        documents, params = self.context.documents, self._params
        uri = params.text_document.uri if params.text_document else None
        is_read = uri is not None and params.intent != "continue"
        snapshot = documents.snapshot(uri) if uri and is_read else None
        attached = AttachedFiles(params.context, documents, beside=uri)
        params = with_own_prompt(params, self.context.settings)
        settings, shown = await self.settings(params, uri)
        if uri and is_read and snapshot is None:
            snapshot = await self.unless_cancelled(lambda: self._read(uri, params))
        asked = compose(
            params.intent,
            params.prompt,
            snapshot=snapshot,
            place=params.range,
            diagnostics=params.diagnostics,
        )
        self.notices += asked.notices
        files = await self.unless_cancelled(
            lambda: attached.read(is_numbered=params.intent in ("ask", "explain"))
        )
        folder = documents.folder(uri)
        tools = None
        if params.mode == "agent":
            tools = self.context.agents.tools(
                settings,
                folder,
                self.questions,
                documents,
                is_trusted=self.context.settings.trusted,
            )
        request = TurnRequest(
            prompt=asked.words,
            thread_id=params.thread_id,
            replaces=params.replaces,
            context=asked.context,
            attached=files or (),
            folder=None if folder is None else str(folder),
            tools=tools,
        )
        started, finished = await self.run(request, settings, shown, place=asked.place)
        if finished.content:
            seen = digests_of(snapshot, params.range, asked.place) if snapshot else frozenset()
            answered = RememberedTurn(started.thread_id, finished.content, uri, seen)
            self.context.turns.add(started.turn_id, answered)
        return exec_result(started, finished, self.notices, place=asked.place)

    async def _read(self, uri: str, params: ExecParams) -> Snapshot:
        """Return a document that is not open. What a selection is of must be there; else a word
        about it is enough: the document also names the folder whose settings apply."""
        documents = self.context.documents
        try:
            return await documents.read_snapshot(uri)
        except InvalidParams as error:
            if params.range is not None or params.intent != "ask":
                raise
            hint = "Open it in the editor to have its text sent along."
            self.notices += (Notice("contextTruncated", error.message, hint),)
            return documents.named_snapshot(uri)
