"""The profile that is shown is the profile that is asked: clients hear of every change."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lsp.e2e.conftest import Start, write_config
from tests.support.lsp_client import LspClient, Message
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

WATCHES: Message = {"experimental": {"codex": {"didChangeProfiles": True}}}
CHANGED = "codex/didChangeProfiles"
ANOTHER = '\nmodel = "m9"\nmodel_provider = "fake"\n'


async def told(client: LspClient, *, times: int) -> None:
    """Wait until so many changes were told; nothing is in their params."""

    def is_told(_message: Message) -> bool:
        found = [m for m in client.messages if m.get("method") == CHANGED]
        assert all(m == {"jsonrpc": "2.0", "method": CHANGED, "params": {}} for m in found)
        return len(found) >= times

    await client.seen(is_told)


async def profiles(client: LspClient) -> Message:
    result: Message = await (await client.send("codex/profiles", {})).result()
    return result


def replace_atomically(path: Path, text: str) -> None:
    new = path.with_name("new")
    new.write_text(text)
    new.rename(path)


def relink(home: Path, text: str) -> None:
    """The file is a link, as a dotfiles manager makes it, and now leads elsewhere."""
    elsewhere = home.parent / f"elsewhere-{len(text)}.toml"
    elsewhere.write_text(text)
    (home / "config.toml").unlink()
    (home / "config.toml").symlink_to(elsewhere)


CHANGES: dict[str, Callable[[Path, str], object]] = {
    "written": lambda home, text: (home / "config.toml").write_text(text),
    "replaced": lambda home, text: replace_atomically(home / "config.toml", text),
    "linked": relink,
}


@pytest.mark.core
@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_of_config_toml_is_told_and_seen(
    start: Start, home: Path, name: str
) -> None:
    text = (home / "config.toml").read_text()
    async with start() as client:
        await client.initialize(capabilities=WATCHES)
        assert (await profiles(client))["active"] == "local"
        CHANGES[name](home, text.replace('profile = "local"', 'profile = "other"'))
        await told(client, times=1)
        assert (await profiles(client))["active"] == "other"


async def test_profile_files_come_change_and_go(start: Start, home: Path) -> None:
    file = home / "mine.config.toml"
    async with start() as client:
        await client.initialize(capabilities=WATCHES)

        async def names() -> set[str]:
            return {profile["name"] for profile in (await profiles(client))["profiles"]}

        before = await names()
        file.write_text(ANOTHER)
        await told(client, times=1)
        assert await names() == before | {"mine"}
        file.rename(home / "yours.config.toml")
        await told(client, times=2)
        assert await names() == before | {"yours"}
        (home / "gone.config.toml").symlink_to(home / "nowhere")
        await told(client, times=3)
        (home / "yours.config.toml").unlink()
        await told(client, times=4)
        assert "yours" not in await names()


async def test_a_home_behind_a_link_may_lead_elsewhere_or_come_later(
    start: Start, home: Path, model: ModelServer, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    async with start(CODEX_HOME=str(link)) as client:
        await client.initialize(capabilities=WATCHES)
        await profiles(client)
        link.symlink_to(home)
        await told(client, times=1)
        assert (await profiles(client))["active"] == "local"
        other = tmp_path / "other-home"
        other.mkdir()
        write_config(other, model, profile="other")
        link.unlink()
        link.symlink_to(other)
        await told(client, times=2)
        assert (await profiles(client))["active"] == "other"


async def test_settings_and_trust_that_select_another_profile_are_told(start: Start) -> None:
    settings: Message = {"profile": None}
    async with start() as client:
        client.answers["workspace/configuration"] = lambda params: [settings] * len(params["items"])
        await client.initialize(capabilities={**WATCHES, "workspace": {"configuration": True}})
        assert (await profiles(client))["active"] == "local"
        settings["profile"] = "other"
        await client.notify("workspace/didChangeConfiguration", {"settings": None})
        await told(client, times=1)
        assert (await profiles(client))["active"] == "other"
        await client.notify("codex/didChangeTrust", {"trusted": False})
        await told(client, times=2)
        assert (await profiles(client))["active"] == "local"
        await client.notify("codex/didChangeTrust", {"trusted": False})
        settings["thinking.show"] = "hidden"
        await client.notify("workspace/didChangeConfiguration", {"settings": None})
        await profiles(client)
        await client.notify("codex/didChangeTrust", {"trusted": True})
        await told(client, times=3)
        assert [m.get("method") for m in client.messages].count(CHANGED) == 3


async def test_only_who_asked_to_be_told_is_told(
    start: Start, home: Path, model: ModelServer
) -> None:
    """The first client's silence is seen at the moment the second one is told."""
    model.always(chat_stream(content=["ok"]))
    async with start() as silent, start() as client:
        await silent.initialize()
        await client.initialize(capabilities=WATCHES)
        await profiles(client)
        for number in range(2):
            (home / "mine.config.toml").write_text(ANOTHER + "\n" * number)
            await told(client, times=number + 1)
        asked = await silent.send("codex/exec", {"prompt": "x", "profile": "mine"})
        assert (await asked.result())["model"] == "m9"
        assert CHANGED not in [m.get("method") for m in silent.messages]


async def test_a_file_that_did_not_change_is_not_told(start: Start, home: Path) -> None:
    async with start() as client:
        await client.initialize(capabilities=WATCHES)
        await profiles(client)
        path = home / "config.toml"
        (home / "notes.txt").write_text("x")
        assert path.read_text()
        os.utime(home)
        (home / "mine.config.toml").write_text(ANOTHER)
        await told(client, times=1)
        assert [m.get("method") for m in client.messages].count(CHANGED) == 1


async def test_a_question_to_another_profile_than_the_one_shown_is_not_asked(
    start: Start, home: Path, model: ModelServer
) -> None:
    text = (home / "config.toml").read_text()
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        await client.initialize(capabilities=WATCHES)
        shown = await profiles(client)
        origin = next(p["origin"] for p in shown["profiles"] if p["name"] == "local")
        expected = {"profile": "local", "origin": origin}
        asked = await client.send("codex/exec", {"prompt": "x", "expected": expected})
        assert (await asked.result())["profile"] == "local"
        (home / "config.toml").write_text(text.replace('profile = "local"', 'profile = "other"'))
        asked = await client.send("codex/exec", {"prompt": "x", "expected": expected})
        error = await asked.error()
        assert (error["data"]["kind"], error["data"]["profile"]) == ("profileChanged", "other")
        assert len(model.turns) == 1
