"""Who is asked is certain: keys of other programs that meant a provider are errors, before anything is sent."""

import pytest

from codex_ls.config import ignored_keys
from codex_ls.config.load import load_config
from codex_ls.config.profile import list_profiles, resolve
from codex_ls.errors import ConfigError, UnknownProfile
from tests.config.home import Home

LAN = "http://10.0.0.8:11434/v1"
PROFILE = '[profiles.lan]\nmodel = "gpt-5"\n'


def refused(home: Home, text: str, **asked: str) -> ConfigError:
    home.write(text)
    with pytest.raises(ConfigError) as caught:
        home.resolve(**asked)
    assert "sk-secret" not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize(
    "line",
    [
        f'{key} = "{value}"'
        for key, value in [
            *(
                (key, "ollama")
                for key in ("provider", "model-provider", "modelProvider", "llm_provider")
            ),
            *(
                (key, "lan")
                for key in ("model_provder", "modle_provider", "model_providr", "Model_Provider")
            ),
            *((key, "openai") for key in ("type", "api_type", "providerName", "model_provider_id")),
            *(
                (key, LAN)
                for key in ("api_base", "apiBase", "base_url", "baseUrl", "endpoint", "url", "host")
            ),
            *(
                (key, LAN)
                for key in (
                    "OPENAI_BASE_URL",
                    "openai_api_base",
                    "OLLAMA_HOST",
                    "api-url",
                    "server",
                )
            ),
            *(
                (key, "sk-secret")
                for key in ("api_key", "apiKey", "OPENAI_API_KEY", "token", "openai_key")
            ),
        ]
    ],
)
@pytest.mark.parametrize("top", ["", 'model_provider = "ollama"\n'])
def test_a_profile_with_a_key_of_another_program_asks_nobody(
    home: Home, line: str, top: str
) -> None:
    error = refused(home, f"{top}{PROFILE}{line}\n", profile="lan")
    number = top.count("\n") + 3
    key = line.partition(" ")[0]
    asked = "Ollama (http://localhost:11434)" if top else "OpenAI (https://api.openai.com:443)"
    assert error.kind == "configInvalid"
    assert error.message.startswith(f"config.toml:{number}:1: `{key}` ")
    assert error.message.endswith(f", so the profile `lan` would be sent to {asked}.")
    assert error.hint is not None
    assert error.hint.startswith(f"{home.config}, line {number}, column 1: ")
    assert "model_provider" in error.hint
    assert "oss_provider" not in error.hint
    (problem,) = [n for n in home.load().problems if f":{number}:1:" in n.message]
    assert problem.hint is not None
    assert "oss_provider" not in problem.hint


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        (
            f'model = "gpt-5"\n[providers.lan]\nbase_url = "{LAN}"\n',
            "config.toml:2:2: [providers] ",
            'write [model_providers.NAME], with base_url in it, and model_provider = "NAME".',
        ),
        (
            f'model = "gpt-5"\n[ollama]\nbaseUrl = "{LAN}"\n',
            "config.toml:2:2: [ollama] ",
            "[model_providers.NAME]",
        ),
        (
            f'model = "gpt-5"\n[lan]\nmodel = "x"\nbase_url = "{LAN}"\n',
            "config.toml:2:2: [lan] ",
            "[model_providers.NAME]",
        ),
        (
            f'model = "gpt-5"\n[[models]]\ntitle = "x"\napiBase = "{LAN}"\n',
            "config.toml:2:3: [models] ",
            "[model_providers.NAME]",
        ),
        (
            'model = "gpt-5"\n[tui]\nmodel_provider = "lan"\n',
            "config.toml:3:1: `model_provider` is in the table [tui]",
            "move it above the first line in [brackets].",
        ),
        (
            f'model = "gpt-5"\n[model_providers.lan]\nbase_url = "{LAN}"\nmodel_provider = "lan"\n',
            "config.toml:4:1: `model_provider` is in the table [model_providers.lan]",
            "move it above the first line in [brackets].",
        ),
        (
            f'model = "gpt-5"\n[model_providers.lan]\nbase_url = "{LAN}"\nprofile = "lan"\n',
            "config.toml:4:1: `profile` is in the table [model_providers.lan]",
            "move it above the first line in [brackets].",
        ),
        (
            f'model = "gpt-5"\napi_base = "{LAN}"\n',
            "config.toml:2:1: `api_base` ",
            "put the address as base_url into a table [model_providers.NAME]",
        ),
        (
            'model = "gpt-5"\nprovider = "ollama"\n',
            "config.toml:2:1: `provider` ",
            'write model_provider = "ollama".',
        ),
        (
            f'model = "gpt-5"\nprovider = "openai"\napi_base = "{LAN}"\n',
            "config.toml:2:1: `provider` ",
            "put the address as base_url into a table [model_providers.NAME]",
        ),
        (
            f'model = "gpt-5"\n[model_providers.openai]\nurl = "{LAN}"\n',
            "config.toml:3:1: `url` is not a setting of a provider",
            "did you mean `base_url`?",
        ),
    ],
)
def test_the_top_is_held_to_the_same(home: Home, text: str, place: str, hint: str) -> None:
    error = refused(home, text)
    assert error.message.startswith(place)
    assert "OpenAI (https://api.openai.com:443)" in error.message
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            f'model = "m"\nmodel_provider = "lan"\n[providers.lan]\nbase_url = "{LAN}"\n',
            "config.toml:2:18: there is no provider `lan`.",
            "[providers.lan] at config.toml:3:12 defines none: call it [model_providers.lan].",
        ),
        (
            f'model = "m"\n[model_provider.lan]\nbase_url = "{LAN}"\n',
            "config.toml:2:2: `model_provider` must be text, not a table.",
            "did you mean [model_providers.lan]?",
        ),
        (
            'model = "m"\n[profile.lan]\nmodel = "x"\n',
            "config.toml:2:2: `profile` must be text, not a table.",
            "did you mean [profiles.lan]?",
        ),
        (
            f'model = "m"\n[[model_providers]]\nbase_url = "{LAN}"\n',
            "config.toml:2:3: `model_providers` must be a table, not a list.",
            "each has a name of its own, as in [model_providers.NAME].",
        ),
        (
            f'model = "m"\n[model_providers]\nbase_url = "{LAN}"\n',
            "config.toml:3:12: `model_providers.base_url` must be a table, not text.",
            "put it into a table with a name, [model_providers.NAME].",
        ),
        (
            'model_providers = "ollama"\n',
            "config.toml:1:19: `model_providers` must be a table, not text.",
            "did you mean `model_provider`?",
        ),
    ],
)
def test_a_table_of_the_wrong_name_is_told_with_the_right_one(
    home: Home, text: str, message: str, hint: str
) -> None:
    error = refused(home, text)
    assert error.message == message
    assert error.hint is not None
    assert error.hint.endswith(f": {hint}")


