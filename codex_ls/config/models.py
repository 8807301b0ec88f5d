"""The tables of config.toml that codex-ls reads: the type, bounds and meaning of each key.

`make generate` writes `schema/codex-config.schema.json` from these models, for completion, hover and
validation in editors of TOML. Keys that only Codex knows are left alone: the same file serves both
programs.

Values are validated one by one (`fault_in`), so that an error begins with the line and column of its
value, and only validators of keys that are set are built: a config is read before every request of the
command line. For the same reason the tables are TypedDicts, and pydantic is asked about what is not
plainly valid: making classes of BaseModel took 25 ms, importing pydantic takes 70.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import pairwise
from sys import float_info
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeVar,
    get_args,
    get_origin,
)

from typing_extensions import TypedDict, get_original_bases, is_typeddict

from codex_ls.config.address import AddressFault, checked_base_url

if TYPE_CHECKING:
    import ast

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema, ErrorDetails

MAX_WHOLE_NUMBER: Final = 2**31 - 1
"""24 days, in milliseconds."""


class Fault(NamedTuple):
    """What is wrong with a value: a predicate for the sentence that begins with its key.

    `below` leads from the key to the wrong place inside its value; `fix` is the next step.
    """

    sentence: str
    fix: str | None = None
    below: tuple[str, ...] = ()


# ---- types of values ---------------------------------------------------------------------------


class _InvalidError(ValueError):
    """What a check found: the rest of a sentence, and the next step."""

    def __init__(self, sentence: str, fix: str | None = None) -> None:
        super().__init__(sentence)
        self.fault = Fault(sentence, fix)


class Check:
    """A check of a value beyond its type, `is_first` before it, which stands in an `Annotated` type.

    pydantic calls the two methods: https://docs.pydantic.dev/latest/concepts/types/#custom-types
    """

    def __init__(
        self,
        function: Callable[[Any], object],
        schema: Mapping[str, Any] | None = None,
        *,
        is_first: bool = False,
    ) -> None:
        self.function = function
        self._schema = schema
        self._is_first = is_first

    def __get_pydantic_core_schema__(
        self, source: object, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """Return the schema of the type with this check."""
        from pydantic_core import core_schema

        if self._is_first:
            return core_schema.no_info_before_validator_function(self.function, handler(source))
        return core_schema.no_info_after_validator_function(self.function, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: "CoreSchema", handler: "GetJsonSchemaHandler"
    ) -> "JsonSchemaValue":
        """Return what JSON Schema can say of it."""
        return handler(schema) if self._schema is None else dict(self._schema)


def _name(text: str) -> str:
    if not text.strip():
        raise _InvalidError("must not be blank")
    unseen = next((char for char in text if not char.isprintable()), None)
    if unseen is not None:
        raise _InvalidError(
            f"must not contain an invisible character (U+{ord(unseen):04X})", "delete it."
        )
    return text


def _whole(minimum: int, maximum: int = MAX_WHOLE_NUMBER) -> Any:
    def check(value: int) -> int:
        if not minimum <= value <= maximum:
            raise _InvalidError(f"must be from {minimum:,} to {maximum:,}")
        return value

    bounds = {"type": "integer", "minimum": minimum, "maximum": maximum}
    return Annotated[int, Check(check, bounds)]


def _number(minimum: float, maximum: float | None = None, *, above: bool = False) -> Any:
    wanted = f"from {minimum:g}" if not above else f"above {minimum:g}"
    wanted += f" to {maximum:g}" if maximum is not None else "" if above else " up"

    def check(value: object) -> object:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _InvalidError(f"must be a number, not {kind_of(value)}", _unquoted(value))
        is_low = value <= minimum if above else value < minimum
        if is_low or not abs(value) <= float_info.max or (maximum is not None and value > maximum):
            raise _InvalidError(f"must be a number {wanted}")
        return value

    bounds: dict[str, Any] = {"type": "number"}
    bounds["exclusiveMinimum" if above else "minimum"] = minimum
    if maximum is not None:
        bounds["maximum"] = maximum
    return Annotated[float, Check(check, bounds, is_first=True)]


def _address(text: str) -> str:
    try:
        checked_base_url(text)
    except AddressFault as error:
        raise _InvalidError(str(error), error.fix) from None
    return text


def _variable(text: str) -> str:
    if text and not (text.isascii() and text.isidentifier()):
        raise _InvalidError(
            "must be the name of an environment variable, such as OPENAI_API_KEY",
            "keys themselves don't belong in this file.",
        )
    return text


def _header_name(text: str) -> str:
    if not text or not all(_is_token(char) for char in text):
        raise _InvalidError("must be the name of an HTTP header")
    return text


def _is_token(char: str) -> bool:
    """Whether a character may stand in a token of RFC 9110, section 5.6.2."""
    return char.isascii() and (char.isalnum() or char in "!#$%&'*+-.^_`|~")


def _header_value(text: str) -> str:
    if not all(char == "\t" or " " <= char <= "~" for char in text):
        raise _InvalidError("must be plain ASCII text in one line")
    if text != text.strip():
        raise _InvalidError("must not begin or end with a space")
    return text


def _list_of_text(value: object) -> object:
    if not isinstance(value, list):
        raise _InvalidError(f"must be a list of text, not {kind_of(value)}")
    for entry in value:
        if not isinstance(entry, str):
            raise _InvalidError(f"must be a list of text; one entry is {kind_of(entry)}")
    return value


_POLICIES = ("untrusted", "on-failure", "on-request", "never")


def _approval_policy(value: object) -> object:
    """One of Codex's policies, or its table form."""
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise _InvalidError("must contain one policy")
        return value
    sentence, fix = _choice_fault(value, _POLICIES)
    if value not in _POLICIES:
        raise _InvalidError(sentence, fix)
    return value


