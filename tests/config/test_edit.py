"""Changing config.toml: the value that was wanted, and every other character as it stood."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.config.edit import (
    read_text,
    retitled,
    take_table,
    with_table,
    with_value,
    without_key,
    write_text,
)
from codex_ls.errors import ConfigError

COMMENTED = """\
# mine
model = "a"  # the first

# about the cloud
[profiles.cloud]  # here
model = "b"
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'profile = "x"\n'),
        ('model = "a"', 'model = "a"\nprofile = "x"\n'),
        ('profile = "old"  # why\n', 'profile = "x"  # why\n'),
        ("profile = 'a#b' # c # d\n", 'profile = "x" # c # d\n'),
        ('"profile"="old"\n', 'profile = "x"\n'),
        ('[profiles.x]\nmodel = "a"\n', 'profile = "x"\n\n[profiles.x]\nmodel = "a"\n'),
        ('[t]\nprofile = "other"\n', 'profile = "x"\n\n[t]\nprofile = "other"\n'),
        (
            COMMENTED,
            '# mine\nmodel = "a"  # the first\nprofile = "x"\n\n'
            '# about the cloud\n[profiles.cloud]  # here\nmodel = "b"\n',
        ),
        ("a = 1\r\n\r\n[t]\r\nb = 2\r\n", 'a = 1\r\nprofile = "x"\r\n\r\n[t]\r\nb = 2\r\n'),
        ("a = [\n  [1],\n]\n", 'profile = "x"\na = [\n  [1],\n]\n'),
        ('a = """\n[not a table]\n"""\n', 'profile = "x"\na = """\n[not a table]\n"""\n'),
    ],
)
def test_a_value_at_the_top(before: str, after: str) -> None:
    assert with_value(before, ("profile",), "x") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[profiles."gpt oss"]\nmodel = "a\\"b"\n'),
        ("a = 1", 'a = 1\n\n[profiles."gpt oss"]\nmodel = "a\\"b"\n'),
        (COMMENTED, COMMENTED + '\n[profiles."gpt oss"]\nmodel = "a\\"b"\n'),
    ],
)
def test_a_table_at_the_end(before: str, after: str) -> None:
    assert with_table(before, ("profiles", "gpt oss"), {"model": 'a"b'}) == after


@pytest.mark.parametrize(
    "before",
    ["[profiles.x]\n", 'profiles = { y = { model = "a" } }\n', "profiles.x.model = 'a'\n"],
)
def test_what_cant_be_done_safely_is_refused(before: str) -> None:
    with pytest.raises(ConfigError):
        with_table(before, ("profiles", "x"), {"model": "m"})


def test_a_value_over_several_lines_is_refused() -> None:
    with pytest.raises(ConfigError):
        with_value('profile = """\na"""\n', ("profile",), "x")


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)
_LINES = st.sampled_from(
    [
        "# a comment",
        "",
        'model = "m" # [x]',
        "local_only = true",
        "a.b = 1",
        "[t]",
        "[[u]]",
        "[profiles.p]",
        "l = [\n[1],\n]",
        "s = '''\n[q]\n'''",
        'profile = "old" # p',
    ]
)


@given(st.lists(_LINES, max_size=8), _TEXTS)
def test_any_file_keeps_everything_else(lines: list[str], value: str) -> None:
    text = "\n".join(lines)
    try:
        before = tomllib.loads(text)
    except ValueError:
        return
    after = with_value(text, ("profile",), value)
    assert tomllib.loads(after) == {**before, "profile": value}
    for line in lines:
        assert line in after or line.startswith("profile")
    assert tomllib.loads(with_table(after, ("new", value), {"k": value}))["new"] == {
        value: {"k": value}
    }


# ---- files -------------------------------------------------------------------------------------


def test_the_old_file_is_kept_and_the_rights_stay(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("a = 1\n")
    path.chmod(0o640)
    assert write_text(path, "a = 2\n") == tmp_path / "config.toml.bak"
    assert read_text(path) == "a = 2\n"
    assert (tmp_path / "config.toml.bak").read_text() == "a = 1\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config.toml", "config.toml.bak"]


def test_a_new_file_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    assert read_text(path) == ""
    assert write_text(path, "a = 1\n") is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text("a = 1\n")
    link.symlink_to(real)
    write_text(link, "a = 2\n")
    assert link.is_symlink()
    assert real.read_text() == "a = 2\n"


def test_a_folder_that_cant_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"config\.toml can't be written"):
        write_text(tmp_path / "file" / "config.toml", "a = 1\n")


