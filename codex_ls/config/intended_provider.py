"""Keys that were meant to say who is asked, and say nothing here.

A profile copied from another program (`provider`, `api_base`, `[providers.x]`) names no provider, and
the default is OpenAI's cloud with the user's key: a question meant for the LAN would be sent there.
Such a key is an error for whoever uses that profile, before anything is sent. A key that can't mean a
provider is ignored with a note, as in Codex.

Keys that Codex itself has are never among these (`ignored_keys`, `models`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from codex_ls.config import ignored_keys, models
from codex_ls.config.address import AddressFault, checked_base_url, origin
from codex_ls.config.built_in import ALIASES, DEFAULT_PROVIDER, PROVIDERS
from codex_ls.config.layer import ConfigView, Found, config_error, find_first, shown
from codex_ls.config.model_settings import Provider
from codex_ls.errors import ConfigError

Kind = Literal["provider", "address", "key", "table", "misplaced"]
Keys = tuple[str, ...]

OPENAI_ORIGIN = origin(str(PROVIDERS[DEFAULT_PROVIDER]["base_url"]))


class Misnamed(NamedTuple):
    """A key that was meant to say who is asked; `keys` lead to it from its view."""

    keys: Keys
    kind: Kind
    value: object


_PROVIDER_TEXT = """
provider provider_id provider_name providers api_provider ai_provider llm_provider
default_provider model_provider model_providers model_provider_id model_provider_name
inference_provider api_type type backend
"""
_PROVIDER_WORDS = frozenset(_PROVIDER_TEXT.split())
_ADDRESS_TEXT = """
base_url baseurl base_uri api_base apibase api_base_url api_url api_uri api_endpoint api_host
endpoint endpoint_url url uri host hostname server server_url address port
"""
_ADDRESS_WORDS = frozenset(_ADDRESS_TEXT.split())
_KEY_TEXT = """
api_key apikey api_token apitoken api_secret auth_token access_token bearer_token bearer key token
secret secret_key password authorization
"""
_KEY_WORDS = frozenset(_KEY_TEXT.split())
_BASE_URLS = frozenset({"base_url", "baseurl", "api_base", "apibase", "api_base_url"})
_PROGRAM = (
    r"(?:openai|azure|azure_openai|ollama|lm_?studio|llama_?cpp|llama|vllm|litellm|open_?router|"
    r"anthropic|gemini|groq|mistral|deepseek|xai|together|llm|ai|model|local|oss|custom|inference)"
)
_ADDRESS_WORD = re.compile(
    _PROGRAM + r"_(?:api_)?(?:base_url|base_uri|base|url|uri|endpoint|host|server|address|port)"
)
_KEY_WORD = re.compile(_PROGRAM + r"_(?:api_)?(?:key|token|secret)")
_TABLE_TEXT = """
provider providers model_provider model_providers llm_provider llm_providers ai_providers llm llms
backend backends server servers endpoint endpoints models api inference openai azure ollama
lmstudio lm_studio llamacpp llama_cpp vllm litellm openrouter anthropic
"""
_TABLE_WORDS = frozenset(_TABLE_TEXT.split())
_PLAIN_TABLES = models.TABLES | {"analytics", "features", "feedback", "notice", "tools", "tui"}
"""Tables that end up above settings of the top, whose header then swallows them."""

_MAX_DEPTH = 4

_OPEN_FAMILIES = re.compile(
    r"(?:gpt-oss|codellama|llama|qwen|qwq|mistral|mixtral|magistral|ministral|codestral|devstral"
    r"|deepseek|gemma|gemini|claude|grok|phi-?\d|granite|glm|kimi|minimax|nemotron|olmo|smollm"
    r"|starcoder|hermes|command-r|ernie|hunyuan|exaone)",
    re.IGNORECASE,
)


def meaning_of(key: str, value: object) -> Kind | None:
    """What a key of the top or of a profile was meant to say; None if it can't mean a provider.

    For keys that neither program has there.
    """
    word = _snake(key)
    if isinstance(value, Mapping):
        is_server = _holds_server_keys(value) if word in _TABLE_WORDS else _has_base_url(value)
        return "table" if is_server else None
    if isinstance(value, list):
        is_table = word in _TABLE_WORDS and any(isinstance(entry, Mapping) for entry in value)
        return "table" if is_table else None
    if isinstance(value, int) and not isinstance(value, bool):
        return "address" if word == "port" or word.endswith("_port") else None
    if not isinstance(value, str) or not value.strip():
        return None
    if word in _ADDRESS_WORDS or _ADDRESS_WORD.fullmatch(word):
        return "address"
    if word in _KEY_WORDS or _KEY_WORD.fullmatch(word):
        return "key"
    if word in _PROVIDER_WORDS or _is_almost("model_provider", word):
        return "provider"
    return None


def is_address(key: str) -> bool:
    """Whether a key of a provider's table that neither program has was meant as its address."""
    word = _snake(key)
    return word in _ADDRESS_WORDS or _ADDRESS_WORD.fullmatch(word) is not None