@pytest.mark.parametrize(
    ("second", "is_refused"),
    [
        (f'base_url = "{LAN}"', True),
        ('base_url = "http://localhost:11434"', False),
        ('base_url = "elsewhere"', False),
        ('provider = "openai"', True),
        ('provider = "ollama"', False),
        ('provider = "company"', False),
        ('api_key = "sk-secret"', False),
    ],
)
def test_beside_model_provider_only_a_contradiction_is_an_error(
    home: Home, second: str, is_refused: bool
) -> None:
    text = f'profile = "p"\n[profiles.p]\nmodel = "m"\nmodel_provider = "ollama"\n{second}\n'
    if is_refused:
        refused(home, text)
        return
    home.write(text)
    assert home.resolve().provider.id == "ollama"
    assert len(home.load().problems) == 1


def test_what_a_profile_does_not_inherit_leaves_it_alone(home: Home) -> None:
    home.write(
        f'api_base = "{LAN}"\n[providers.x]\nurl = "{LAN}"\n{PROFILE}model_provider = "vllm"\n'
    )
    assert home.resolve(profile="lan").provider.id == "vllm"
    assert len(home.load().problems) == 2


def test_a_profile_file_is_held_to_the_same(home: Home) -> None:
    home.write(f'model = "m"\nprovider = "x"\napi_base = "{LAN}"\n', name="lan.config.toml")
    with pytest.raises(ConfigError) as caught:
        home.resolve(profile="lan")
    assert caught.value.message.startswith("lan.config.toml:2:1: `provider` ")


def test_an_option_is_held_to_the_same(home: Home) -> None:
    home.write('model = "gpt-5"\n')
    with pytest.raises(ConfigError) as caught:
        home.resolve((f"base_url={LAN}",))
    assert caught.value.message.startswith("-c base_url: `base_url` does not select a provider")
    assert home.resolve(("model_provider=ollama",)).provider.id == "ollama"


