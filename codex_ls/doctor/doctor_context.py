"""What the checks look at, and what they found out so far for those behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from codex_ls.config.address import is_loopback, origin
from codex_ls.config.load import Config
from codex_ls.config.model_settings import ModelSettings, Provider
from codex_ls.errors import ProviderError
from codex_ls.events import TurnFinished
from codex_ls.providers.origin import AskSecret, has_authorization, server_url
from codex_ls.providers.probe import NoReply, Prober, Reply
from codex_ls.providers.proxies import proxy_for
from codex_ls.providers.servers.discover import KNOWN_PORTS
from codex_ls.providers.servers.kind import ServedModel, Server
from codex_ls.providers.servers.list_models import ask_own_server
from codex_ls.turn.session import Session


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the doctor waits."""

    ask_s: float = 5.0
    """For an answer to a short question."""
    answer_s: float = 120.0
    """For one whole answer of the model, loading it included."""
    free_s: float = 5.0
    """For the server to stop after a question was taken back."""
    slow_first_word_ms: int = 10_000
    """A first word later than this is worth a warning."""


@dataclass(slots=True)
class DoctorContext:
    """One profile that is checked; the later fields are set by the checks."""

    env: Mapping[str, str]
    prober: Prober
    session: Session
    profile: str | None = None
    overrides: Sequence[str] = ()
    local_only: bool = False
    ask_secret: AskSecret | None = None
    ports: Sequence[int] = KNOWN_PORTS
    """Where to look for servers on this machine."""
    patience: Patience = Patience()

    config: Config | None = None
    chosen: ModelSettings | None = None
    headers: Mapping[str, str] | None = None
    numbers: tuple[str, ...] = ()
    """The addresses that the host's name has."""
    listing: Reply | None = None
    """The answer to the question for the server's models."""
    server: Server | None = None
    answer: TurnFinished | None = None
    reasoning_field: str | None = None

    @property
    def settings(self) -> ModelSettings:
        """What the profile comes to; its check has been good."""
        assert self.chosen is not None
        return self.chosen

    @property
    def provider(self) -> Provider:
        """The profile's provider."""
        return self.settings.provider

    @property
    def is_built_in(self) -> bool:
        """Whether the model runs inside this program, without an address."""
        return not self.provider.base_url

    @property
    def is_local(self) -> bool:
        """Whether the address is this machine's."""
        return is_loopback(self.provider.base_url)

    @property
    def has_key(self) -> bool:
        """Whether requests carry a key."""
        return has_authorization(self.headers or {})

    @property
    def is_proxied(self) -> bool:
        """Whether requests go through a proxy, which then looks the name up and connects."""
        return not self.is_local and proxy_for(self.provider.base_url, self.env) is not None

    @property
    def origin(self) -> str:
        """`scheme://host:port`."""
        return origin(self.provider.base_url)

    @property
    def host(self) -> str:
        """The host alone, without brackets."""
        return urlsplit(self.origin).hostname or ""

    @property
    def port(self) -> int:
        """The port, written or not."""
        return urlsplit(self.origin).port or 0

    def with_base_url(self, *, scheme: str = "", host: str = "", path: str | None = None) -> str:
        """The base URL with a part of it replaced: what a hint proposes."""
        parts = urlsplit(self.provider.base_url)
        netloc = parts.netloc if not host else f"{host}:{self.port}"
        new_path = parts.path if path is None else path
        return urlunsplit((scheme or parts.scheme, netloc, new_path, "", ""))

    async def get(self, url: str, *, limit_s: float | None = None) -> Reply | NoReply:
        """The answer of the profile's own server to a GET, asked with the profile's own key.

        Raises LocalOnly and Unreachable where the local-only lock forbids it.
        """
        return await ask_own_server(
            self.prober,
            self.settings,
            self.headers or {},
            url,
            limit_s=limit_s or self.patience.ask_s,
        )

    async def get_at_root(self, path: str) -> Reply | None:
        """The answer at the root of the server, beside the base URL's `/v1`; None if none came."""
        try:
            reply = await self.get(server_url(self.provider, path), limit_s=2.0)
        except ProviderError:
            return None
        return reply if isinstance(reply, Reply) else None

    def served_model(self) -> ServedModel | None:
        """What the server says about the profile's model."""
        return self.server.model(self.settings.model) if self.server is not None else None
