"""Sessions are threads: loaded with their history, listed, resumed, shared with other processes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from acp.exceptions import RequestError
from acp.schema import ClientCapabilities

from codex_ls import __version__
from tests.acp.acp_client import editor, told
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream


async def test_what_the_agent_says_of_itself(command: Command, folder: Path) -> None:
    async with editor(command, folder) as it:
        for terminal in (False, True):
            made = await it.agent.initialize(
                protocol_version=1,
                client_capabilities=ClientCapabilities.model_validate(
                    {"auth": {"terminal": terminal}}
                ),
            )
            assert made.protocol_version == 1
            assert made.agent_info is not None
            assert (made.agent_info.name, made.agent_info.version) == ("codex-ls", __version__)
            methods = [(m.id, getattr(m, "args", None)) for m in made.auth_methods or []]
            assert methods == ([("init", ["--init"])] if terminal else [])
        can: Any = made.agent_capabilities
        assert can.load_session
        assert (can.prompt_capabilities.image, can.prompt_capabilities.embedded_context) == (1, 1)
        assert can.session_capabilities.list is not None
        assert can.session_capabilities.resume is not None
        await it.agent.authenticate(method_id="init")


async def test_loading_replays_everything_and_goes_on(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(chat_stream(reasoning=["hm"], content=["42"]), chat_stream(content=["7"]))
    async with editor(command, folder) as it:
        session = await it.new()
        await it.ask(session, "6 times 7?")
    async with editor(command, folder) as it:
        loaded = await it.agent.load_session(cwd=str(folder), session_id=session, mcp_servers=[])
        assert loaded is not None
        assert [(u.session_update, u.content.text) for _, u in it.client.updates] == [
            ("user_message_chunk", "6 times 7?"),
            ("agent_thought_chunk", "hm"),
            ("agent_message_chunk", "42"),
        ]
        assert {known for known, _ in it.client.updates} == {session}
        await it.ask(session, "and by 6?")
        said = [message["content"] for message in server.turns[1].json["messages"][1:]]
        assert said == ["6 times 7?", "42", "and by 6?"]


async def test_resuming_replays_nothing_and_goes_on(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(chat_stream(content=["42"]), chat_stream(content=["7"]))
    async with editor(command, folder) as it:
        session = await it.new()
        await it.ask(session, "6 times 7?")
    async with editor(command, folder) as it:
        await it.agent.resume_session(cwd=str(folder), session_id=session, mcp_servers=[])
        assert it.client.updates == []
        await it.ask(session, "and by 6?")
        assert len(server.turns[1].json["messages"]) == 4


async def test_a_session_of_which_nothing_was_asked_can_be_loaded(
    command: Command, folder: Path
) -> None:
    async with editor(command, folder) as it:
        session = await it.new()
        await it.agent.load_session(cwd=str(folder), session_id=session, mcp_servers=[])
        assert it.client.updates == []


async def test_the_list_is_that_of_the_folder_and_shared_with_the_shell(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["42"]))
    await asyncio.to_thread(command.run, "exec", "-C", str(folder), "from the shell")
    await asyncio.to_thread(command.run, "exec", "elsewhere")
    async with editor(command, folder) as it:
        session = await it.new()
        await it.ask(session, "from the editor")
        here = await it.agent.list_sessions(cwd=str(folder))
        assert [(known.title, known.cwd) for known in here.sessions] == [
            ("from the editor", str(folder)),
            ("from the shell", str(folder)),
        ]
        assert here.sessions[0].session_id == session
        everywhere = await it.agent.list_sessions()
        assert {known.title for known in everywhere.sessions} == {
            "from the editor",
            "from the shell",
            "elsewhere",
        }
        with pytest.raises(RequestError, match="cursor"):
            await it.agent.list_sessions(cursor="x")
        # The shell goes on in it, and the next turn here knows.
        await asyncio.to_thread(command.run, "exec", "resume", session, "more")
        await it.ask(session, "and?")
        said = [message["content"] for message in server.turns[-1].json["messages"][1:]]
        assert said == ["from the editor", "42", "more", "42", "and?"]


async def test_an_unknown_session_is_an_error_everywhere(command: Command, folder: Path) -> None:
    async with editor(command, folder) as it:
        for wrong in ("nobody", "../../config", "019a0000-0000-7000-8000-000000000000"):
            with pytest.raises(RequestError) as prompted:
                await it.ask(wrong, "hi")
            with pytest.raises(RequestError) as loaded:
                await it.agent.load_session(cwd=str(folder), session_id=wrong, mcp_servers=[])
            with pytest.raises(RequestError) as resumed:
                await it.agent.resume_session(cwd=str(folder), session_id=wrong, mcp_servers=[])
            for error in (prompted, loaded, resumed):
                assert told(error.value)[:2] == (-32002, "unknownThread")
            await it.agent.cancel(session_id=wrong)
        assert await it.new()


@pytest.mark.parametrize("cwd", ["relative", "/no/such/folder", "/etc/passwd"])
async def test_a_folder_that_is_none_is_an_error(command: Command, folder: Path, cwd: str) -> None:
    async with editor(command, folder) as it:
        with pytest.raises(RequestError, match="folder") as refused:
            await it.agent.new_session(cwd=cwd, mcp_servers=[])
        assert refused.value.code == -32602


async def test_closing_a_session_keeps_its_thread(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["42"]))
    async with editor(command, folder) as it:
        session = await it.new()
        await it.ask(session, "hi")
        await it.agent.close_session(session_id=session)
        with pytest.raises(RequestError, match="There is no session"):
            await it.ask(session, "hi")
        await it.agent.resume_session(cwd=str(folder), session_id=session, mcp_servers=[])
        await it.ask(session, "hi")


async def test_profile_model_and_effort_are_options(
    server: ModelServer, command: Command, folder: Path
) -> None:
    (command.home / "big.config.toml").write_text('model = "big-model"\nmodel_provider = "fake"\n')
    server.always(chat_stream(content=["42"]))
    async with editor(command, folder) as it:
        made: Any = await it.agent.new_session(cwd=str(folder), mcp_servers=[])
        session = made.session_id
        options = {option.id: option for option in made.config_options}
        assert [(o.id, o.category, o.current_value) for o in made.config_options] == [
            ("profile", "mode", ":none"),
            ("model", "model", "test-model"),
            ("effort", "thought_level", "default"),
        ]
        assert "big" in [option.value for option in options["profile"].options]
        assert [o.value for o in options["model"].options] == ["test-model", "big-model"]

        await it.agent.set_config_option(config_id="effort", session_id=session, value="high")
        changed: Any = await it.agent.set_config_option(
            config_id="profile", session_id=session, value="big"
        )
        assert [o.current_value for o in changed.config_options] == ["big", "big-model", "high"]
        await it.ask(session, "hi")
        assert server.turns[0].json["model"] == "big-model"
        assert server.turns[0].json["reasoning_effort"] == "high"

        for option, value in (
            ("profile", "nobody"),
            ("effort", "enormous"),
            ("model", " "),
            ("colour", "red"),
        ):
            with pytest.raises(RequestError):
                await it.agent.set_config_option(config_id=option, session_id=session, value=value)
        await it.ask(session, "hi")  # nothing has changed
        assert server.turns[1].json["model"] == "big-model"


async def test_without_a_model_a_session_asks_for_the_setup(command: Command, folder: Path) -> None:
    command.write_config('[model_providers.fake]\nname = "Fake"\nbase_url = "http://x/v1"\n')
    async with editor(command, folder) as it:
        with pytest.raises(RequestError) as refused:
            await it.new()
        assert told(refused.value)[:2] == (-32000, "noProfile")
        with pytest.raises(RequestError):
            await it.agent.authenticate(method_id="init")


@pytest.mark.parametrize("broken", ["home", "config"])
async def test_a_broken_configuration_is_told_to_the_client(
    command: Command, folder: Path, broken: str
) -> None:
    env = {}
    if broken == "home":
        env["CODEX_HOME"] = str(folder / "gone")
    else:
        command.write_config("model = \n")
    async with editor(Command(command.home, env), folder) as it:
        with pytest.raises(RequestError) as refused:
            await it.new()
        assert told(refused.value)[:2] == (-32603, "configInvalid")