Name = Annotated[str, Check(_name)]
Address = Annotated[str, Check(_address, {"type": "string"})]
VariableName = Annotated[str, Check(_variable, {"type": "string"})]
HeaderName = Annotated[str, Check(_header_name)]
HeaderValue = Annotated[str, Check(_header_value)]
Texts = Annotated[list[str], Check(_list_of_text, is_first=True)]
ApprovalPolicy = Annotated[
    object,
    Check(
        _approval_policy, {"anyOf": [{"enum": list(_POLICIES)}, {"type": "object"}]}, is_first=True
    ),
]


# ---- tables ------------------------------------------------------------------------------------


T = TypeVar("T")


def _open(table: type[T]) -> type[T]:
    """Leave keys that a table does not name to Codex."""
    setattr(table, "__pydantic_config__", {"extra": "allow"})  # noqa: B010  mypy has no such field
    return table


@_open
class Sampling(TypedDict, total=False):
    """How a model picks its tokens; what is not set is left to the model server."""

    temperature: _number(0)  # type: ignore[valid-type]
    """How random the answer is."""
    top_p: _number(0, 1)  # type: ignore[valid-type]
    """Only the most likely tokens that make up this share."""
    top_k: _whole(-1)  # type: ignore[valid-type]
    """Only so many of the most likely tokens; what 0 and -1 mean is up to the server."""
    min_p: _number(0, 1)  # type: ignore[valid-type]
    """Only tokens with this share of the most likely one's probability."""
    repeat_penalty: _number(0, above=True)  # type: ignore[valid-type]
    """Above 1, repetition becomes less likely."""
    seed: _whole(-(2**63), 2**63 - 1)  # type: ignore[valid-type]
    """For the same answer again, where the server supports it."""
    max_output_tokens: _whole(1)  # type: ignore[valid-type]
    """The number of tokens at which an answer is cut off."""


@_open
class Sandbox(TypedDict, total=False):
    """`[sandbox_workspace_write]`."""

    writable_roots: Texts
    """Folders that may be written to besides the workspace."""
    network_access: bool
    """Whether commands may use the network."""
    exclude_tmpdir_env_var: bool
    """Whether $TMPDIR is not writable."""
    exclude_slash_tmp: bool
    """Whether /tmp is not writable."""


@_open
class History(TypedDict, total=False):
    """`[history]`, whose other keys are left to Codex."""

    persistence: Literal["save-all", "none"]
    """`none`: nothing about a turn is written to disk."""
    log_text: bool
    """Whether the log of turns holds prompts and answers too."""


