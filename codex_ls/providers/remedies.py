"""The one next step after a model server's refusal, for the profile that asked.

A decoder knows the server's sentence and nothing of the configuration; here both are known, so that a
hint can hold the very line to write or the command to run. What no rule knows keeps its hint.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from codex_ls.config.settings import ModelSettings
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
from codex_ls.providers.load_state import server_kind
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
    "responses": 'This server may not know the Responses API: set wire_api = "chat".',
    "lmstudio": 'LM Studio has this API from 0.4 on: update it, or set wire_api = "chat".',
    "ollama": 'No other server than Ollama knows this API: set wire_api = "chat".',
}
_LOADS = {"lmstudio": "lms load {model}", "ollama": 'ollama run {model} ""'}
_MORE_ROOM = {
    "llamacpp": "start llama-server with a larger -c (tokens)",
    "lmstudio": "load it with more: lms load MODEL --context-length 32768",
    "ollama": 'set wire_api = "ollama", which asks for the window that it needs',
    "vllm": "start vLLM with a larger --max-model-len",
}
_REFUSALS = NotFound | BadRequest | ServerError | RateLimited


def _pull(settings: ModelSettings) -> str:
    return f"ollama pull {settings.model}"


def _load(settings: ModelSettings) -> str:
    command = _LOADS.get(server_kind(settings.provider), "Load {model} in the server.")
    return command.format(model=settings.model)


def _list_models(settings: ModelSettings) -> str:
    profile = f" --profile {settings.profile}" if settings.profile else ""
    return f"Write a model that this server has: `codex-ls models{profile}` lists them."


_BY_WORDS: tuple[tuple[str, Callable[[ModelSettings], str]], ...] = (
    (
        r"insufficient_quota|exceeded your current quota|insufficient balance|credit balance"
        r"|billing|payment required",
        lambda _: "Add credit where this key was made, or ask another profile.",
    ),
    (r"try pulling it", _pull),
    (r"no models? (is |are )?(currently )?loaded|model (is )?(not loaded|unloaded)", _load),
    (
        r"(more|enough|out of) (system |gpu |video )?memory|insufficient (system )?(resources|memory)"
        r"|failed to allocate|unable to allocate|cudaMalloc|no kv cache",
        lambda _: "Take a smaller model or a smaller window, or close what uses the memory.",
    ),
    (
        r"does not support chat|is not an? (llm|chat|text)|embedding model|not a chat model",
        lambda settings: f"Write a model that can chat: {settings.model} can't.",
    ),
    (
        r"chat template",
        lambda _: "Take the model's Instruct version, or start the server with its chat template.",
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
            error.hint = key_step(settings, has_key=has_key, status=error.http_status)
        case StreamBroken(retryable=False, misread=True):
            error.hint = _other_path(settings)
    return error


def _more_room(settings: ModelSettings) -> str:
    if settings.context_window is not None:
        return "raise model_context_window, if the server really has more"
    if settings.provider.wire_api == "ollama":  # it asked for all that the model has
        return "choose a model with a larger window"
    return _MORE_ROOM.get(server_kind(settings.provider), ContextOverflow.MORE_ROOM)


def key_step(settings: ModelSettings, *, has_key: bool, status: int | None) -> str:
    """The next step where a server refuses: for a missing key, a wrong one, one that may not."""
    names = " or ".join(settings.provider.env_keys)
    if not has_key:
        if names:
            return f"Set a key: export {names}=..."
        return 'Add env_key = "MY_KEY" to the provider, and set that variable.'
    if status == 403:
        return f"Check what the key{f' in {names}' if names else ''} is allowed to use."
    which = f"the key in {names}" if names else "the key"
    return f"Check that {which} is for this server, whole, and still valid."


def _other_path(settings: ModelSettings) -> str:
    provider = settings.provider
    path = urlsplit(provider.base_url).path
    for endpoint in ENDPOINTS:
        if path.endswith(endpoint):
            return _write(settings, path=path.removesuffix(endpoint) or "/v1")
    if step := _RARE_APIS.get(provider.wire_api):
        return step
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
