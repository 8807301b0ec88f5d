"""`make bench-agent`: what a model does with tools, on the tasks of `agent_tasks.toml`.

Each task is one turn in a scratch folder, with the user's own profile or a built-in model, in the real
sandbox. The result of a model is one row of docs/agent-benchmark.md.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from benchmarks import llamacpp, machine
from codex_ls.agent.agent import Agent, Permissions
from codex_ls.agent.tool_specs import FormatError, arguments_of, tool_named
from codex_ls.config.load import load_config
from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.profile import resolve
from codex_ls.embedded.catalog import find
from codex_ls.errors import CodexError
from codex_ls.events import ContentDelta, ItemChanged, ReasoningDelta, TurnFinished, UsageReported
from codex_ls.sandbox.confine import run_sandboxed
from codex_ls.sandbox.policy import command_environment, policy_for
from codex_ls.turn.session import Session, TurnRequest
from codex_ls.wire import Message

TASKS = Path(__file__).with_name("agent_tasks.toml")
PAGE = machine.ROOT / "docs" / "agent-benchmark.md"
COLUMNS = (
    "model",
    "tasks done",
    "calls well formed",
    "edits applied at first try",
    "prompt tokens",
)
HEAD = f"| {' | '.join((*COLUMNS, 'first token', 'a task'))} |"
EDITS = frozenset(("edit_file", "write_file", "apply_patch"))
CHECK_S = 30.0


@dataclass(frozen=True, slots=True)
class Task:
    """One row of `agent_tasks.toml`."""

    name: str
    prompt: str
    files: Mapping[str, str]
    check: str = ""
    answer: str = ""
    unchanged: Sequence[str] = ()

    async def is_done(self, root: Path, answer: str) -> bool:
        """Whether a folder and an answer are as the task wants them."""
        if self.answer and not re.search(self.answer, answer, re.IGNORECASE):
            return False
        for name in self.unchanged:
            path = root / name
            if not path.is_file() or path.read_text() != self.files[name]:
                return False
        if not self.check:
            return True
        policy = policy_for("workspace-write", root, table={"exclude_slash_tmp": True}, env={})
        env = command_environment(os.environ, policy)
        result = await run_sandboxed(self.check, policy, cwd=root, env=env, timeout_s=CHECK_S)
        return result.exit_code == 0


@dataclass(slots=True)
class Score:
    """What one task came to."""

    is_done: bool = False
    calls: int = 0
    well_formed: int = 0
    edits: int = 0
    applied: int = 0
    prompt_tokens: int | None = None
    first_s: float | None = None
    total_s: float = 0.0
    error: str = ""

    def count(self, steps: Sequence[Message]) -> None:
        """Count the calls of a turn, and the first edit of each file."""
        results = {m.tool_call_id: m.text for m in steps if m.role == "tool"}
        seen: set[str] = set()
        for call in (call for message in steps for call in message.tool_calls):
            self.calls += 1
            try:
                tool = tool_named(call.name)
                arguments = arguments_of(tool, call.arguments)
            except FormatError:
                continue
            self.well_formed += 1
            path = str(arguments.get("path") or arguments.get("input"))
            if tool.name in EDITS and path not in seen:
                seen.add(path)
                self.edits += 1
                self.applied += results.get(call.call_id, "").startswith("done:")


@dataclass(slots=True)
class Row:
    """A model's scores."""

    model: str
    scores: list[Score] = field(default_factory=list)

    def __str__(self) -> str:
        scores = self.scores
        done = sum(score.is_done for score in scores)
        calls = (sum(s.well_formed for s in scores), sum(s.calls for s in scores))
        edits = (sum(s.applied for s in scores), sum(s.edits for s in scores))
        tokens = [s.prompt_tokens for s in scores if s.prompt_tokens is not None]
        first = [s.first_s for s in scores if s.first_s is not None]
        cells = (
            self.model,
            f"{done} of {len(scores)}",
            f"{calls[0]} of {calls[1]}",
            f"{edits[0]} of {edits[1]}",
            f"{median(tokens):,.0f}" if tokens else "",
            f"{median(first):.1f} s" if first else "",
            f"{median(s.total_s for s in scores):.0f} s",
        )
        return f"| {' | '.join(cells)} |"


def tasks() -> list[Task]:
    """Return the tasks in their order."""
    return [Task(**row) for row in tomllib.loads(TASKS.read_text(encoding="utf-8"))["task"]]


