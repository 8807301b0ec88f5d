"""`workspace/executeCommand`: everything an editor without a plugin can have done here.

A command's reply comes when all is over and shown, so that `$/cancelRequest` means something until then.
To an editor that stands still until the reply it comes at once, and the command goes on by itself; then
`window/workDoneProgress/cancel` and `codex.stop` end it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from codex_ls.errors import CodexError, InvalidParams
from codex_ls.lsp import protocol
from codex_ls.lsp.answer_document import doctor_document
from codex_ls.lsp.command_params import (
    AskArguments,
    DoctorArguments,
    ExecuteCommandParams,
)
from codex_ls.lsp.doctor import doctor
from codex_ls.lsp.params import P, parse
from codex_ls.lsp.payloads import Names, turn_error
from codex_ls.lsp.protocol import CommandResult
from codex_ls.lsp.request import Cancelled, Request
from codex_ls.lsp.select_commands import select_effort, select_model, select_profile
from codex_ls.lsp.showing import Showing
from codex_ls.lsp.turn_command import TurnCommand

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection

logger = logging.getLogger(__name__)

Run = Callable[[], Awaitable[CommandResult]]


async def execute_command(connection: "Connection", request: Request) -> CommandResult:
    """Return the result of a command. Raises InvalidParams, which the person is told as well."""
    showing = Showing(connection)
    try:
        params = parse(ExecuteCommandParams, request.params)
        prepare = _COMMANDS.get(params.command)
        if prepare is None:
            raise InvalidParams(
                f"Unknown command: {params.command[:100]}.",
                hint=f"There are {', '.join(_COMMANDS)}.",
            )
        run = prepare(connection, request, params)
        if connection.abilities.waits_for_commands and params.command != protocol.STOP_COMMAND:
            connection.start_task(_on_its_own(connection, request, run))
            return {"status": "started"}
        with connection.commands.held(request):
            return await run()
    except Cancelled:
        return {"status": "cancelled"}
    except CodexError as error:
        showing.message("error", f"Codex: {error.message}", error.hint)
        if isinstance(error, InvalidParams):
            raise
        return {"status": "failed", "error": turn_error(error, Names())}


async def _on_its_own(connection: "Connection", request: Request, run: Run) -> None:
    """Run a command whose reply has been sent."""
    try:
        with connection.commands.held(request):
            await run()
    except Cancelled:
        pass
    except CodexError as error:
        Showing(connection).message("error", f"Codex: {error.message}", error.hint)
    except Exception as error:
        logger.exception("%s failed", request.method)
        Showing(connection).message("error", f"Codex: internal error ({type(error).__name__}).")


# ---- the commands ------------------------------------------------------------------------------


def _turn(connection: "Connection", request: Request, params: ExecuteCommandParams) -> Run:
    arguments = _read(AskArguments, params)
    command = TurnCommand(
        connection,
        request,
        command=params.command,
        arguments=arguments,
        token=params.workDoneToken,
    )
    return command.run


def _stop(connection: "Connection", request: Request, _params: ExecuteCommandParams) -> Run:
    async def run() -> CommandResult:
        for running in tuple(connection.commands.running):
            if running is not request:
                running.cancel()
        return {"status": "completed"}

    return run


def _doctor(connection: "Connection", request: Request, params: ExecuteCommandParams) -> Run:
    arguments = _read(DoctorArguments, params)

    async def run() -> CommandResult:
        token = params.workDoneToken
        if token is None:
            token = await request.wait(connection.create_progress())
        asked = {
            "profile": arguments.profile or connection.commands.profile,
            "discover": arguments.discover,
            "workDoneToken": token,
        }
        inner = Request(request.id, protocol.DOCTOR, asked, received_at=request.received_at)
        request.on_cancel(inner.cancel)
        with connection.tokens.held(request, token):
            found = await doctor(connection, inner)
        text = doctor_document(found["checks"])
        path = await asyncio.to_thread(
            partial(connection.commands.answers.write, "codex-doctor", text, keep=True)
        )
        if not await request.wait(Showing(connection).document(path)):
            Showing(connection).message("info", f"Codex: the findings are in {path}")
        return {"status": "cancelled" if request.cancelled else "completed", "uri": path.as_uri()}

    return run


def _read(model: type[P], params: ExecuteCommandParams) -> P:
    """Return a command's checked argument. Raises InvalidParams."""
    return parse(model, params.argument)


_COMMANDS: Mapping[str, Callable[["Connection", Request, ExecuteCommandParams], Run]] = {
    protocol.ASK_COMMAND: _turn,
    protocol.EXPLAIN_COMMAND: _turn,
    protocol.FIX_COMMAND: _turn,
    protocol.STOP_COMMAND: _stop,
    protocol.SELECT_PROFILE_COMMAND: select_profile,
    protocol.SELECT_MODEL_COMMAND: select_model,
    protocol.SELECT_EFFORT_COMMAND: select_effort,
    protocol.DOCTOR_COMMAND: _doctor,
}