def is_key(key: str) -> bool:
    """Whether a key of that name was meant to hold an API key."""
    word = _snake(key)
    return word in _KEY_WORDS or _KEY_WORD.fullmatch(word) is not None


def right_key(key: str, kind: Kind) -> str:
    """The next step for such a key, where it is only ignored."""
    match kind:
        case "provider":
            return "did you mean `model_provider`?"
        case "address":
            return (
                "it belongs in a [model_providers.NAME] table, as base_url; model_provider names that"
                " table."
            )
        case "key":
            return (
                "a key comes from an environment variable: name that in env_key of a"
                " [model_providers.NAME] table."
            )
        case "table":
            return "did you mean [model_providers.NAME]?" if _is_named(key) else _INSIDE
        case "misplaced":
            return "move it above the first line in [brackets]."


_INSIDE = "a provider is a table [model_providers.NAME] with base_url and, for a key, env_key."


def _is_named(key: str) -> bool:
    return "provider" in _snake(key)


def refuse_doubt(
    views: Sequence[ConfigView],
    provider: Provider,
    *,
    profile: str | None,
    model: str,
    unread_address: tuple[str, str] | None = None,
) -> None:
    """Let a turn pass whose provider is what the user chose.

    Raises ConfigError, with the place and the right key, where a key of another program was meant to
    choose one: in the views above the one that names the provider, and in that one if it contradicts.
    Where nothing names one, also for a model that is none of OpenAI's, and for `unread_address`, an
    environment variable of other programs and its value, if that is another server.
    """
    who = f"the profile `{shown(profile)}`" if profile is not None else "the question"
    _refuse_lost_address(views, provider, who)
    for view in views:
        chosen = view.find("model_provider")
        for misnamed in find_misnamed(view, is_profile_chosen=profile is not None):
            if chosen is None or _contradicts(misnamed, str(chosen), provider):
                raise _error(view, misnamed, provider, who)
        if chosen is not None:
            return
    if provider.id == DEFAULT_PROVIDER and origin(provider.base_url) == OPENAI_ORIGIN:
        _refuse_unread_address(provider, unread_address)
        _refuse_foreign_model(views, provider, model)


def find_misnamed(view: ConfigView, *, is_profile_chosen: bool = True) -> Iterator[Misnamed]:
    """The keys of a view that were meant to say who is asked, in the order of the file."""
    table = view.find()
    if not isinstance(table, Mapping):
        return
    for key, value in table.items():
        if key in models.SETTINGS or key in models.TOP_ONLY:
            continue
        if key not in ignored_keys.SETTINGS and key not in models.TABLES:
            kind = meaning_of(key, value)
            if kind is not None:
                yield Misnamed((key,), kind, value)
                continue
        is_read = key in ignored_keys.SETTINGS and key not in _PLAIN_TABLES
        if isinstance(value, Mapping) and not is_read:
            yield from _misplaced((key,), value, with_profile=not is_profile_chosen)