def test_a_write_protected_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("a = 1\n")
    path.chmod(0o444)
    with pytest.raises(ConfigError, match=r"config\.toml is write-protected\."):
        write_text(path, "a = 2\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.toml"]
    assert path.read_text() == "a = 1\n"


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_text(path) == "a = 1\r\n"
    write_text(path, "a = 2\r\n")
    assert path.read_bytes() == b"\xef\xbb\xbfa = 2\r\n"


# ---- tables ------------------------------------------------------------------------------------

PROFILES = """\
# mine
model = "z"

# about a
[profiles.a] # here
model = "m" # c

sandbox_mode = "read-only"

# deep
[profiles.a.features]
x = true
[[profiles.a.list]]
y = 1
[profiles.a.list.z]

[profiles.b]
model = "k"
[profiles."a".history]
persistence = "none"
"""


def test_a_table_becomes_a_file_of_its_own_with_its_comments() -> None:
    rest, taken = take_table(PROFILES, ("profiles", "a"))
    assert rest == '# mine\nmodel = "z"\n\n[profiles.b]\nmodel = "k"\n'
    assert retitled(taken, ("profiles", "a")) == (
        '# about a\n# here\nmodel = "m" # c\n\nsandbox_mode = "read-only"\n\n'
        "# deep\n[features]\nx = true\n[[list]]\ny = 1\n[list.z]\n\n"
        '[history]\npersistence = "none"\n'
    )


@pytest.mark.parametrize(
    ("text", "rest", "taken"),
    [
        ("[a.b]", "", "[a.b]\n"),
        ("[a.b]\r\nx = 1\r\n[c]\r\n", "[c]\r\n", "[a.b]\r\nx = 1\r\n"),
        ("[a]\n[a.b]\nx = 1\n", "[a]\n", "[a.b]\nx = 1\n"),
        ("[a.b.c]\nx = 1\n[z]\n", "[z]\n", "[a.b.c]\nx = 1\n"),
    ],
)
def test_a_table_is_taken_out(text: str, rest: str, taken: str) -> None:
    assert take_table(text, ("a", "b")) == (rest, taken)


@pytest.mark.parametrize(
    "text",
    [
        "a = { b = { x = 1 } }\n",
        "a.b.x = 1\n",
        "[a]\nb.x = 1\n",
        "[a]\n",
        "x = 1\n",
        '[a]\ns = """\n# looks like a comment"""\n[a.b]\n',
    ],
)
def test_a_table_that_cannot_be_cut_out_for_certain_stays(text: str) -> None:
    with pytest.raises(ConfigError):
        take_table(text, ("a", "b"))


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ('# x\nprofile = "a"  # y\nb = 1\n', ("profile",), "# x\nb = 1\n"),
        ('profile = "a"\n\n[t]\n', ("profile",), "[t]\n"),
        ('[t]\na = 1\nb = "x"', ("t", "b"), "[t]\na = 1\n"),
        ("[t]\r\na = 1\r\nb = 2\r\n", ("t", "a"), "[t]\r\nb = 2\r\n"),
    ],
)
def test_a_key_is_taken_out(text: str, path: tuple[str, ...], after: str) -> None:
    assert without_key(text, path) == after


@pytest.mark.parametrize(
    ("text", "path"),
    [('a = """\nx"""\n', ("a",)), ("t = { a = 1 }\n", ("t", "a")), ("b = 1\n", ("a",))],
)
def test_a_key_that_shares_its_line_stays(text: str, path: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        without_key(text, path)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("[t]  # here\na = 1\n", '[t]  # here\nk = "v"\na = 1\n'),
        ("[t]", '[t]\nk = "v"\n'),
        ('[t]\nk = "w" # old\n', '[t]\nk = "v" # old\n'),
        ("a = 1\n", 'a = 1\n\n[t]\nk = "v"\n'),
    ],
)
def test_a_value_in_a_table(text: str, after: str) -> None:
    assert with_value(text, ("t", "k"), "v") == after


@given(st.lists(_LINES, max_size=8))
def test_whatever_a_table_is_taken_out_of_holds_the_rest(lines: list[str]) -> None:
    text = "\n".join([*lines, "[profiles.mine]", "# c", "x = 1", *lines[:2]])
    try:
        before = tomllib.loads(text)
        rest, taken = take_table(text, ("profiles", "mine"))
    except (ValueError, ConfigError):
        return
    profiles = dict(before["profiles"])
    mine = profiles.pop("mine")
    left = tomllib.loads(rest)
    assert left.pop("profiles", {}) == profiles
    assert left == {key: value for key, value in before.items() if key != "profiles"}
    assert tomllib.loads(retitled(taken, ("profiles", "mine"))) == mine
