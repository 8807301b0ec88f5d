"""The one next step after a model server's refusal, for the profile that asked.

A decoder knows the server's sentence and nothing of the configuration; here both are known, so that a
hint can hold the very line to write or the command to run. What no rule knows keeps its hint.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from codex_ls.config.built_in import DEFAULT_PROVIDER
from codex_ls.config.model_settings import ModelSettings, Provider
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
from codex_ls.wire.stream_errors import TOLD

ENDPOINTS = (
    "/api/v1/chat",
    "/chat/completions",
    "/completions",
    "/responses",
    "/models",
    "/api/chat",
)
_RARE_APIS = {
    "responses": "This server may not support the Responses API: {step}",
    "lmstudio": "LM Studio supports this API from version 0.4: update it, or {step}",
    "ollama": "Only Ollama supports this API: {step}",
}
_LOADS = {"lmstudio": "lms load {model}", "ollama": 'ollama run {model} ""'}
_MORE_ROOM = {
    "llamacpp": "start llama-server with a larger -c (tokens)",
    "lmstudio": "reload it with a larger context window: lms load MODEL --context-length 32768",
    "ollama": 'write wire_api = "ollama" under {table} in codex-ls.toml, to request the context'
    " that is needed",
    "vllm": "start vLLM with a larger --max-model-len",
}
_KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key", "ocp-apim-subscription-key")
_AZURE = (
    ".openai.azure.com",
    ".openai.azure.us",
    ".openai.azure.cn",
    ".cognitiveservices.azure.com",
    ".services.ai.azure.com",
)
_REFUSALS = NotFound | BadRequest | ServerError | RateLimited


def _pull(settings: ModelSettings) -> str:
    return f"ollama pull {settings.model}"


def _load(settings: ModelSettings) -> str:
    command = _LOADS.get(server_kind(settings.provider), "Load {model} in the server.")
    return command.format(model=settings.model)


def _list_models(settings: ModelSettings) -> str:
    profile = f" --profile {settings.profile}" if settings.profile else ""
    return f"Choose a model that this server has: `codex-ls models{profile}` lists them."


_BY_WORDS: tuple[tuple[str, Callable[[ModelSettings], str]], ...] = (
    (
        r"insufficient_quota|exceeded your current quota|insufficient balance|credit balance"
        r"|billing|payment required",
        lambda _: "Add credit to the account of this API key, or use another profile.",
    ),
    (r"try pulling it", _pull),
    (r"no models? (is |are )?(currently )?loaded|model (is )?(not loaded|unloaded)", _load),
    (
        r"(more|enough|out of) (system |gpu |video )?memory|insufficient (system )?(resources|memory)"
        r"|failed to allocate|unable to allocate|cudaMalloc|no kv cache",
        lambda _: "Use a smaller model or context window, or close programs that use memory.",
    ),
    (
        r"does not support chat|is not an? (llm|chat|text)|embedding model|not a chat model",
        lambda settings: f"Choose a chat model: {settings.model} is not one.",
    ),
    (
        r"chat template|\bjinja|roles? must alternate",
        lambda _: "Use the model's Instruct version, or start the server with its chat template.",
    ),
    (
        r"http request (was sent )?to (an )?https (server|port)",
        lambda settings: _write(settings, scheme="https"),
    ),
    (
        r"model\b.{0,120}\b(does not exist|not found|unknown|not available|is not valid|not exist)"
        r"|(no such|unknown|invalid|unsupported|unrecognized|could not find|unable to find|no) model",
        _list_models,
    ),
)
_RULES = tuple((re.compile(words, re.IGNORECASE), step) for words, step in _BY_WORDS)


def with_next_step(
    error: ProviderError, settings: ModelSettings, *, has_key: bool
) -> ProviderError:
    """The error itself, its hint made to fit these settings where a rule knows better."""
    said = error.message.removeprefix(TOLD)
    if said != error.message and isinstance(error, _REFUSALS):
        for words, step in _RULES:
            if words.search(said):
                error.hint = step(settings)
                return error
    match error:
        case NotFound() | BadRequest(http_status=405):
            error.hint = _other_path(settings)
        case ContextOverflow(hint=str(hint)):
            error.hint = hint.replace(ContextOverflow.MORE_ROOM, _more_room(settings))
        case Unauthorized():
            error.hint = key_step(settings, has_key=has_key, status=error.http_status, said=said)
        case StreamBroken(retryable=False, misread=True):
            error.hint = _other_path(settings)
    return error


def chat_completions_step(provider: Provider) -> str:
    """How to ask this provider over Chat Completions, in a form that Codex goes on starting with.

    Chat Completions is the default here, but for `openai`; `wire_api = "chat"` in a file that Codex
    reads keeps it from starting.
    """
    table = f"[model_providers.{provider.id}]"
    if provider.id == DEFAULT_PROVIDER:
        return f'write wire_api = "chat" under {table} in codex-ls.toml, which Codex does not read.'
    return f'remove wire_api = "{provider.wire_api}" from {table}; the default is Chat Completions.'


def _more_room(settings: ModelSettings) -> str:
    if settings.context_window is not None:
        return "raise model_context_window, if the server really has more"
    if settings.provider.wire_api == "ollama":  # it asked for all that the model has
        return "choose a model with a larger context window"
    room = _MORE_ROOM.get(server_kind(settings.provider), ContextOverflow.MORE_ROOM)
    return room.replace("{table}", f"[model_providers.{settings.provider.id}]")


def key_step(settings: ModelSettings, *, has_key: bool, status: int | None, said: str = "") -> str:
    """The next step where a server refuses: for a missing key, a wrong one, one that may not.

    `said` is the server's sentence: it may name the header that it reads the key from.
    """
    provider = settings.provider
    own = {name.lower(): value for name, value in provider.env_http_headers.items()}
    own = {name: variable for name, variable in own.items() if name in _KEY_HEADERS}
    header = _wanted_header(provider, said)
    if header is not None and header not in own and not (has_key and not provider.env_keys):
        variable = provider.env_keys[-1] if provider.env_keys else "MY_KEY"
        return (
            f'Send the key in the header {header}: env_http_headers = {{ "{header}" = "{variable}" }}'
            " in the provider's table, in place of env_key."
        )
    names = " or ".join((*provider.env_keys, *own.values()))
    if not has_key:
        if names:
            return f"Set a key: export {names}=..."
        return 'Add env_key = "MY_KEY" to the provider, and set that variable.'
    if status == 403:
        return f"Check what the key{f' in {names}' if names else ''} is allowed to use."
    which = f"the key in {names}" if names else "the key"
    return f"Check that {which} is for this server, complete, and still valid."


def _wanted_header(provider: Provider, said: str) -> str | None:
    """The header that a server reads its key from, where that is not `Authorization`."""
    words = said.lower()
    for header in _KEY_HEADERS:
        if re.search(rf"(?<![\w-]){header}(?![\w-])", words):
            return header
    host = urlsplit(provider.base_url).hostname or ""
    return "api-key" if host.endswith(_AZURE) else None


def _other_path(settings: ModelSettings) -> str:
    provider = settings.provider
    path = urlsplit(provider.base_url).path
    for endpoint in ENDPOINTS:
        if path.endswith(endpoint):
            return _write(settings, path=path.removesuffix(endpoint) or "/v1")
    if step := _RARE_APIS.get(provider.wire_api):
        return step.format(step=chat_completions_step(provider))
    if "/v1/v1" in path:
        return _write(settings, path=path.replace("/v1/v1", "/v1"))
    if path in ("", "/"):
        return _write(settings, path="/v1")
    return (
        f"Asked for model {settings.model} at {provider.base_url}. `codex-ls doctor` finds out which"
        " of the two is wrong."
    )


def _write(settings: ModelSettings, *, scheme: str = "", path: str | None = None) -> str:
    parts = urlsplit(settings.provider.base_url)
    new_path = parts.path if path is None else path
    url = urlunsplit((scheme or parts.scheme, parts.netloc, new_path, "", ""))
    return f'Write base_url = "{url}".'


_START_HINTS = {
    "lmstudio": "Start LM Studio's server: lms server start",
    "ollama": "Start Ollama: ollama serve",
    "llamacpp": "Start llama.cpp: llama-server -m MODEL.gguf",
    "vllm": "Start vLLM: vllm serve MODEL",
}
_BY_PORT = {":1234": "lmstudio", ":11434": "ollama", ":8080": "llamacpp", ":8000": "vllm"}


def start_hint(provider: Provider) -> str:
    """How to start the server of a provider; empty where nobody knows which it is."""
    return _START_HINTS.get(server_kind(provider), "")


def server_kind(provider: Provider) -> str:
    """Which server a provider most likely is, by its id, else by its well-known port; or empty."""
    if provider.id in _START_HINTS:
        return provider.id
    host = provider.base_url.partition("://")[2].partition("/")[0]
    return next((name for port, name in _BY_PORT.items() if host.endswith(port)), "")
