"""What the commands of one connection share; the commands themselves are loaded with the first one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from codex_ls.events import Effort
from codex_ls.lsp.answer_folder import AnswerFolder
from codex_ls.lsp.request import Request


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A model of the server of one profile; None is what config.toml says without a profile."""

    name: str
    profile: str | None


class RunningCommands:
    """The commands that run, whom they ask, and where their answers go."""

    def __init__(self, answers: AnswerFolder) -> None:
        self.answers = answers
        self.profile: str | None = None
        """What `codex.selectProfile` chose, for the commands of this session."""
        self.model: ChosenModel | None = None
        self.effort: Effort | None = None
        self.running: list[Request] = []

    @contextmanager
    def held(self, request: Request) -> Iterator[None]:
        """Let `codex.stop` know of a request meanwhile."""
        self.running.append(request)
        try:
            yield
        finally:
            self.running.remove(request)

    def model_for(self, profile: str | None) -> str | None:
        """Return the model that was chosen, for questions to its own profile: no other one gets it.

        None is what config.toml says without a profile.
        """
        if self.model is None or profile != self.model.profile:
            return None
        return self.model.name

    def stop(self) -> None:
        """Cancel every command that is running."""
        for request in tuple(self.running):
            request.cancel()
