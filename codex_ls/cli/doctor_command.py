"""`codex-ls doctor`: every check as it is done, and what to do about the first one that failed."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.output import Output
from codex_ls.events import Effort

if TYPE_CHECKING:
    from codex_ls.doctor.check import Check

_TITLE_COLUMNS = 15
_INDENT = " " * (9 + _TITLE_COLUMNS)


def run(argv: Sequence[str]) -> int:
    """Examine one profile; 0 if a question can be answered, else 1."""
    parser = ArgumentParser(
        prog="codex-ls doctor",
        description="Check one profile, from config.toml to the first token. The output"
        " contains no API key, so it is safe to paste.",
    )
    parser.add_argument("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    parser.add_argument("-m", "--model", metavar="MODEL", help="the model; overrides the profile's")
    parser.add_argument("--effort", choices=get_args(Effort), help="reasoning effort")
    parser.add_argument("-c", "--config", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument(
        "--local-only", action="store_true", help="allow only servers on this machine"
    )
    parser.add_argument(
        "--discover", action="store_true", help="also look for model servers on this machine"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parsed = parser.parse_args(argv)
    out = Output(sys.stdout)
    checks = asyncio.run(_examine(parsed, out))

    from codex_ls.doctor.check import as_json, has_failed

    if parsed.json:
        entries = [as_json(check) for check in checks]
        out.write(json.dumps({"checks": entries}, ensure_ascii=False, indent=2) + "\n")
    else:
        out.write(_verdict(checks))
    return 1 if has_failed(checks) else 0


async def _examine(parsed: Any, out: Output) -> list["Check"]:
    from codex_ls.doctor.examine import examine

    checks = []
    async for check in examine(
        env=os.environ,
        profile=parsed.profile,
        overrides=_overrides(parsed),
        local_only=parsed.local_only,
        with_discovery=parsed.discover,
    ):
        checks.append(check)
        if not parsed.json:
            out.write(_lines(check))
    return checks


def _overrides(parsed: Any) -> list[str]:
    """The keys of config.toml that the options stand for; a later one holds."""
    chosen = {"model": parsed.model, "model_reasoning_effort": parsed.effort}
    given = [f"{key}={json.dumps(value)}" for key, value in chosen.items() if value is not None]
    return [*parsed.config, *given]


def _lines(check: "Check") -> str:
    detail = check.detail.replace("\n", f"\n{_INDENT}")
    lines = f"{check.status:8} {check.title:{_TITLE_COLUMNS}}{detail}\n"
    if check.hint is not None:
        hint = check.hint.replace("\n", f"\n{_INDENT}")
        lines += f"{_INDENT}hint: {hint}\n"
    return lines


def _verdict(checks: Sequence["Check"]) -> str:
    failed = [check for check in checks if check.status == "failed"]
    if failed:
        noun = "check" if len(failed) == 1 else "checks"
        return f"\n{len(failed)} {noun} failed: {', '.join(check.title for check in failed)}.\n"
    if any(check.status == "warning" for check in checks):
        return "\nThe setup works; see the warnings for possible improvements.\n"
    return "\nAll checks passed.\n"
