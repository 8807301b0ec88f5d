"""Sampling parameters and instructions: where they may stand, what they may hold, which one holds."""

from dataclasses import replace
from pathlib import Path

import pytest

from codex_ls.config.model_settings import Sampling
from codex_ls.config.profile import list_profiles, resolve
from codex_ls.errors import ConfigError
from tests.config.home import Home

TOP = 'model = "m"\nmodel_provider = "lab"\n'
LAB = '[model_providers.lab]\nbase_url = "http://h/v1"\n'
EVERY = (
    "temperature = 0.5\ntop_p = 1\ntop_k = -1\nmin_p = 0.05\nrepeat_penalty = 1.1\n"
    "seed = -9223372036854775808\nmax_output_tokens = 7\n"
)
VALUES = Sampling(0.5, 1, -1, 0.05, 1.1, -(2**63))


@pytest.mark.parametrize(
    "text",
    [
        f"{EVERY}{TOP}{LAB}",
        f'profile = "p"\n{LAB}[profiles.p]\n{TOP}{EVERY}',
        f"{TOP}{LAB}{EVERY}",
    ],
    ids=["top", "profile", "provider"],
)
def test_they_stand_at_the_top_in_a_profile_and_at_a_provider(home: Home, text: str) -> None:
    home.write(text)
    settings = home.resolve()
    assert settings.sampling == VALUES
    assert settings.max_output_tokens == 7
    assert home.load().problems == ()


def test_each_comes_from_the_strongest_that_sets_it(home: Home) -> None:
    home.write(f"top_k = 1\nseed = 1\n{TOP}{LAB}top_k = 2\nmin_p = 0.2\nmax_output_tokens = 2\n")
    home.write("seed = 3\n[model_providers.lab]\nmin_p = 0.3\n", name="codex-ls.toml")
    home.write(f"{TOP}temperature = 4\nmodel_max_output_tokens = 4\n", name="p.config.toml")
    settings = home.resolve(("temperature=5",), profile="p")
    assert settings.sampling == Sampling(temperature=5, top_k=1, min_p=0.3, seed=3)
    assert settings.max_output_tokens == 4
    assert home.resolve().max_output_tokens == 2
    assert home.resolve(profile="embedded").sampling == Sampling(top_k=1, seed=3)


def test_without_any_the_server_decides(home: Home) -> None:
    home.write(f"{TOP}{LAB}")
    settings = home.resolve()
    assert (settings.sampling, settings.max_output_tokens) == (Sampling(), None)
    assert (settings.instructions, settings.developer_instructions) == (None, None)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("temperature = -0.1", "must be a number from 0 up."),
        ('temperature = "0.1"', "must be a number, not text."),
        ("temperature = true", "must be a number, not true or false."),
        ("temperature = nan", "must be a number from 0 up."),
        ("temperature = inf", "must be a number from 0 up."),
        ("top_p = 1.01", "must be a number from 0 to 1."),
        ("min_p = 2", "must be a number from 0 to 1."),
        ("top_k = 0.5", "must be a whole number, not a number with a fraction."),
        ("top_k = -2", "must be from -1 to 2,147,483,647."),
        ("repeat_penalty = 0", "must be a number above 0."),
        ("seed = 1.0", "must be a whole number, not a number with a fraction."),
        ("max_output_tokens = 0", "must be from 1 to 2,147,483,647."),
    ],
)
@pytest.mark.parametrize("before", [TOP, f"{TOP}{LAB}"], ids=["top", "provider"])
def test_a_wrong_value_is_told_with_its_place(
    home: Home, line: str, sentence: str, before: str
) -> None:
    home.write(f"{before}{line}\n")
    with pytest.raises(ConfigError) as caught:
        home.load()
    key = line.partition(" ")[0]
    name = key if before == TOP else f"model_providers.lab.{key}"
    place = f"config.toml:{before.count(chr(10)) + 1}:{len(key) + 4}"
    assert caught.value.message == f"{place}: `{name}` {sentence}"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("repetition_penalty", "repeat_penalty"),
        ("max_tokens", "max_output_tokens"),
        ("top-k", "top_k"),
        ("temprature", "temperature"),
    ],
)
def test_another_name_of_it_is_told(home: Home, key: str, meant: str) -> None:
    home.write(f"{TOP}{LAB}{key} = 1\n")
    (problem,) = home.load().problems
    assert problem.hint is not None
    assert problem.hint.endswith(f": did you mean `{meant}`?")


# ---- instructions ------------------------------------------------------------------------------


def test_instructions_are_text(home: Home) -> None:
    home.write(f'instructions = " be brief\\n"\ndeveloper_instructions = "in Latin"\n{TOP}{LAB}')
    settings = home.resolve()
    assert (settings.instructions, settings.developer_instructions) == ("be brief", "in Latin")
    home.write(f'instructions = " "\ndeveloper_instructions = ""\n{TOP}{LAB}')
    settings = home.resolve()
    assert (settings.instructions, settings.developer_instructions) == (None, None)


@pytest.mark.parametrize("key", ["model_instructions_file", "experimental_instructions_file"])
def test_a_file_of_instructions_goes_before_the_text(
    home: Home, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (home.path / "i.md").write_bytes(b"\xef\xbb\xbf\n be brief \n")
    home.write(f'{key} = "i.md"\n{TOP}{LAB}')
    home.write(f'instructions = "at length"\n{TOP}', name="p.config.toml")
    assert home.resolve().instructions == "be brief"
    assert home.resolve(profile="p").instructions == "be brief"
    (tmp_path / "mine.md").write_text("mine")
    assert home.resolve((f"{key}=mine.md",)).instructions == "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home.resolve((f"{key}=~/mine.md",)).instructions == "mine"
    assert home.load().problems == ()


def test_the_newer_name_of_the_file_goes_first(home: Home) -> None:
    for name in ("new", "old"):
        (home.path / name).write_text(name)
    lines = 'experimental_instructions_file = "old"\nmodel_instructions_file = "new"\n'
    home.write(f"{lines}{TOP}{LAB}")
    assert home.resolve().instructions == "new"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file or directory"),
        (b" \n", "it is empty"),
        (b"\xff\xfe\x00", "it is not UTF-8"),
        (b"x" * 1048577, "it is larger than 1 MiB"),
        ("folder", "is a directory"),
    ],
)
def test_a_file_that_is_no_instructions_is_an_error(
    home: Home, content: bytes | str | None, reason: str
) -> None:
    path = home.path / "i.md"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    home.write(f'{TOP}{LAB}[profiles.p]\nmodel_instructions_file = "i.md"\n')
    with pytest.raises(ConfigError) as caught:
        home.resolve(profile="p")
    assert caught.value.message == (
        "config.toml:6:27: the file of `model_instructions_file`,"
        f" {path if len(str(path)) <= 60 else str(path)[:59] + '…'}, can't be used: {reason}."
    )
    assert caught.value.hint == (
        f"{home.config}, line 6, column 27: correct the path, or remove the line."
    )
    (summary, _) = list_profiles(home.load())
    assert [problem.message for problem in summary.problems] == [caught.value.message]
    assert home.resolve().instructions is None


def test_a_mended_file_is_read_with_the_next_question(home: Home) -> None:
    home.write(f'{TOP}model_instructions_file = "i.md"\n{LAB}')
    config = home.load()
    with pytest.raises(ConfigError):
        resolve(config)
    (home.path / "i.md").write_text("one")
    one = resolve(config)
    (home.path / "i.md").write_text("two")
    assert resolve(config) == replace(one, instructions="two")
