"""What servers say, word for word, and the one next step for the profile that asked."""

from dataclasses import replace

import pytest

from codex_ls.config.model_settings import ModelSettings, Provider, WireApi
from codex_ls.errors import (
    BadRequest,
    ContextOverflow,
    NotFound,
    ProviderError,
    RateLimited,
    ServerError,
    StreamBroken,
    Unauthorized,
)
from codex_ls.providers.error_hints import with_next_step
from codex_ls.wire.stream_errors import TOLD

URL = "http://localhost:1234/v1"
MEMORY = "Use a smaller model or context window, or close programs that use memory."
MODELS = "Choose a model that this server has: `codex-ls models --profile p` lists them."


def settings(
    *, provider: str = "x", url: str = URL, wire_api: WireApi = "chat", key: str | None = None
) -> ModelSettings:
    return ModelSettings("m", Provider(provider, "X", url, wire_api, env_key=key), profile="p")


@pytest.mark.parametrize(
    ("provider", "error", "hint"),
    [
        (
            "ollama",
            NotFound('model "m" not found, try pulling it first'),
            "ollama pull m",
        ),
        (
            "lmstudio",
            BadRequest("No models loaded. Please load a model in the developer page."),
            "lms load m",
        ),
        ("other", BadRequest("model not loaded"), "lms load m"),  # by its well-known port
        (
            "lmstudio",
            BadRequest("Model loading was stopped due to insufficient system resources."),
            MEMORY,
        ),
        (
            "ollama",
            ServerError("model requires more system memory (9.3 GiB) than is available"),
            MEMORY,
        ),
        ("vllm", ServerError("CUDA out of memory"), MEMORY),
        (
            "ollama",
            BadRequest('"m" does not support chat'),
            "Choose a chat model: m is not one.",
        ),
        ("lmstudio", BadRequest("Model is not an LLM"), "Choose a chat model: m is not one."),
        (
            "vllm",
            BadRequest("default chat template is no longer allowed, so you must provide one"),
            "Use the model's Instruct version, or start the server with its chat template.",
        ),
        ("vllm", NotFound("The model `m` does not exist."), MODELS),
        ("openai", BadRequest("Unknown model: m"), MODELS),
        (
            "openai",
            RateLimited("You exceeded your current quota, please check your plan and billing."),
            "Add credit to the account of this API key, or use another profile.",
        ),
        (
            "x",
            BadRequest("Client sent an HTTP request to an HTTPS server."),
            'Write base_url = "https://localhost:1234/v1".',
        ),
    ],
)
def test_a_known_sentence_has_its_own_step(provider: str, error: ProviderError, hint: str) -> None:
    error.message = TOLD + error.message
    assert with_next_step(error, settings(provider=provider), has_key=False).hint == hint


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("http://h:1", 'Write base_url = "http://h:1/v1".'),
        ("http://h:1/v1/v1", 'Write base_url = "http://h:1/v1".'),
        ("http://h:1/v1/chat/completions", 'Write base_url = "http://h:1/v1".'),
        ("http://h:1/api/v1/chat", 'Write base_url = "http://h:1/v1".'),
        ("http://h:1/api/chat", 'Write base_url = "http://h:1/v1".'),
        (
            "http://h:1/v1",
            "Asked for model m at http://h:1/v1. `codex-ls doctor` finds out which of the two is"
            " wrong.",
        ),
    ],
)
@pytest.mark.parametrize(
    "error",
    [
        NotFound("404 page not found"),
        BadRequest("The model server refused the request (405).", http_status=405),
        StreamBroken("A web page came.", passing=False, misread=True),
    ],
)
def test_a_wrong_path_is_put_right(error: ProviderError, url: str, hint: str) -> None:
    assert with_next_step(error, settings(url=url), has_key=False).hint == hint


@pytest.mark.parametrize(
    ("wire_api", "hint"),
    [
        (
            "responses",
            'This server may not support the Responses API: remove wire_api = "responses" from'
            " [model_providers.x]; the default is Chat Completions.",
        ),
        (
            "ollama",
            'Only Ollama supports this API: remove wire_api = "ollama" from'
            " [model_providers.x]; the default is Chat Completions.",
        ),
    ],
)
def test_an_api_that_is_not_there(wire_api: WireApi, hint: str) -> None:
    told = with_next_step(NotFound("no"), settings(wire_api=wire_api), has_key=False)
    assert told.hint == hint