@_open
class ProviderTable(Sampling, total=False):
    """`[model_providers.NAME]`: a model server."""

    name: str
    """What the provider is called in messages."""
    base_url: Address
    """Where requests go, up to and with /v1; http or https, without user name, password or query."""
    env_key: VariableName
    """The environment variable that holds the API key."""
    env_key_instructions: str
    """What to tell someone who has no key."""
    wire_api: Literal["chat", "responses", "ollama", "lmstudio"]
    """Chat Completions, the Responses API, Ollama's /api/chat or LM Studio's /api/v1/chat."""
    query_params: dict[str, str]
    """Added to every address."""
    http_headers: dict[HeaderName, HeaderValue]
    """Added to every request."""
    env_http_headers: dict[HeaderName, VariableName]
    """Headers whose values stand in environment variables; an unset or empty one sends none."""
    request_max_retries: _whole(0)  # type: ignore[valid-type]
    """How often a request is retried before any text came."""
    stream_max_retries: _whole(0)  # type: ignore[valid-type]
    """Kept for Codex; request_max_retries is the limit here."""
    stream_idle_timeout_ms: _whole(1)  # type: ignore[valid-type]
    """How long a stream may send no bytes, in milliseconds."""
    stream_silent_timeout_ms: _whole(1)  # type: ignore[valid-type]
    """How long a stream may send no text while it is alive, in milliseconds."""
    connect_timeout_ms: _whole(1)  # type: ignore[valid-type]
    """How long connecting may take, in milliseconds."""
    first_byte_timeout_ms: _whole(1)  # type: ignore[valid-type]
    """How long the first byte of an answer may take, in milliseconds."""


@_open
class Settings(Sampling, total=False):
    """At the top of config.toml, in a profile file (NAME.config.toml) and in `[profiles.NAME]`."""

    model: Name
    """The model's name, as the server knows it."""
    model_provider: Name
    """A built-in provider or one of [model_providers]."""
    model_reasoning_effort: Literal[
        "none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"
    ]
    """How much to think; `xhigh`, `max` and `ultra` are sent as `high`."""
    model_reasoning_summary: Literal["auto", "concise", "detailed", "none"]
    """Which summary of its thinking a model gives (Responses API)."""
    model_verbosity: Literal["low", "medium", "high"]
    """How long answers are, where the server supports it."""
    model_context_window: _whole(1)  # type: ignore[valid-type]
    """The context window in tokens; a longer prompt is refused before it is sent."""
    model_max_output_tokens: _whole(1)  # type: ignore[valid-type]
    """The number of tokens at which an answer is cut off."""
    instructions: str
    """The system prompt, in place of the built-in one."""
    model_instructions_file: Name
    """A file with `instructions`; relative to the folder of the file that names it."""
    experimental_instructions_file: Name
    """An older name of model_instructions_file."""
    developer_instructions: str
    """What the model is told in addition to the system prompt."""
    show_raw_agent_reasoning: bool
    """Whether thinking is shown as it is thought; `false` shows summaries only."""
    hide_agent_reasoning: bool
    """Whether thinking is not shown at all."""
    local_only: bool
    """Refuse every model server that is not on this machine."""
    openai_base_url: Address
    """The address of the provider `openai`."""
    sandbox_mode: Literal["read-only", "workspace-write", "danger-full-access"]
    """Lets models use tools, in this sandbox; without it they only answer."""
    approval_policy: ApprovalPolicy
    """When a person is asked before a model does something."""
    sandbox_workspace_write: Sandbox
    history: History
    model_providers: dict[str, ProviderTable]
    """Model servers, each under a name of its own."""


@_open
class ConfigFile(Settings, total=False):
    """config.toml and codex-ls.toml."""

    profile: Name
    """The active profile. Codex from 0.134 on does not start with it: put it into codex-ls.toml."""
    profiles: dict[str, Settings]
    """Profiles. Codex from 0.134 on reads NAME.config.toml instead."""


TABLES: Final = frozenset({"model_providers", "sandbox_workspace_write", "history"})
"""Keys of Settings that hold tables of their own."""

TOP_ONLY: Final = frozenset({"profile", "profiles"})
"""Keys that mean something at the top of config.toml alone."""

SETTINGS: Final = frozenset(Settings.__annotations__) - TABLES
PROVIDER: Final = frozenset(ProviderTable.__annotations__)
SANDBOX: Final = frozenset(Sandbox.__annotations__)
HISTORY: Final = frozenset(History.__annotations__)


