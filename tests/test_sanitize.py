"""Model text is hostile until it went through here; and harmless text comes through untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.sanitize import Sanitizer, is_blank, sanitize

ATTACKS = {
    "colour": ("a\x1b[31mb\x1b[0mc", "abc"),
    "clear the screen": ("a\x1b[2J\x1b[Hb", "ab"),
    "clipboard (OSC 52)": ("a\x1b]52;c;cm0gLXJm\x07b", "ab"),
    "clipboard, ended by ST": ("a\x1b]52;c;cm0gLXJm\x1b\\b", "ab"),
    "link (OSC 8) keeps its words": ("\x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\", "here"),
    "window title": ("\x1b]0;pwned\x07x", "x"),
    "device control": ("a\x1bPq#0\x1b\\b", "ab"),
    "application command": ("a\x1b_Gf=1\x1b\\b", "ab"),
    "8-bit CSI": ("a\x9b2Jb", "ab"),
    "8-bit OSC": ("a\x9d52;c;x\x9cb", "ab"),
    "character set": ("a\x1b(0b", "ab"),
    "reset": ("a\x1bcb", "ab"),
    "two in a row": ("\x1b\x1b[31mx", "x"),
    "nul, bell, backspace, delete": ("a\x00b\x07c\x08d\x7fe", "abcde"),
    "a return that overwrites": ("safe\rrm -rf", "safe\nrm -rf"),
    "cr lf": ("a\r\nb\r\n", "a\nb\n"),
    "bidi override": ("a\u202eb\u2066c\u2069", "abc"),
    "half a pair": ("a\ud83db", "a\ufffdb"),
    "the other half": ("a\ude42b", "a\ufffdb"),
    "an unfinished OSC gives its text back": ("a\x1b]0;title", "a0;title"),
    "a line ends an OSC": ("a\x1b]0;title\nb", "a0;title\nb"),
    "an unfinished CSI": ("a\x1b[31", "a31"),
    "a wrong CSI": ("a\x1b[3\u5b57b", "a3\u5b57b"),
}
HARMLESS = [
    "def f(x):\n\treturn x[1:2]  # ok\n",
    "👩‍👩‍👧 é é 漢字 한국어 עברית العربية",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\u200d\u200e\u00a0\u2028",
    "[31m is not an escape, nor is ]0;x",
]


@pytest.mark.parametrize("case", ATTACKS)
def test_every_cut_of_an_attack_comes_out_clean(case: str) -> None:
    text, expected = ATTACKS[case]
    assert sanitize(text) == expected
    cuts = [list(text), *([text[:at], text[at:]] for at in range(1, len(text)))]
    for pieces in cuts:
        cleaner = Sanitizer()
        assert "".join(map(cleaner.feed, pieces)) + cleaner.finish() == expected, pieces


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_untouched(text: str) -> None:
    assert sanitize(text) == text
    cleaner = Sanitizer()
    assert "".join(map(cleaner.feed, text)) + cleaner.finish() == text


def test_a_pair_that_was_cut_apart_is_joined() -> None:
    cleaner = Sanitizer()
    assert cleaner.feed("a\ud83d") + cleaner.feed("\ude42b") + cleaner.finish() == "a🙂b"


def test_an_endless_string_swallows_nothing() -> None:
    text = "x" * 10_000
    assert sanitize(f"\x1b]0;{text}") == f"0;{text}"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 100))
def test_no_control_survives_and_cuts_do_not_matter(text: str, at: int) -> None:
    clean = sanitize(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in clean)
    cleaner = Sanitizer()
    assert cleaner.feed(text[:at]) + cleaner.feed(text[at:]) + cleaner.finish() == clean


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\u200b",
        "\u00a0\u2060\ufeff",
        "\u200e \u202e",
        "\u3164",
        "\u2800",
        "\ufe0f\u200d",
        "\x00",
    ],
)
def test_what_nobody_can_see_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text", ["a", "\u200b?", "\u200b\n.", "ü", "中", "🙂", "e\u0301", "\U0001fae9", "\ue0b0"]
)
def test_what_can_be_seen_is_not_blank(text: str) -> None:
    assert not is_blank(text)
