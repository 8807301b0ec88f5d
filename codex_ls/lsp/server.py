"""The language server: what it answers, one function each, and what one client's requests share.

A server serves one client. `codex_ls.lsp.transport` makes one for whoever connects.
"""

import asyncio
import contextlib
import hmac
import logging
import os
import threading
import uuid
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import FeatureRequestError, JsonRpcException, JsonRpcInvalidRequest
from pygls.lsp.server import LanguageServer

from codex_ls import __version__, protocol
from codex_ls.agent.client_tools import CallReasoning
from codex_ls.config.profile import resolve
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.json_model import Params
from codex_ls.lsp.actions import Action, CodeActionParams, code_actions
from codex_ls.lsp.agent_turns import AgentTurns, changes, undo
from codex_ls.lsp.answer_files import AnswerFolder
from codex_ls.lsp.ask_command import TurnCommand
from codex_ls.lsp.chat_request import Chat
from codex_ls.lsp.client_requests import ClientCapabilities, ClientWindow, Level, Secrets
from codex_ls.lsp.client_turn import ExecContext
from codex_ls.lsp.commands import (
    RunningCommands,
    carry_out,
    examine,
    select_effort,
    select_model,
    select_profile,
)
from codex_ls.lsp.converter import converter
from codex_ls.lsp.documents import Documents
from codex_ls.lsp.exec import Exec
from codex_ls.lsp.features import (
    doctor,
    models,
    profiles,
    pull_model,
    refuse_unknown_profiles,
    thread,
    threads,
)
from codex_ls.lsp.idle_work import run_when_idle
from codex_ls.lsp.jsonrpc import CodexProtocol, work_done_token
from codex_ls.lsp.progress import ClientProgress, Outbox
from codex_ls.lsp.prompt_commands import own_prompts, prompts
from codex_ls.lsp.remembered_turns import RememberedTurns
from codex_ls.lsp.settings import Item
from codex_ls.lsp.user_config import ClientSettings, ProfileWatch, UserConfig
from codex_ls.protocol import (
    AskArguments,
    ChangesParams,
    ChatParams,
    CodeBlocksParams,
    DidChangeTrustParams,
    DoctorArguments,
    DoctorParams,
    EditParams,
    EffortArguments,
    ExecParams,
    ModelArguments,
    ModelPullParams,
    ModelsParams,
    ProfileArguments,
    ProfilesParams,
    ThreadParams,
    ThreadsParams,
    UndoParams,
)
from codex_ls.turn.request import load_decoders
from codex_ls.turn.session import Session

ArgumentsT = TypeVar("ArgumentsT", bound=Params)

logger = logging.getLogger(__name__)

END_TIMEOUT_S = 0.4
"""Timeout for turns to report their end, and then for the client to read it, once all is over."""


