"""A toolbox in a folder, and what it does with calls."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codex_ls.agent.approval import ApprovalPolicy, ApprovalRequest, Approvals, Decision
from codex_ls.agent.toolbox import Toolbox, ToolResult
from codex_ls.agent.undo import UndoStore
from codex_ls.agent.workspace import Workspace
from codex_ls.events import CommandItem, FileChangeItem, ItemChanged, ItemOutput
from codex_ls.sandbox.policy import policy_for
from codex_ls.wire import ToolCall


@dataclass
class Box:
    """A toolbox over `root`; `answers` are the user's, in order, and `asked` what was asked."""

    root: Path
    mode: str = "workspace-write"
    approval: ApprovalPolicy = "on-request"
    answers: list[Decision] = field(default_factory=list)
    asked: list[ApprovalRequest] = field(default_factory=list)
    events: list[ItemChanged | ItemOutput] = field(default_factory=list)
    table: dict[str, Any] = field(default_factory=lambda: {"exclude_slash_tmp": True})

    def __post_init__(self) -> None:
        home = self.root.parent
        policy = policy_for(self.mode, self.root, table=self.table, env={"HOME": str(home)})
        self.undo = UndoStore(home / "undo")
        self.toolbox = Toolbox(
            Workspace(policy),
            Approvals(self.approval, self._answer),
            turn_id="turn",
            undo=self.undo,
            env=os.environ,
        )

    async def _answer(self, request: ApprovalRequest) -> Decision:
        self.asked.append(request)
        return self.answers.pop(0)

    async def call(self, name: str, **arguments: Any) -> ToolResult:
        """The result of one call."""
        return await self.toolbox.run(
            ToolCall("id", name, json.dumps(arguments)), self.events.append
        )

    @property
    def ends(self) -> list[tuple[str, str]]:
        """Kind and status of each completed item."""
        return [
            (type(event.item).__name__, getattr(event.item, "status", ""))
            for event in self.events
            if isinstance(event, ItemChanged) and event.stage == "completed"
        ]

    @property
    def last_command(self) -> CommandItem:
        """The last command that ended."""
        items = [
            e.item for e in self.events if isinstance(e, ItemChanged) and e.stage == "completed"
        ]
        return next(item for item in reversed(items) if isinstance(item, CommandItem))

    @property
    def last_change(self) -> FileChangeItem:
        """The last change of files that ended."""
        items = [
            e.item for e in self.events if isinstance(e, ItemChanged) and e.stage == "completed"
        ]
        return next(item for item in reversed(items) if isinstance(item, FileChangeItem))
