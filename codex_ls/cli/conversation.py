"""The state of a conversation in the terminal, and the commands that change it.

A line that begins with a slash is a command or one of the user's own prompts; everything else is a
question. Invariant: a command that
fails changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from codex_ls.cli.argument_parser import did_you_mean
from codex_ls.config.address import is_loopback
from codex_ls.config.custom_prompts import command_in, expanded, find_prompt, list_prompts
from codex_ls.config.load import Config
from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.profile import list_profiles, resolve
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.events import Effort
from codex_ls.render.failure import failure_lines
from codex_ls.sanitize import is_blank

_EFFORTS: dict[str, Effort | None] = {"default": None, **{e: e for e in get_args(Effort)}}

if TYPE_CHECKING:
    from codex_ls.agent.agent import Agent, Permissions
    from codex_ls.agent.approval import Approver

HELP = """\
/profile [NAME]   list the profiles, or switch to one
/model [NAME]     list the models of this server, or switch to one
/effort [EFFORT]  reasoning effort: none, minimal, low, medium, high, default
/new              start a new conversation
/fork             continue in a copy of this conversation
/tools [on|off]   show what the model may do, or turn tools on or off
/diff             show the last file changes the model made
/undo             undo those changes
/thread           the id of this conversation, for codex-ls resume
/prompts          your own prompts; /NAME asks one of them
/help             this list
/quit             leave (as Ctrl-D does)

A line that ends in a backslash continues on the next one. Ctrl-C stops an answer.
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person has chosen so far; None leaves it to the configuration."""

    profile: str | None = None
    model: str | None = None
    effort: Effort | None = None
    local_only: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a line asks: the words that are sent, and the settings that hold for this turn."""

    words: str
    settings: ModelSettings