class CodexServer(LanguageServer):
    """Serves one client; use it with `async with`, which ends every turn.

    `token` is what the client must show in `initialize`, if anything.
    """

    protocol: CodexProtocol

    def __init__(
        self,
        outbox: Outbox,
        *,
        user_config: UserConfig,
        env: Mapping[str, str] = os.environ,
        token: str | None = None,
        has_headers: bool = True,
    ) -> None:
        """`has_headers` is false where a message is a message without LSP's `Content-Length`."""
        super().__init__(
            "codex-ls", __version__, protocol_cls=CodexProtocol, converter_factory=converter
        )
        self.stop_event = self._stop_event = threading.Event()
        self.greeted = asyncio.Event()
        """Set once the client has said who it is, and may be here."""
        self.protocol.set_writer(outbox, include_headers=has_headers)  # type: ignore[arg-type]
        self.token = token
        self.secrets = Secrets(self.ask)
        self.session = Session(env=env, ask_secret=self.secrets.ask)
        self.settings = ClientSettings(user_config)
        self.client_progress = ClientProgress(self, outbox)
        self.window = ClientWindow(self, ClientCapabilities())
        self.commands = RunningCommands(AnswerFolder(env))
        self.turns = RememberedTurns()
        self.agents = AgentTurns(self.ask, env)
        self.call_reasoning = CallReasoning()
        self.profile_watch = ProfileWatch(
            files=user_config.fingerprint,
            others=lambda: (self.settings.trusted, self.settings.scopes.selections),
            changed=lambda: self.protocol.notify(protocol.DID_CHANGE_PROFILES, {}),
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: asyncio.Task[None] | None = None
        _register(self)

    @property
    def documents(self) -> Documents:
        """What the client has open, and its folders."""
        workspace = self.workspace
        assert isinstance(workspace, Documents)
        return workspace

    @property
    def exec_context(self) -> ExecContext:
        """What a question needs."""
        return ExecContext(
            self.session,
            self.secrets,
            self.settings,
            self.documents,
            self.client_progress,
            self.turns,
            self.agents,
            self.call_reasoning,
        )

    async def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Return the client's answer to a request of `codex/*`. Raises JsonRpcException."""
        return await self.protocol.send_request_async(method, params)

    async def ask_settings(self, items: list[Item]) -> object:
        """Return the client's answer to `workspace/configuration`. Raises JsonRpcException."""
        asked = [types.ConfigurationItem(item.get("scopeUri"), item["section"]) for item in items]
        return list(await self.workspace_configuration_async(types.ConfigurationParams(asked)))

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something until it ends or the connection does."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def start_preparing(self) -> None:
        """Load in idle moments what the first question needs: one that comes before loads it itself.

        The decoders are last: a question does not need them until its request is on its way.
        """
        if self._preparing is None:
            steps = (self._prepare_client, ExecParams.model_rebuild, load_decoders)
            idle_work = run_when_idle(steps, running=lambda: self.protocol.running)
            self._preparing = asyncio.create_task(idle_work)

    def _prepare_client(self) -> None:
        user_config = self.settings.user_config
        with contextlib.suppress(CodexError):  # reported when a question is asked
            settings = resolve(user_config.current(), local_only=user_config.local_only)
            self.session.http.prepare(settings.provider.base_url)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong outside of a request; pygls would show it to the user."""
        if source is not FeatureRequestError:
            kind = str(error).partition(":")[0] if error.__cause__ is None else type(error).__name__
            logger.warning("%s: %s", source.__name__, kind)

    async def __aenter__(self) -> "CodexServer":
        await self.session.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.protocol.cancel_requests()
        self.commands.stop()
        if self._preparing is not None:
            self._preparing.cancel()
        await self.settings.scopes.aclose()
        await self.profile_watch.aclose()
        running = self._tasks | self.protocol.running
        if running:
            await asyncio.wait(running, timeout=END_TIMEOUT_S)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self.commands.answers.close()
        await self.client_progress.outbox.close(timeout_s=END_TIMEOUT_S)
        self.stop_event.set()
        await self.session.__aexit__(None, None, None)


def _register(server: CodexServer) -> None:
    """Register what the server answers."""

    # ---- the life of a connection --------------------------------------------------------------------

    @server.feature(types.INITIALIZE)
    def initialize(ls: CodexServer, params: types.InitializeParams) -> None:
        """Take what the client says of itself. Raises JsonRpcInvalidRequest for a wrong token."""
        options = _options(params)
        if ls.token is not None:
            shown = str(options.get("token", "")).encode("utf-8", "replace")
            if not hmac.compare_digest(shown, ls.token.encode()):
                ls.stop_event.set()
                raise JsonRpcInvalidRequest("Wrong or missing token")
        can_be_asked = get_capability(params.capabilities, "workspace.configuration") is True
        ls.settings.listen(
            ask=ls.ask_settings if can_be_asked else None,
            folders=lambda: ls.documents.folder_paths,
            options=options,
            changed=ls.profile_watch.look,
        )
        ls.secrets.enabled = _announced(params.capabilities).get("secret") is True
        ls.agents.can_ask = _announced(params.capabilities).get("approve") is True
        ls.window = ClientWindow(ls, ClientCapabilities.of(params))
        ls.greeted.set()

    @server.feature(types.INITIALIZED)
    def initialized(ls: CodexServer, _params: types.InitializedParams) -> None:
        """Ask for settings; prepare the first question while the client has none."""
        if get_capability(
            ls.client_capabilities, "workspace.did_change_configuration.dynamic_registration"
        ):
            ls.start_task(_register_for_settings(ls))
        ls.settings.scopes.refresh()
        if _announced(ls.client_capabilities).get("didChangeProfiles") is True:
            ls.profile_watch.start()
        ls.start_preparing()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def settings_changed(ls: CodexServer, params: types.DidChangeConfigurationParams) -> None:
        """Take the settings that come along, and ask for the others."""
        ls.settings.scopes.push(params.settings)
        if not _announced(ls.client_capabilities):  # a plugin shows what `codex/profiles` says
            folders = ls.documents.folder_paths
            ls.start_task(refuse_unknown_profiles(ls.settings, folders, ls.window))

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(ls: CodexServer, _params: types.DidChangeWorkspaceFoldersParams) -> None:
        """Ask for the settings of the new folders."""
        ls.settings.scopes.refresh()

    @server.feature(protocol.DID_CHANGE_TRUST)
    def trust_changed(ls: CodexServer, params: Any) -> None:
        """Let the workspace choose a profile, or no longer."""
        ls.settings.trusted = DidChangeTrustParams.read(params).trusted
        ls.profile_watch.look()

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def progress_cancelled(ls: CodexServer, params: types.WorkDoneProgressCancelParams) -> None:
        """Cancel what runs under that token."""
        if isinstance(params.token, str | int):
            ls.client_progress.cancel(params.token)

    # ---- codex/* -------------------------------------------------------------------------------------

    @server.feature(protocol.EXEC)
    async def exec_(ls: CodexServer, params: Any) -> protocol.ExecResult:
        """Ask the model one question, and stream what it thinks and answers."""
        return await Exec(ls.exec_context, ExecParams.read(params)).reply()

    @server.feature(protocol.CHAT)
    async def chat(ls: CodexServer, params: Any) -> protocol.ChatResult:
        """Send the client's messages and tools to the model, and stream its answer and its calls."""
        return await Chat(ls.exec_context, ChatParams.read(params)).reply()

    @server.feature(protocol.EDIT)
    async def edit(ls: CodexServer, params: Any) -> protocol.EditResult:
        """Return what an answer changes in a document."""
        from codex_ls.lsp.edits.edit_request import answer_edit

        asked = EditParams.read(params)
        return await answer_edit(asked, ls.documents, ls.turns, ls.session.env)

    @server.feature(protocol.CODE_BLOCKS)
    async def list_code_blocks(ls: CodexServer, params: Any) -> protocol.CodeBlocksResult:
        """Return the code blocks of an answer."""
        from codex_ls.lsp.edits.edit_request import code_blocks_result

        asked = CodeBlocksParams.read(params)
        return await code_blocks_result(asked, ls.turns, ls.session.env)

    @server.feature(protocol.PROFILES)
    async def list_profiles(ls: CodexServer, params: Any) -> protocol.ProfilesResult:
        """Return which profiles there are, and which one holds."""
        return await profiles(ProfilesParams.read(params), ls.settings, ls.session.env)

    @server.feature(protocol.DOCTOR)
    async def examine_profile(ls: CodexServer, params: Any) -> protocol.DoctorResult:
        """Examine a profile, from its file to its first word."""
        return await doctor(
            DoctorParams.read(params),
            ls.settings.user_config,
            ls.client_progress,
            ls.session.env,
            ls.secrets,
        )

    @server.feature(protocol.THREADS)
    async def list_threads(ls: CodexServer, params: Any) -> protocol.ThreadsResult:
        """Return the kept conversations."""
        return await threads(ThreadsParams.read(params), ls.documents, ls.session.env)

    @server.feature(protocol.THREAD)
    async def read_thread(ls: CodexServer, params: Any) -> protocol.ThreadResult:
        """Return one conversation."""
        return await thread(ThreadParams.read(params), ls.session.env)

    @server.feature(protocol.PROMPTS)
    async def list_own_prompts(ls: CodexServer, _params: Any) -> protocol.PromptsResult:
        """Return the user's own prompts."""
        return await prompts(ls.settings)

    @server.feature(protocol.MODELS)
    async def list_models(ls: CodexServer, params: Any) -> protocol.ModelsResult:
        """Return what the model server has."""
        env, secrets = ls.session.env, ls.secrets
        return await models(ModelsParams.read(params), ls.settings, env, secrets)

    @server.feature(protocol.DISCOVER)
    async def look_for_servers(ls: CodexServer, _params: Any) -> protocol.DiscoverResult:
        """Return the model servers of this machine."""
        from codex_ls.lsp.first_profile import discovered  # needed once at most

        return await discovered(ls.session.env)

    @server.feature(protocol.ADD_PROFILE)
    async def add_profile(ls: CodexServer, params: Any) -> protocol.AddProfileResult:
        """Write a profile for one of those."""
        from codex_ls.lsp.first_profile import add_profile as add

        return await add(protocol.AddProfileParams.read(params), ls.settings, ls.profile_watch.look)

    @server.feature(protocol.MODEL_PULL)
    async def fetch_model(ls: CodexServer, params: Any) -> protocol.ModelPullResult:
        """Fetch a built-in model."""
        return await pull_model(ModelPullParams.read(params), ls.client_progress, ls.session.env)

    @server.feature(protocol.UNDO)
    async def undo_turn(ls: CodexServer, params: Any) -> protocol.UndoResult:
        """Put back the files that a turn changed."""
        return await undo(UndoParams.read(params), ls.documents, ls.session.env)

    @server.feature(protocol.CHANGES)
    async def list_changes(ls: CodexServer, params: Any) -> protocol.ChangesResult:
        """Return the files that a turn changed, as they were and with what is different now."""
        return await changes(ChangesParams.read(params), ls.documents, ls.session.env)

    # ---- for editors without a plugin ----------------------------------------------------------------

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    async def offer(ls: CodexServer, params: Any) -> list[Action]:
        """Return what can be done at a selection or a problem."""
        asked = CodeActionParams.read(params)
        own = () if asked.is_automatic else await own_prompts(ls.settings)
        return code_actions(asked, ls.documents, ls.window.capabilities, ls.commands, own)

    @server.command(protocol.ASK_COMMAND)
    async def ask(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Ask the prompt, else the question in the selection."""
        return await _turn(ls, protocol.ASK_COMMAND, arguments)

    @server.command(protocol.DO_COMMAND)
    async def do(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Do the task that the prompt names, in the workspace."""
        return await _turn(ls, protocol.DO_COMMAND, arguments)

    @server.command(protocol.EXPLAIN_COMMAND)
    async def explain(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Explain the range, or its diagnostics."""
        return await _turn(ls, protocol.EXPLAIN_COMMAND, arguments)

    @server.command(protocol.FIX_COMMAND)
    async def fix(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Propose an edit."""
        return await _turn(ls, protocol.FIX_COMMAND, arguments)

    @server.command(protocol.STOP_COMMAND)
    async def stop(ls: CodexServer, *_arguments: Any) -> protocol.CommandResult:
        """Stop what the other commands are doing."""
        ls.commands.stop()
        return protocol.CommandResult(status="completed")

    @server.command(protocol.SELECT_PROFILE_COMMAND)
    async def choose_profile(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Choose who answers from now on."""
        chosen = _read(ls, ProfileArguments, arguments)
        return await _carry_out(ls, select_profile(chosen, ls.settings, ls.window, ls.commands))

    @server.command(protocol.SELECT_MODEL_COMMAND)
    async def choose_model(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Choose which model of the profile's server answers from now on."""
        chosen = _read(ls, ModelArguments, arguments)
        return await _carry_out(ls, select_model(chosen, ls.exec_context, ls.window, ls.commands))

    @server.command(protocol.SELECT_EFFORT_COMMAND)
    async def choose_effort(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Choose how hard models think from now on."""
        chosen = _read(ls, EffortArguments, arguments)
        return await _carry_out(ls, select_effort(chosen, ls.window, ls.commands))

    @server.command(protocol.DOCTOR_COMMAND)
    async def show_examination(ls: CodexServer, *arguments: Any) -> protocol.CommandResult:
        """Examine a profile, and show what was found."""
        asked = _read(ls, DoctorArguments, arguments)
        token = work_done_token.get()
        return await _carry_out(ls, examine(asked, token, ls.exec_context, ls.window, ls.commands))


# ---- what these have in common -------------------------------------------------------------------


async def _turn(
    ls: CodexServer, command: str, arguments: tuple[Any, ...]
) -> protocol.CommandResult:
    asked = _read(ls, AskArguments, arguments)
    token = work_done_token.get()
    turn = TurnCommand(command, asked, token, ls.exec_context, ls.window, ls.commands)
    return await _carry_out(ls, turn.run())


async def _carry_out(
    ls: CodexServer, command: Coroutine[Any, Any, protocol.CommandResult]
) -> protocol.CommandResult:
    return await carry_out(command, ls.window, ls.commands, ls.start_task)


def _read(ls: CodexServer, model: type[ArgumentsT], arguments: tuple[Any, ...]) -> ArgumentsT:
    """Return a command's argument, checked. Raises InvalidParams, which is also shown to the user."""
    try:
        return model.read(arguments[0] if arguments else None)
    except InvalidParams as error:
        ls.window.message(Level.Error, f"Codex: {error.message}", error.hint)
        raise


async def _register_for_settings(ls: CodexServer) -> None:
    """Register for changes of settings; without it some clients send none."""
    registration = types.Registration(
        id=str(uuid.uuid4()),
        method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
        register_options={"section": protocol.SETTINGS_SECTION},
    )
    with contextlib.suppress(JsonRpcException):
        await ls.client_register_capability_async(types.RegistrationParams([registration]))


def _options(params: types.InitializeParams) -> Mapping[str, Any]:
    """Return `initializationOptions.codex`; what is no object reads as absent."""
    return _object(_object(params.initialization_options).get("codex"))


def _announced(capabilities: types.ClientCapabilities) -> Mapping[str, Any]:
    """Return what a client that is made for this server announces; nothing of others."""
    return _object(_object(capabilities.experimental).get("codex"))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
