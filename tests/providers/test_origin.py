"""Where a request goes, and with which key."""

import pytest

from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.errors import LocalOnly, MissingCredential
from codex_ls.providers.origin import (
    credentials,
    locked_to_this_machine,
    models_url,
    request_url,
    server_url,
)

LOCAL = Provider("local", "Local", "http://localhost:1234/v1")


def keyed(provider_id: str = "p", **more: object) -> Provider:
    return Provider(provider_id, "P", "https://api.example/v1", env_key="P_KEY", **more)  # type: ignore[arg-type]


async def test_the_key_comes_from_its_variable() -> None:
    assert await credentials(keyed(), {"P_KEY": " sk-1 \n"}) == {"Authorization": "Bearer sk-1"}


async def test_the_editors_storage_is_asked_where_the_variable_is_unset() -> None:
    asked: list[tuple[str, str, str]] = []

    async def storage(provider: str, origin: str, env_key: str) -> str | None:
        asked.append((provider, origin, env_key))
        return "sk-2"

    assert await credentials(keyed(), {}, storage) == {"Authorization": "Bearer sk-2"}
    assert asked == [("p", "https://api.example:443", "P_KEY")]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """What the system keyring has, by provider and origin."""
    kept: dict[tuple[str, str], str] = {}

    async def kept_key(provider: str, origin: str) -> str | None:
        return kept.get((provider, origin))

    monkeypatch.setattr("codex_ls.providers.keyring_store.kept_key", kept_key)
    return kept


async def test_the_keyring_is_asked_last_and_for_this_origin_alone(
    keyring: dict[tuple[str, str], str],
) -> None:
    async def storage(*_: str) -> str | None:
        return "sk-editor"

    async def nothing(*_: str) -> str | None:
        return None

    keyring["p", "https://api.example:443"] = "sk-keyring"
    assert await credentials(keyed(), {"P_KEY": "sk-env"}) == {"Authorization": "Bearer sk-env"}
    assert await credentials(keyed(), {}, storage) == {"Authorization": "Bearer sk-editor"}
    for ask in (nothing, None):
        assert await credentials(keyed(), {}, ask) == {"Authorization": "Bearer sk-keyring"}
    elsewhere = Provider("p", "P", "https://api.example:8443/v1", env_key="P_KEY")
    with pytest.raises(MissingCredential):
        await credentials(elsewhere, {})
    with pytest.raises(MissingCredential):
        await credentials(keyed("another"), {})


async def test_a_missing_key_is_an_error_only_where_it_is_required() -> None:
    with pytest.raises(MissingCredential, match="P_KEY is not set") as caught:
        await credentials(keyed(env_key_instructions="Get one at example."), {})
    assert caught.value.hint == "Get one at example."
    assert await credentials(keyed(env_key_required=False), {}) == {}


async def test_a_key_with_characters_that_no_header_takes_is_named_by_its_source() -> None:
    with pytest.raises(MissingCredential, match="P_KEY contains characters"):
        await credentials(keyed(), {"P_KEY": "sk-1\nX-Evil: 1"})


async def test_headers_from_the_config_and_the_environment() -> None:
    provider = Provider(
        "p",
        "P",
        "https://api.example/v1",
        http_headers={"X-A": "1"},
        env_http_headers={"X-B": "B", "X-C": "UNSET"},
    )
    assert await credentials(provider, {"B": "2"}) == {"X-A": "1", "X-B": "2"}


async def test_programs_for_codex_exec_hand_over_the_openai_key_in_their_variable() -> None:
    env = {"CODEX_API_KEY": "sk-3", "P_KEY": "sk-1"}
    assert await credentials(keyed("openai"), env) == {"Authorization": "Bearer sk-3"}
    assert await credentials(keyed("other"), env) == {"Authorization": "Bearer sk-1"}


def lm_studio(base_url: str) -> Provider:
    return Provider("lmstudio", "LM Studio", base_url, "lmstudio")


@pytest.mark.parametrize(
    "base_url",
    ["http://localhost:1234", "http://localhost:1234/v1", "http://localhost:1234/api/v1"],
)
def test_lm_studio_is_asked_for_its_state_and_its_models_at_its_root(base_url: str) -> None:
    provider = lm_studio(base_url)
    assert server_url(provider, "/api/v1/models") == "http://localhost:1234/api/v1/models"
    assert models_url(provider) == "http://localhost:1234/v1/models"


def test_another_servers_api_v1_is_left_whole() -> None:
    provider = Provider("lemonade", "Lemonade", "http://localhost:8000/api/v1")
    assert models_url(provider) == "http://localhost:8000/api/v1/models"
    assert server_url(provider, "/health") == "http://localhost:8000/api/health"


@pytest.mark.parametrize(
    ("provider", "path", "url"),
    [
        (LOCAL, "/chat/completions", "http://localhost:1234/v1/chat/completions"),
        (
            Provider("p", "P", "https://x/v1", query_params={"api-version": "2 3"}),
            "/responses",
            "https://x/v1/responses?api-version=2+3",
        ),
        (
            Provider("o", "O", "http://localhost:11434/v1", "ollama"),
            "/api/chat",
            "http://localhost:11434/api/chat",
        ),
        (lm_studio("http://localhost:1234"), "/api/v1/chat", "http://localhost:1234/api/v1/chat"),
        (
            lm_studio("http://localhost:1234/v1"),
            "/api/v1/chat",
            "http://localhost:1234/api/v1/chat",
        ),
        (
            lm_studio("https://lab.example/lms/api/v1"),
            "/api/v1/chat",
            "https://lab.example/lms/api/v1/chat",
        ),
    ],
)
def test_the_address_is_made_from_the_base_url(provider: Provider, path: str, url: str) -> None:
    assert request_url(provider, path) == url


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "example.com", "0.0.0.0", "[::ffff:192.0.2.1]", "169.254.169.254"]
)
async def test_the_lock_refuses_what_is_not_this_machine(host: str) -> None:
    provider = Provider("p", "P", f"http://{host}:1/v1")
    with pytest.raises(LocalOnly):
        await locked_to_this_machine(provider.base_url, ModelSettings("m", provider))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "[::ffff:127.0.0.1]"])
async def test_the_lock_lets_every_name_of_this_machine_through(host: str) -> None:
    provider = Provider("p", "P", f"http://{host}:1234/v1")
    url, named = await locked_to_this_machine(
        provider.base_url + "/chat", ModelSettings("m", provider)
    )
    assert url == f"http://{host}:1234/v1/chat"
    assert named == f"{host}:1234"


async def test_a_local_name_that_resolves_elsewhere_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import asyncio

    async def lie(*_: object, **__: object) -> list[object]:
        return [(2, 1, 6, "", ("127.0.0.1", 1)), (2, 1, 6, "", ("192.0.2.7", 1))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lie)
    with pytest.raises(LocalOnly):
        await locked_to_this_machine("http://localhost:1/v1", ModelSettings("m", LOCAL))
