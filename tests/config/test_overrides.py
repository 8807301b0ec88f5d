"""`-c key=value`, as Codex reads it."""

from typing import Any

import pytest

from codex_ls.config.overrides import parse_overrides
from codex_ls.errors import InvalidParams
from tests.config.home import Home


@pytest.mark.parametrize(
    ("option", "table"),
    [
        ("model=gpt-oss", {"model": "gpt-oss"}),
        ('model="gpt-oss"', {"model": "gpt-oss"}),
        ("model='gpt-oss'", {"model": "gpt-oss"}),
        ("model = openai/gpt-oss-20b ", {"model": "openai/gpt-oss-20b"}),
        ("model=llama3.2:3b", {"model": "llama3.2:3b"}),
        ('model="unclosed', {"model": "unclosed"}),
        ("model=", {"model": ""}),
        ("model=a=b", {"model": "a=b"}),
        ("x=true", {"x": True}),
        ("x='true'", {"x": "true"}),
        ("x=42", {"x": 42}),
        ("x=[1, 2]", {"x": [1, 2]}),
        ("x={a = 1}", {"x": {"a": 1}}),
        ("a.b.c=1", {"a": {"b": {"c": 1}}}),
        ('a."b.c".d=1', {"a": {"b.c": {"d": 1}}}),
        ("a.b c.d=1", {"a": {"b c": {"d": 1}}}),
        ("model=1\nprofile=2", {"model": "1\nprofile=2"}),
    ],
)
def test_one_option(option: str, table: dict[str, Any]) -> None:
    assert parse_overrides([option]).table == table


def test_several_options_make_one_table_and_the_last_wins() -> None:
    options = ["a.b=1", "a.c=2", "a.b=3", "d=4", "d.e=5"]
    assert parse_overrides(options).table == {"a": {"b": 3, "c": 2}, "d": {"e": 5}}


@pytest.mark.parametrize("option", ["", "model", "=x", " = x", "a..b=1", ".a=1", "a.=1"])
def test_what_is_not_key_and_value_is_wrong_usage(option: str) -> None:
    with pytest.raises(InvalidParams):
        parse_overrides([option])


def test_a_value_is_never_repeated_in_the_error() -> None:
    with pytest.raises(InvalidParams) as caught:
        parse_overrides(["=sk-canary"])
    assert "sk-canary" not in f"{caught.value.message} {caught.value.hint}"


def test_a_dotted_key_reaches_into_a_provider(home: Home) -> None:
    settings = home.resolve(
        ['model_providers.x.base_url="http://localhost:7/v1"', "model_provider=x", "model=m"]
    )
    assert settings.provider.base_url == "http://localhost:7/v1"
