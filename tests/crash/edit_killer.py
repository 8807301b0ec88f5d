"""Changes files with the tools of a model, in a process that kills itself at a given line of ours.

`python -m tests.crash.edit_killer` reads one JSON object a line: `{"root", "home", "action", "line"}`. It
forks a process that does the action and is killed (SIGKILL) before the `line`-th executed line of the
functions that write, and answers with `killed`, or `ended` if there are fewer lines.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from codex_ls.agent import agent, toolbox, undo, workspace, write_intents
from codex_ls.agent.approval import Approvals
from codex_ls.agent.toolbox import Toolbox
from codex_ls.agent.workspace import Workspace
from codex_ls.sandbox.policy import policy_for
from codex_ls.wire import ToolCall

_TRACED = {
    str(toolbox.__file__): {"_change"},
    str(undo.__file__): {"keep", "undo", "_revert", "_remove", "_write_whole"},
    str(workspace.__file__): {"apply", "_write", "_unlink", "remove_abandoned"},
    str(write_intents.__file__): {"recorded", "abandoned", "_new_record"},
}
"""The functions that write, or decide what is written."""

PATCH = (
    "*** Begin Patch\n*** Add File: new/d.txt\n+d\n*** Delete File: c.txt\n"
    "*** Update File: b.txt\n*** Move to: e.txt\n@@\n-b three\n+b four\n*** End Patch"
)
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("write_file", {"path": "a.txt", "content": "a two\n" * 1000}),
    ("edit_file", {"path": "b.txt", "old": "b one", "new": "b two"}),
    ("edit_file", {"path": "b.txt", "old": "b two", "new": "b three"}),
    ("apply_patch", {"input": PATCH}),
)


def environment(home: Path) -> dict[str, str]:
    return {"CODEX_HOME": str(home), "HOME": str(home)}


def act(root: Path, home: Path, action: str) -> None:
    """Make the changes of a turn, or undo them."""
    env = environment(home)
    store = agent.undo_store(env)
    assert store is not None
    if action == "undo":
        store.undo("turn")
        return
    policy = policy_for("workspace-write", root, table={}, env=env)
    box = Toolbox(
        Workspace(policy, intents=agent.write_intents(env)),
        Approvals("never"),
        turn_id="turn",
        undo=store,
        env=env,
    )

    async def call_all() -> None:
        for name, arguments in CALLS:
            result = await box.run(ToolCall("id", name, json.dumps(arguments)), lambda _: None)
            assert result.outcome == "ok", result

    asyncio.run(call_all())


def _kill_before(line: int) -> None:
    left = line

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_name not in _TRACED.get(frame.f_code.co_filename, ()):
            return None
        if event == "line":
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def main() -> None:
    for request in map(json.loads, sys.stdin):
        process_id = os.fork()
        if not process_id:
            code = 1
            try:
                _kill_before(request["line"])
                act(Path(request["root"]), Path(request["home"]), request["action"])
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(process_id, 0)
        code = os.waitstatus_to_exitcode(status)
        answer = {-signal.SIGKILL: "killed", 0: "ended"}.get(code, f"exit status {code}")
        print(answer, flush=True)


if __name__ == "__main__":
    main()