# ---- JSON Schema -------------------------------------------------------------------------------


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of config.toml and codex-ls.toml; a profile file is its `Settings`."""
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    schema = TypeAdapter(ConfigFile).json_schema()
    tables = {**schema["$defs"], ConfigFile.__name__: schema}
    for table in (Settings, ProviderTable, Sandbox, History, ConfigFile):
        for key, meaning in field_meanings(table).items():
            tables[table.__name__]["properties"][key].setdefault("description", meaning)
    dialect = GenerateJsonSchema.schema_dialect
    return {"$schema": dialect, **schema, "title": "config.toml of codex-ls"}


def field_meanings(model: type) -> dict[str, str]:
    """Return the docstring below each field of a model or TypedDict, inherited ones included.

    pydantic reads them when a class is made (`use_attribute_docstrings`): a third of a shell's start.
    """
    import ast
    import inspect

    from pydantic import BaseModel

    found: dict[str, str] = {}
    for base in get_original_bases(model):
        is_model = isinstance(base, type) and issubclass(base, BaseModel) and base is not BaseModel
        if is_model or is_typeddict(base):
            found |= field_meanings(base)
    for field, below in pairwise(_class_definitions(model.__module__)[model.__name__].body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[field.target.id] = inspect.cleandoc(text)
    return found


@cache
def _class_definitions(module: str) -> dict[str, "ast.ClassDef"]:
    """Return the classes of an imported module by name, as they are written."""
    import ast
    import inspect

    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


# ---- validation --------------------------------------------------------------------------------


def fault_in(table: type, key: str, value: object) -> Fault | None:
    """Return the first fault of a key's value as TOML gave it; None if it is valid.

    pydantic is asked about what is not plainly valid: importing it takes a third of a shell's start.
    """
    kind = table.__annotations__[key]
    if _is_plainly_valid(kind, value):
        return None
    from pydantic import ValidationError

    try:
        _validator(table, key).validate_python(value)
    except ValidationError as error:
        return _as_fault(error.errors(include_url=False)[0])
    return None


_PLAIN: Final[tuple[object, ...]] = (str, int, bool)


def _is_plainly_valid(kind: Any, value: object) -> bool:
    """Whether the type of a value and our own checks suffice; False where pydantic has to say."""
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if get_origin(kind) is dict and isinstance(value, dict):
        of_keys, of_values = get_args(kind)
        return all(
            _is_plainly_valid(of_keys, key) and _is_plainly_valid(of_values, inner)
            for key, inner in value.items()
        )
    plain, *checks = get_args(kind) if get_origin(kind) is Annotated else (kind,)
    is_number = plain is float and type(value) in (int, float)
    if not is_number and (plain not in _PLAIN or type(value) is not plain):
        return False
    try:
        for check in checks:
            check.function(value)
    except _InvalidError:
        return False
    return True


@cache
def _validator(table: type, key: str) -> "TypeAdapter[Any]":
    from pydantic import ConfigDict, TypeAdapter

    kind: Any = table.__annotations__[key]
    return TypeAdapter(kind, config=ConfigDict(strict=True, hide_input_in_errors=True))


def _as_fault(error: "ErrorDetails") -> Fault:
    below = tuple(str(step) for step in error["loc"] if isinstance(step, str) and step != "[key]")
    value, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "value_error":
            sentence, fix, _ = context["error"].fault
            return Fault(sentence, fix, below)
        case "literal_error":
            expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
            return Fault(*_choice_fault(value, expected.split(", ")), below)
        case "bool_type":
            wanted = "true or false"
        case "int_type" | "int_from_float" | "int_parsing_size":
            wanted = "a whole number"
        case "dict_type":
            wanted = "a table"
        case _:
            wanted = "text"
    is_quoted = wanted in ("true or false", "a whole number")
    fix = _unquoted(value) if is_quoted else None
    return Fault(f"must be {wanted}, not {kind_of(value)}", fix, below)


def _choice_fault(value: object, choices: Iterable[str]) -> tuple[str, str | None]:
    quoted = [f'"{choice}"' for choice in choices]
    sentence = f"must be {', '.join(quoted[:-1])} or {quoted[-1]}"
    if not isinstance(value, str):
        return f"{sentence}, not {kind_of(value)}", None
    nearest = closest(value, choices)
    return sentence, f'did you mean "{nearest}"?' if nearest else None


def _unquoted(value: object) -> str | None:
    return "write it without quotes." if isinstance(value, str) else None


def kind_of(value: object) -> str:
    """Return what a TOML value is, in words."""
    match value:
        case str():
            return "text"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number with a fraction"
        case Mapping():
            return "a table"
        case list():
            return "a list"
        case _:
            return "a date or time"


def closest(word: str, choices: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the choice that `word` was most likely meant to be, if any is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, sorted(choices), n=1, cutoff=cutoff)), None)