def test_openai_is_asked_over_chat_completions_where_codex_does_not_read_it() -> None:
    asked = settings(provider="openai", wire_api="responses")
    assert with_next_step(NotFound("no"), asked, has_key=False).hint == (
        'This server may not support the Responses API: write wire_api = "chat" under'
        " [model_providers.openai] in codex-ls.toml, which Codex does not read."
    )


def test_an_endpoint_in_the_address_is_put_right_before_its_api_is_doubted() -> None:
    pasted = settings(url="http://h:1/api/v1/chat", wire_api="lmstudio")
    told = with_next_step(NotFound("no"), pasted, has_key=False)
    assert told.hint == 'Write base_url = "http://h:1/v1".'


@pytest.mark.parametrize(
    ("status", "key", "has_key", "hint"),
    [
        (401, None, False, 'Add env_key = "MY_KEY" to the provider, and set that variable.'),
        (401, "X_KEY", False, "Set a key: export X_KEY=..."),
        (
            401,
            "X_KEY",
            True,
            "Check that the key in X_KEY is for this server, complete, and still valid.",
        ),
        (403, "X_KEY", True, "Check what the key in X_KEY is allowed to use."),
    ],
)
def test_a_key_that_is_not_taken(status: int, key: str | None, hint: str, *, has_key: bool) -> None:
    error = Unauthorized("no", http_status=status)
    assert with_next_step(error, settings(key=key), has_key=has_key).hint == hint


AZURE = "https://x.openai.azure.com/openai/v1"
IN_API_KEY = (
    'Send the key in the header api-key: env_http_headers = { "api-key" = "X_KEY" }'
    " in the provider's table, in place of env_key."
)


@pytest.mark.parametrize(
    ("url", "said", "headers", "key", "has_key", "hint"),
    [
        (AZURE, "Access denied due to invalid subscription key", {}, "X_KEY", True, IN_API_KEY),
        (URL, "Missing api-key header", {}, "X_KEY", True, IN_API_KEY),
        (
            URL,
            "x-api-key header is required",
            {},
            None,
            False,
            'Send the key in the header x-api-key: env_http_headers = { "x-api-key" = "MY_KEY" }'
            " in the provider's table, in place of env_key.",
        ),
        (AZURE, "no", {"api-key": "AZ_KEY"}, None, False, "Set a key: export AZ_KEY=..."),
        (
            AZURE,
            "Access denied due to invalid subscription key",
            {"Api-Key": "AZ_KEY"},
            None,
            True,
            "Check that the key in AZ_KEY is for this server, complete, and still valid.",
        ),
    ],
)
def test_a_key_that_belongs_into_another_header(
    url: str, said: str, headers: dict[str, str], key: str | None, hint: str, *, has_key: bool
) -> None:
    asked = settings(url=url, key=key)
    asked = replace(asked, provider=replace(asked.provider, env_http_headers=headers))
    error = Unauthorized(TOLD + said, http_status=401)
    assert with_next_step(error, asked, has_key=has_key).hint == hint


@pytest.mark.parametrize(
    ("provider", "window", "step"),
    [
        ("llamacpp", None, "start llama-server with a larger -c (tokens)"),
        ("vllm", None, "start vLLM with a larger --max-model-len"),
        (
            "lmstudio",
            None,
            "reload it with a larger context window: lms load MODEL --context-length 32768",
        ),
        (
            "ollama",
            None,
            'write wire_api = "ollama" under [model_providers.ollama] in codex-ls.toml, to request the context that is needed',
        ),
        ("vllm", 4096, "raise model_context_window, if the server really has more"),
    ],
)
def test_more_room_is_made_as_that_server_does_it(
    provider: str, window: int | None, step: str
) -> None:
    error = ContextOverflow("no", hint=f"Ask less, or {ContextOverflow.MORE_ROOM}.")
    asked = replace(settings(provider=provider), context_window=window)
    assert with_next_step(error, asked, has_key=False).hint == f"Ask less, or {step}."


@pytest.mark.parametrize(
    "error",
    [
        BadRequest("strange", hint="as it was"),
        ServerError("The model server is not found by us, nor the model", hint="as it was"),
        ServerError("strange", hint="as it was"),
        StreamBroken("broke off", hint="as it was"),
        ContextOverflow("The model m is not found to fit", hint="as it was"),
    ],
)
def test_what_nobody_knows_keeps_its_hint(error: ProviderError) -> None:
    assert with_next_step(error, settings(), has_key=False).hint == "as it was"
