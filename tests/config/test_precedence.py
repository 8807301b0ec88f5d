"""Request, then -c, then profile, then the top of config.toml, then the defaults."""

import pytest

from codex_ls.errors import InvalidParams, NoProfile, UnknownProfile
from tests.config.home import SAMPLE, Home

LAYERED = """\
model = "top"
model_provider = "vllm"
model_reasoning_effort = "low"
model_verbosity = "low"
model_context_window = 1000

[profiles.work]
model = "work"
model_reasoning_effort = "medium"
model_verbosity = "medium"
"""


def test_each_layer_beats_the_ones_below_it(home: Home) -> None:
    home.write(LAYERED)
    settings = home.resolve(
        ["model_reasoning_effort=high", "model=option"], profile="work", model="asked"
    )
    assert settings.model == "asked"
    assert settings.effort == "high"
    assert settings.verbosity == "medium"
    assert settings.context_window == 1000
    assert settings.summary is None


def test_the_request_beats_an_option(home: Home) -> None:
    home.write(LAYERED)
    settings = home.resolve(["model_reasoning_effort=high"], profile="work", effort="none")
    assert settings.effort == "none"


def test_the_profile_of_the_request_beats_that_of_an_option_and_of_the_file(home: Home) -> None:
    home.write('profile = "a"\n[profiles.a]\nmodel = "a"\n[profiles.b]\nmodel = "b"\n')
    assert home.resolve().profile == "a"
    assert home.resolve(["profile=b"]).profile == "b"
    assert home.resolve(["profile=b"], profile="a").profile == "a"


def test_without_a_profile_the_top_stands_alone(home: Home) -> None:
    home.write(LAYERED)
    settings = home.resolve()
    assert (settings.profile, settings.model, settings.provider.id) == (None, "top", "vllm")


def test_a_model_without_a_provider_means_openai(home: Home) -> None:
    home.write('model = "gpt-5"')
    provider = home.resolve().provider
    assert (provider.id, provider.wire_api) == ("openai", "responses")


def test_an_option_can_change_and_make_profiles(home: Home) -> None:
    home.write(LAYERED)
    assert home.resolve(["profiles.work.model=other"], profile="work").model == "other"
    assert home.resolve(["profiles.new.model=n"], profile="new").model == "n"


def test_an_option_at_the_top_beats_one_in_the_profile(home: Home) -> None:
    home.write(LAYERED)
    settings = home.resolve(["profiles.work.model=inside", "model=top"], profile="work")
    assert settings.model == "top"


def test_tables_are_laid_over_each_other(home: Home) -> None:
    home.write(
        "[sandbox_workspace_write]\nnetwork_access = true\nexclude_slash_tmp = true\n"
        '[profiles.p]\nmodel = "m"\n[profiles.p.sandbox_workspace_write]\nnetwork_access = false\n'
    )
    settings = home.resolve(["sandbox_workspace_write.writable_roots=['/x']"], profile="p")
    assert settings.sandbox_workspace_write == {
        "network_access": False,
        "exclude_slash_tmp": True,
        "writable_roots": ["/x"],
    }


@pytest.mark.parametrize(
    ("top", "profile", "option", "asked"),
    [
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
        (False, False, False, True),
    ],
)
def test_the_local_only_lock_holds_if_anything_says_so(
    home: Home, *, top: bool, profile: bool, option: bool, asked: bool
) -> None:
    def toml(value: bool) -> str:
        return f"local_only = {str(value).lower()}"

    home.write(f'{toml(top)}\n[profiles.p]\nmodel = "m"\n{toml(profile)}\n')
    overrides = [toml(option)]
    assert home.resolve(overrides, profile="p", local_only=asked).local_only is True


def test_the_lock_is_off_by_default(home: Home) -> None:
    home.write(SAMPLE)
    assert home.resolve(profile="cloud").local_only is False


# ---- no config ---------------------------------------------------------------------------------


def test_no_config_file_means_the_built_in_model(home: Home) -> None:
    config = home.load()
    settings = home.resolve()
    assert (config.exists, config.default_profile) == (False, "embedded")
    assert (settings.profile, settings.model) == ("embedded", "qwen2.5-coder-1.5b")
    assert (settings.provider.id, settings.provider.base_url) == ("embedded", "")
    assert settings.notices == ()


