"""What a model server is, and which models it has, as it tells itself.

Each kind has an address that no other has: llama.cpp `/props`, LM Studio `/api/v1/models` (from 0.4;
`/api/v0/models` before), Ollama `/api/version`, vLLM `/version`, SGLang `/get_server_info`. They are all
asked at the same time, of the one origin that the caller chose, and nothing else is. `/health` is not
among them: a LiteLLM proxy answers it by asking every model behind it a question.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from codex_ls.providers.probe import Get, Reply
from codex_ls.providers.servers.metrics import listed_window, token_count

Kind = Literal["llamacpp", "lmstudio", "ollama", "vllm", "sglang", "other"]

NAMES: Mapping[Kind, str] = {
    "llamacpp": "llama.cpp",
    "lmstudio": "LM Studio",
    "ollama": "Ollama",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "other": "a model server",
}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server has; None for what it does not tell."""

    name: str
    is_loaded: bool | None = None
    window: int | None = None
    """Tokens that the model was loaded for."""
    largest_window: int | None = None
    """Tokens that the model was made for."""
    size_bytes: int | None = None
    aliases: tuple[str, ...] = ()
    """Other names that it answers to."""


@dataclass(frozen=True, slots=True)
class Server:
    """A model server as it told about itself."""

    kind: Kind
    version: str = ""
    models: tuple[ServedModel, ...] = ()
    unfit: tuple[str, ...] = ()
    """Names of models that it has and that can't answer: they only make embeddings."""
    is_loading: bool = False
    """It said that it is loading its model and can't answer yet."""

    @property
    def title(self) -> str:
        """Name and version, for a sentence."""
        return f"{NAMES[self.kind]} {self.version}".strip()

    def model(self, name: str) -> ServedModel | None:
        """The model that the server means by this name."""
        wanted = {name, f"{name}:latest"} if self.kind == "ollama" else {name}
        return next((m for m in self.models if wanted & {m.name, *m.aliases}), None)


async def identify(get: Get) -> Server | None:
    """What answers at the root that `get` asks; None if it is no model server at all."""
    replies = dict(zip(_PATHS, await asyncio.gather(*map(get, _PATHS)), strict=True))
    told = _Told({path: reply for path, reply in replies.items() if reply is not None})
    for look in (_llamacpp, _lmstudio, _ollama, _sglang, _vllm, _other):
        if (server := look(told)) is not None:
            return server
    return None


_PATHS = (
    "/props",
    "/v1/models",
    "/api/v1/models",
    "/api/v0/models",
    "/api/version",
    "/api/tags",
    "/api/ps",
    "/version",
    "/get_server_info",
)


@dataclass(frozen=True, slots=True)
class _Told:
    """The answers of one server by their paths."""

    replies: Mapping[str, Reply] = field(default_factory=dict)

    def fields(self, path: str) -> Mapping[str, Any]:
        reply = self.replies.get(path)
        return {} if reply is None else reply.fields

    def entries(self, path: str, key: str) -> list[Mapping[str, Any]]:
        return [entry for entry in _list(self.fields(path).get(key)) if isinstance(entry, dict)]


def _llamacpp(told: _Told) -> Server | None:
    props = told.fields("/props")
    if not props:
        reply = told.replies.get("/props")
        if reply is not None and reply.status == 503 and "oading model" in reply.text:
            return Server("llamacpp", is_loading=True)
        return None
    if not {"default_generation_settings", "build_info", "total_slots"} & set(props):
        return None
    defaults = props.get("default_generation_settings")
    window = token_count(defaults.get("n_ctx")) if isinstance(defaults, dict) else None
    models = []
    for entry in told.entries("/v1/models", "data"):
        meta = entry.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        models.append(
            ServedModel(
                _text(entry, "id"),
                is_loaded=True,
                window=window,
                largest_window=token_count(meta.get("n_ctx_train")),
                size_bytes=token_count(meta.get("size")),
            )
        )
    return Server("llamacpp", _text(props, "build_info"), tuple(models))


