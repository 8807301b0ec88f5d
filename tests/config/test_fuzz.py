"""Whatever stands in the file, the answer is settings or one of our own errors."""

import contextlib
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_ls.config import models
from codex_ls.config.load import Config, load_config
from codex_ls.config.positions import KeyPath, scan
from codex_ls.config.profile import ModelSettings, list_profiles, resolve
from codex_ls.errors import ConfigError, InvalidParams, NoProfile, UnknownProfile

WORDS = st.sampled_from(
    [
        *models.SETTINGS,
        *models.PROVIDER,
        *models.SANDBOX,
        *models.HISTORY,
        *models.TABLES,
        *models.TOP_ONLY,
        *["openai", "embedded", "local", "work", "tui", '"a.b"', "''", '"\\u202e"', "zz"],
    ]
)
SPELLED = [
    *['"chat"', '"openai"', '"work"', '"http://localhost:1/v1"', '"http://[x"', '""', "'é'"],
    *["0", "-1", "7", "99999999999999999999", "1.5", "nan", "true", "1979-05-27", "07:32:00"],
    *["[]", "[[1], {}]", "{}", '{ a = "b" }', '{ work = { model = "m" } }', '"""\n"""', "x"],
]
VALUES = st.sampled_from(SPELLED)
SPELLINGS = sorted({*SPELLED, "1", '"b"', '"m"'} - {"x"}, key=len, reverse=True)
KEYS = st.lists(WORDS, min_size=1, max_size=4).map(".".join)
LINES = st.one_of(
    st.builds("{} = {}".format, KEYS, VALUES),
    st.builds("[{}]".format, KEYS),
    st.builds("[[{}]]".format, KEYS),
    st.sampled_from(["", "# comment", "nonsense", '"""', "\r"]),
)
DOCUMENTS = st.lists(LINES, max_size=12).map("\n".join)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def read(folder: Path, data: bytes, *, name: str = "config.toml") -> Config | None:
    for old in folder.iterdir():
        old.unlink()
    (folder / name).write_bytes(data)
    try:
        return load_config(env={"CODEX_HOME": str(folder)})
    except ConfigError as caught:
        error = caught
    assert error.message.startswith(f"{name}:")
    assert "\n" not in f"{error.message}{error.hint}"
    return None


def use(config: Config) -> None:
    assert len(list_profiles(config)) == len(config.profiles)
    for profile in (None, *config.profiles, "no such"):
        with contextlib.suppress(ConfigError, NoProfile, UnknownProfile):
            assert isinstance(resolve(config, profile=profile), ModelSettings)


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes(folder: Path, data: bytes) -> None:
    config = read(folder, data)
    if config:
        use(config)


@settings(deadline=None)
@given(text=DOCUMENTS)
def test_any_document_made_of_the_right_words(folder: Path, text: str) -> None:
    config = read(folder, text.encode())
    if config:
        use(config)


@settings(deadline=None)
@given(text=DOCUMENTS)
def test_any_profile_file(folder: Path, text: str) -> None:
    config = read(folder, text.encode(), name="work.config.toml")
    assert config is not None
    use(config)


@settings(deadline=None)
@given(options=st.lists(st.builds("{}={}".format, KEYS, st.one_of(VALUES, st.text())), max_size=4))
def test_any_options(folder: Path, options: list[str]) -> None:
    for old in folder.iterdir():
        old.unlink()
    try:
        config = load_config(env={"CODEX_HOME": str(folder)}, overrides=options)
    except (ConfigError, InvalidParams):
        return
    use(config)


# ---- the scanner against the parser ------------------------------------------------------------


def valid_part(lines: list[str]) -> str:
    """The lines, without those that make the text before them something else than TOML."""
    text = ""
    for line in lines:
        longer = f"{text}{line}\n"
        with contextlib.suppress(ValueError):
            tomllib.loads(longer)
            text = longer
    return text


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    match value:
        case dict():
            for key, below in value.items():
                yield from leaves(below, (*path, key))
        case list():
            for index, below in enumerate(value):
                yield from leaves(below, (*path, index))
        case _:
            yield path, value


@settings(deadline=None)
@given(lines=st.lists(LINES, max_size=12))
def test_the_scanner_finds_every_value_that_the_parser_finds(lines: list[str]) -> None:
    text = valid_part(lines)
    positions = scan(text)
    assert positions.duplicates == []
    for path, value in leaves(tomllib.loads(text)):
        position = positions.values[path]
        rest = "\n".join(text.split("\n")[position.line - 1 :])[position.column - 1 :]
        spelled = next(spelling for spelling in SPELLINGS if rest.startswith(spelling))
        assert repr(tomllib.loads(f"x = {spelled}")["x"]) == repr(value)
