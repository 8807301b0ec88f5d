"""`codex-ls completion SHELL`: commands, options and names at the Tab key of bash, zsh and fish.

The script for a shell is short: it calls `codex-ls completion --words WORD...` with what was typed so
far, and gets one candidate a line, a tab and its description behind it. So every shell completes the
same. Nothing is asked of a model server on the way.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from codex_ls.cli.argument_parser import ArgumentParser, ParserFound
from codex_ls.cli.options import exec_parser
from codex_ls.cli.output import Output
from codex_ls.errors import CodexError

Command = Callable[[list[str]], int]
Candidate = tuple[str, str]
"""What can be typed, and what it is."""

_BASH = r"""
_codex_ls() {
    local word
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        COMPREPLY+=("$word")
    done < <(codex-ls completion --words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _codex_ls codex-ls
"""

_ZSH = r"""
#compdef codex-ls
_codex_ls() {
    local line
    local -a found
    for line in "${(@f)$(codex-ls completion --words "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( ! $#found )); then
        _files
    elif [[ $words[CURRENT] == -* ]]; then
        _describe -o codex-ls found
    else
        _describe codex-ls found
    fi
}
if [[ $funcstack[1] == _codex_ls ]]; then
    _codex_ls "$@"
else
    compdef _codex_ls codex-ls
fi
"""

_FISH = r"""
function __codex_ls_candidates
    set -l words (commandline -opc)
    set -a words (commandline -ct | string collect --allow-empty)
    set -l found (codex-ls completion --words $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c codex-ls -f -a '(__codex_ls_candidates)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
_THREADS_SHOWN = 20


def run(argv: Sequence[str], commands: Mapping[str, Command], summaries: Mapping[str, str]) -> int:
    """Print the script for a shell, or the candidates for what was typed; 0.

    `summaries` say what each command does; a command's name is the first word of a key.
    """
    out = Output(sys.stdout)
    if argv[:1] == ["--words"]:
        told = {usage.split()[0]: summary for usage, summary in summaries.items()}
        found = candidates(list(argv[1:]) or [""], commands, told)
        out.write("".join(f"{word}\t{_line(what)}\n" for word, what in found))
        return 0
    parser = ArgumentParser(
        prog="codex-ls completion",
        description="Print the completion for a shell. bash: source <(codex-ls completion bash) in"
        " ~/.bashrc; zsh: the same in ~/.zshrc, after compinit; fish: codex-ls completion fish >"
        " ~/.config/fish/completions/codex-ls.fish",
    )
    parser.add_argument("shell", choices=tuple(_SCRIPTS), metavar="bash|zsh|fish")
    out.write(_SCRIPTS[parser.parse_args(argv).shell].lstrip("\n"))
    return 0


def candidates(
    words: Sequence[str], commands: Mapping[str, Command], summaries: Mapping[str, str]
) -> list[Candidate]:
    """What the last of the words behind `codex-ls` can become; empty where a file's name is wanted."""
    *before, current = words
    if not before:
        names = ((name, summaries.get(name, "")) for name in commands if len(name) > 1)
        return _beginning(current, names)
    name, *rest = before
    parser = _parser(name, commands)
    if parser is None:
        return []
    if name in ("exec", "e") and rest[:1] in (["resume"], ["fork"]):
        name, rest = rest[0], rest[1:]
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            if not rest:
                return _beginning(current, ((verb, "") for verb in action.choices))
            below: Mapping[str, argparse.ArgumentParser] = action.choices
            parser, name, rest = below.get(rest[0], parser), f"{name} {rest[0]}", rest[1:]
    option, equals, value = current.partition("=")
    if equals and option.startswith("--"):
        found = _values(parser, option) or []
        return [(f"{option}={word}", told) for word, told in _beginning(value, found)]
    if rest and (values := _values(parser, rest[-1])) is not None:
        return _beginning(current, values)
    if current.startswith("-"):
        return _beginning(current, _options(parser))
    with suppress(CodexError):
        return _beginning(current, _words(name, parser, rest, current))
    return []


def _parser(name: str, commands: Mapping[str, Command]) -> argparse.ArgumentParser | None:
    """The parser of a command; the command itself does nothing."""
    if name in ("exec", "e", "resume", "fork"):
        return exec_parser()
    command = commands.get(name)
    if command is None:
        return None
    ArgumentParser.only_found = True
    try:
        command([])
    except ParserFound as found:
        return found.parser
    except CodexError:
        return None
    finally:
        ArgumentParser.only_found = False
    return None


def _options(parser: argparse.ArgumentParser) -> Iterator[Candidate]:
    for action in parser._actions:  # noqa: SLF001
        if action.help != argparse.SUPPRESS:
            told = (action.help or "").partition(";")[0]
            yield from ((name, told) for name in action.option_strings)


def _values(parser: argparse.ArgumentParser, option: str) -> list[Candidate] | None:
    """What an option's value can be, as far as that is known; None where it takes none."""
    action = parser._option_string_actions.get(option)  # noqa: SLF001
    if action is None or action.nargs == 0:
        return None
    if action.choices is not None:
        return [(str(choice), "") for choice in action.choices]
    if action.dest == "profile" or (action.dest == "name" and option == "--name"):
        with suppress(CodexError):
            return list(_profiles())
    return []


def _words(
    name: str, parser: argparse.ArgumentParser, rest: Sequence[str], current: str
) -> Iterable[Candidate]:
    """What can stand where no option does."""
    if name in ("exec", "e") and not current.startswith("/") and not rest:
        return (("resume", "resume a conversation"), ("fork", "continue in a copy of one"))
    if name in ("exec", "e", "resume", "fork") and current.startswith("/"):
        return _prompts()
    if name in ("resume", "fork", "threads delete") or (name == "threads" and not rest):
        verbs = [("delete", "delete conversations")] if name == "threads" else []
        return (*verbs, *_threads())
    if name == "threads" and rest[:1] == ["delete"]:
        return _threads()
    if name == "profile use":
        return _profiles()
    if name == "model pull":
        from codex_ls.embedded.catalog import MODELS

        return ((model.name, model.title) for model in MODELS)
    if name in ("key set", "key delete"):
        return _providers()
    choices = (a.choices for a in parser._actions if not a.option_strings and a.choices)  # noqa: SLF001
    return ((str(choice), "") for found in choices for choice in found)


def _profiles() -> Iterator[Candidate]:
    from codex_ls.config.load import load_config
    from codex_ls.config.profile import list_profiles

    for profile in list_profiles(load_config()):
        yield profile.name, profile.model


def _providers() -> Iterator[Candidate]:
    from codex_ls.config.load import load_config
    from codex_ls.config.profile import list_profiles

    for provider in dict.fromkeys(profile.provider for profile in list_profiles(load_config())):
        if provider:
            yield provider, ""


def _prompts() -> Iterator[Candidate]:
    from codex_ls.config.custom_prompts import list_prompts
    from codex_ls.config.load import codex_home_from

    for prompt in list_prompts(codex_home_from(os.environ)):
        yield f"/{prompt.name}", prompt.description


def _threads() -> Iterator[Candidate]:
    from codex_ls.cli.exec_inputs import current_folder
    from codex_ls.turn.thread_store import ThreadStore

    store = ThreadStore.of(os.environ)
    if store is not None:
        for thread in store.recent(limit=_THREADS_SHOWN, folder=current_folder()):
            yield thread.short_id, thread.title


def _beginning(current: str, found: Iterable[Candidate]) -> list[Candidate]:
    return [(word, told) for word, told in found if word.startswith(current)]


def _line(text: str) -> str:
    return " ".join(text.split())
