"""What is found in a piece of text, and how much of its end could still become a marker."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_ls.wire.families import vocabulary_for
from codex_ls.wire.markers import Markers

SETS = [
    ("<think>", "</think>"),
    ("[THINK]", "<think>", "<thinking>", "◁think▷"),
    ("aa", "ab<", "b"),
    ("x",),
]


@pytest.mark.parametrize("markers", SETS)
@settings(derandomize=True, database=None, deadline=None)
@given(data=st.data())
def test_the_earliest_marker_or_the_longest_beginning(
    markers: tuple[str, ...], data: st.DataObject
) -> None:
    parts = st.sampled_from([*"".join(markers), *markers, " ", "z"])
    text = "".join(data.draw(st.lists(parts, max_size=12)))
    found, keep = Markers(*markers).scan(text)
    places = [text.find(marker) for marker in markers if marker in text]
    if places:
        assert found is not None
        assert (found.start(), keep) == (min(places), 0)
        assert found[0] in markers
    else:
        held = [
            size
            for size in range(len(text) + 1)
            if any(size < len(m) and m.startswith(text[len(text) - size :]) for m in markers)
        ]
        assert (found, keep) == (None, max(held))


@pytest.mark.parametrize("model", ["", "gpt-oss-20b", "granite", "glm-4.6v", "muse", "apriel"])
def test_every_marker_of_a_model_is_found(model: str) -> None:
    words = vocabulary_for(model)
    for marker in (*words.openers, *words.calls):
        found = words.content.find(f"text {marker} text")
        assert found is not None
        assert found[0] == marker
        assert words.lead.at_start(marker + "x") == marker
        assert words.lead.may_start(marker[:-1])
