"""The commands of a session: `/NAME ARGUMENTS`, alone at the beginning of a prompt.

The built-in ones are carried out here and ask no model. The others are the user's own prompts
(`config/custom_prompts`); a built-in command goes before a prompt of the same name.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from acp.schema import (
    AvailableCommand,
    AvailableCommandInput,
    AvailableCommandsUpdate,
    SessionConfigOptionSelect,
    SessionConfigSelectOption,
    UnstructuredCommandInput,
)

from codex_ls.config.custom_prompts import CustomPrompt, find_prompt, list_prompts
from codex_ls.errors import InvalidParams

SELECTING: Final = ("profile", "model", "effort")
"""The commands that select an option of the session of the same name."""

BUILT_IN: Final[Mapping[str, tuple[str, str]]] = {
    "undo": ("Restore the files that the model changed in its last turn with changes", ""),
    "diff": ("Show what the model changed in that turn", ""),
    "profile": ("List the profiles, or switch to one", "name"),
    "model": ("List the models of your profiles, or switch to one", "name"),
    "effort": ("Show or set the reasoning effort", "none, minimal, low, medium, high or default"),
}
"""Name to description and hint."""


def available_commands(home: Path) -> AvailableCommandsUpdate:
    """Return the update that announces the commands; `home` has the user's prompts."""
    commands = [_command(name, *about) for name, about in BUILT_IN.items()]
    commands += [
        _command(
            prompt.name,
            prompt.description or f"Your prompt {prompt.name}.md",
            prompt.argument_hint or ("arguments" if "$" in prompt.text else ""),
        )
        for prompt in list_prompts(home)
        if prompt.name not in BUILT_IN
    ]
    return AvailableCommandsUpdate(
        session_update="available_commands_update", available_commands=commands
    )


def own_prompt(home: Path, name: str) -> CustomPrompt:
    """Return the user's prompt of that name. Raises InvalidParams if there is none, and ConfigError."""
    names = [prompt.name for prompt in list_prompts(home)]
    if name in names:
        return find_prompt(home, name)
    nearest = get_close_matches(name, [*BUILT_IN, *names], 1, 0.6)
    meant = f"Did you mean /{nearest[0]}? " if nearest else ""
    raise InvalidParams(
        f"There is no command /{name}.", hint=f"{meant}With a space in front it is a question."
    )


def choices(option: SessionConfigOptionSelect) -> str:
    """Return what an option is, and what else can be selected, as Markdown."""
    known = [each for each in option.options if isinstance(each, SessionConfigSelectOption)]
    current = [each.name for each in known if each.value == option.current_value]
    others = [f"- {_code(each.name)}" for each in known if each.value != option.current_value]
    head = f"{option.name}: {_code(*current)}"
    return "\n".join([head, "", *others]) if others else head


def _command(name: str, description: str, hint: str) -> AvailableCommand:
    argument = AvailableCommandInput(root=UnstructuredCommandInput(hint=hint)) if hint else None
    return AvailableCommand(name=name, description=description, input=argument)


def _code(text: str) -> str:
    return f"`{text}`" if "`" not in text else text
