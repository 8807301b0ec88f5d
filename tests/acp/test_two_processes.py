"""An editor's language server and an ACP agent on one home, in one thread, at the same time."""

import json
from pathlib import Path

from codex_ls.turn.thread_store import ThreadStore
from tests.acp.acp_client import editor
from tests.cli.command import Command
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream


async def test_both_turns_of_a_thread_are_kept_whole_and_known_to_both(
    server: ModelServer, command: Command, folder: Path
) -> None:
    first, second = Gate("agent"), Gate("server")
    server.enqueue(chat_stream(content=["42"]))
    async with (
        LspClient.spawned(env=command.environment()) as client,
        editor(command, folder) as it,
    ):
        await client.initialize()
        session = await it.new()
        await it.ask(session, "6 times 7?")
        server.enqueue(chat_stream(content=["from ", first, "the agent"]))
        server.enqueue(chat_stream(content=["from ", second, "the server"]))
        turn = it.asking(session, "asked in the panel")
        await first.reached.wait()
        call = await client.send(
            "codex/exec", {"prompt": "asked at the code", "threadId": session, "workDoneToken": "t"}
        )
        await second.reached.wait()
        second.open()
        assert (await call.result())["content"] == "from the server"
        first.open()
        assert (await turn).stop_reason == "end_turn"

        store = ThreadStore.of(command.environment())
        assert store is not None
        turns = store.read(session).turns
        assert sorted((kept.prompt, kept.content) for kept in turns) == [
            ("6 times 7?", "42"),
            ("asked at the code", "from the server"),
            ("asked in the panel", "from the agent"),
        ]
        server.always(chat_stream(content=["both"]))
        await it.ask(session, "what was said?")
        said = json.dumps(server.turns[-1].json["messages"])
        assert "from the agent" in said
        assert "from the server" in said