def table_named(views: Sequence[ConfigView], name: str) -> tuple[ConfigView, Keys] | None:
    """Where a provider of that name is defined in a table that is not read."""
    for view in views:
        for misnamed in find_misnamed(view):
            value = misnamed.value
            if misnamed.kind == "table" and isinstance(value, Mapping) and name in value:
                return view, (*misnamed.keys, name)
    return None


def _misplaced(keys: Keys, table: Mapping[str, Any], *, with_profile: bool) -> Iterator[Misnamed]:
    """`model_provider`, and the choice of a profile, below a table's header that swallowed them."""
    for key, value in table.items():
        path = (*keys, key)
        if key == "model_provider" and isinstance(value, str):
            yield Misnamed(path, "misplaced", value)
        elif key == "profile" and with_profile and isinstance(value, str):
            if keys[0] in models.TABLES and keys[-1] != "aws":
                yield Misnamed(path, "misplaced", value)
        elif isinstance(value, Mapping) and len(path) < _MAX_DEPTH:
            yield from _misplaced(path, value, with_profile=with_profile)


def _contradicts(misnamed: Misnamed, chosen: str, provider: Provider) -> bool:
    """Whether a key beside `model_provider` names someone else than that."""
    value = misnamed.value
    if misnamed.kind == "provider" and isinstance(value, str):
        return _known_provider(value) not in (None, _known_provider(chosen), chosen)
    if misnamed.kind == "address" and isinstance(value, str) and "://" in value:
        return _origin_of(value) != origin(provider.base_url)
    return False


def _refuse_lost_address(views: Sequence[ConfigView], provider: Provider, who: str) -> None:
    """Raise for an address that the provider's own table has under another program's name."""
    path = ("model_providers", provider.id)
    tables = [(view, view.find(*path)) for view in views]
    if any(isinstance(table, Mapping) and "base_url" in table for _, table in tables):
        return
    for view, table in tables:
        for key, value in table.items() if isinstance(table, Mapping) else ():
            if key in models.PROVIDER or not is_address(key) or not isinstance(value, str):
                continue
            sentence = (
                f"`{shown(key)}` is not a setting of a provider, so {who} would be sent to"
                f" {_shown_provider(provider)}."
            )
            raise config_error(
                view.place_of_key(*path, key), sentence, fix="did you mean `base_url`?"
            )


def _error(view: ConfigView, misnamed: Misnamed, provider: Provider, who: str) -> ConfigError:
    key = misnamed.keys[-1]
    place = view.place_of_key(*misnamed.keys)
    has_address = any(found.kind in ("address", "table") for found in find_misnamed(view))
    match misnamed.kind:
        case "misplaced":
            table = shown(".".join((*view.prefix, *misnamed.keys[:-1])))
            what = f"`{shown(key)}` is in the table [{table}], where it does nothing"
        case "table":
            what = f"[{shown(key)}] defines no provider"
        case "key":
            what = f"`{shown(key)}` is not read from a file"
        case "provider" | "address":
            what = f"`{shown(key)}` does not select a provider"
    sentence = f"{what}, so {who} would be sent to {_shown_provider(provider)}."
    return config_error(place, sentence, fix=_fix(misnamed, has_address=has_address))


def _fix(misnamed: Misnamed, *, has_address: bool) -> str:
    key, value = misnamed.keys[-1], misnamed.value
    known = _known_provider(value) if isinstance(value, str) else None
    match misnamed.kind:
        case "misplaced":
            return "move it above the first line in [brackets]."
        case "provider" if known is not None and not has_address:
            return f'write model_provider = "{known}".'
        case "key" if not has_address:
            return (
                "write model_provider, and for its key name an environment variable in env_key of"
                " its [model_providers.NAME] table."
            )
        case "table" if _is_named(key):
            return 'write [model_providers.NAME], with base_url in it, and model_provider = "NAME".'
        case _:
            return (
                "put the address as base_url into a table [model_providers.NAME], and write"
                ' model_provider = "NAME"; a key comes from the variable that env_key names there.'
            )


