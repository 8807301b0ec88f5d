"""Values of config.toml: what is taken as it is, pydantic would take too."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from codex_ls.config import models
from codex_ls.config.models import ConfigFile, History, ProviderTable, Sandbox, fault_in

TABLES = (ConfigFile, ProviderTable, Sandbox, History)


def words() -> Iterator[str]:
    """Texts that mean something to one key or another."""
    kinds = chain.from_iterable(table.__annotations__.values() for table in TABLES)
    yield from (word for kind in kinds for word in get_args(kind) if isinstance(word, str))
    yield from ("http://localhost:1234/v1", "http://", "OPENAI_API_KEY", " x", "\u200b", "")


VALUES: st.SearchStrategy[object] = st.recursive(
    st.sampled_from(sorted(set(words())))
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


def pydantic_takes(table: type, key: str, value: object) -> bool:
    try:
        models._validator(table, key).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (table, key)
        for table in TABLES
        for key in table.__annotations__
        if key not in models.TABLES | {"profiles"}
    ],
)
@settings(max_examples=30)
@given(value=VALUES)
def test_what_is_plainly_valid_is_valid(table: Any, key: str, value: object) -> None:
    if models._is_plainly_valid(table.__annotations__[key], value):
        assert pydantic_takes(table, key, value)
    assert (fault_in(table, key, value) is None) == pydantic_takes(table, key, value)


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_a_number_without_end_is_told(value: int) -> None:
    fault = fault_in(ConfigFile, "temperature", value)
    assert fault is not None
    assert fault.sentence.startswith("must be a number")
