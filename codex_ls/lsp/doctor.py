"""`codex/doctor`: the examination of a profile, told check by check."""

from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, cast

from codex_ls.lsp.params import DoctorParams, parse
from codex_ls.lsp.protocol import DoctorCheck, DoctorResult
from codex_ls.lsp.request import Cancelled, Request
from codex_ls.lsp.work import Work

if TYPE_CHECKING:
    from codex_ls.doctor.check import Check
    from codex_ls.lsp.connection import Connection

_SIGNS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}


async def doctor(connection: "Connection", request: Request) -> DoctorResult:
    """Return every check, or those until the client cancelled. Raises InvalidParams."""
    from codex_ls.doctor.check import as_json, has_failed

    params = parse(DoctorParams, request.params)
    work = Work(connection.outbox.write, params.workDoneToken)
    checks: list[Check] = []
    with connection.tokens.held(request, params.workDoneToken):
        work.begin("Codex: checking the setup")
        with suppress(Cancelled):
            await request.wait(_examine(connection, params, work, checks))
        work.end("Something is to be put right" if has_failed(checks) else "Nothing failed")
    return {"checks": [cast("DoctorCheck", as_json(check)) for check in checks]}


async def _examine(
    connection: "Connection", params: DoctorParams, work: Work, checks: "list[Check]"
) -> None:
    from codex_ls.doctor.examine import examine  # its parts are needed for nothing else

    user_config = connection.user_config
    examination = examine(
        env=connection.env,
        profile=params.profile,
        overrides=user_config.overrides,
        local_only=user_config.local_only,
        with_discovery=params.discover,
        ask_secret=connection.secrets.ask,
    )
    async with aclosing(examination):
        async for check in examination:
            checks.append(check)
            work.report(f"{_SIGNS[check.status]} {check.title}: {check.detail}")