def test_no_config_file_and_a_model_means_that_model_built_in(home: Home) -> None:
    assert home.resolve(model="smollm2-135m").provider.id == "embedded"
    assert home.resolve(["model=smollm2-135m"]).model == "smollm2-135m"


def test_an_option_that_names_a_provider_needs_no_config_file(home: Home) -> None:
    settings = home.resolve(["model_provider=ollama", "model=llama3.2"])
    assert (settings.profile, settings.model) == (None, "llama3.2")
    assert settings.provider.base_url == "http://localhost:11434/v1"


def test_a_provider_without_a_model_is_not_given_the_built_in_one(home: Home) -> None:
    with pytest.raises(NoProfile):
        home.resolve(["model_provider=ollama"])


def test_a_base_url_for_openai_is_never_answered_by_the_built_in_model(home: Home) -> None:
    settings = home.resolve(['openai_base_url="http://127.0.0.1:9/v1"'], model="gpt-5")
    assert settings.provider.base_url == "http://127.0.0.1:9/v1"
    with pytest.raises(NoProfile):
        home.resolve(['openai_base_url="http://127.0.0.1:9/v1"'])


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[tui]\ntheme = 'x'\n"])
def test_a_config_that_selects_no_model_is_an_error_with_the_names(home: Home, text: str) -> None:
    home.write(text + '[profiles.a]\nmodel = "a"\n')
    with pytest.raises(NoProfile) as caught:
        home.resolve()
    assert caught.value.message == f"Nothing in {home.path} selects a model."
    assert caught.value.hint == (
        f"Choose a profile (a and embedded), name a model, or set `profile` in {home.config}."
    )


def test_the_built_in_profile_is_there_beside_a_config(home: Home) -> None:
    home.write(SAMPLE)
    settings = home.resolve(profile="embedded")
    assert (settings.model, settings.provider.id) == ("qwen2.5-coder-1.5b", "embedded")


def test_the_user_may_give_the_name_embedded_to_a_profile(home: Home) -> None:
    home.write('[profiles.embedded]\nmodel = "mine"\nmodel_provider = "ollama"\n')
    settings = home.resolve(profile="embedded")
    assert (settings.model, settings.provider.id) == ("mine", "ollama")
    assert list(home.load().profiles) == ["embedded"]


# ---- wrong names -------------------------------------------------------------------------------


def test_an_unknown_profile_is_never_another_one(home: Home) -> None:
    home.write(SAMPLE)
    with pytest.raises(UnknownProfile) as caught:
        home.resolve(profile="locl-os")
    assert caught.value.message == "There is no profile `locl-os`."
    assert caught.value.hint == (
        f"Did you mean `local-oss`? The profiles in {home.path} are local-oss, cloud and embedded."
    )


def test_an_only_profile_is_told_as_the_only_one(home: Home) -> None:
    with pytest.raises(UnknownProfile) as caught:
        home.resolve(profile="cloud")
    assert caught.value.hint == f"The only profile in {home.path} is embedded."


def test_an_unknown_profile_in_the_file_has_its_place(home: Home) -> None:
    home.write('\nprofile = "clod"\n' + SAMPLE)
    with pytest.raises(UnknownProfile) as caught:
        home.resolve(model="m")
    assert caught.value.message == "config.toml:2:11: there is no profile `clod`."
    assert caught.value.hint == (
        f"{home.config}, line 2, column 11: did you mean `cloud`?"
        " The profiles are cloud, local-oss and embedded."
    )


def test_an_empty_profile_name_is_unknown_too(home: Home) -> None:
    home.write(SAMPLE)
    with pytest.raises(UnknownProfile):
        home.resolve(profile="")


def test_a_blank_model_is_not_passed_over(home: Home) -> None:
    home.write(SAMPLE)
    with pytest.raises(InvalidParams):
        home.resolve(profile="cloud", model=" ")


def test_a_profile_without_a_model_names_itself(home: Home) -> None:
    home.write('[profiles.p]\nmodel_provider = "ollama"\n')
    with pytest.raises(NoProfile) as caught:
        home.resolve(profile="p")
    assert caught.value.message == "The profile `p` names no model."
    assert home.resolve(profile="p", model="llama3.2").model == "llama3.2"