def test_such_a_profile_is_listed_with_its_error_and_without_a_provider(home: Home) -> None:
    home.write(f'{PROFILE}api_base = "{LAN}"\n')
    (summary, _) = list_profiles(home.load())
    assert (summary.provider, summary.origin) == ("", "")
    assert [problem.kind for problem in summary.problems] == ["configInvalid"]


@pytest.mark.parametrize(
    "model",
    [
        "ollama/llama3.2",
        "lmstudio/qwen3",
        "openai/gpt-oss-20b",
        "gpt-oss:20b",
        "gpt-oss-120b",
        "qwen3-coder",
        "Llama-3.3-70B",
        "model.gguf",
        "claude-sonnet-5",
    ],
)
def test_a_model_that_openai_cannot_have_needs_a_provider(home: Home, model: str) -> None:
    error = refused(home, f'model = "{model}"\n')
    assert error.message.startswith(f"config.toml:1:9: nothing selects a provider for `{model}`")
    home.write('model = "gpt-5"\n')
    with pytest.raises(ConfigError, match="Nothing selects a provider"):
        home.resolve(model=model)
    home.write(f'model = "{model}"\nopenai_base_url = "{LAN}"\n')
    assert home.resolve().model == model
    home.write(f'model = "{model}"\nmodel_provider = "openai"\n')
    assert home.resolve().model == model


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5.3-codex",
        "o3",
        "codex-mini-latest",
        "ft:gpt-4o:me::abc",
        "curie:ft-me-2023",
        "new-one",
    ],
)
def test_a_model_that_may_be_openais_is_asked_there(home: Home, model: str) -> None:
    home.write(f'model = "{model}"\n')
    assert home.resolve().provider.id == "openai"


def test_no_key_of_codex_counts_as_anothers(home: Home) -> None:
    lines = "".join(f'{key} = "http://h"\n' for key in sorted(ignored_keys.SETTINGS))
    home.write(f'model = "gpt-5"\n{lines}')
    assert home.resolve().provider.id == "openai"
    assert home.load().problems == ()


@pytest.mark.parametrize(
    "line",
    [
        'color = "red"',
        "type = 3",
        "host = true",
        'provider = ""',
        "[models]\nnames = []",
        'zzz = "http://h"',
    ],
)
def test_a_key_that_cannot_mean_a_provider_is_a_note(home: Home, line: str) -> None:
    home.write(f'model = "gpt-5"\n{line}\n')
    assert home.resolve().provider.id == "openai"
    assert len(home.load().problems) == 1


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_an_address_in_the_environment_that_is_not_read_leaves_it_in_doubt(
    home: Home, variable: str
) -> None:
    def ask(text: str, address: str) -> str:
        home.write(text)
        config = load_config(env={"CODEX_HOME": str(home.path), variable: address})
        return resolve(config).provider.id

    with pytest.raises(ConfigError) as caught:
        ask('model = "gpt-5"\n', LAN)
    assert caught.value.message == (
        f"{variable} is not read, so the question would be sent to OpenAI"
        " (https://api.openai.com:443)."
    )
    assert "openai_base_url" in (caught.value.hint or "")
    assert ask('model = "gpt-5"\n', "https://api.openai.com/v1/") == "openai"
    assert ask('model = "gpt-5"\n', " ") == "openai"
    assert ask('model = "gpt-5"\nmodel_provider = "openai"\n', LAN) == "openai"
    assert ask('model = "x"\nmodel_provider = "ollama"\n', LAN) == "ollama"
    assert ask(f'model = "x"\nopenai_base_url = "{LAN}"\n', LAN) == "openai"


def test_a_profile_in_a_place_where_none_is_read_is_found(home: Home) -> None:
    home.write('[lan]\nmodel = "x"\n')
    with pytest.raises(UnknownProfile) as caught:
        home.resolve(profile="lan")
    hint = "The table at config.toml:1:2 is not a profile: move it to lan.config.toml. "
    assert (caught.value.hint or "").startswith(hint)
    home.write('model = "x"\n', name="far.toml")
    home.write('profile = "far"\n')
    with pytest.raises(UnknownProfile) as caught:
        home.resolve()
    assert ": far.toml is not read: rename it far.config.toml. " in str(caught.value.hint)
    for name in ("../far", "", "\u200b", "codex-ls"):
        with pytest.raises(UnknownProfile) as caught:
            home.resolve(profile=name)
        assert "rename" not in str(caught.value.hint)
