"""The user's own prompts: `$CODEX_HOME/prompts/NAME.md`, asked as `/NAME ARGUMENTS`, as in Codex.

Placeholders are those of Codex: `$1` to `$9`, `$ARGUMENTS`, and names such as `$FILE` for `FILE=...`;
`$$` is a dollar sign. Front matter may hold `description`, `argument-hint`, and, which is ours, `model`,
`effort` and `intent`. The folder is the user's: nothing is ever read from a workspace.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, cast, get_args

from codex_ls.errors import ConfigError, InvalidParams
from codex_ls.events import Effort

PromptIntent = Literal["ask", "explain", "fix", "edit"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_COMMAND = re.compile(r"/(?:prompts:)?([A-Za-z0-9][A-Za-z0-9_.-]*)(?:\s+(.*))?\Z", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$(?:(\$)|([1-9])|(ARGUMENTS)\b|([A-Z][A-Z0-9_]*)\b)")
_GIVEN = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)", re.DOTALL)
_MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class CustomPrompt:
    """One prompt of the user: its text with placeholders, and what its front matter says."""

    name: str
    text: str
    description: str = ""
    argument_hint: str = ""
    model: str | None = None
    effort: Effort | None = None
    intent: PromptIntent | None = None
    """What an editor does with the answer; None leaves it to whoever asks."""

    @property
    def required(self) -> tuple[str, ...]:
        """The named arguments that have to be given."""
        return tuple(dict.fromkeys(m[4] for m in _PLACEHOLDER.finditer(self.text) if m[4]))


def list_prompts(home: Path) -> tuple[CustomPrompt, ...]:
    """The user's prompts in the order of their names; one that can't be read is left out."""
    found = []
    for name in _names(home):
        try:
            found.append(_read(home, name))
        except ConfigError:
            continue
    return tuple(found)


def find_prompt(home: Path, name: str) -> CustomPrompt:
    """The prompt of that name.

    Raises InvalidParams if there is none, and ConfigError if its file can't be used.
    """
    names = _names(home)
    if name in names:
        return _read(home, name)
    nearest = get_close_matches(name, names, 1, 0.6)
    meant = f"Did you mean /{nearest[0]}? " if nearest else ""
    raise InvalidParams(
        f"There is no prompt /{name}.",
        hint=f"{meant}Prompts are files in {home / 'prompts'}; with a space in front it is a question.",
    )


def command_in(words: str) -> tuple[str, str] | None:
    """The prompt's name and the arguments in `/NAME ARGUMENTS`; None for every other question.

    A path (`/usr/bin`) is none: what follows the name is a blank or nothing.
    """
    match = _COMMAND.match(words)
    return None if match is None else (match[1], (match[2] or "").strip())


def expanded(prompt: CustomPrompt, arguments: str) -> str:
    """The prompt's text with the arguments in their places, or behind it where it has none.

    Raises InvalidParams if a named one is missing.
    """
    words = _words(arguments)
    given = {match[1]: match[2] for word in words if (match := _GIVEN.fullmatch(word))}
    wanted = prompt.required
    missing = [name for name in wanted if name not in given]
    if missing:
        raise InvalidParams(
            f"The prompt /{prompt.name} needs {' and '.join(missing)}.",
            hint=f"Write /{prompt.name} {' '.join(f'{name}=...' for name in wanted)}.",
        )
    has_place = False

    def value(match: re.Match[str]) -> str:
        nonlocal has_place
        if match[1]:
            return "$"
        has_place = True
        if match[2]:
            number = int(match[2])
            return words[number - 1] if number <= len(words) else ""
        return arguments if match[3] else given[match[4]]

    text = _PLACEHOLDER.sub(value, prompt.text)
    return text if has_place or not arguments else f"{text}\n\n{arguments}"


def _names(home: Path) -> list[str]:
    try:
        return sorted(
            path.stem
            for path in (home / "prompts").iterdir()
            if path.suffix == ".md" and _NAME.fullmatch(path.stem) and path.is_file()
        )
    except OSError:
        return []


def _words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:  # an apostrophe, and not a quotation mark
        return arguments.split()


def _read(home: Path, name: str) -> CustomPrompt:
    path = home / "prompts" / f"{name}.md"
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _unusable(path, (error.strerror or "unknown reason").lower()) from None
    if len(data) > _MAX_BYTES:
        raise _unusable(path, "it is larger than 256 KiB")
    try:
        lines = data.decode("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError:
        raise _unusable(path, "it is not UTF-8") from None
    matter, first = _front_matter(lines)
    text = "".join(lines[first:]).strip()
    if not text:
        raise _unusable(path, "it has no text")
    return CustomPrompt(
        name,
        text,
        description=matter.get("description", ""),
        argument_hint=matter.get("argument-hint", ""),
        model=matter.get("model"),
        effort=cast("Effort | None", _one_of(path, matter, "effort", get_args(Effort))),
        intent=cast("PromptIntent | None", _one_of(path, matter, "intent", get_args(PromptIntent))),
    )


def _front_matter(lines: list[str]) -> tuple[Mapping[str, str], int]:
    """The `key: value` lines between `---` and `---`, and the number of the line behind them."""
    if not lines or lines[0].rstrip() != "---":
        return {}, 0
    matter: dict[str, str] = {}
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            return matter, number + 1
        key, colon, value = line.partition(":")
        if colon and value.strip():
            matter[key.strip().lower().replace("_", "-")] = value.strip().strip("\"'")
    return {}, 0  # never closed: it is text


def _one_of(path: Path, matter: Mapping[str, str], key: str, values: Iterable[str]) -> str | None:
    value = matter.get(key)
    if value is not None and value not in values:
        raise ConfigError(
            f"{path.name}: there is no {key} {value}.", hint=f"{path}: {', '.join(values)}."
        )
    return value


def _unusable(path: Path, reason: str) -> ConfigError:
    return ConfigError(f"The prompt {path.name} can't be used: {reason}.", hint=f"{path}")
