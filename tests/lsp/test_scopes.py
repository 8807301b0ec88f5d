import asyncio
from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from codex_ls.lsp import settings as settings_module
from codex_ls.lsp.settings import Item, Scopes, WorkspaceSettings

FOLDERS = {f"file://{path}": Path(path) for path in ("/w/first", "/w/second", "/w/second/inner")}


class Editor:
    """Answers `workspace/configuration` when the test lets it."""

    def __init__(self, **profiles: str) -> None:
        self.profiles = profiles
        self.asked: list[list[Item]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answer: Any = None

    async def ask(self, items: list[Item]) -> object:
        self.asked.append(items)
        await self.may_answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        scopes = [item.get("scopeUri", "none").rpartition("/")[2] for item in items]
        return [{"profile": self.profiles.get(scope)} for scope in scopes]


def scopes_for(editor: Editor | None, options: object = None) -> Scopes:
    ask = editor.ask if editor else None
    return Scopes(ask=ask, folders=lambda: FOLDERS, options=options)


def profile(scopes: Scopes, uri: str | None) -> str | None:
    return scopes.settings_for(uri).profile


async def test_each_folder_has_its_own_settings() -> None:
    editor = Editor(first="a", second="b", inner="c", none="d")
    scopes = scopes_for(editor)
    await scopes.settle()
    assert editor.asked == [
        [
            *({"scopeUri": uri, "section": "codex"} for uri in FOLDERS),
            {"section": "codex"},
        ]
    ]
    assert profile(scopes, "file:///w/first/x/a.py") == "a"
    assert profile(scopes, "file:///w/second/a.py") == "b"
    assert profile(scopes, "file:///w/second/inner/a%20b.py") == "c"
    assert profile(scopes, "file:///w/second-hand/a.py") == "d"
    assert profile(scopes, "untitled:Untitled-1") == "a"
    assert profile(scopes, None) == "a"
    await scopes.settle()
    assert len(editor.asked) == 1


async def test_a_change_is_asked_for_again_and_what_was_on_its_way_is_dropped() -> None:
    editor = Editor(first="old")
    scopes = scopes_for(editor)
    editor.may_answer.clear()
    scopes.refresh()
    await asyncio.sleep(0)
    editor.profiles["first"] = "new"
    scopes.push(None)
    waiting = asyncio.ensure_future(scopes.settle())
    await asyncio.sleep(0)
    assert not waiting.done()
    editor.may_answer.set()
    await waiting
    assert profile(scopes, None) == "new"
    assert len(editor.asked) == 2


async def test_what_was_asked_goes_before_what_was_pushed_and_that_before_the_options() -> None:
    editor = Editor(second="asked")
    scopes = scopes_for(editor, options={"profile": "options", "thinking": {"show": "hidden"}})
    await scopes.settle()
    assert profile(scopes, None) == "options"
    scopes.push({"codex": {"profile": "pushed", "localOnly": True}})
    await scopes.settle()
    assert scopes.settings_for("file:///w/second/a") == WorkspaceSettings(
        "asked", local_only=True, thinking_show="hidden"
    )
    assert profile(scopes, None) == "pushed"
    scopes.push({"python": {}})
    await scopes.settle()
    assert profile(scopes, None) == "pushed"
    scopes.push({"codex": {}})
    await scopes.settle()
    assert profile(scopes, None) == "options"


async def test_a_client_that_cannot_be_asked_is_not_asked() -> None:
    scopes = scopes_for(None, options={"profile": "options"})
    scopes.refresh()
    await scopes.settle()
    assert profile(scopes, None) == "options"
    await scopes.aclose()


async def test_a_client_that_does_not_answer_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings_module, "ANSWER_TIMEOUT_S", 0.01)
    editor = Editor(first="late")
    editor.may_answer.clear()
    scopes = scopes_for(editor, options={"profile": "options"})
    await scopes.settle()
    await scopes.settle()
    assert len(editor.asked) == 1
    settings = scopes.settings_for(None)
    assert settings.profile == "options"
    assert [notice.kind for notice in scopes.new_notices(settings)] == ["timedOut"]


@pytest.mark.parametrize(
    "answer", [JsonRpcException("no"), {}, "x", [], [None], [5, {"profile": 5}], [{}] * 99]
)
async def test_an_odd_answer_says_nothing(answer: Any) -> None:
    editor = Editor()
    editor.answer = answer
    scopes = scopes_for(editor, options={"profile": "options"})
    await scopes.settle()
    assert profile(scopes, "file:///w/first/a") == "options"


async def test_a_notice_is_told_once() -> None:
    editor = Editor()
    editor.answer = [{"base_url": "x"}] * 4
    scopes = scopes_for(editor)
    await scopes.settle()
    settings = scopes.settings_for(None)
    assert len(scopes.new_notices(settings)) == 1
    assert scopes.new_notices(scopes.settings_for("file:///w/second/a")) == ()
    assert len(settings.notices) == 1


async def test_leaving_waits_for_no_answer() -> None:
    editor = Editor()
    editor.may_answer.clear()
    scopes = scopes_for(editor)
    scopes.refresh()
    await asyncio.sleep(0)
    await asyncio.wait_for(scopes.aclose(), 5)
