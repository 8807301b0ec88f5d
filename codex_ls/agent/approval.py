"""When the user is asked: Codex's table of `approval_policy`, sandbox and kind of action.

| policy | a command | a command outside of the sandbox | an edit inside of the roots | outside |
|---|---|---|---|---|
| `untrusted` | asks, unless it only reads | asks | asks | asks |
| `on-failure`, `on-request` | runs in the sandbox | asks | is made | asks |
| `never` | runs in the sandbox | see below | is made | refused |

Where no sandbox can hold the command, it is one outside of the sandbox. Under `never` a model's wish to
leave the sandbox is passed over: the command runs inside, and its error says what is missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from codex_ls.agent.safe_commands import is_known_safe
from codex_ls.agent.workspace import Change
from codex_ls.sandbox.policy import Policy

ApprovalPolicy = Literal["untrusted", "on-failure", "on-request", "never"]
Verdict = Literal["run", "ask", "refuse"]
Decision = Literal["accept", "acceptForSession", "decline", "cancel"]
DECISIONS: tuple[Decision, ...] = ("accept", "acceptForSession", "decline", "cancel")


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What the user is asked to allow."""

    kind: Literal["command", "edit", "escalate"]
    """`escalate`: a command that would run without the sandbox."""
    reason: str = ""
    """Why, in the model's or our own words; not safe to show as it is."""
    command: str = ""
    cwd: Path | None = None
    changes: tuple[Change, ...] = ()
    item_id: str = ""
    """The item that waits for the answer."""


def visible(text: str) -> str:
    """Return a command with what a screen would not show, or would obey, as escapes."""
    return "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


Approver = Callable[[ApprovalRequest], Awaitable[Decision]]


async def nobody_to_ask(_request: ApprovalRequest) -> Decision:
    """Decline: there is nobody at this surface who could answer."""
    return "decline"


class Cancelled(Exception):
    """The user ended the turn instead of answering."""


@dataclass(slots=True)
class Approvals:
    """What may be done unasked, and what the user has allowed for this session."""

    policy: ApprovalPolicy
    ask: Approver = nobody_to_ask
    _commands: set[tuple[str, str]] = field(default_factory=set)
    """(kind, command) as the user saw it: exactly this command, and no other that begins like it."""
    _all_edits: bool = False

    def of_command(
        self, command: str, policy: Policy, *, wants_escalation: bool, can_enforce: bool
    ) -> Verdict:
        """Return what the table says of a command."""
        is_free = policy.is_sandboxed and (wants_escalation or not can_enforce)
        if self.policy == "never":
            return "run" if can_enforce else "refuse"
        if self.policy == "untrusted":
            return "run" if is_known_safe(command) and can_enforce else "ask"
        return "ask" if is_free else "run"

    def of_edit(self, changes: tuple[Change, ...], policy: Policy) -> Verdict:
        """Return what the table says of an edit."""
        if self.policy == "untrusted":
            return "ask"
        if all(policy.may_write(change.path) for change in changes):
            return "run"
        return "refuse" if self.policy == "never" else "ask"

    async def allowed(self, request: ApprovalRequest) -> bool:
        """Ask the user, unless the same was allowed before. Raises Cancelled."""
        key = (request.kind, request.command)
        if request.kind == "edit" and self._all_edits:
            return True
        if request.kind != "edit" and key in self._commands:
            return True
        decision = await self.ask(request)
        if decision == "cancel":
            raise Cancelled
        if decision == "acceptForSession":
            if request.kind == "edit":
                self._all_edits = True
            else:
                self._commands.add(key)
        return decision in ("accept", "acceptForSession")
