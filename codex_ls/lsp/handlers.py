"""Who answers what. What only editors without a plugin ask for is loaded when it is asked for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from codex_ls.lsp import protocol
from codex_ls.lsp.doctor import doctor
from codex_ls.lsp.exec import Exec
from codex_ls.lsp.models import models, pull_model
from codex_ls.lsp.profiles import profiles
from codex_ls.lsp.request import Request
from codex_ls.lsp.threads import thread, threads

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection

Handler = Callable[["Connection", Request], Awaitable[Any]]


async def _exec(connection: "Connection", request: Request) -> protocol.ExecResult:
    return await Exec(connection, request).reply()


async def _code_actions(connection: "Connection", request: Request) -> list[dict[str, Any]]:
    from codex_ls.lsp.actions import code_actions

    return await code_actions(connection, request)


async def _execute_command(connection: "Connection", request: Request) -> protocol.CommandResult:
    from codex_ls.lsp.commands import execute_command

    return await execute_command(connection, request)


HANDLERS: Mapping[str, Handler] = {
    protocol.EXEC: _exec,
    protocol.PROFILES: profiles,
    protocol.DOCTOR: doctor,
    protocol.THREADS: threads,
    protocol.THREAD: thread,
    protocol.MODELS: models,
    protocol.MODEL_PULL: pull_model,
    protocol.CODE_ACTION: _code_actions,
    protocol.EXECUTE_COMMAND: _execute_command,
}
"""Each raises CodexError for what becomes an error reply."""
