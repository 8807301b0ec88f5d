"""Model text is hostile until it went through here; and harmless text comes through untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.sanitize import Sanitizer, is_blank, sanitize


def _default_ignorable() -> set[str]:
    ranges = [(0xAD, 0xAD), (0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)]
    ranges += [(0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF)]
    return {chr(code) for first, last in ranges for code in range(first, last + 1)}


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
    "privacy message": ("a\x1b^x\x1b\\b", "ab"),
    "start of string": ("a\x1bXx\x1b\\b", "ab"),
    "8-bit device control, string, message, command": (
        "\x90x\x9ca\x98x\x9cb\x9ex\x9cc\x9fx\x9cd",
        "abcd",
    ),
    "a link of two parts": ("\x1b]8;id=1;http://x\x07a\x1b]8;;\x07b", "ab"),
    "an escape inside a string": ("\x1b]0;a\x1b[31mb", "0;ab"),
    "next line, as a control": ("a\x85b", "ab"),
    "deprecated format characters": ("a\u206ab\u206fc", "abc"),
    "interlinear annotation": ("a\ufff9b\ufffac\ufffbd", "abcd"),
    "text in tags": ("a" + "".join(chr(0xE0000 + ord(c)) for c in "run this") + "b", "ab"),
    "the tag that begins them": ("a\U000e0001\U000e0065b", "ab"),
    "text in tags behind a flag": (
        "\U0001f3f4" + "\U000e0061" * 20 + "\U000e007fb",
        "\U0001f3f4" + "\U000e0061" * 6 + "\U000e007fb",
    ),
    "bytes in variation selectors": ("😀" + "\U000e0141" * 30 + "b", "😀\U000e0141\U000e0141b"),
    "bits in zero-width characters": ("a" + "\u200b\u200c" * 40 + "b", "a\u200b\u200cb"),
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
    "می‌خواهم نمی‌دانم کتاب‌ها",
    "क्‍ष ක්‍ෂ র‍্য",
    "ภาษา\u200bไทย ភាសា\u200bខ្មែរ",
    "👁️‍🗨️ ❤️‍🔥 🏳️‍🌈 👩🏽‍💻 1️⃣ ☺︎ 葛\U000e0100 辻󠄀",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴‍☠️ 🏴",
    "Z͑ͫ̓a̴l̷g̶o",
    "ᠮᠣᠩᠭᠣᠯ\u180eᠠ soft\u00adhyphen",
    "\ue0b0 \uf8ff \ufdd0 \U0010ffff",
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


scripts = st.one_of(
    st.sampled_from(
        ["👩‍💻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "می‌خواهم", "é", "漢字", "\t", "\n", "한국어", "עברית", "1️⃣"]
    ),
    st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Mn", "Lo", "So"])),
    st.text(
        st.characters(
            categories=["Mn", "Mc", "Lo"], exclude_characters=sorted(_default_ignorable())
        )
    ),
    st.text("def f(x): return [y**2 for y in x]  # {}<>!@$%^&*`~\\|;:'\"/?,.-_=+\t\n"),
)


@given(
    st.lists(st.tuples(scripts, st.sampled_from([" ", "a", "\n"])), max_size=12),
    st.integers(0, 200),
)
def test_code_and_every_script_come_through_untouched_however_cut(
    parts: list[tuple[str, str]], at: int
) -> None:
    text = "".join(part + seen for part, seen in parts)
    cleaner = Sanitizer()
    assert cleaner.feed(text[:at]) + cleaner.feed(text[at:]) + cleaner.finish() == text


escapes = st.sampled_from(
    [
        *["\x1b", "\x1b[", "\x1b]", "\x1bP", "\x9b", "\x9d", "\x07", "\x9c", "\x1b\\", "\r", "31m"],
        *[
            "\u202e",
            "\u200b",
            "\U000e0041",
            "\U0001f3f4",
            "\U000e007f",
            "\ufe0f",
            "\ud83d",
            "\ude42",
        ],
        *[";", "x", "\n"],
    ]
)


@given(st.lists(escapes, max_size=30), st.lists(st.integers(0, 40), max_size=6))
def test_whatever_is_mixed_comes_out_the_same_for_every_cut(
    parts: list[str], cuts: list[int]
) -> None:
    text = "".join(parts)
    clean = sanitize(text)
    cleaner, pieces, start = Sanitizer(), [], 0
    for end in (*sorted(cuts), len(text)):
        pieces.append(cleaner.feed(text[start:end]) if end >= start else "")
        start = max(start, end)
    assert "".join(pieces) + cleaner.finish() == clean
    assert sanitize(clean) == clean
    clean.encode()  # no half of a pair is left


@pytest.mark.parametrize("between", ["\r", chr(0xDC00), chr(0xD83D)])
def test_a_tag_behind_a_character_that_was_repaired_makes_no_flag(between: str) -> None:
    shown = sanitize(f"🏴{between}\U000e0041")
    assert "\U000e0041" not in shown
    assert sanitize(shown) == shown
