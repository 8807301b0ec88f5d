"""codex-ls.toml: what this program alone reads, laid over config.toml."""

import pytest

from codex_ls.config.profile import list_profiles
from codex_ls.errors import ConfigError, UnknownProfile
from tests.config.home import Home

OWN = "codex-ls.toml"
LAB = '[model_providers.lab]\nname = "Lab"\nbase_url = "http://h/v1"\n'


def test_it_goes_before_the_top_and_behind_a_profile_and_the_options(home: Home) -> None:
    home.write(f'model = "base"\nmodel_provider = "lab"\nmodel_verbosity = "low"\n{LAB}')
    home.write(
        'model = "own"\nmodel_verbosity = "medium"\n[model_providers.lab]\nwire_api = "ollama"\n',
        name=OWN,
    )
    home.write('model = "mine"\n', name="p.config.toml")
    settings = home.resolve()
    assert (settings.model, settings.verbosity) == ("own", "medium")
    assert (settings.provider.name, settings.provider.wire_api) == ("Lab", "ollama")
    assert home.resolve(profile="p").model == "mine"
    assert home.resolve(profile="p").verbosity == "medium"
    assert home.resolve(("model=option",)).model == "option"
    assert home.load().problems == ()


def test_it_names_the_active_profile(home: Home) -> None:
    home.write('[profiles.a]\nmodel = "gpt-a"\n[profiles.b]\nmodel = "gpt-b"\n')
    home.write('profile = "b"\n', name=OWN)
    assert home.load().default_profile == "b"
    assert home.resolve().model == "gpt-b"
    assert home.load(("profile=a",)).default_profile == "a"


def test_a_selector_that_it_overrules_is_told(home: Home) -> None:
    home.write('profile = "a"\n[profiles.a]\nmodel = "gpt-a"\n[profiles.b]\nmodel = "gpt-b"\n')
    home.write('# mine\nprofile = "b"\n', name=OWN)
    (problem,) = home.load().problems
    assert problem.message == (
        "config.toml:1:1: `profile` does nothing, because codex-ls.toml:2:1 takes precedence."
    )
    home.write('profile = "a"\n', name=OWN)
    assert home.load().problems == ()


def test_it_adds_to_a_profile_and_may_define_one(home: Home) -> None:
    home.write('model = "gpt-a"\nmodel_verbosity = "low"\n', name="a.config.toml")
    home.write('[profiles.a]\nmodel_verbosity = "high"\n[profiles.c]\nmodel = "gpt-c"\n', name=OWN)
    settings = home.resolve(profile="a")
    assert (settings.model, settings.verbosity) == ("gpt-a", "high")
    assert [summary.name for summary in list_profiles(home.load())] == ["a", "c", "embedded"]


def test_alone_it_is_a_configuration(home: Home) -> None:
    home.write("local_only = true\n", name=OWN)
    assert home.load().exists
    assert home.load().default_profile is None


def test_what_is_wrong_in_it_has_its_name(home: Home) -> None:
    home.write('model = "m"\n')
    home.write("modle = 1\n", name=OWN)
    (problem,) = home.load().problems
    assert problem.message.startswith("codex-ls.toml:1:1: there is no setting `modle`")
    home.write("profile = 5\n", name=OWN)
    with pytest.raises(ConfigError, match=r"^codex-ls.toml:1:11: `profile` must be text"):
        home.load()
    home.write('profile = "a\n', name=OWN)
    with pytest.raises(ConfigError, match=r"^codex-ls.toml:1:11: this is not TOML"):
        home.load()


def test_a_profile_that_it_names_and_that_is_not_there_is_an_error_at_its_place(home: Home) -> None:
    home.write('profile = "gone"\n', name=OWN)
    with pytest.raises(UnknownProfile, match=r"^codex-ls.toml:1:11: there is no profile `gone`"):
        home.resolve()
