"""docs/models.md and the table of families say the same, and each family has its streams."""

import pytest

from codex_ls.dev.corpus import load_case
from codex_ls.dev.models_page import PAGE, STREAMS, fixtures_of, main, with_table
from codex_ls.events import ReasoningDelta, Reclassified, ToolCallDelta
from codex_ls.wire.families import FAMILIES, Family

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def test_the_page_has_the_table_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page)
    assert main([]) == 0


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        with_table("# Models\n")


@each_family
def test_a_family_has_streams_that_show_what_its_row_says(family: Family) -> None:
    paths = fixtures_of(family)
    assert STREAMS / family.fixture in paths
    events = [event for path in paths for event in load_case(path).decode()]
    if family.thinking:
        assert any(isinstance(event, (ReasoningDelta, Reclassified)) for event in events)
    if family.calls:
        assert any(isinstance(event, ToolCallDelta) for event in events)


def test_every_stream_of_a_family_belongs_to_a_row() -> None:
    told = {path for family in FAMILIES for path in fixtures_of(family)}
    assert set((STREAMS / "families").iterdir()) <= told


def test_the_names_of_families_are_different() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
