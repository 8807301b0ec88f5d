"""One tool call, done as far as policy and user allow: what the model gets back, and what people see.

Every call has exactly one result, whatever happens; what happens on the way goes out as items.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from codex_ls.agent.approval import ApprovalRequest, Approvals, Cancelled
from codex_ls.agent.file_changes import edited, of_patch, written
from codex_ls.agent.patch import patch_in_command
from codex_ls.agent.reading_tools import list_files, read_file, search
from codex_ls.agent.tool_specs import FormatError, arguments_of, tool_named
from codex_ls.agent.undo import UndoStore
from codex_ls.agent.workspace import Change, ToolError, Workspace
from codex_ls.events import (
    CommandItem,
    FileChange,
    FileChangeItem,
    ItemChanged,
    ItemOutput,
    ItemStatus,
    PlanItem,
    ToolItem,
)
from codex_ls.sandbox.confine import SandboxUnavailable, find_sandbox, run_sandboxed
from codex_ls.sandbox.policy import Policy, command_environment
from codex_ls.sandbox.process import CommandResult
from codex_ls.sanitize import Sanitizer, sanitize
from codex_ls.wire import Tool, ToolCall

Emit = Callable[[ItemChanged | ItemOutput], None]
Outcome = Literal["ok", "error", "format", "declined"]

_TIMEOUT_S: Final = 120.0
_MAX_TIMEOUT_S: Final = 600.0
_DENIED = re.compile(
    r"permission denied|read-only file system|operation not permitted|network is unreachable"
    r"|could not resolve|name resolution|connection refused",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model is told."""

    text: str
    outcome: Outcome = "ok"


