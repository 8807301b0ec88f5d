from typing import Any

import pytest

from codex_ls.events import Notice
from codex_ls.lsp.settings import WorkspaceSettings, read_pushed, read_settings


@pytest.mark.parametrize(
    ("value", "settings"),
    [
        (None, WorkspaceSettings()),
        ({}, WorkspaceSettings()),
        ({"profile": "local"}, WorkspaceSettings(profile="local")),
        ({"profile": ""}, WorkspaceSettings()),
        ({"profile": "  "}, WorkspaceSettings()),
        ({"profile": None, "localOnly": None, "thinking": None}, WorkspaceSettings()),
        ({"localOnly": True}, WorkspaceSettings(local_only=True)),
        ({"thinking": {"show": "hidden"}}, WorkspaceSettings(thinking_show="hidden")),
        ({"thinking.show": "summary"}, WorkspaceSettings(thinking_show="summary")),
        ({"codex.profile": "local"}, WorkspaceSettings(profile="local")),
        ({"codex.thinking.show": "full"}, WorkspaceSettings(thinking_show="full")),
        (
            {"trusted": False, "token": "x", "trace": {"server": "verbose"}, "profile": "p"},
            WorkspaceSettings(profile="p"),
        ),
    ],
)
def test_three_keys_are_read_nested_or_dotted(value: Any, settings: WorkspaceSettings) -> None:
    assert read_settings(value) == settings


@pytest.mark.parametrize(
    "value", [7, "profile", ["profile"], True, {"profile": 5}, {"profile": {"name": "x"}}]
)
def test_a_wrong_type_is_ignored_with_a_notice(value: Any) -> None:
    settings = read_settings(value)
    assert settings.profile is None
    assert [notice.kind for notice in settings.notices] == ["configInvalid"]


def test_a_lock_of_a_wrong_type_is_closed() -> None:
    settings = read_settings({"localOnly": "yes"})
    assert settings.local_only
    assert "taken as true" in settings.notices[0].message


@pytest.mark.parametrize("show", ["all", 5, "", ["full"], {"x": 1}])
def test_an_unknown_way_to_show_thinking_is_ignored(show: Any) -> None:
    settings = read_settings({"thinking": {"show": show}, "profile": "p"})
    assert (settings.thinking_show, settings.profile) == (None, "p")
    assert [notice.kind for notice in settings.notices] == ["configInvalid"]


HOSTILE: list[Any] = [
    {"base_url": "http://evil.example"},
    {"model_providers": {"openai": {"base_url": "http://evil.example"}}},
    {"model_providers.openai.base_url": "http://evil.example"},
    {"codex.model_provider": "evil", "codex.env_key": "OPENAI_API_KEY"},
    {"config": {"profile": "evil"}},
    {"thinking": {"command": "rm"}},
    {"profile.name": "evil"},
    {"CODEX_HOME": "."},
]


@pytest.mark.parametrize("value", HOSTILE)
def test_any_other_key_is_ignored_with_a_notice(value: Any) -> None:
    settings = read_settings(value)
    assert settings == WorkspaceSettings(notices=settings.notices)
    assert [notice.kind for notice in settings.notices] == ["untrustedWorkspace"]
    assert "evil" not in settings.notices[0].message


def test_the_notice_names_a_few_keys_and_repeats_nothing_odd() -> None:
    settings = read_settings({f"key{number}": 1 for number in range(7)} | {"a\x1b[31m": 1})
    assert settings.notices == (
        Notice(
            "untrustedWorkspace",
            "Editor settings that are not read: one with an odd name, codex.key0, codex.key1,"
            " codex.key2, codex.key3 and 3 more.",
            "A workspace may select a profile."
            " Addresses, keys, headers and commands belong in config.toml.",
        ),
    )


def test_an_endless_depth_is_not_walked() -> None:
    value: dict[str, Any] = {}
    for _ in range(100_000):
        value = {"thinking": value}
    assert read_settings(value).profile is None
    while value:  # taken apart by hand: the interpreter would recurse
        value = value["thinking"]


@pytest.mark.parametrize(
    ("pushed", "settings"),
    [
        (None, None),
        (5, None),
        ([], None),
        ({"python": {"profile": "x"}}, None),
        ({"codexish.profile": "x"}, None),
        ({"codex": {"profile": "a"}}, WorkspaceSettings(profile="a")),
        ({"codex.profile": "a", "python": 1}, WorkspaceSettings(profile="a")),
        (
            {"codex": {"profile": "a"}, "codex.localOnly": True},
            WorkspaceSettings(profile="a", local_only=True),
        ),
        ({"codex": None}, WorkspaceSettings()),
    ],
)
def test_of_pushed_settings_only_our_section_is_looked_at(
    pushed: Any, settings: WorkspaceSettings | None
) -> None:
    assert read_pushed(pushed) == settings


def test_the_stronger_source_wins_but_the_lock_holds_if_any_says_so() -> None:
    strong = WorkspaceSettings(profile="a", notices=(Notice("k", "strong"),))
    weak = WorkspaceSettings("b", local_only=True, thinking_show="hidden")
    assert strong.over(weak) == WorkspaceSettings(
        "a", local_only=True, thinking_show="hidden", notices=(Notice("k", "strong"),)
    )
