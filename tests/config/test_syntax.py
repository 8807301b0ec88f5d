"""Text that is no TOML: the place where something is out of place, what it is, and the next step."""

import random
import tomllib
from pathlib import Path

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.config.layer import parse_layer
from codex_ls.config.syntax import Slip, find_slip
from codex_ls.errors import ConfigError
from tests.config.home import SAMPLE, Home

SLIPS = [
    ("model = gpt-5\n", 1, 9, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    ('model = "gpt\nx = 1\n', 1, 9, "a quote opens here and is not closed", 'close it with ".'),
    ("model = 'gpt\n", 1, 9, "a quote opens here and is not closed", "close it with '."),
    (
        'model = """gpt\nx=1\n',
        1,
        9,
        '""" opens here and is not closed',
        'close it with """; a text on one line has one quote on each side.',
    ),
    (
        "model = '''\n",
        1,
        9,
        "''' opens here and is not closed",
        "close it with '''; a text on one line has one quote on each side.",
    ),
    (
        "[projects.'C:\\Users\\me]\n",
        1,
        11,
        "a quote opens here and is not closed",
        "close it with '.",
    ),
    (
        '[projects."C:\\Users\\me"]\nt=1\n',
        1,
        14,
        "this backslash begins no escape that TOML has",
        "put a text with backslashes into single quotes, or write each of them twice.",
    ),
    ('[projects."/home/x]\n', 1, 11, "a quote opens here and is not closed", 'close it with ".'),
    (
        '"model = "gpt"\n',
        1,
        11,
        "expected '=' after a key in a key/value pair",
        "a quote that opens at the key is not closed before =.",
    ),
    (
        'model" = "x"\n',
        1,
        6,
        "expected '=' after a key in a key/value pair",
        "a name has quotes on both sides, or none.",
    ),
    ('"model = 1\n', 1, 1, "a quote opens here and is not closed", 'close it with ".'),
    (
        'model = "C:\\Users\\me"\n',
        1,
        12,
        "this backslash begins no escape that TOML has",
        "put a text with backslashes into single quotes, or write each of them twice.",
    ),
    (
        'model = "C:\\dir\\"\n',
        1,
        12,
        "this backslash begins no escape that TOML has",
        "put a text with backslashes into single quotes, or write each of them twice.",
    ),
    (
        'model = "C:\\temp\\x"\n',
        1,
        17,
        "this backslash begins no escape that TOML has",
        "put a text with backslashes into single quotes, or write each of them twice.",
    ),
    (
        'model\xa0= "x"\n',
        1,
        6,
        "an invisible character that is no plain space (U+00A0 NO-BREAK SPACE)",
        "replace it with a space.",
    ),
    (
        '\xa0model = "x"\n',
        1,
        1,
        "an invisible character that is no plain space (U+00A0 NO-BREAK SPACE)",
        "replace it with a space.",
    ),
    ('model = \u200b"x"\n', 1, 9, "an invisible character (U+200B ZERO WIDTH SPACE)", "delete it."),
    (
        'a=1\n\ufeffmodel = "x"\n',
        2,
        1,
        "an invisible character (U+FEFF ZERO WIDTH NO-BREAK SPACE)",
        "delete it.",
    ),
    (
        "model = “x”\n",
        1,
        9,
        "a typographic quote (U+201C LEFT DOUBLE QUOTATION MARK)",
        'write straight quotes: ".',
    ),
    (
        'model = "x”\n',
        1,
        9,
        "a quote opens here and is not closed",
        'it ends with a typographic quote: write " there.',
    ),
    (
        'model ＝ "x"\n',
        1,
        7,
        "a full-width character (U+FF1D FULLWIDTH EQUALS SIGN)",
        "write = instead.",
    ),
    (
        "model = ‘x’\n",
        1,
        9,
        "a typographic quote (U+2018 LEFT SINGLE QUOTATION MARK)",
        'write straight quotes: ".',
    ),
    (
        'model: "x"\n',
        1,
        6,
        "expected '=' after a key in a key/value pair",
        'write = instead of the colon, as in model = "gpt-oss".',
    ),
    (
        '"model": "x",\n',
        1,
        8,
        "expected '=' after a key in a key/value pair",
        'write = instead of the colon, as in model = "gpt-oss".',
    ),
    (
        '{\n "model": "x"\n}\n',
        1,
        1,
        "no setting begins like this",
        'this looks like JSON; TOML has lines such as model = "gpt-oss".',
    ),
    (
        "model: gpt\nprofile: x\n",
        1,
        6,
        "expected '=' after a key in a key/value pair",
        'write = instead of the colon, as in model = "gpt-oss".',
    ),
    (
        "---\nmodel: x\n",
        1,
        1,
        "no setting begins like this",
        'this looks like YAML; TOML has lines such as model = "gpt-oss".',
    ),
    (
        "- a\n",
        1,
        1,
        "no setting begins like this",
        'this looks like YAML; TOML has lines such as model = "gpt-oss".',
    ),
    (
        'model "x"\n',
        1,
        7,
        "expected '=' after a key in a key/value pair",
        'every line is a key, = and a value, as in model = "gpt-oss".',
    ),
    (
        "model\n",
        1,
        6,
        "expected '=' after a key in a key/value pair",
        'every line is a key, = and a value, as in model = "gpt-oss".',
    ),
    (
        '= "x"\n',
        1,
        1,
        "a key is missing in front of =",
        'every line is a key, = and a value, as in model = "gpt-oss".',
    ),
    ('model == "x"\n', 1, 8, "invalid value", "write one =."),
    ('model = = "x"\n', 1, 9, "invalid value", "write one =."),
    (
        'model := "x"\n',
        1,
        7,
        "expected '=' after a key in a key/value pair",
        'write = instead of the colon, as in model = "gpt-oss".',
    ),
    (
        'export MODEL="x"\n',
        1,
        8,
        "expected '=' after a key in a key/value pair",
        "leave out export.",
    ),
    ('set model = "x"\n', 1, 5, "expected '=' after a key in a key/value pair", "leave out set."),
    (
        "my key = 1\n",
        1,
        4,
        "expected '=' after a key in a key/value pair",
        "put a name with such characters into quotes, or write _ for a space.",
    ),
    (
        "größe = 1\n",
        1,
        3,
        "expected '=' after a key in a key/value pair",
        "U+00F6 LATIN SMALL LETTER O WITH DIAERESIS needs quotes around the name; if it looks plain, type it again.",
    ),
    (
        "a/b = 1\n",
        1,
        2,
        "expected '=' after a key in a key/value pair",
        "put a name with such characters into quotes, or write _ for a space.",
    ),
    (
        "$x = 1\n",
        1,
        1,
        "no setting begins like this",
        'put a name with such characters into quotes, as in "größe" = 1.',
    ),
    ("// c\n", 1, 1, "no setting begins like this", "a comment begins with #."),
    ("a = 1 // c\n", 1, 7, "more text follows on this line", "a comment begins with #."),
    ("a = 1;\n", 1, 5, "invalid value", "leave out the ; at the end of the line."),
    (
        'a = "x",\n',
        1,
        8,
        "more text follows on this line",
        "leave out the , at the end of the line.",
    ),
    ("a = 1,000\n", 1, 6, "more text follows on this line", "write a number without commas."),
    ("/* x */\n", 1, 1, "no setting begins like this", "a comment begins with #."),
    ("; c\n", 1, 1, "no setting begins like this", "a comment begins with #."),
    ("a = True\n", 1, 5, "invalid value", "write true."),
    ("a = yes\n", 1, 5, "invalid value", "write true."),
    ("a = null\n", 1, 5, "invalid value", "TOML has no null: leave the line out."),
    ("a = 5s\n", 1, 5, "invalid value", "write the number alone, without a unit."),
    ("a = .5\n", 1, 5, "invalid value", "write a digit on both sides of the point, as in 0.5."),
    ("a = 5.\n", 1, 5, "invalid value", "write a digit on both sides of the point, as in 0.5."),
    ("a = 007\n", 1, 5, "invalid value", "write a number without zeros in front."),
    ("a = http://x/y\n", 1, 5, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    ("a = ~/x\n", 1, 5, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    ("a =\n", 1, 4, "a value is missing", 'write one, or "" for none.'),
    ("a = # c\n", 1, 5, "a value is missing", 'write one, or "" for none.'),
    ('a = ["x" "y"]\n', 1, 10, "a comma is missing in a list", "separate its entries with commas."),
    ('a = ["x",\nb = 1\n', 1, 5, "unclosed array", "close it with ]."),
    ("a = [1,\n2", 1, 5, "unclosed array", "close it with ]."),
    ('a = ["x"\n[t]\n', 1, 5, "unclosed array", "close it with ]."),
    ('a = [\n [1],\n ["b"],\nb = 2\n', 1, 5, "unclosed array", "close it with ]."),
    (
        "a = { b = 1 c = 2 }\n",
        1,
        13,
        "a comma is missing between { and }",
        "separate its keys with commas.",
    ),
    ("a = { b = 1\nc = 2\n", 1, 5, "unclosed inline table", "close it with }."),
    (
        "a = { b: 1 }\n",
        1,
        8,
        "expected '=' after a key in a key/value pair",
        'write = instead of the colon, as in model = "gpt-oss".',
    ),
    (
        "a = {\n b = 1\n c = 2\n}\n",
        3,
        2,
        "a comma is missing between { and }",
        "separate its keys with commas.",
    ),
    (
        'a = { "b" }\n',
        1,
        11,
        "expected '=' after a key in a key/value pair",
        'every line is a key, = and a value, as in model = "gpt-oss".',
    ),
    ("[profiles.a\n", 1, 12, "expected ']' at the end of a table declaration", "close it with ]."),
    (
        "[profiles a]\n",
        1,
        11,
        "expected ']' at the end of a table declaration",
        'put a name with such characters into quotes, as in [projects."/home/me"].',
    ),
    ("[]\n", 1, 2, "a table has a name", "write it between the brackets."),
    (
        "[a.]\n",
        1,
        4,
        "a part of the table's name is missing or needs quotes",
        'put a name with such characters into quotes, as in [projects."/home/me"].',
    ),
    ("[[a]\n", 1, 4, "expected ']]' at the end of a table declaration", "close it with ]]."),
    (
        "[a]]\n",
        1,
        4,
        "more text follows on this line",
        "this ] closes nothing that is open: remove it.",
    ),
    ("[a] b = 1\n", 1, 5, "more text follows on this line", "a header has a line of its own."),
    (
        "[profiles.my lab]\n",
        1,
        14,
        "expected ']' at the end of a table declaration",
        'put a name with such characters into quotes, as in [projects."/home/me"].',
    ),
    (
        "[projects./home/me]\n",
        1,
        11,
        "a part of the table's name is missing or needs quotes",
        'put a name with such characters into quotes, as in [projects."/home/me"].',
    ),
    (
        "[profiles.größe]\n",
        1,
        13,
        "expected ']' at the end of a table declaration",
        'put a name with such characters into quotes, as in [projects."/home/me"].',
    ),
    (
        "[model_provider.x\n",
        1,
        18,
        "expected ']' at the end of a table declaration",
        "close it with ].",
    ),
    (
        '[profiles.a\nmodel = "x"\n',
        1,
        12,
        "expected ']' at the end of a table declaration",
        "close it with ].",
    ),
    (
        "a = 'it's me'\n",
        1,
        9,
        "more text follows on this line",
        "a text with an apostrophe in it goes into double quotes.",
    ),
    (
        'a = "say "hi""\n',
        1,
        11,
        "more text follows on this line",
        'write \\" for a quote inside a text, or put the text into single quotes.',
    ),
    (
        'a = "x" b = "y"\n',
        1,
        9,
        "more text follows on this line",
        "every setting has a line of its own.",
    ),
    ('a = "x\x07"\n', 1, 7, "a control character (U+0007) in a text", "delete it."),
    ("# c\x07\n", 1, 4, "a control character (U+0007) in a comment", "delete it."),
    (
        "a = 1\rb = 2\r",
        1,
        6,
        "a carriage return without a line feed",
        "save the file with ordinary line ends.",
    ),
    (
        'a = """x\n\nb = 1\nc = """y"""\n',
        4,
        8,
        "more text follows on this line",
        'the """ of line 1 is closed here: is one missing above?',
    ),
    (
        "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> x\n",
        1,
        1,
        "no setting begins like this",
        "a merge left both of its sides here: keep one of them.",
    ),
    (
        "]\n",
        1,
        1,
        "no setting begins like this",
        "this ] closes nothing that is open: remove it.",
    ),
    ("a = 2020-13-01x\n", 1, 5, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    (
        "a = 'x\"\n",
        1,
        5,
        "a quote opens here and is not closed",
        "it opens with ' and ends with \": write the same on both sides.",
    ),
    (
        "sk-secret1234567890\n",
        1,
        20,
        "expected '=' after a key in a key/value pair",
        'every line is a key, = and a value, as in model = "gpt-oss".',
    ),
    ("key = sk-secret123\n", 1, 7, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    ('a="\\e[0m"\nb=gpt\n', 2, 3, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    (
        'a = ""x"\n',
        1,
        7,
        "more text follows on this line",
        'write \\" for a quote inside a text, or put the text into single quotes.',
    ),
    ('a = "x" # ok\nb = [1, 2,, 3]\n', 2, 11, "a value is missing", "write one in front of ,."),
    (
        "a = [1,2]]\n",
        1,
        10,
        "more text follows on this line",
        "this ] closes nothing that is open: remove it.",
    ),
    (
        "a = 1}\n",
        1,
        6,
        "more text follows on this line",
        "this } closes nothing that is open: remove it.",
    ),
    (
        "a.b.c d = 1\n",
        1,
        7,
        "expected '=' after a key in a key/value pair",
        "put a name with such characters into quotes, or write _ for a space.",
    ),
    ('a."b = 1\n', 1, 3, "a quote opens here and is not closed", 'close it with ".'),
    ("\x00\n", 1, 1, "a control character (U+0000)", "delete it."),
    (
        "[projects.'C:\\Users\\me\\Документы\\проект 😀]\n",
        1,
        11,
        "a quote opens here and is not closed",
        "close it with '.",
    ),
    (
        'wire‑api = "chat"\n',
        1,
        5,
        "a typographic dash (U+2011 NON-BREAKING HYPHEN)",
        "write - instead.",
    ),
    (
        'mоdel = "x"\n',
        1,
        2,
        "expected '=' after a key in a key/value pair",
        "U+043E CYRILLIC SMALL LETTER O needs quotes around the name; if it looks plain, type it again.",
    ),
    ('a = "x\n\n[b]\nc = "y"\n', 1, 5, "a quote opens here and is not closed", 'close it with ".'),
    ('a = [\n "x",\n "y\n]\n', 3, 2, "a quote opens here and is not closed", 'close it with ".'),
    ("a = {\n b = 1,\n[c]\n", 1, 5, "unclosed inline table", "close it with }."),
    (
        '[a]\nb = """\n"" "" still\n',
        2,
        5,
        '""" opens here and is not closed',
        'close it with """; a text on one line has one quote on each side.',
    ),
    ('[["x]]\n', 1, 3, "a quote opens here and is not closed", 'close it with ".'),
    (
        "a = 1 2\n",
        1,
        7,
        "more text follows on this line",
        "every setting has a line of its own, and text needs quotes.",
    ),
    ("a = 10k\n", 1, 5, "invalid value", "write the number alone, without a unit."),
    ("a = 0x\n", 1, 5, "invalid value", "write the number alone, without a unit."),
    ("a = +\n", 1, 5, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    (
        'a = "\\u12"\n',
        1,
        6,
        "this backslash begins no escape that TOML has",
        "put a text with backslashes into single quotes, or write each of them twice.",
    ),
    (
        'a = """\\q"""\n',
        1,
        8,
        "this backslash begins no escape that TOML has",
        "put a text with backslashes into single quotes, or write each of them twice.",
    ),
    (
        "a = ’x’\n",
        1,
        5,
        "a typographic quote (U+2019 RIGHT SINGLE QUOTATION MARK)",
        'write straight quotes: ".',
    ),
    ("a = `x`\n", 1, 5, "a typographic quote (U+0060 GRAVE ACCENT)", 'write straight quotes: ".'),
    (
        'a = \u3000"x"\n',
        1,
        5,
        "an invisible character that is no plain space (U+3000 IDEOGRAPHIC SPACE)",
        "replace it with a space.",
    ),
    (
        '\tmodel\t: "x"\n',
        1,
        8,
        "expected '=' after a key in a key/value pair",
        'write = instead of the colon, as in model = "gpt-oss".',
    ),
    ("a = 1_\n", 1, 5, "invalid value", 'text needs quotes, as in model = "gpt-oss".'),
    (
        "url = http://h?key=sk-1\n",
        1,
        7,
        "invalid value",
        'text needs quotes, as in model = "gpt-oss".',
    ),
    (
        "#ok\n\n\na\n",
        4,
        2,
        "expected '=' after a key in a key/value pair",
        'every line is a key, = and a value, as in model = "gpt-oss".',
    ),
    (
        "a = {b = 1}, c = 2\n",
        1,
        12,
        "more text follows on this line",
        "leave out the , at the end of the line.",
    ),
    (
        "a = [{ b = 1 }, { c: 2 }]\n",
        1,
        20,
        "expected '=' after a key in a key/value pair",
        'write = instead of the colon, as in model = "gpt-oss".',
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "sentence", "fix"), SLIPS)
def test_a_slip_is_told_where_it_is(
    text: str, line: int, column: int, sentence: str, fix: str
) -> None:
    assert find_slip(text) == Slip(line, column, sentence, fix)
    with pytest.raises(ConfigError) as caught:
        parse_layer(Path("/h/config.toml"), text.encode())
    assert caught.value.message == f"config.toml:{line}:{column}: this is not TOML: {sentence}."
    assert caught.value.hint == f"/h/config.toml, line {line}, column {column}: {fix}"


@pytest.mark.parametrize("text", [text for text, *_ in SLIPS])
@pytest.mark.parametrize("before", [SAMPLE, "a = 1\r\n\r\n", 'b = """\nx\n"""\n# ü😀\n'])
def test_its_line_counts_from_the_top_of_the_file(text: str, before: str) -> None:
    if text.startswith(("{", "\n")):
        return  # what makes a whole file JSON stands at its top
    alone, below = find_slip(text), find_slip(before + text)
    assert alone is not None
    assert below is not None
    assert below.line == alone.line + before.count("\n")
    assert (below.column, below.sentence, below.fix) == (
        alone.column,
        alone.sentence,
        alone.fix if "of line " not in str(alone.fix) else below.fix,
    )


SECRET = "sk-canary-0123456789"


@pytest.mark.parametrize(
    "line",
    [
        f"api_key = {SECRET}",
        f'api_key = "{SECRET}',
        f"api_key: {SECRET}",
        f'api_key = "{SECRET}" {SECRET}',
        f"{SECRET}",
        f'api_key = "{SECRET}\\q"',
        f"api_key = [{SECRET}]",
        f"api_key = “{SECRET}”",
        f'api_key = """{SECRET}',
    ],
)
def test_no_value_is_repeated(home: Home, line: str) -> None:
    home.write(f"{line}\n")
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert "canary" not in f"{caught.value.message} {caught.value.hint}"


def test_a_slip_does_not_hide_what_is_set_twice_before_it(home: Home) -> None:
    home.write('model = "a"\nmodel = "b"\nprofile = c\n')
    with pytest.raises(ConfigError, match=r"config.toml:2:1: `model` is set twice"):
        home.load()
    home.write("a = { b = 1 }\n[a.c]\n")
    with pytest.raises(ConfigError, match=r"config.toml:2:5: .*`a.c` is defined already"):
        home.load()


VERSION_1_1 = [
    'model = "m"\nmodel_providers.lab = {\n  name = "L", # ours\n  base_url = "http://h/v1",\n}\n',
    'model = "m\\x2d"\ndeveloper_instructions = "\\e"\n[model_providers.lab]\nname = "L"\nbase_url = "http://h/v1"\n',
]


@pytest.mark.parametrize("text", VERSION_1_1)
def test_what_codex_reads_as_toml_1_1_is_read(home: Home, text: str) -> None:
    home.write(f'model_provider = "lab"\n{text}')
    settings = home.resolve()
    assert (settings.provider.name, settings.provider.base_url) == ("L", "http://h/v1")
    home.write(f'model_provider = "lab"\n{text}b = [\n')
    with pytest.raises(ConfigError, match="unclosed array"):
        home.load()


# ---- any text ----------------------------------------------------------------------------------

WHOLE = [
    SAMPLE,
    *VERSION_1_1,
    "a = [1, [2, 3], { b = 'c' }]\n[x.\"y z\"]\nt = 2020-01-01 10:00:00\n",
]
PIECES = [
    '"',
    "'",
    '"""',
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    "#",
    "\n",
    "\\",
    ".",
    " ",
    "\u00a0",
    "“",
    "x",
]


def is_good(text: str) -> bool | None:
    """Whether the form is good; None where a name that is taken kept the parser from looking."""
    try:
        tomli.loads(text)
    except (ValueError, OverflowError) as error:
        return None if str(error).startswith(("Cannot", "Duplicate")) else False
    return True


@given(st.sampled_from(WHOLE), st.randoms(use_true_random=False), st.integers(1, 3))
def test_whatever_a_slip_makes_of_a_file_is_found(
    text: str, chance: random.Random, times: int
) -> None:
    for _ in range(times):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(["", *PIECES]) + text[at + chance.randrange(2) :]
    found = find_slip(text)
    assert is_good(text) in (None, found is None)
    if found is not None:
        lines = text.replace("\r\n", "\n").split("\n")
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1


@given(st.text(max_size=60))
def test_any_text_at_all_is_read_without_a_fault_of_its_own(text: str) -> None:
    found = find_slip(text)
    if found is None:
        assert is_good(text) is not False


def test_the_standard_library_agrees_about_the_sample() -> None:
    assert tomllib.loads(SAMPLE) == tomli.loads(SAMPLE)
    assert find_slip(SAMPLE) is None


def test_a_large_file_takes_linear_time() -> None:
    assert find_slip("a = [" + "[1], " * 100_000) == Slip(
        1, 5, "unclosed array", "close it with ]."
    )
    slip = find_slip('x = "y"\n' * 50_000 + "z")
    assert slip is not None
    assert slip.line == 50_001