class Toolbox:
    """Runs the calls of one turn. Raises Cancelled where the user ends the turn."""

    def __init__(
        self,
        workspace: Workspace,
        approvals: Approvals,
        *,
        turn_id: str,
        undo: UndoStore | None,
        env: Mapping[str, str],
        secrets: tuple[str, ...] = (),
        max_result_chars: int = 16_000,
    ) -> None:
        self.workspace = workspace
        self._approvals = approvals
        self._turn_id = turn_id
        self._undo = undo
        self._env = env
        self._secrets = secrets
        self.max_result_chars = max_result_chars
        self._count = 0

    @property
    def policy(self) -> Policy:
        """What the user allows."""
        return self.workspace.policy

    async def run(self, call: ToolCall, emit: Emit) -> ToolResult:
        """Do one call. Its items are emitted as they change, at least one completed item."""
        begun = self._count
        about = "{}"
        try:
            tool = tool_named(call.name)
            arguments = arguments_of(tool, call.arguments)
            about = json.dumps({"path": arguments["path"]}) if "path" in arguments else about
            result = await self._dispatch(tool, arguments, emit)
        except _Declined as error:
            return ToolResult(str(error), "declined")
        except (ToolError, OSError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            if self._count == begun:  # nothing has begun: people see what was asked for in vain
                name = sanitize(call.name)[:100]
                item = ToolItem(
                    self._next_id(), name, about, error=sanitize(reason), status="failed"
                )
                emit(ItemChanged("completed", item))
            outcome: Outcome = "format" if isinstance(error, FormatError) else "error"
            return ToolResult(self._cut(f"error: {reason}"), outcome)
        return ToolResult(self._cut(result.text), result.outcome)

    async def _dispatch(self, tool: Tool, arguments: dict[str, Any], emit: Emit) -> ToolResult:
        match tool.name:
            case "shell":
                return await self._shell(arguments, emit)
            case "edit_file":
                return await self._change(
                    await asyncio.to_thread(edited, self.workspace, arguments), emit
                )
            case "write_file":
                return await self._change(
                    await asyncio.to_thread(written, self.workspace, arguments), emit
                )
            case "apply_patch":
                return await self._patch("", arguments["input"], emit)
            case "update_plan":
                return self._plan(arguments, emit)
        item = ToolItem(self._next_id(), tool.name, json.dumps(arguments, ensure_ascii=False))
        emit(ItemChanged("started", item))
        try:
            if tool.name == "read_file":
                text = await asyncio.to_thread(
                    read_file, self.workspace, arguments, max_chars=self.max_result_chars
                )
            elif tool.name == "list_files":
                text = await asyncio.to_thread(list_files, self.workspace, arguments)
            else:
                text = await search(self.workspace, arguments, self._env)
        except ToolError as error:
            emit(
                ItemChanged("completed", replace(item, status="failed", error=sanitize(str(error))))
            )
            raise
        except BaseException:
            emit(ItemChanged("completed", replace(item, status="failed")))
            raise
        result = sanitize(self._cut(text))
        emit(ItemChanged("completed", replace(item, status="completed", result=result)))
        return ToolResult(text)

    # ---- writing -------------------------------------------------------------------------------

    async def _patch(self, folder: str, text: str, emit: Emit) -> ToolResult:
        return await self._change(
            await asyncio.to_thread(of_patch, self.workspace, folder, text), emit
        )

    async def _change(self, changes: list[Change], emit: Emit) -> ToolResult:
        """Make changes that are allowed, or that the user allows; all of them or none."""
        changes = [change for change in changes if change.before != change.after]
        if not changes:
            return ToolResult("nothing to change: the file is already so")
        shown = tuple(
            FileChange(
                sanitize(str(change.path)),
                change.kind,
                change.diff(self.policy.workspace),
                sanitize(self.workspace.shown(change.path)),
            )
            for change in changes
        )
        item = FileChangeItem(self._next_id(), shown)
        emit(ItemChanged("started", item))
        done: list[Change] = []
        try:
            await self._may_change(tuple(changes), item.item_id)
            for change in changes:
                if self._undo is not None:
                    self._undo.keep(self._turn_id, self.policy.workspace, change)
                self.workspace.apply(change)
                done.append(change)
        except BaseException as error:
            for change in reversed(done):  # by a full disk, or somebody else's hand in between
                self.workspace.apply(Change(change.path, change.after, change.before))
            emit(ItemChanged("completed", replace(item, status=_status_of(error))))
            raise
        emit(ItemChanged("completed", replace(item, status="completed")))
        names = ", ".join(
            f"{self.workspace.shown(change.path)} ({change.kind})" for change in changes
        )
        return ToolResult(f"done: {names}")

    async def _may_change(self, changes: tuple[Change, ...], item_id: str) -> None:
        verdict = self._approvals.of_edit(changes, self.policy)
        if verdict == "refuse":
            raise _Declined(f"refused: the sandbox is {self.policy.mode}, and nobody can be asked")
        if verdict == "ask" and not await self._approvals.allowed(
            ApprovalRequest("edit", cwd=self.policy.workspace, changes=changes, item_id=item_id)
        ):
            raise _Declined("declined: the user does not want this change")

    # ---- commands ------------------------------------------------------------------------------

    async def _shell(self, arguments: dict[str, Any], emit: Emit) -> ToolResult:
        command = arguments["command"]
        if not command.strip() or "\0" in command:
            raise ToolError("the command is empty or has a NUL character in it")
        patch = patch_in_command(command)
        if patch is not None:
            folder = "/".join(filter(None, (arguments.get("workdir", ""), patch[0])))
            return await self._patch(folder, patch[1], emit)
        cwd = self.workspace.readable(arguments.get("workdir") or ".")
        if not cwd.is_dir():
            raise ToolError(f"workdir {arguments['workdir']} is not a folder")
        timeout_s = arguments.get("timeout_ms", 0) / 1000
        timeout_s = min(timeout_s if timeout_s > 0 else _TIMEOUT_S, _MAX_TIMEOUT_S)
        item = CommandItem(self._next_id(), sanitize(command), str(cwd))
        emit(ItemChanged("started", item))
        try:
            reason = arguments.get("justification", "")
            policy = await self._command_policy(item, command, cwd, reason)
            result = await self._run(item, command, policy, cwd, timeout_s, emit)
            if await self._wants_to_run_freely(item, command, cwd, policy, result):
                policy = replace(policy, mode="danger-full-access")
                result = await self._run(item, command, policy, cwd, timeout_s, emit)
        except BaseException as error:
            emit(ItemChanged("completed", replace(item, status=_status_of(error))))
            raise
        output = sanitize(result.output)
        status: ItemStatus = "completed" if result.exit_code == 0 else "failed"
        emit(
            ItemChanged(
                "completed", replace(item, status=status, output=output, exit_code=result.exit_code)
            )
        )
        ended = (
            f"stopped after {timeout_s:g} seconds"
            if result.exit_code is None
            else f"exit code {result.exit_code}"
        )
        return ToolResult(f"{ended}\n{result.output}".rstrip())

    async def _command_policy(
        self, item: CommandItem, command: str, cwd: Path, justification: str
    ) -> Policy:
        """Return what the command may do, once the user has allowed it where that is needed."""
        sandbox = await find_sandbox()
        can_enforce = sandbox.can_enforce(self.policy)
        wants_escalation = bool(justification.strip()) and self.policy.is_sandboxed
        verdict = self._approvals.of_command(
            command, self.policy, wants_escalation=wants_escalation, can_enforce=can_enforce
        )
        if verdict == "run":
            return self.policy
        if verdict == "refuse":
            raise _Declined(
                f"refused: no sandbox can hold the command ({sandbox.reason}), and nobody can be asked"
            )
        is_free = self.policy.is_sandboxed and (wants_escalation or not can_enforce)
        reason = justification if wants_escalation else "" if can_enforce else sandbox.reason
        kind: Literal["escalate", "command"] = "escalate" if is_free else "command"
        request = ApprovalRequest(kind, reason, command, cwd, item_id=item.item_id)
        if not await self._approvals.allowed(request):
            raise _Declined("declined: the user does not want this command")
        return replace(self.policy, mode="danger-full-access") if is_free else self.policy

    async def _wants_to_run_freely(
        self, item: CommandItem, command: str, cwd: Path, policy: Policy, result: CommandResult
    ) -> bool:
        """Under `on-failure`: ask whether to repeat what the sandbox seems to have stopped."""
        if self._approvals.policy != "on-failure" or not policy.is_sandboxed:
            return False
        if result.exit_code in (0, None) or not _DENIED.search(result.output):
            return False
        reason = f"It failed in the sandbox: {result.output.strip().splitlines()[-1][:200]}"
        request = ApprovalRequest("escalate", reason, command, cwd, item_id=item.item_id)
        return await self._approvals.allowed(request)

    async def _run(
        self,
        item: CommandItem,
        command: str,
        policy: Policy,
        cwd: Path,
        timeout_s: float,
        emit: Emit,
    ) -> CommandResult:
        clean = Sanitizer()

        def on_output(text: str) -> None:
            if text := clean.feed(text):
                emit(ItemOutput(item.item_id, text))

        env = command_environment(self._env, policy, secrets=self._secrets)
        try:
            return await run_sandboxed(
                command, policy, cwd=cwd, env=env, timeout_s=timeout_s, on_output=on_output
            )
        except SandboxUnavailable as error:
            raise _Declined(f"refused: {error}") from None

    # ---- the rest ------------------------------------------------------------------------------

    def _plan(self, arguments: dict[str, Any], emit: Emit) -> ToolResult:
        steps = tuple(
            (sanitize(str(step.get("step", "")))[:500], step.get("status") == "completed")
            for step in arguments["plan"][:50]
            if isinstance(step, dict)
        )
        emit(ItemChanged("completed", PlanItem("plan", steps)))
        return ToolResult("plan updated")

    def _cut(self, text: str) -> str:
        limit = self.max_result_chars
        if len(text) <= limit:
            return text
        half = limit // 2
        return f"{text[:half]}\n[... {len(text) - limit:,} characters left out ...]\n{text[-half:]}"

    def _next_id(self) -> str:
        self._count += 1
        return f"call_{self._count}"


class _Declined(Exception):
    """The call was not allowed; the message is its result."""


def _status_of(error: BaseException) -> ItemStatus:
    return "declined" if isinstance(error, _Declined | Cancelled) else "failed"
