"""What a local server's silence means: it loads a model, or nothing runs there at all."""

from codex_ls.config.profile import Provider
from codex_ls.errors import ProviderError

_START_HINTS = {
    "lmstudio": "Start LM Studio's server: lms server start",
    "ollama": "Start Ollama: ollama serve",
    "llamacpp": "Start llama.cpp: llama-server -m MODEL.gguf",
    "vllm": "Start vLLM: vllm serve MODEL",
}
_BY_PORT = {":1234": "lmstudio", ":11434": "ollama", ":8080": "llamacpp", ":8000": "vllm"}


def is_loading(error: ProviderError) -> bool:
    """Whether the server says that it is still loading its model (llama.cpp, LocalAI: 503)."""
    return error.http_status == 503 and "loading" in error.message.lower()


def start_hint(provider: Provider) -> str:
    """How to start the server of a provider; empty where nobody knows which it is."""
    return _START_HINTS.get(server_kind(provider), "")


def server_kind(provider: Provider) -> str:
    """Which server a provider most likely is, by its id, else by its well-known port; or empty."""
    if provider.id in _START_HINTS:
        return provider.id
    host = provider.base_url.partition("://")[2].partition("/")[0]
    return next((name for port, name in _BY_PORT.items() if host.endswith(port)), "")
