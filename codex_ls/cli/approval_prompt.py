"""The question whether a model may do something, at the terminal: what it is about, then y, a, n or q.

Everything that would happen is on the screen before the question: the whole command with its control
characters visible, the folder, the whole diff. Nothing is assumed: an empty line is no answer.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from codex_ls.cli.output import Output
from codex_ls.cli.terminal_input import read_answer_alone
from codex_ls.sanitize import sanitize

if TYPE_CHECKING:
    from codex_ls.agent.approval import ApprovalRequest, Decision

_ANSWERS: Final[dict[str, "Decision"]] = {
    "y": "accept",
    "yes": "accept",
    "a": "acceptForSession",
    "always": "acceptForSession",
    "n": "decline",
    "no": "decline",
    "q": "cancel",
    "quit": "cancel",
}


class ApprovalPrompt:
    """Asks at the terminal of `err`; where there is none, everything is declined."""

    def __init__(self, err: Output) -> None:
        self._err = err

    async def __call__(self, request: "ApprovalRequest") -> "Decision":
        """Ask, and return what the person decided."""
        if not self._err.is_terminal or sys.stdin is None or not sys.stdin.isatty():
            return "decline"
        self._err.write("".join(_about(request)))
        while True:
            always = "every edit" if request.kind == "edit" else "this very command"
            self._err.write(f"y yes, a yes to {always} from now on, n no, q stop: ")
            line = await _next_line()
            if not line:
                return "cancel"  # the input has ended
            answer = _ANSWERS.get(line.strip().lower())
            if answer is not None:
                return answer


def _about(request: "ApprovalRequest") -> Iterator[str]:
    from codex_ls.agent.approval import visible

    if request.kind == "edit":
        assert request.cwd is not None
        yield "The model wants to change:\n"
        for change in request.changes:
            yield f"{_indented(change.diff(request.cwd))}\n"
    else:
        yield f"The model wants to run in {sanitize(str(request.cwd))}:\n"
        yield f"{_indented(visible(request.command))}\n"
    if request.kind == "escalate":
        yield "without a sandbox: it could change all of your files and use the network.\n"
    if request.reason:
        yield f"Reason given: {sanitize(' '.join(request.reason.split()))}\n"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


async def _next_line() -> str:
    """Return the next line without holding up the loop, so that Ctrl-C and the turn's end count."""
    if os.name != "posix":
        return await asyncio.to_thread(sys.stdin.readline)
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return read_answer_alone()
