"""Built-in providers, the user's tables over them, and what is wrong with either."""

import pytest

from codex_ls.config.built_in import PROVIDERS
from codex_ls.config.profile import ProfileSummary, Provider, list_profiles
from codex_ls.errors import ConfigError
from codex_ls.events import Notice
from tests.config.home import SAMPLE, Home


@pytest.mark.parametrize(
    ("name", "base_url", "wire_api", "env_keys"),
    [
        ("openai", "https://api.openai.com/v1", "responses", ("CODEX_API_KEY", "OPENAI_API_KEY")),
        ("lmstudio", "http://localhost:1234/v1", "chat", ()),
        ("ollama", "http://localhost:11434/v1", "chat", ()),
        ("llamacpp", "http://localhost:8080/v1", "chat", ()),
        ("vllm", "http://localhost:8000/v1", "chat", ()),
        ("embedded", "", "chat", ()),
    ],
)
def test_built_in_providers(
    home: Home, name: str, base_url: str, wire_api: str, env_keys: tuple[str, ...]
) -> None:
    home.write(f'model = "m"\nmodel_provider = "{name}"\n')
    provider = home.resolve().provider
    assert (provider.id, provider.base_url, provider.wire_api) == (name, base_url, wire_api)
    assert provider.env_keys == env_keys
    assert provider.env_key_required is (name == "openai")


def test_the_table_of_built_in_providers_is_the_tested_one() -> None:
    names = ["openai", "lmstudio", "ollama", "llamacpp", "vllm", "embedded"]
    assert list(PROVIDERS) == names


def test_every_field_of_a_provider(home: Home) -> None:
    home.write(
        """\
model = "m"
model_provider = "x"
[model_providers.x]
name = "X"
base_url = "https://x.example:8443/api/v1/"
env_key = "X_KEY"
env_key_instructions = "Ask Ann."
wire_api = "responses"
query_params = { api-version = "2025-04-01" }
http_headers = { X-Team = "tools" }
env_http_headers = { X-Project = "X_PROJECT" }
request_max_retries = 1
stream_max_retries = 2
stream_idle_timeout_ms = 3000
connect_timeout_ms = 4000
first_byte_timeout_ms = 5000
"""
    )
    assert home.resolve().provider == Provider(
        id="x",
        name="X",
        base_url="https://x.example:8443/api/v1",
        wire_api="responses",
        env_key="X_KEY",
        env_key_instructions="Ask Ann.",
        env_key_required=True,
        query_params={"api-version": "2025-04-01"},
        http_headers={"X-Team": "tools"},
        env_http_headers={"X-Project": "X_PROJECT"},
        request_max_retries=1,
        stream_max_retries=2,
        stream_idle_timeout_ms=3000,
        connect_timeout_ms=4000,
        first_byte_timeout_ms=5000,
    )
    assert home.load().problems == ()


def test_a_provider_of_the_user_speaks_chat_and_is_called_by_its_id(home: Home) -> None:
    home.write('model = "m"\nmodel_provider = "x"\n[model_providers.x]\nbase_url = "http://h/v1"\n')
    provider = home.resolve().provider
    assert (provider.name, provider.wire_api, provider.env_keys) == ("x", "chat", ())
    assert provider.env_key_required is False


def test_the_users_table_goes_over_the_built_in_one_field_by_field(home: Home) -> None:
    home.write('model = "m"\n[model_providers.openai]\nrequest_max_retries = 0\n')
    provider = home.resolve().provider
    assert (provider.wire_api, provider.env_key) == ("responses", "OPENAI_API_KEY")
    assert (provider.base_url, provider.request_max_retries) == ("https://api.openai.com/v1", 0)


def test_the_embedded_provider_can_be_pointed_at_a_server_of_the_users(home: Home) -> None:
    home.write('[model_providers.embedded]\nbase_url = "http://localhost:9000/v1"\n')
    assert home.resolve(profile="embedded").provider.base_url == "http://localhost:9000/v1"


def test_more_retries_than_codex_allows_count_as_its_limit(home: Home) -> None:
    home.write('model = "m"\n[model_providers.openai]\nrequest_max_retries = 1000\n')
    assert home.resolve().provider.request_max_retries == 100


@pytest.mark.parametrize("alias", ["oss", "ollama-chat"])
def test_names_that_codex_had_for_ollama(home: Home, alias: str) -> None:
    home.write(
        f'model = "m"\nmodel_provider = "{alias}"\n'
        '[model_providers.ollama]\nbase_url = "http://gpu:11434/v1"\n'
    )
    provider = home.resolve().provider
    assert (provider.id, provider.base_url) == ("ollama", "http://gpu:11434/v1")


def test_the_user_may_give_such_a_name_to_a_provider(home: Home) -> None:
    home.write(
        'model = "m"\nmodel_provider = "oss"\n[model_providers.oss]\nbase_url = "http://h:1/v1"\n'
    )
    assert home.resolve().provider.id == "oss"


