"""Commands that only read, and so run unasked under `untrusted`: Codex's list.

A command line counts if it is plain words joined by `&&`, `||`, `;` and `|`, without redirection,
substitution, expansion or assignment, and each of its commands is one of the list with arguments that
start nothing and write nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

_TOKEN = re.compile(
    r"\s*(?:(?P<joint>&&|\|\||[;|])|'(?P<single>[^']*)'(?![^\s;&|])"
    r'|"(?P<double>[^"$`\\!]*)"(?![^\s;&|])|(?P<word>[\w./:=,@%+^-]+)(?![^\s;&|]))'
)

_PLAIN: Final = frozenset(
    ("cat", "cd", "echo", "false", "grep", "head", "ls", "nl", "pwd", "tail", "true", "wc", "which")
)
_FIND_ACTIONS: Final = frozenset(
    ("-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf")
)
_RG_STARTS: Final = ("--pre", "--hostname-bin", "--search-zip")
_GIT_READS: Final = frozenset(("status", "diff", "log", "show"))
_GIT_NEEDS: Final = frozenset(("--no-ext-diff", "--no-textconv"))
_SED_PRINT = re.compile(r"\d+(?:,\d+)?p")


def is_known_safe(command: str) -> bool:
    """Whether a shell command only reads, as far as its words show."""
    commands = plain_commands(command)
    return bool(commands) and all(_is_safe(words) for words in commands)


def plain_commands(command: str) -> list[list[str]]:
    """Return the words of each command of a line; empty if the line is more than plain words."""
    commands: list[list[str]] = [[]]
    at, text = 0, command.strip()
    if "\n" in text:
        return []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return []
        at = match.end()
        if match["joint"]:
            commands.append([])
            continue
        word = next(part for part in match.group("single", "double", "word") if part is not None)
        is_assignment = not commands[-1] and "=" in word
        if is_assignment:
            return []
        commands[-1].append(word)
    if not commands[-1] and len(commands) > 1 and text.endswith(";"):
        commands.pop()
    return commands if all(commands) else []


def _is_safe(words: list[str]) -> bool:
    name, arguments = words[0], words[1:]
    check = _CHECKED.get(name)
    return name in _PLAIN if check is None else check(arguments)


def _find(arguments: list[str]) -> bool:
    return _FIND_ACTIONS.isdisjoint(arguments)


def _rg(arguments: list[str]) -> bool:
    # `-z` may stand in a bundle of short options.
    starts = any(word.startswith(_RG_STARTS) for word in arguments)
    return not starts and not any(re.match(r"-[^-]*z", word) for word in arguments)


def _sed(arguments: list[str]) -> bool:
    return (
        2 <= len(arguments) <= 3
        and arguments[0] == "-n"
        and _SED_PRINT.fullmatch(arguments[1]) is not None
        and not arguments[-1].startswith("-")
    )


def _git(arguments: list[str]) -> bool:
    if not arguments or arguments[0] not in _GIT_READS:
        return False
    options = arguments[1:]
    # Git abbreviates long options: --outp is --output.
    writes = any(word.startswith(("--ou", "--ext-d", "--textc", "-O", "--pag")) for word in options)
    return not writes and _GIT_NEEDS.issubset(options)


_CHECKED: Final[Mapping[str, Callable[[list[str]], bool]]] = {
    "find": _find,
    "rg": _rg,
    "sed": _sed,
    "git": _git,
}