def _refuse_unread_address(provider: Provider, unread: tuple[str, str] | None) -> None:
    """Raise where the environment names another server than the one that would be asked."""
    if unread is None or _origin_of(unread[1]) == origin(provider.base_url):
        return
    raise ConfigError(
        f"{unread[0]} is not read, so the question would be sent to {_shown_provider(provider)}.",
        hint=f"Set openai_base_url in config.toml to that address, or, if {provider.name} is meant, set"
        f' model_provider = "{DEFAULT_PROVIDER}".',
    )


def _refuse_foreign_model(views: Sequence[ConfigView], provider: Provider, model: str) -> None:
    """Raise where OpenAI can't have a model of that name."""
    if not _is_foreign(model):
        return
    found: Found | None = find_first(views, "model")
    sentence = (
        f"nothing selects a provider for `{shown(model)}`, and {_shown_provider(provider)} has no"
        " model of that name."
    )
    prefix = _known_provider(model.partition("/")[0]) if "/" in model else None
    if prefix is not None and prefix != DEFAULT_PROVIDER:
        fix = f'write model_provider = "{prefix}".'
    else:
        fix = 'name the server that has it, as in model_provider = "ollama".'
    if found is None or found.value != model:
        raise ConfigError(f"N{sentence[1:]}", hint=f"W{fix[1:]}" if prefix else f"N{fix[1:]}")
    raise config_error(found.place, sentence, fix=fix)


def _is_foreign(model: str) -> bool:
    """Whether a name is none of OpenAI's: a path, a tag, a file, or a family that others make.

    OpenAI's own have no slash, and a colon only where they are fine-tuned (`ft:...`, `...:ft-...`).
    """
    name = model.strip().lower()
    if "/" in name or name.endswith(".gguf"):
        return True
    if ":" in name and not name.startswith("ft:") and ":ft-" not in name:
        return True
    return _OPEN_FAMILIES.match(name) is not None


def _shown_provider(provider: Provider) -> str:
    where = origin(provider.base_url)
    return f"{shown(provider.name)} ({where})" if where else "the built-in model"


def _known_provider(word: str) -> str | None:
    """The built-in provider that a word in a config means."""
    name = _snake(word.strip()).replace("_", "").replace("-", "").replace(".", "").replace(" ", "")
    if name in PROVIDERS:
        return name
    return ALIASES.get(word.strip().lower()) or _OTHER_NAMES.get(name)


_OTHER_NAMES = {
    "ollamachat": "ollama",
    "hostedvllm": "vllm",
    "llamaserver": "llamacpp",
}


def _holds_server_keys(table: Mapping[str, Any], *, depth: int = 0) -> bool:
    """Whether a table holds an address or a key, itself or in the tables right below it."""
    for key, value in table.items():
        if isinstance(value, Mapping) and depth < 1:
            if _holds_server_keys(value, depth=depth + 1):
                return True
        elif isinstance(value, str) and (is_address(key) or is_key(key) or key == "env_key"):
            return True
    return False


def _has_base_url(table: Mapping[str, Any]) -> bool:
    """Whether a table of any other name holds what can only be the address of a model server."""
    return any(isinstance(table[key], str) for key in table if _snake(key) in _BASE_URLS)


def _origin_of(url: str) -> str | None:
    try:
        return origin(checked_base_url(url))
    except AddressFault:
        return None


def _snake(key: str) -> str:
    """`apiBase`, `api-base`, `API_BASE` and `api base` as `api_base`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.strip())
    return re.sub(r"[\s.\-]+", "_", spaced).lower()


def _is_almost(wanted: str, word: str) -> bool:
    """Whether a word is a slip of the other: a letter too many, missing, wrong or swapped."""
    if word == wanted or abs(len(word) - len(wanted)) > 2 or word[:1] != wanted[:1]:
        return word == wanted
    return models.closest(word, (wanted,), cutoff=0.85) is not None
