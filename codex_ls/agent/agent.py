"""A model with tools in one conversation: what it may do, what it is told, and its turns.

Made from the user's own configuration and command line; a workspace has no word in it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from codex_ls.agent.approval import ApprovalPolicy, Approvals, Approver, nobody_to_ask
from codex_ls.agent.call_results import Wait
from codex_ls.agent.instructions import ProjectInstructions, agent_prompt, project_instructions
from codex_ls.agent.loop import AgentEvent, AgentLoop, Ask
from codex_ls.agent.tool_specs import offered_to
from codex_ls.agent.toolbox import Toolbox
from codex_ls.agent.undo import UndoStore
from codex_ls.agent.workspace import Unsaved, Workspace
from codex_ls.agent.write_intents import WriteIntents
from codex_ls.config.load import codex_home_from
from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.sandbox.policy import Policy, policy_for
from codex_ls.turn.prompt_context import SYSTEM_PROMPT, system_prompt
from codex_ls.turn.thread_store import our_folder
from codex_ls.wire import Message, ModelCall

_OWN_FOLDERS = ("codex-ls", "prompts", "rules", "sessions")
"""What stays read-only in CODEX_HOME where the workspace itself is below it."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the user chose for a conversation; None leaves it to the configuration."""

    sandbox_mode: str | None = None
    approval_policy: str | None = None
    added_roots: tuple[Path, ...] = ()
    is_trusted: bool = True
    """An untrusted workspace is read-only, and everything but plain reading asks."""


class Agent:
    """A conversation's tools. `run` is one turn; what was allowed for the session stays."""

    def __init__(
        self,
        settings: ModelSettings,
        workspace: Path,
        permissions: Permissions = Permissions(),
        *,
        default_approval: ApprovalPolicy = "on-request",
        ask: Approver = nobody_to_ask,
        env: Mapping[str, str] = os.environ,
        unsaved: Unsaved | None = None,
    ) -> None:
        """`unsaved` gives the text of a file that is open in an editor and not saved.

        Raises InvalidParams for permissions that make no sense.
        """
        self._env = env
        self.policy = _policy(settings, workspace, permissions, env)
        approval = permissions.approval_policy or settings.approval_policy or default_approval
        if approval not in get_args(ApprovalPolicy):
            approval = "on-request"  # Codex's table form, whose parts say more than there is here
        if not permissions.is_trusted:
            approval = "untrusted"
        self.approvals = Approvals(cast("ApprovalPolicy", approval), ask)
        self._workspace = Workspace(self.policy, unsaved=unsaved, intents=write_intents(env))
        self._tools = offered_to(settings.model)
        self._window = settings.context_window
        self.project = (
            project_instructions(self.policy.workspace, window=self._window)
            if permissions.is_trusted
            else ProjectInstructions()
        )
        self._secrets = tuple(_secrets(settings, env))
        self.undo = undo_store(env) if settings.keep_history else None
        self._loop: AgentLoop | None = None

    takes_calls = False
    """It runs them itself."""

    def system_prompt(self, settings: ModelSettings) -> str:
        """Return the system text: the same for every turn of the conversation."""
        own = agent_prompt(self.policy, self.approvals.policy)
        theirs = system_prompt(
            settings.instructions, settings.developer_instructions, settings.user_instructions
        )
        parts = [own, theirs.removeprefix(SYSTEM_PROMPT).strip()]
        if self.project.text:
            parts.append(f"Instructions of this project:\n\n{self.project.text}")
        return "\n\n".join(filter(None, parts))

    def run(
        self, ask: Ask, call: ModelCall, *, turn_id: str, wait: Wait
    ) -> AsyncGenerator[AgentEvent, None]:
        """Yield the events of one turn."""
        self._workspace.remove_abandoned()
        toolbox = Toolbox(
            self._workspace,
            self.approvals,
            turn_id=turn_id,
            undo=self.undo,
            env=self._env,
            secrets=self._secrets,
        )
        leaves_out = self._loop is not None and self._loop.leaves_out_tools
        self._loop = AgentLoop(
            toolbox, self._tools, window=self._window, leaves_out_tools=leaves_out
        )
        return self._loop.run(ask, call, wait=wait)

    @property
    def steps(self) -> tuple[Message, ...]:
        """The messages that the last turn put between its question and its answer."""
        return self._loop.steps if self._loop is not None else ()

    @property
    def last_text(self) -> str:
        """The last turn's answer, without what the model said before its calls."""
        return self._loop.last_text if self._loop is not None else ""


def undo_store(env: Mapping[str, str]) -> UndoStore | None:
    """Return where the old bytes of changed files are kept; None where there is no home."""
    folder = our_folder(env)
    return UndoStore(folder / "undo", write_intents(env)) if folder is not None else None


def write_intents(env: Mapping[str, str]) -> WriteIntents | None:
    """Return the records of temporary files; None where there is no home."""
    folder = our_folder(env)
    return WriteIntents(folder / "writes") if folder is not None else None


def require_undo_store(env: Mapping[str, str]) -> UndoStore:
    """Return the same. Raises InvalidParams where there is no home."""
    store = undo_store(env)
    if store is None:
        raise InvalidParams("There is no folder for old files.", hint="Set CODEX_HOME.")
    return store


def _policy(
    settings: ModelSettings, workspace: Path, permissions: Permissions, env: Mapping[str, str]
) -> Policy:
    mode = permissions.sandbox_mode or settings.sandbox_mode or "read-only"
    own: list[Path] = []
    key_files: list[Path] = []
    try:
        home = codex_home_from(env)
    except CodexError:
        pass
    else:
        # With its config, threads and logs it is none of a command's business.
        if workspace.resolve().is_relative_to(home.resolve()):
            own += [*home.glob("*.toml"), *(home / name for name in _OWN_FOLDERS)]
            own = [path for path in own if path.exists()]
            key_files += [home / "auth.json", home / ".env"]
        else:
            own.append(home)
            key_files.append(home)
    return policy_for(
        mode if permissions.is_trusted else "read-only",
        workspace,
        table=settings.sandbox_workspace_write,
        env=env,
        added_roots=permissions.added_roots,
        own_folders=own,
        key_files=key_files,
    )


def _secrets(settings: ModelSettings, env: Mapping[str, str]) -> Iterable[str]:
    """Yield every key of the provider, whatever its variable is called."""
    provider = settings.provider
    names = (*provider.env_keys, *provider.env_http_headers.values())
    yield from (env[name] for name in names if len(env.get(name, "")) >= 8)
    yield from (value for value in provider.http_headers.values() if len(value) >= 20)
