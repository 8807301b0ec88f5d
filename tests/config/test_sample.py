"""The config that people bring, word for word, with keys where Codex itself would not find them."""

from codex_ls.config.profile import ModelSettings, ProfileSummary, Provider, list_profiles
from tests.config.home import SAMPLE, Home

OPENAI = Provider(
    id="openai",
    name="OpenAI API",
    base_url="https://api.openai.com/v1",
    wire_api="chat",
    env_key="OPENAI_API_KEY",
    env_key_instructions="Create a key at https://platform.openai.com/api-keys.",
    env_key_required=True,
)
LOCAL = Provider(
    id="local-oss",
    name="Local gpt-oss-20b",
    base_url="http://localhost:1234/v1",
    wire_api="chat",
    env_key_required=False,
)


def test_the_cloud_profile_inherits_the_key_of_the_built_in_provider(home: Home) -> None:
    home.write(SAMPLE)
    assert home.resolve(profile="cloud") == ModelSettings(
        model="gpt-5-codex",
        provider=OPENAI,
        profile="cloud",
        sandbox_workspace_write={"network_access": True},
    )


def test_the_local_profile_keeps_what_toml_puts_into_it(home: Home) -> None:
    home.write(SAMPLE)
    assert home.resolve(profile="local-oss") == ModelSettings(
        model="openai/gpt-oss-20b",
        provider=LOCAL,
        profile="local-oss",
        show_raw_reasoning=True,
        sandbox_mode="workspace-write",
        sandbox_workspace_write={"network_access": True},
    )


def test_raw_reasoning_can_be_turned_off_inside_the_profile(home: Home) -> None:
    text = SAMPLE.replace("show_raw_agent_reasoning = true", "show_raw_agent_reasoning = false")
    home.write(text)
    assert home.resolve(profile="local-oss").show_raw_reasoning is False
    assert home.resolve(profile="cloud").show_raw_reasoning is True


def test_nothing_in_it_is_a_problem(home: Home) -> None:
    home.write(SAMPLE)
    assert home.load().problems == ()


def test_the_list_shows_origins_and_nothing_else_of_the_addresses(home: Home) -> None:
    home.write(SAMPLE)
    assert list_profiles(home.load()) == (
        ProfileSummary(
            name="cloud",
            model="gpt-5-codex",
            provider="openai",
            wire_api="chat",
            origin="https://api.openai.com:443",
            is_local=False,
        ),
        ProfileSummary(
            name="local-oss",
            model="openai/gpt-oss-20b",
            provider="local-oss",
            wire_api="chat",
            origin="http://localhost:1234",
            is_local=True,
        ),
        ProfileSummary(
            name="embedded",
            model="qwen2.5-coder-1.5b",
            provider="embedded",
            wire_api="chat",
            origin="",
            is_local=True,
        ),
    )
