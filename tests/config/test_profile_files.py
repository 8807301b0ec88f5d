"""`<name>.config.toml` beside config.toml: a profile that is a whole layer."""

import pytest

from codex_ls.config.profile import list_profiles
from codex_ls.errors import ConfigError, NoProfile
from codex_ls.events import Notice
from tests.config.home import Home


def test_a_profile_file_goes_over_config_toml(home: Home) -> None:
    home.write('model = "top"\nmodel_provider = "ollama"\nmodel_verbosity = "low"\n')
    home.write('model = "deep"\nmodel_reasoning_effort = "high"\n', name="deep.config.toml")
    settings = home.resolve(profile="deep")
    assert (settings.model, settings.effort, settings.verbosity) == ("deep", "high", "low")
    assert settings.provider.id == "ollama"
    assert home.resolve(["model=option"], profile="deep").model == "option"


def test_a_profile_file_may_define_providers_over_those_of_config_toml(home: Home) -> None:
    home.write('[model_providers.x]\nbase_url = "http://localhost:1/v1"\nname = "X"\n')
    home.write(
        'model = "m"\nmodel_provider = "x"\n[model_providers.x]\nbase_url = "http://localhost:2"\n',
        name="p.config.toml",
    )
    provider = home.resolve(profile="p").provider
    assert (provider.name, provider.base_url) == ("X", "http://localhost:2")


def test_profile_files_alone_are_a_config(home: Home) -> None:
    home.write('model = "m"\n', name="p.config.toml")
    config = home.load()
    assert (config.exists, list(config.profiles)) == (True, ["p", "embedded"])
    with pytest.raises(NoProfile):
        home.resolve()
    assert home.resolve(profile="p").model == "m"


def test_a_name_defined_both_ways_is_an_error_that_names_both_places(home: Home) -> None:
    home.write('# mine\n[profiles.work]\nmodel = "a"\n[profiles.rest]\nmodel = "r"\n')
    file = home.write('model = "b"\n', name="work.config.toml")
    with pytest.raises(ConfigError) as caught:
        home.resolve(profile="work")
    assert caught.value.message == (
        "The profile `work` is defined twice: at config.toml:2:11 and in work.config.toml."
    )
    assert caught.value.hint == f"{home.config}, line 2, column 11, and {file}: keep one of them."
    assert home.resolve(profile="rest").model == "r"


def test_a_profile_file_that_is_wrong_harms_only_those_who_use_it(home: Home) -> None:
    home.write('[profiles.ok]\nmodel = "m"\n')
    home.write("model = \n", name="broken.config.toml")
    assert home.resolve(profile="ok").model == "m"
    with pytest.raises(ConfigError, match=r"^broken\.config\.toml:1:9: "):
        home.resolve(profile="broken")
    summary = {line.name: line for line in list_profiles(home.load())}["broken"]
    assert [problem.kind for problem in summary.problems] == ["configInvalid"]


def test_a_type_error_in_a_profile_file_names_that_file(home: Home) -> None:
    file = home.write('model = "m"\nmodel_context_window = "8k"\n', name="p.config.toml")
    with pytest.raises(ConfigError) as caught:
        home.resolve(profile="p")
    assert caught.value.message == (
        "p.config.toml:2:24: `model_context_window` must be a whole number, not text."
    )
    assert caught.value.hint == f"{file}, line 2, column 24: write it without quotes."


def test_selecting_a_profile_inside_a_profile_does_nothing_and_says_so(home: Home) -> None:
    file = home.write('model = "m"\nprofile = "other"\n', name="p.config.toml")
    assert home.resolve(profile="p").profile == "p"
    assert home.load().problems == (
        Notice(
            "configInvalid",
            "p.config.toml:2:1: `profile` does nothing inside a profile.",
            f"{file}, line 2, column 1.",
        ),
    )


def test_other_files_in_the_folder_are_left_alone(home: Home) -> None:
    home.write("not TOML", name="auth.json")
    home.write("not TOML", name=".config.toml")
    home.write("not TOML", name="config.toml.bak")
    assert list(home.load().profiles) == ["embedded"]
