"""The state of a conversation in the terminal, and the commands that change it.

A line that begins with a slash is a command; everything else is a question. Invariant: a command that
fails changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from codex_ls.config.address import is_loopback
from codex_ls.config.load import Config
from codex_ls.config.profile import list_profiles, resolve
from codex_ls.config.settings import ModelSettings
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.events import Effort
from codex_ls.render.failure import failure_lines

HELP = """\
/profile [NAME]   list the profiles, or go on with another one
/model [NAME]     which model answers, or another one of this server
/effort [EFFORT]  how hard it thinks: none, minimal, low, medium, high, default
/new              begin a new conversation
/fork             go on with a copy of this one, which stays as it is
/thread           the id of this conversation, for codex-ls exec resume
/help             this list
/quit             leave (as Ctrl-D does)

A line that ends in a backslash goes on in the next one. Ctrl-C stops an answer.
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person has chosen so far; None leaves it to the configuration."""

    profile: str | None = None
    model: str | None = None
    effort: Effort | None = None
    local_only: bool = False


class Chat:
    """One conversation. `tell` writes to the person."""

    def __init__(
        self,
        config: Config,
        choice: Choice,
        *,
        tell: Callable[[str], None],
        thread_id: str | None = None,
    ) -> None:
        self._config = config
        self._tell = tell
        self._choice = choice
        self.settings = self._resolved(choice)
        self.thread_id = thread_id
        self.is_fork = False
        """The next question begins a copy of the conversation."""
        self.is_over = False

    def introduce(self) -> None:
        """Say who answers."""
        settings = self.settings
        name = f" ({settings.profile})" if settings.profile else ""
        effort = f", effort {settings.effort}" if settings.effort else ""
        self._tell(f"{settings.model} at {settings.provider.name}{name}{effort}\n")

    def command(self, line: str) -> None:
        """Do what a line says that begins with a slash; a mistake is told, not raised."""
        name, _, argument = line.partition(" ")
        action = _COMMANDS.get(name)
        try:
            if action is None:
                raise InvalidParams(
                    f"There is no command {name}.",
                    hint="/help lists them; with a space in front it is a question.",
                )
            action(self, argument.strip())
        except CodexError as error:
            self._tell(failure_lines(error))

    def _profile(self, argument: str) -> None:
        if not argument:
            self._tell("".join(self._profiles()))
            return
        self._choose(replace(self._choice, profile=argument, model=None))

    def _profiles(self) -> Iterator[str]:
        """A line for each profile; the one that answers has an asterisk."""
        profiles = list_profiles(self._config)
        width = max(len(profile.name) for profile in profiles)
        model_width = max(len(profile.model or "-") for profile in profiles)
        for profile in profiles:
            mark = "*" if profile.name == self.settings.profile else " "
            model, where = profile.model or "-", profile.origin or "built in"
            yield f"{mark} {profile.name:{width}}  {model:{model_width}}  {where}\n"

    def _model(self, argument: str) -> None:
        if argument:
            self._choose(replace(self._choice, model=argument))
        else:
            self.introduce()

    def _effort(self, argument: str) -> None:
        efforts: dict[str, Effort | None] = {"default": None, **{e: e for e in get_args(Effort)}}
        if not argument:
            self._tell(f"{self.settings.effort or 'default'}\n")
        elif argument not in efforts:
            raise InvalidParams(f"There is no effort {argument}.", hint=", ".join(efforts))
        else:
            self._choose(replace(self._choice, effort=efforts[argument]))

    def _fork(self, _argument: str) -> None:
        if self.thread_id is None:
            raise InvalidParams("There is nothing to copy yet.", hint="Ask something first.")
        self.is_fork = True
        self._tell("The next question goes on in a copy.\n")

    def _new(self, _argument: str) -> None:
        self.thread_id, self.is_fork = None, False
        self._tell("A new conversation.\n")

    def _thread(self, _argument: str) -> None:
        self._tell(f"{self.thread_id or 'It begins with the next question.'}\n")

    def _help(self, _argument: str) -> None:
        self._tell(HELP)

    def _quit(self, _argument: str) -> None:
        self.is_over = True

    def _choose(self, choice: Choice) -> None:
        before, settings = self.settings, self._resolved(choice)
        self._choice, self.settings = choice, settings
        self.introduce()
        moves_away = is_loopback(before.provider.base_url) and not is_loopback(
            settings.provider.base_url
        )
        if moves_away and self.thread_id is not None:
            self._tell(
                f"note: the conversation so far goes to {settings.provider.name} with your next"
                " question; /new begins without it\n"
            )

    def _resolved(self, choice: Choice) -> ModelSettings:
        return resolve(
            self._config,
            profile=choice.profile,
            model=choice.model,
            effort=choice.effort,
            local_only=choice.local_only,
        )


_COMMANDS: dict[str, Callable[[Chat, str], None]] = {
    "/profile": Chat._profile,  # noqa: SLF001
    "/model": Chat._model,  # noqa: SLF001
    "/effort": Chat._effort,  # noqa: SLF001
    "/new": Chat._new,  # noqa: SLF001
    "/fork": Chat._fork,  # noqa: SLF001
    "/thread": Chat._thread,  # noqa: SLF001
    "/help": Chat._help,  # noqa: SLF001
    "/quit": Chat._quit,  # noqa: SLF001
    "/exit": Chat._quit,  # noqa: SLF001
}


def command_names() -> Sequence[str]:
    """Every command, for completion."""
    return tuple(_COMMANDS)
