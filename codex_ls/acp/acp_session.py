"""One session of a client: a thread, its folder, what was selected for it, and its running turn."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from acp.exceptions import RequestError
from acp.helpers import update_agent_message_text
from acp.interfaces import Client
from acp.schema import (
    AllowedOutcome,
    AvailableCommandsUpdate,
    ConfigOptionUpdate,
    PermissionOption,
    PermissionOptionKind,
    PromptResponse,
    SessionConfigOptionSelect,
)
from pydantic import ValidationError

from codex_ls.acp.client_files import ClientFiles
from codex_ls.acp.config_options import Selected, config_options, select
from codex_ls.acp.prompt_content import Block, PromptContent, read_prompt_content
from codex_ls.acp.session_updates import (
    TurnUpdates,
    Update,
    prompt_usage,
    replayed,
    shown_notice,
    stop_reason,
)
from codex_ls.acp.shown_calls import asked_call, fenced
from codex_ls.acp.slash_commands import (
    BUILT_IN,
    SELECTING,
    available_commands,
    choices,
    own_prompt,
)
from codex_ls.agent.agent import Agent, Permissions, require_undo_store
from codex_ls.agent.approval import ApprovalRequest, Decision
from codex_ls.agent.workspace import Workspace
from codex_ls.config.custom_prompts import command_in, expanded
from codex_ls.config.load import Config, load_config
from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.profile import resolve
from codex_ls.errors import InvalidParams
from codex_ls.events import Notice, TurnFinished
from codex_ls.turn.kept_thread import KeptTurn
from codex_ls.turn.session import Session, Turn, TurnRequest
from codex_ls.turn.thread import Thread

ANSWER_TIMEOUT_S: Final = 600.0
"""A permission that is not answered for so long is declined; cancelling ends the turn at any time."""

_ALWAYS: Final = {
    "edit": "Allow every edit in this session",
    "command": "Always allow this command",
}
_OPTIONS: Final[Mapping[str, tuple[str, PermissionOptionKind, Decision]]] = {
    "allow_once": ("Allow", "allow_once", "accept"),
    "allow_always": ("Always allow", "allow_always", "acceptForSession"),
    "reject_once": ("Reject", "reject_once", "decline"),
}


class Outbox(Protocol):
    """Where updates go (`LineTransport` is one)."""

    @property
    def is_congested(self) -> bool:
        """Whether the client reads too slowly."""

    async def room(self) -> None:
        """Wait until it has read."""


@dataclass(frozen=True, slots=True)
class AcpOptions:
    """What the command line says, for every session of the process."""

    overrides: tuple[str, ...] = ()
    selected: Selected = field(default_factory=Selected)
    local_only: bool = False
    permissions: Permissions = field(default_factory=Permissions)
    has_tools: bool = True
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)


class AcpSession:
    """One conversation in one folder; at most one turn runs in it."""

    def __init__(
        self,
        turns: Session,
        client: Client,
        outbox: Outbox,
        thread: Thread,
        folder: Path,
        options: AcpOptions,
        *,
        reads_files: bool = False,
    ) -> None:
        """`reads_files`: the client offers `fs/read_text_file`.

        Raises CodexError where the configuration does not say which model to ask.
        """
        self.thread = thread
        self.folder = folder
        self._turns = turns
        self._client = client
        self._outbox = outbox
        self._options = options
        self._selected = options.selected
        config = self._config()
        self._home = config.path.parent
        self.notices: list[Notice] = [*config.problems]
        """Told with the next turn: until then a client has no place for them."""
        self._settings = self._resolved(config, self._selected)
        self._agent: tuple[ModelSettings, Agent] | None = None
        self._is_busy = False
        self._stop = asyncio.Event()
        self._turn: Turn | None = None
        self._updates: TurnUpdates | None = None
        self._commands: AvailableCommandsUpdate | None = None
        files = ClientFiles(client, thread.thread_id, folder, self._stop) if reads_files else None
        self._unsaved = None if files is None else files.unsaved

    @property
    def is_busy(self) -> bool:
        """Whether a turn runs."""
        return self._is_busy

    def config_options(self) -> list[SessionConfigOptionSelect]:
        """Return profile, model and effort with what can be selected. Raises CodexError."""
        return config_options(self._config(), self._settings)

    def select(self, option: str, value: object) -> None:
        """Select a profile, a model or an effort for the turns to come. Raises CodexError."""
        selected = select(self._selected, option, value)
        self._settings = self._resolved(self._config(), selected)
        self._selected = selected

    async def announce_commands(self) -> None:
        """Send the commands of the session, if they are not those that were sent last."""
        commands = await asyncio.to_thread(available_commands, self._home)
        if commands != self._commands:
            self._commands = commands
            await self._send(commands)

    async def replay(self, kept: tuple[KeptTurn, ...]) -> None:
        """Send the turns of the thread, as they were."""
        for turn in kept:
            for update in replayed(turn, self._settings):
                await self._send(update)

    def cancel(self) -> None:
        """End the turn that runs, whatever it waits for."""
        self._stop.set()
        if self._turn is not None:
            self._turn.cancel()

    async def prompt(self, blocks: list[Block]) -> PromptResponse:
        """Run one turn. Raises CodexError, and InvalidParams while another one runs."""
        if self._is_busy:
            raise InvalidParams(
                "A turn is running in this session.", hint="Cancel it, or wait for its end."
            )
        # Before anything is waited for: a cancellation may be the very next message.
        self._is_busy = True
        self._stop.clear()
        try:
            response = await self._run(blocks)
            await self.announce_commands()
            return response
        finally:
            self._is_busy, self._turn, self._updates = False, None, None

    async def _run(self, blocks: list[Block]) -> PromptResponse:
        config = self._config()
        settings = self._settings = self._resolved(config, self._selected)
        workspace = Workspace(self._agent_for(settings).policy, unsaved=self._unsaved)
        content = await asyncio.to_thread(read_prompt_content, blocks, workspace)
        command = command_in(content.text)
        if command is None:
            return await self._ask_model(content, settings)
        name, argument = command
        if name in BUILT_IN:
            text = await self._carry_out(name, argument)
            await self._send(update_agent_message_text(text))
            return PromptResponse(stop_reason="cancelled" if self._stop.is_set() else "end_turn")
        prompt = own_prompt(self._home, name)
        selected = replace(
            self._selected,
            model=prompt.model or self._selected.model,
            effort=prompt.effort or self._selected.effort,
        )
        content = replace(content, text=expanded(prompt, argument))
        return await self._ask_model(content, self._resolved(config, selected))

    async def _carry_out(self, name: str, argument: str) -> str:
        """Carry out a built-in command; return what to say. Raises CodexError."""
        if name in SELECTING:
            if argument:
                self.select(name, argument)
                update = ConfigOptionUpdate(
                    session_update="config_option_update", config_options=[*self.config_options()]
                )
                await self._send(update)
            return choices(next(each for each in self.config_options() if each.id == name))
        store = require_undo_store(self._options.env)
        if name == "diff":
            text = await asyncio.to_thread(store.diff_last, self.folder)
            return fenced(text, "diff")
        text, _ = await asyncio.to_thread(store.undo_last, self.folder)
        return fenced(text)

    async def _ask_model(self, content: PromptContent, settings: ModelSettings) -> PromptResponse:
        agent = self._agent_for(settings)
        has_tools = self._options.has_tools and self._sandbox_mode(settings) is not None
        turn = self._turns.start(
            TurnRequest(
                prompt=content.words,
                thread_id=self.thread.thread_id,
                images=content.images,
                folder=str(self.folder),
                tools=agent if has_tools else None,
            ),
            settings,
        )
        updates = self._updates = TurnUpdates(settings, self.folder)
        self._turn = turn
        if self._stop.is_set():
            turn.cancel()
        finished: TurnFinished | None = None
        async with aclosing(turn):
            while self.notices:
                await self._send(update_agent_message_text(shown_notice(self.notices.pop(0))))
            async for event in turn:
                if (update := updates.of(event)) is not None:
                    await self._send(update)
                if isinstance(event, TurnFinished):
                    finished = event
        assert finished is not None
        if finished.error is not None:
            raise finished.error
        return PromptResponse(stop_reason=stop_reason(finished), usage=prompt_usage(finished.usage))

    async def ask(self, request: ApprovalRequest) -> Decision:
        """Ask the client for a permission; whatever is no permission declines."""
        updates = self._updates
        if updates is None:
            return "decline"
        always = _ALWAYS["edit" if request.kind == "edit" else "command"]
        options = [
            PermissionOption(
                option_id=key, name=always if kind == "allow_always" else name, kind=kind
            )
            for key, (name, kind, _) in _OPTIONS.items()
        ]
        call = asked_call(request, updates.call_id(request.item_id))
        try:
            async with asyncio.timeout(self._options.answer_timeout_s):
                answer = await self._client.request_permission(
                    session_id=self.thread.thread_id, tool_call=call, options=options
                )
        except (TimeoutError, ConnectionError, RequestError, ValidationError):
            return "decline"
        if not isinstance(answer.outcome, AllowedOutcome):
            return "cancel"
        chosen = _OPTIONS.get(answer.outcome.option_id)
        return "decline" if chosen is None else chosen[2]

    def _config(self) -> Config:
        return load_config(env=self._options.env, overrides=self._options.overrides)

    def _resolved(self, config: Config, selected: Selected) -> ModelSettings:
        return resolve(
            config,
            profile=selected.profile,
            model=selected.model,
            effort=selected.effort,
            local_only=self._options.local_only,
        )

    def _sandbox_mode(self, settings: ModelSettings) -> str | None:
        return self._options.permissions.sandbox_mode or settings.sandbox_mode

    def _agent_for(self, settings: ModelSettings) -> Agent:
        """Return the tools of the next turn, which also say which files may be read."""
        if self._agent is None or self._agent[0] != settings:
            agent = Agent(
                settings,
                self.folder,
                self._options.permissions,
                ask=self.ask,
                env=self._options.env,
                unsaved=self._unsaved,
            )
            before = self._agent[1] if self._agent is not None else None
            if before is not None and before.approvals.policy == agent.approvals.policy:
                agent.approvals = before.approvals  # what was allowed stays allowed
            self._agent = settings, agent
        return self._agent[1]

    async def _send(self, update: Update) -> None:
        await self._client.session_update(session_id=self.thread.thread_id, update=update)
        if self._outbox.is_congested and not self._stop.is_set():
            waits: list[asyncio.Future[object]] = [
                asyncio.ensure_future(self._outbox.room()),
                asyncio.ensure_future(self._stop.wait()),
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
