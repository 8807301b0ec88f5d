"""Approvals that get no answer, or none that is a decision."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from codex_ls.agent.approval import ApprovalRequest
from codex_ls.lsp.agent_turns import AgentTurns

REQUEST = ApprovalRequest("command", item_id="item", command="touch x", cwd=Path("/w"))


async def decided(answer: Any, *, can_ask: bool = True) -> str:
    """What the user of a client decided that answers with this."""

    async def ask(_method: str, _params: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
        return answer

    turns = AgentTurns(ask, {})
    turns.can_ask = can_ask
    return await turns.questions()(REQUEST)


async def test_an_approval_that_is_never_answered_is_declined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("codex_ls.lsp.agent_turns.ANSWER_TIMEOUT_S", 0.01)
    assert await decided(asyncio.Event()) == "decline"


@pytest.mark.parametrize(
    "answer",
    [None, "accept", {}, {"decision": None}, {"decision": "yes"}, {"decision": ["accept"]}],
    ids=str,
)
async def test_an_answer_that_is_no_decision_declines(answer: Any) -> None:
    assert await decided(answer) == "decline"


async def test_an_error_declines() -> None:
    assert await decided(JsonRpcException(message="no such method", code=-32601)) == "decline"


async def test_a_client_that_can_not_be_asked_declines() -> None:
    assert await decided({"decision": "accept"}, can_ask=False) == "decline"


@pytest.mark.parametrize("decision", ["accept", "acceptForSession", "decline", "cancel"])
async def test_a_decision_is_that_decision(decision: str) -> None:
    assert await decided({"decision": decision}) == decision
