"""`codex-ls profiles` and `schema`: what config.toml has, what Codex refuses of it, what it may have."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.options import add_config_options
from codex_ls.cli.output import Output
from codex_ls.cli.table import folded, table
from codex_ls.render.failure import labelled_lines

if TYPE_CHECKING:
    from codex_ls.config.load import Config
    from codex_ls.config.profile import ProfileSummary
    from codex_ls.events import Notice


def run_profiles(argv: Sequence[str]) -> int:
    """Print the profiles, as a table or as one JSON object. Raises ConfigError."""
    parser = ArgumentParser(
        prog="codex-ls profiles", description="List the profiles of config.toml."
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_config_options(parser)
    parsed = parser.parse_args(argv)

    from codex_ls.config.codex_compatibility import refusals
    from codex_ls.config.load import load_config
    from codex_ls.config.profile import list_profiles

    config = load_config(overrides=parsed.config)
    profiles, refused = list_profiles(config), refusals(config)
    problems = _problems(config, local_only=parsed.local_only)
    out = Output(sys.stdout)
    if parsed.json:
        told = _as_json(config, profiles, problems)
        if refused:
            told["refusedByCodex"] = refused
        out.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        out.write(_table(config, profiles, out))
        err = Output(sys.stderr, lossy=True)
        for problem in problems:
            err.write(labelled_lines("note", problem.message, hint=problem.hint))
        for line in refused:
            err.write(labelled_lines("note", line, hint=None))
    return 0


def _problems(config: "Config", *, local_only: bool) -> list["Notice"]:
    """What is wrong with the configuration, and why nothing is in use if that is so."""
    from codex_ls.config.profile import resolve
    from codex_ls.errors import CodexError
    from codex_ls.events import Notice

    problems = list(config.problems)
    try:
        resolve(config, local_only=local_only)
    except CodexError as error:
        problems.append(Notice(error.kind, error.message, error.hint))
    return problems


def _table(config: "Config", profiles: Sequence["ProfileSummary"], out: Output) -> str:
    """A row for each profile, what is wrong with it below; the active one has an asterisk."""
    rows = [
        (
            "*" if profile.name == config.default_profile else " ",
            profile.name,
            profile.model or "-",
            profile.provider or "-",
            *_whereabouts(profile),
        )
        for profile in profiles
    ]
    shown: list[str] = []
    for row, profile in zip(table(rows, out, fold_at=3), profiles, strict=True):
        shown.append(row)
        for problem in profile.problems:
            told = labelled_lines("problem", problem.message, hint=problem.hint)
            shown += [folded(f"     {line}", out, indent=" " * 7) for line in told.splitlines()]
    return "".join(f"{line}\n" for line in shown)


def _whereabouts(profile: "ProfileSummary") -> tuple[str, str]:
    """The address, and whether it is on this machine; unknown where the provider is."""
    if not profile.origin:
        return ("built in", "local") if profile.is_local else ("-", "-")
    return profile.origin, "local" if profile.is_local else "cloud"


def _as_json(
    config: "Config", profiles: Sequence["ProfileSummary"], problems: Sequence["Notice"]
) -> dict[str, Any]:
    """The object that `codex/profiles` answers with; a key without a value is left out."""
    from codex_ls.config.built_in import EMBEDDED

    active = config.default_profile
    return {
        **({"active": active} if active is not None else {}),
        "source": "config" if config.exists or active != EMBEDDED else "default",
        "profiles": [
            {
                "name": profile.name,
                "model": profile.model,
                "provider": profile.provider,
                "wireApi": profile.wire_api,
                "origin": profile.origin,
                "isLocal": profile.is_local,
                "problems": [_notice(problem) for problem in profile.problems],
            }
            for profile in profiles
        ],
        "configPath": str(config.path),
        "problems": [_notice(problem) for problem in problems],
    }


def _notice(notice: "Notice") -> dict[str, str]:
    told = {"kind": notice.kind, "message": notice.message}
    return {**told, "hint": notice.hint} if notice.hint else told


def run_schema(argv: Sequence[str]) -> int:
    """Print the JSON Schema of config.toml; 0."""
    ArgumentParser(
        prog="codex-ls schema",
        description="Print the JSON Schema of config.toml, for completion, hover and validation in"
        " editors that use Taplo.",
    ).parse_args(argv)

    from codex_ls.config.models import json_schema

    Output(sys.stdout).write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
    return 0
