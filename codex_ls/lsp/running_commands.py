"""What the commands of one connection share; the commands themselves are loaded with the first one."""

from collections.abc import Iterator
from contextlib import contextmanager

from codex_ls.lsp.answer_folder import AnswerFolder
from codex_ls.lsp.request import Request


class RunningCommands:
    """The commands that run, whom they ask, and where their answers go."""

    def __init__(self, answers: AnswerFolder) -> None:
        self.answers = answers
        self.profile: str | None = None
        """What `codex.selectProfile` chose, for the commands of this session."""
        self.running: list[Request] = []

    @contextmanager
    def held(self, request: Request) -> Iterator[None]:
        """Let `codex.stop` know of a request meanwhile."""
        self.running.append(request)
        try:
            yield
        finally:
            self.running.remove(request)

    def stop(self) -> None:
        """Cancel every command that is running."""
        for request in tuple(self.running):
            request.cancel()
