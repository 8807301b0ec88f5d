"""The providers and the profile that exist without any config, as data in config.toml's own keys.

A `[model_providers.X]` table of the user is laid over the entry of the same name, field by field.
"""

from collections.abc import Mapping
from typing import Any

from codex_ls.config.layer import Layer
from codex_ls.config.model_settings import WireApi

DEFAULT_WIRE_API: WireApi = "chat"

DEFAULT_PROVIDER = "openai"
"""What a model means when nothing names a provider, as in Codex."""

EMBEDDED = "embedded"
"""Name of the built-in provider, and of the profile that uses it."""

PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    "openai": {
        "name": "OpenAI",
        "base_url": "https://api.openai.com/v1",
        "wire_api": "responses",
        "env_key": "OPENAI_API_KEY",
        "env_key_instructions": "Create a key at https://platform.openai.com/api-keys.",
    },
    "lmstudio": {"name": "LM Studio", "base_url": "http://localhost:1234/v1"},
    "ollama": {"name": "Ollama", "base_url": "http://localhost:11434/v1"},
    "llamacpp": {"name": "llama.cpp", "base_url": "http://localhost:8080/v1"},
    "vllm": {"name": "vLLM", "base_url": "http://localhost:8000/v1"},
    EMBEDDED: {"name": "Built-in model", "base_url": ""},
}

ALIASES: Mapping[str, str] = {
    "oss": "ollama",  # Codex up to 0.46: its one local provider, at Ollama's port
    "ollama-chat": "ollama",  # Codex 0.7x: Ollama over Chat Completions
}
"""Provider names of Codex that mean one of ours, unless the user defines them."""

EMBEDDED_PROFILE = Layer(
    "the built-in profile", {"model": "qwen2.5-coder-1.5b", "model_provider": EMBEDDED}
)
