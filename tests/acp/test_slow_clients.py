"""A client that does not read, and one that does not answer: Stop works, and nothing is granted."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from acp.helpers import text_block
from acp.interfaces import Client
from acp.schema import AllowedOutcome, RequestPermissionResponse

from codex_ls.acp.acp_session import AcpOptions, AcpSession
from codex_ls.acp.session_updates import TurnUpdates
from codex_ls.agent.approval import ApprovalRequest
from codex_ls.turn.session import Session
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.signals import WAIT_SECONDS
from tests.support.streams import Gate, chat_stream


class NoReader:
    """An outbox that stays full."""

    is_congested = True

    def __init__(self) -> None:
        self.entered = asyncio.Event()

    async def room(self) -> None:
        self.entered.set()
        await asyncio.Event().wait()


class OneClient:
    """Takes updates, and allows everything after `answering` is set."""

    def __init__(self) -> None:
        self.updates: list[Any] = []
        self.answering = asyncio.Event()

    async def session_update(self, session_id: str, update: Any) -> None:
        self.updates.append(update)

    async def request_permission(self, **_: Any) -> RequestPermissionResponse:
        await self.answering.wait()
        return RequestPermissionResponse(
            outcome=AllowedOutcome(outcome="selected", option_id="allow_once")
        )


def session(
    turns: Session, client: OneClient, command: Command, folder: Path, **options: Any
) -> AcpSession:
    return AcpSession(
        turns,
        cast("Client", client),
        NoReader(),
        turns.threads.thread(None, folder=str(folder)),
        folder,
        AcpOptions(env=command.environment(), **options),
    )


async def test_stop_works_while_the_client_does_not_read(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(chat_stream(content=["one", Gate()]))
    async with Session(env=command.environment()) as turns:
        it = session(turns, OneClient(), command, folder)
        outbox = cast("NoReader", it._outbox)
        turn = asyncio.ensure_future(it.prompt([text_block("count")]))
        async with asyncio.timeout(WAIT_SECONDS):
            await outbox.entered.wait()
        assert not turn.done()
        it.cancel()
        assert (await turn).stop_reason == "cancelled"
        await (await server.turn(0)).hung_up.wait()


@pytest.mark.parametrize(("answers", "decision"), [(True, "accept"), (False, "decline")])
async def test_a_permission_that_is_never_answered_is_declined_in_the_end(
    server: ModelServer, command: Command, folder: Path, answers: bool, decision: str
) -> None:
    async with Session(env=command.environment()) as turns:
        client = OneClient()
        if answers:
            client.answering.set()
        it = session(
            turns, client, command, folder, answer_timeout_s=WAIT_SECONDS if answers else 0.0
        )
        it._updates = TurnUpdates(it._settings, folder)
        request = ApprovalRequest("command", command="rm -r .", cwd=folder, item_id="call_1")
        assert await it.ask(request) == decision
