"""Codex's table of approvals, and the commands that only read."""

from pathlib import Path

import pytest

from codex_ls.agent.approval import (
    ApprovalPolicy,
    ApprovalRequest,
    Approvals,
    Cancelled,
    Decision,
    Verdict,
)
from codex_ls.agent.safe_commands import is_known_safe
from codex_ls.agent.workspace import Change
from codex_ls.sandbox.policy import Policy, SandboxMode

ROOT = Path("/w")


def policy(mode: SandboxMode = "workspace-write") -> Policy:
    return Policy(mode, ROOT, (ROOT,) if mode == "workspace-write" else ())


@pytest.mark.parametrize(
    ("name", "command", "escalates", "can_enforce", "verdict"),
    [
        ("untrusted", "ls", False, True, "run"),
        ("untrusted", "ls", False, False, "ask"),
        ("untrusted", "make", False, True, "ask"),
        ("on-failure", "make", False, True, "run"),
        ("on-request", "make", False, True, "run"),
        ("on-request", "make", True, True, "ask"),
        ("on-request", "ls", False, False, "ask"),
        ("never", "make", False, True, "run"),
        ("never", "make", True, True, "run"),
        ("never", "ls", False, False, "refuse"),
    ],
)
def test_commands(
    name: ApprovalPolicy, command: str, escalates: bool, can_enforce: bool, verdict: Verdict
) -> None:
    found = Approvals(name).of_command(
        command, policy(), wants_escalation=escalates, can_enforce=can_enforce
    )
    assert found == verdict


def test_with_full_access_only_untrusted_asks() -> None:
    free = policy("danger-full-access")
    verdicts = [
        Approvals(name).of_command("make", free, wants_escalation=False, can_enforce=True)
        for name in ("untrusted", "on-failure", "on-request", "never")
    ]
    assert verdicts == ["ask", "run", "run", "run"]


@pytest.mark.parametrize(
    ("name", "path", "mode", "verdict"),
    [
        ("untrusted", "/w/a", "workspace-write", "ask"),
        ("on-request", "/w/a", "workspace-write", "run"),
        ("on-request", "/x/a", "workspace-write", "ask"),
        ("on-request", "/w/a", "read-only", "ask"),
        ("never", "/w/a", "workspace-write", "run"),
        ("never", "/w/a", "read-only", "refuse"),
        ("never", "/x/a", "danger-full-access", "run"),
    ],
)
def test_edits(name: ApprovalPolicy, path: str, mode: SandboxMode, verdict: Verdict) -> None:
    changes = (Change(Path(path), None, b"x"),)
    assert Approvals(name).of_edit(changes, policy(mode)) == verdict


async def test_what_is_allowed_for_the_session_is_that_command_alone() -> None:
    asked: list[str] = []
    answers: dict[str, Decision] = {"make": "acceptForSession", "ls": "decline"}

    async def ask(request: ApprovalRequest) -> Decision:
        asked.append(request.command)
        return answers.get(request.command, "decline")

    approvals = Approvals("untrusted", ask)
    commands = ("make", "make", "make clean", "make; rm -rf /", "ls", "ls")
    allowed = [await approvals.allowed(ApprovalRequest("command", "", c)) for c in commands]
    assert allowed == [True, True, False, False, False, False]
    # The same command outside of the sandbox is another question.
    assert (
        not await approvals.allowed(ApprovalRequest("escalate", "", "make")) or asked[-1] == "make"
    )
    assert asked == ["make", "make clean", "make; rm -rf /", "ls", "ls", "make"]


async def test_cancel_ends_the_turn() -> None:
    async def ask(_: ApprovalRequest) -> Decision:
        return "cancel"

    with pytest.raises(Cancelled):
        await Approvals("untrusted", ask).allowed(ApprovalRequest("command", "", "make"))


@pytest.mark.parametrize(
    "command",
    [
        "ls -la", "cat a.py | head -n 5 && wc -l b.py; true", "grep -rn 'a b' src", "cd src",
        "rg --hidden foo", "find . -name '*.py'", "sed -n 1,200p file.c", "sed -n '5p' file",
        "git status --no-ext-diff --no-textconv", "git log --no-textconv --no-ext-diff -5",
        'echo "hello world"', "ls || false",
    ],
)  # fmt: skip
def test_commands_that_only_read(command: str) -> None:
    assert is_known_safe(command)


@pytest.mark.parametrize(
    "command",
    [
        "", "make", "rm a", "ls > a", "ls >a", "cat < a", "ls $(rm a)", "ls `rm a`", "echo $HOME",
        'echo "$(rm a)"', 'echo "`rm a`"', "ls & rm a", "ls\nrm a", "A=1 ls", "ls; A=1", "(ls)", "{ ls; }",
        "find . -exec rm {} +", "find . -delete", "find . -fprintf a b", "rg --pre sh x", "rg --pre=sh x",
        "rg -z x", "rg -nz x", "rg --search-zip x", "rg --hostname-bin=x y", "sed -i s/a/b/ c",
        "sed -n w/x c", "sed -n 1,2p -i", "sed -n '1e rm' x", "git status", "git log --no-ext-diff",
        "git diff --no-ext-diff --no-textconv --output=x", "git diff --no-ext-diff --no-textconv --outp x",
        "git -c core.pager=sh log --no-ext-diff --no-textconv", "git --paginate log --no-ext-diff --no-textconv",
        "git diff --ext-diff --no-ext-diff --no-textconv", "git push --no-ext-diff --no-textconv",
        "ls;;rm", "ls |", "cat ~/.ssh/id", "ls *", "echo a#b", "/tmp/ls", "./ls", "ls 'a'b", "head -n5 a\\ b",
        "tee a", "env ls", "xargs ls", "which -a ls; sh", "bash -c ls",
    ],
)  # fmt: skip
def test_commands_that_may_do_more(command: str) -> None:
    assert not is_known_safe(command)