class Conversation:
    """One conversation. `tell` writes to the person, `list_models` asks a server what it has."""

    def __init__(
        self,
        config: Config,
        choice: Choice,
        *,
        tell: Callable[[str], None],
        list_models: Callable[[ModelSettings], Mapping[str, str]],
        thread_id: str | None = None,
        permissions: "Permissions | None" = None,
        ask: "Approver | None" = None,
    ) -> None:
        """`permissions` None: tools are as the configuration says; `ask` asks the person."""
        self._config = config
        self._permissions = permissions
        self._ask = ask
        self._agent: tuple[ModelSettings, Agent] | None = None
        self._tell = tell
        self._list_models = list_models
        self._model_names: tuple[str, ...] = ()
        self._choice = choice
        self.settings = self._resolved(choice)
        self.thread_id = thread_id
        self.is_fork = False
        """The next question begins a copy of the conversation."""
        self.is_over = False
        named = permissions.sandbox_mode if permissions is not None else None
        mode = named or self.settings.sandbox_mode
        self.has_tools = mode is not None
        """Whether the model may use tools."""

    def tools(self, settings: ModelSettings) -> "Agent | None":
        """What the model may do in the next turn; None: only answer."""
        if not self.has_tools:
            return None
        if self._agent is None or self._agent[0] != settings:
            from codex_ls.agent.agent import Agent, Permissions
            from codex_ls.agent.approval import nobody_to_ask

            before = self._agent[1] if self._agent is not None else None
            agent = Agent(
                settings,
                Path.cwd(),
                self._permissions or Permissions(),
                ask=self._ask or nobody_to_ask,
            )
            if before is not None and before.approvals.policy == agent.approvals.policy:
                agent.approvals = before.approvals  # what was allowed stays allowed
            self._agent = (settings, agent)
        return self._agent[1]

    def introduce(self) -> None:
        """Say who answers."""
        settings = self.settings
        name = f" ({settings.profile})" if settings.profile else ""
        effort = f", effort {settings.effort}" if settings.effort else ""
        self._tell(f"{settings.model} at {settings.provider.name}{name}{effort}\n")

    def question(self, line: str) -> Question | None:
        """Return what a line asks; None where it asks nothing.

        A command is done, and a mistake is told and not raised.
        """
        try:
            return self._question(line)
        except CodexError as error:
            self._tell(failure_lines(error))
            return None

    def completions(self, text: str) -> list[str]:
        """Return the lines that can become of what was typed so far."""
        name, blank, argument = text.partition(" ")
        if not blank:
            prompts = [f"/{prompt.name}" for prompt in list_prompts(self._home)]
            return [known for known in (*_COMMANDS, *prompts) if text and known.startswith(text)]
        values: Sequence[str] = ()
        if name == "/profile":
            values = tuple(self._config.profiles)
        elif name == "/model":
            values = self._model_names
        elif name == "/effort":
            values = tuple(_EFFORTS)
        return [f"{name} {value}" for value in values if value.startswith(argument)]

    @property
    def _home(self) -> Path:
        return self._config.path.parent

    def _question(self, line: str) -> Question | None:
        if is_blank(line):
            return None
        name, _, argument = line.partition(" ")
        if line.startswith("/") and "\n" not in line and (action := _COMMANDS.get(name)):
            action(self, argument.strip())
            return None
        command = command_in(line)
        prompts = {prompt.name for prompt in list_prompts(self._home)} if command else ()
        if command is not None and command[0] in prompts:
            return self._own_prompt(*command)
        if not line.startswith("/") or "\n" in line:
            return Question(line, self.settings)
        meant = did_you_mean(name, [*_COMMANDS, *(f"/{prompt}" for prompt in prompts)])
        raise InvalidParams(
            f"There is no command {name}.",
            hint=f"{meant}/help lists them; with a space in front it is a question.",
        )

    def _own_prompt(self, name: str, arguments: str) -> Question:
        prompt = find_prompt(self._home, name)
        words = expanded(prompt, arguments)
        choice = self._choice
        choice = replace(
            choice, model=prompt.model or choice.model, effort=prompt.effort or choice.effort
        )
        return Question(words, self._resolved(choice))

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
            models = self._list_models(self.settings)
            self._model_names = tuple(models)
            self.introduce()
            self._tell("".join(models.values()))

    def _effort(self, argument: str) -> None:
        if not argument:
            self._tell(f"{self.settings.effort or 'default'}\n")
        elif argument not in _EFFORTS:
            raise InvalidParams(f"There is no effort {argument}.", hint=", ".join(_EFFORTS))
        else:
            self._choose(replace(self._choice, effort=_EFFORTS[argument]))

    def _fork(self, _argument: str) -> None:
        if self.thread_id is None:
            raise InvalidParams("There is nothing to copy yet.", hint="Ask something first.")
        self.is_fork = True
        self._tell("The next question continues in a copy.\n")

    def _new(self, _argument: str) -> None:
        self.thread_id, self.is_fork = None, False
        self._tell("A new conversation.\n")

    def _tools(self, argument: str) -> None:
        if argument not in ("", "on", "off"):
            raise InvalidParams(
                f"There is no /tools {argument}.", hint="Use /tools on or /tools off."
            )
        if argument:
            self.has_tools = argument == "on"
        agent = self.tools(self.settings)
        if agent is None:
            self._tell("Tools are off; /tools on turns them on.\n")
            return
        policy = agent.policy
        network = "with" if policy.has_network else "without"
        self._tell(
            f"Tools are on: {policy.mode} in {policy.workspace}, {network} network,"
            f" approvals {agent.approvals.policy}.\n"
        )
        for path in agent.project.paths:
            self._tell(f"Instructions are read from {path}.\n")

    def _diff(self, _argument: str) -> None:
        from codex_ls.cli.undo_command import undo

        self._tell(undo(Path.cwd(), None, only_diff=True)[0])

    def _undo(self, _argument: str) -> None:
        from codex_ls.cli.undo_command import undo

        self._tell(undo(Path.cwd(), None)[0])

    def _thread(self, _argument: str) -> None:
        self._tell(f"{self.thread_id or 'The conversation starts with your next question.'}\n")

    def _prompts(self, _argument: str) -> None:
        prompts = list_prompts(self._home)
        width = max((len(prompt.name) for prompt in prompts), default=0)
        for prompt in prompts:
            self._tell(f"/{prompt.name:{width}}  {prompt.description}".rstrip() + "\n")
        if not prompts:
            self._tell(f"No prompts yet: a prompt is a file NAME.md in {self._home / 'prompts'}.\n")

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
                "note: your next question sends the conversation so far to"
                f" {settings.provider.name}; /new starts without it\n"
            )

    def _resolved(self, choice: Choice) -> ModelSettings:
        return resolve(
            self._config,
            profile=choice.profile,
            model=choice.model,
            effort=choice.effort,
            local_only=choice.local_only,
        )


_COMMANDS: dict[str, Callable[[Conversation, str], None]] = {
    "/profile": Conversation._profile,  # noqa: SLF001
    "/model": Conversation._model,  # noqa: SLF001
    "/effort": Conversation._effort,  # noqa: SLF001
    "/new": Conversation._new,  # noqa: SLF001
    "/fork": Conversation._fork,  # noqa: SLF001
    "/tools": Conversation._tools,  # noqa: SLF001
    "/diff": Conversation._diff,  # noqa: SLF001
    "/undo": Conversation._undo,  # noqa: SLF001
    "/thread": Conversation._thread,  # noqa: SLF001
    "/prompts": Conversation._prompts,  # noqa: SLF001
    "/help": Conversation._help,  # noqa: SLF001
    "/quit": Conversation._quit,  # noqa: SLF001
    "/exit": Conversation._quit,  # noqa: SLF001
}
