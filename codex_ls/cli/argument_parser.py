"""The parser of every command: argparse, with help as wide as the terminal and our errors."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from codex_ls.cli.output import Output
from codex_ls.errors import InvalidParams

_UNKNOWN = "unrecognized arguments: "


class _HelpFormatter(argparse.HelpFormatter):
    """Help as wide as the terminal, up to 100 columns."""

    def __init__(self, prog: str) -> None:
        # argparse asks through shutil, which loads five modules; parsing makes a formatter as well.
        super().__init__(prog, width=min(Output(sys.stdout).columns(), 100) - 2)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """`-i, --image FILE`, as Python 3.13 has it: each argument once."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        is_list = action.nargs == "+" and isinstance(action.metavar, str)
        return f"{action.metavar}..." if is_list else super()._format_args(action, default_metavar)


class ParserFound(Exception):
    """The parser of a command, before the command does anything."""

    def __init__(self, parser: "ArgumentParser") -> None:
        super().__init__(parser.prog)
        self.parser = parser


class ArgumentParser(argparse.ArgumentParser):
    """argparse, but a mistake is an InvalidParams, told like every other failure."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_HelpFormatter, allow_abbrev=False, **options)

    only_found: ClassVar[bool] = False
    """For completion: a command's parser is wanted, and not what the command does."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does. Raises ParserFound instead where only the parser is wanted."""
        if ArgumentParser.only_found:
            raise ParserFound(self)
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise InvalidParams with argparse's words as a sentence."""
        sentence = message[:1].upper() + message[1:].rstrip(".")
        meant = ""
        if message.startswith(_UNKNOWN):
            option = message.removeprefix(_UNKNOWN).split()[0].partition("=")[0]
            meant = did_you_mean(option, self._option_string_actions)
        raise InvalidParams(f"{sentence}.", hint=f"{meant}{self.prog} --help lists the options.")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Raise InvalidParams with the choice that was probably meant."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            sentence = f"{error}"
            meant = did_you_mean(str(value), map(str, action.choices or ()))
            hint = f"{meant}{self.prog} --help lists the options."
            raise InvalidParams(f"{sentence[:1].upper()}{sentence[1:]}.", hint=hint) from None

    def print_help(self, file: Any = None) -> None:
        """Write the help; a program that reads its first lines only is no failure."""
        Output(file or sys.stdout).write(self.format_help())


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`Did you mean X? ` for the nearest of the names; empty where none is near."""
    from difflib import get_close_matches

    nearest = get_close_matches(word, list(names), 1, 0.65)
    return f"Did you mean {nearest[0]}? " if nearest else ""