@pytest.mark.parametrize("base_url", ["http://localhost:11434", "http://localhost:11434/v1/"])
def test_ollamas_own_wire_takes_an_address_with_and_without_v1(home: Home, base_url: str) -> None:
    home.write(
        'model = "m"\nmodel_provider = "ollama"\n'
        f'[model_providers.ollama]\nwire_api = "ollama"\nbase_url = "{base_url}"\n'
    )
    provider = home.resolve().provider
    assert (provider.wire_api, provider.base_url) == ("ollama", base_url.rstrip("/"))


# ---- openai_base_url ---------------------------------------------------------------------------


def test_openai_base_url_moves_the_built_in_provider(home: Home) -> None:
    home.write('model = "m"\nopenai_base_url = "https://relay.example/v1/"\n')
    provider = home.resolve().provider
    assert (provider.base_url, provider.env_key) == ("https://relay.example/v1", "OPENAI_API_KEY")


def test_openai_base_url_as_an_option_beats_the_table_in_the_file(home: Home) -> None:
    home.write(SAMPLE)
    option = 'openai_base_url="http://127.0.0.1:5001/v1"'
    provider = home.resolve([option], profile="cloud").provider
    assert (provider.base_url, provider.wire_api) == ("http://127.0.0.1:5001/v1", "chat")


def test_the_table_beats_openai_base_url_in_the_same_file(home: Home) -> None:
    home.write('openai_base_url = "https://a/v1"\n' + SAMPLE)
    provider = home.resolve(profile="cloud").provider
    assert provider.base_url == "https://api.openai.com/v1"


def test_openai_base_url_in_a_profile_does_not_move_another_provider(home: Home) -> None:
    home.write(
        '[model_providers.launch]\nbase_url = "http://127.0.0.1:11434/v1/"\n'
        '[profiles.launch]\nmodel = "m"\nmodel_provider = "launch"\nopenai_base_url = "http://o"\n'
    )
    assert home.resolve(profile="launch").provider.base_url == "http://127.0.0.1:11434/v1"


# ---- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "required"),
    [
        ('base_url = "http://localhost:1/v1"', False),
        ('base_url = "http://127.0.0.1:1/v1"', False),
        ('base_url = "http://[::1]:1/v1"', False),
        ('base_url = "http://localhost:1/v1"\nenv_key = "MY_KEY"', True),
        ('base_url = "https://gpu.example/v1"', True),
    ],
)
def test_an_inherited_key_is_not_required_on_this_machine(
    home: Home, table: str, required: bool
) -> None:
    home.write(f'model = "m"\n[model_providers.openai]\n{table}\n')
    assert home.resolve().provider.env_key_required is required


def test_an_empty_env_key_takes_the_inherited_one_away(home: Home) -> None:
    home.write('model = "m"\n[model_providers.openai]\nenv_key = ""\n')
    provider = home.resolve().provider
    assert (provider.env_keys, provider.env_key_required) == ((), False)


# ---- wrong providers ---------------------------------------------------------------------------


def test_an_unknown_provider_is_an_error_with_its_place_and_the_names(home: Home) -> None:
    home.write('[profiles.p]\nmodel = "m"\nmodel_provider = "olama"\n')
    with pytest.raises(ConfigError) as caught:
        home.resolve(profile="p")
    assert caught.value.message == "config.toml:3:18: there is no provider `olama`."
    assert caught.value.hint == (
        f"{home.config}, line 3, column 18: did you mean `ollama`? The providers are "
        "ollama, llamacpp, vllm, openai, lmstudio and embedded."
    )


def test_an_unknown_provider_of_an_option(home: Home) -> None:
    home.write(SAMPLE)
    with pytest.raises(ConfigError) as caught:
        home.resolve(["model_provider=nix"], profile="cloud")
    assert caught.value.message == "-c model_provider: there is no provider `nix`."
    assert (caught.value.hint or "").startswith("The option -c model_provider: the providers are ")


def test_a_provider_without_an_address_is_an_error(home: Home) -> None:
    home.write('model = "m"\nmodel_provider = "x"\n\n[model_providers.x]\nname = "X"\n')
    with pytest.raises(ConfigError) as caught:
        home.resolve()
    assert caught.value.message == "config.toml:4:18: the provider `x` has no base_url."


def test_the_list_tells_what_is_wrong_with_a_profile_and_still_what_it_can(home: Home) -> None:
    home.write(
        '[profiles.lost]\nmodel = "m"\nmodel_provider = "nix"\n'
        '[profiles.bare]\nmodel_provider = "vllm"\n'
    )
    lost, bare, _ = list_profiles(home.load())
    assert (lost.name, lost.model, lost.provider, lost.origin) == ("lost", "m", "nix", "")
    assert [problem.kind for problem in lost.problems] == ["configInvalid"]
    assert bare == ProfileSummary(
        name="bare",
        model="",
        provider="vllm",
        wire_api="chat",
        origin="http://localhost:8000",
        is_local=True,
        problems=(
            Notice(
                "noProfile",
                "The profile `bare` names no model.",
                "Set `model` in it, name a model, or choose another profile: lost and embedded.",
            ),
        ),
    )
