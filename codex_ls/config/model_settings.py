"""What configuration comes to: frozen settings for one turn, every layer applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from codex_ls.events import Effort, Notice

WireApi = Literal["chat", "responses", "ollama", "lmstudio"]
Summary = Literal["auto", "concise", "detailed", "none"]
Verbosity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Provider:
    """A model server as the user configured it; `id` is its key under `model_providers`."""

    id: str
    name: str
    base_url: str
    """Without a trailing slash; empty for the built-in server, whose address is known once it runs."""
    wire_api: WireApi = "chat"
    env_key: str | None = None
    env_key_instructions: str | None = None
    env_key_required: bool = True
    """False where the key is sent if it is set, and its absence is no error (local servers)."""
    query_params: Mapping[str, str] = field(default_factory=dict)
    http_headers: Mapping[str, str] = field(default_factory=dict)
    env_http_headers: Mapping[str, str] = field(default_factory=dict)
    """Header name to environment variable; an unset or empty variable means no header."""
    request_max_retries: int = 4
    stream_max_retries: int = 5
    stream_idle_timeout_ms: int = 300_000
    stream_silent_timeout_ms: int | None = None
    """How long a stream may be alive without text; None: whoever reads it decides."""
    connect_timeout_ms: int | None = None
    """None: whoever opens the connection decides, by where it leads."""
    first_byte_timeout_ms: int | None = None
    """None: whoever waits decides, by where the request went."""

    @property
    def env_keys(self) -> tuple[str, ...]:
        """The environment variables that may hold this provider's key; the first one set counts.

        `CODEX_API_KEY` is how programs written for `codex exec` hand over a key for `openai`.
        """
        if self.env_key is None:
            return ()
        return ("CODEX_API_KEY", self.env_key) if self.id == "openai" else (self.env_key,)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model server picks its tokens; None leaves a parameter to the server.

    The limit on output tokens is `ModelSettings.max_output_tokens`.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    """1.0 is none; the value means the same under each server's own name for it."""
    seed: int | None = None

    def given(self) -> dict[str, float | int]:
        """The parameters that are set, by field name."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Everything one turn needs to know, after all layers of configuration were applied."""

    model: str
    provider: Provider
    profile: str | None = None
    effort: Effort | None = None
    summary: Summary | None = None
    verbosity: Verbosity | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    sampling: Sampling = Sampling()
    body: Mapping[str, Any] = field(default_factory=dict)
    """Keys for the body of the request, as a command line gave them."""
    instructions: str | None = None
    """The system prompt in place of this program's own (`instructions`, `model_instructions_file`)."""
    developer_instructions: str | None = None
    """What the user adds to the system prompt, whichever it is."""
    user_instructions: str | None = None
    """The text of the user's AGENTS.md, which stands in the configuration folder."""
    show_raw_reasoning: bool = True
    hide_reasoning: bool = False
    local_only: bool = False
    sandbox_mode: str | None = None
    sandbox_workspace_write: Mapping[str, Any] = field(default_factory=dict)
    approval_policy: str | None = None
    keep_history: bool = True
    """False (`[history] persistence = "none"`): nothing about the turn is written to disk."""
    log_text: bool = False
    """`[history] log_text = true`: the log of turns holds what was asked and answered too."""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileSummary:
    """One line of the list of profiles: what it would use, and what is wrong with it.

    `origin` is `scheme://host:port` and nothing more; empty for the built-in server, and where the
    provider is unknown. `model` is empty where the profile names none.
    """

    name: str
    model: str
    provider: str
    wire_api: WireApi = "chat"
    origin: str = ""
    is_local: bool = False
    context_window: int | None = None
    """Tokens, where the configuration says it."""
    problems: tuple[Notice, ...] = ()