def _lmstudio(told: _Told) -> Server | None:
    listed = told.entries("/api/v1/models", "models")
    if any("loaded_instances" in entry for entry in listed):
        models = [
            _lmstudio_v1(entry) for entry in listed if entry.get("type") not in _NOT_FOR_TALKING
        ]
        return Server("lmstudio", models=tuple(models), unfit=_unfit(listed, "key"))
    older = told.entries("/api/v0/models", "data")
    if any("state" in entry for entry in older):
        return Server(
            "lmstudio",
            models=tuple(
                ServedModel(
                    _text(entry, "id"),
                    is_loaded=entry.get("state") == "loaded",
                    window=token_count(entry.get("loaded_context_length")),
                    largest_window=token_count(entry.get("max_context_length")),
                )
                for entry in older
                if entry.get("type") not in _NOT_FOR_TALKING
            ),
            unfit=_unfit(older, "id"),
        )
    return Server("lmstudio") if told.fields("/api/v1/models").get("models") == [] else None


_NOT_FOR_TALKING = ("embedding", "embeddings")


def _unfit(entries: Iterable[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(_text(entry, key) for entry in entries if entry.get("type") in _NOT_FOR_TALKING)


def _lmstudio_v1(entry: Mapping[str, Any]) -> ServedModel:
    instances = [i for i in _list(entry.get("loaded_instances")) if isinstance(i, dict)]
    configs = [i["config"] for i in instances if isinstance(i.get("config"), dict)]
    return ServedModel(
        _text(entry, "key"),
        is_loaded=bool(instances),
        window=next((token_count(config.get("context_length")) for config in configs), None),
        largest_window=token_count(entry.get("max_context_length")),
        size_bytes=token_count(entry.get("size_bytes")),
        aliases=tuple(filter(None, (_text(instance, "id") for instance in instances))),
    )


def _ollama(told: _Told) -> Server | None:
    version = _text(told.fields("/api/version"), "version")
    if not version:
        return None
    running = {
        _text(entry, "name"): token_count(entry.get("context_length"))
        for entry in told.entries("/api/ps", "models")
    }
    models = (
        ServedModel(
            _text(entry, "name"),
            is_loaded=_text(entry, "name") in running,
            window=running.get(_text(entry, "name")),
            size_bytes=token_count(entry.get("size")),
        )
        for entry in told.entries("/api/tags", "models")
    )
    return Server("ollama", version, tuple(models))


def _sglang(told: _Told) -> Server | None:
    info = told.fields("/get_server_info")
    if not info:
        return None
    return Server("sglang", _text(info, "version"), _served(told))


def _vllm(told: _Told) -> Server | None:
    version = _text(told.fields("/version"), "version")
    is_vllm = any(e.get("owned_by") == "vllm" for e in told.entries("/v1/models", "data"))
    return Server("vllm", version, _served(told)) if version or is_vllm else None


def _other(told: _Told) -> Server | None:
    listing = told.fields("/v1/models")
    is_list = isinstance(listing.get("data"), list)
    return Server("other", models=listed_models(listing)) if is_list else None


def _served(told: _Told) -> tuple[ServedModel, ...]:
    """Models of servers that hold what they list in memory."""
    return tuple(
        ServedModel(_text(entry, "id"), is_loaded=True, window=listed_window(entry))
        for entry in told.entries("/v1/models", "data")
    )


def listed_models(listing: Mapping[str, Any]) -> tuple[ServedModel, ...]:
    """The models of an OpenAI-like list, with the windows that some servers add."""
    return tuple(
        ServedModel(
            _text(entry, "id"),
            largest_window=listed_window(entry),
        )
        for entry in _list(listing.get("data"))
        if isinstance(entry, dict) and _text(entry, "id")
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(entry: Mapping[str, Any], key: str) -> str:
    """A name or a version, fit to stand in one line: lists of them go to terminals and menus."""
    value = entry.get(key)
    if not isinstance(value, str):
        return ""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value)


def names(models: Iterable[ServedModel]) -> tuple[str, ...]:
    """The names, those in memory first."""
    return tuple(model.name for model in sorted(models, key=lambda model: not model.is_loaded))