async def run(
    session: Session, settings: ModelSettings, task: Task, root: Path, *, limit_s: float
) -> Score:
    """Let a model do one task in an empty folder."""
    for name, text in task.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    score, answer = Score(), ""
    permissions = Permissions(sandbox_mode="workspace-write", approval_policy="never")
    agent = Agent(settings, root, permissions)
    started = time.perf_counter()
    turn = session.start(TurnRequest(task.prompt, tools=agent), settings)
    deadline = asyncio.get_running_loop().call_later(limit_s, turn.cancel)
    try:
        async for event in turn:
            if isinstance(event, ContentDelta | ReasoningDelta | ItemChanged):
                score.first_s = score.first_s or time.perf_counter() - started
            elif isinstance(event, UsageReported) and event.usage is not None:
                score.prompt_tokens = score.prompt_tokens or event.usage.input_tokens
            elif isinstance(event, TurnFinished):
                answer = event.last_message or event.content
                score.error = str(event.error.message) if event.error is not None else event.status
    except CodexError as error:
        score.error = error.message
    finally:
        deadline.cancel()
    score.total_s = time.perf_counter() - started
    score.count(agent.steps)
    score.is_done = await task.is_done(root, answer)
    return score


async def measure(settings: ModelSettings, chosen: Sequence[Task], *, limit_s: float) -> Row:
    """Let one model do the tasks; print each as it ends."""
    row = Row(f"{settings.model} ({settings.provider.name})")
    async with Session() as session:
        # One path for all tasks: a user stays in one folder, and the server has its prompt in its cache.
        with tempfile.TemporaryDirectory(prefix="codex-ls-bench-agent-") as scratch:
            for task in chosen:
                root = Path(scratch) / "repository"
                root.mkdir()
                score = await run(session, settings, task, root, limit_s=limit_s)
                row.scores.append(score)
                end = "done" if score.is_done else f"not done ({score.error})"
                print(f"{task.name}: {end}, {score.calls} calls, {score.total_s:.0f} s", flush=True)
                root.rename(Path(scratch) / str(len(row.scores)))
    return row


def write(row: Row) -> None:
    """Put a row into the page's table, in the place of an earlier one of that model."""
    PAGE.write_text(with_row(PAGE.read_text(encoding="utf-8"), row), encoding="utf-8")


def with_row(page: str, row: Row) -> str:
    """Return the page with a row in its table; the first row makes the table."""
    lines = page.split("\n")
    if HEAD not in lines:
        at = next(number for number, line in enumerate(lines) if line.startswith("- **"))
        lines[at:at] = [HEAD, f"|{'---|' * HEAD.count(' | ')}---|", ""]
    at = lines.index(HEAD) + 2
    end = next(n for n in range(at, len(lines)) if not lines[n].startswith("|"))
    rows = [line for line in lines[at:end] if not line.startswith(f"| {row.model} |")]
    lines[at:end] = [*rows, str(row)]
    return "\n".join(lines)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench-agent ARGS=...")
    parser.add_argument("--profile", default="embedded", help="a profile of your config.toml")
    parser.add_argument("--model", help="another model of that profile")
    parser.add_argument("--task", action="append", help="only this task; may be repeated")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one task")
    options = parser.parse_args()
    names = [task.name for task in tasks()]
    if unknown := set(options.task or ()) - set(names):
        parser.error(f"no task {', '.join(unknown)}; there are: {', '.join(names)}")
    chosen = [task for task in tasks() if not options.task or task.name in options.task]
    try:
        settings = resolve(load_config(), profile=options.profile, model=options.model)
    except CodexError as error:
        parser.error(f"{error.message} {error.hint or ''}")
    if options.profile == "embedded":
        llamacpp.fetch(find(settings.model))
        if file := llamacpp.model_file(find(settings.model)):
            os.environ["CODEX_LS_MODELS"] = str(file.parent)
    print(machine.description(), flush=True)
    # Twenty scratch conversations are none of the user's.
    settings = replace(settings, keep_history=False)
    row = asyncio.run(measure(settings, chosen, limit_s=options.limit))
    print(f"\n{HEAD}\n{row}")
    if len(chosen) == len(names):
        write(row)
        print(f"\nWritten: {PAGE.relative_to(machine.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
