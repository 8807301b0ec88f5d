"""Where a request may go, and with which key.

Invariant 7: a key goes to the origin it was configured for, and nowhere else. A request's address is
made from `base_url` alone and never follows a redirect, so the key that `env_key` names can't end up
elsewhere. The local-only lock is enforced on resolved addresses: the request is then sent to the number
that was checked, so that a name which changes its mind changes nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlencode, urlsplit, urlunsplit

from codex_ls.config.address import is_loopback, origin
from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.errors import LocalOnly, MissingCredential, Unreachable

AskSecret = Callable[[str, str, str], Awaitable[str | None]]
"""Asks the editor's secret storage for a key: provider id, origin, env_key."""


async def credentials(
    provider: Provider, env: Mapping[str, str], ask_secret: AskSecret | None = None
) -> dict[str, str]:
    """The headers that a provider's configuration asks for, its key included.

    Raises MissingCredential if a required key is set nowhere.
    """
    headers = dict(provider.http_headers)
    for name, variable in provider.env_http_headers.items():
        if value := env.get(variable, "").strip():
            headers[name] = _header_value(value, variable, "header")
    if provider.env_key:
        key, source = _from_environment(provider, env)
        if not key and ask_secret is not None:
            asked = await ask_secret(provider.id, origin(provider.base_url), provider.env_key)
            key, source = (asked or "").strip(), "the editor's secret storage"
        if not key:
            from codex_ls.providers.keyring_store import kept_key

            kept = await kept_key(provider.id, origin(provider.base_url))
            key, source = (kept or "").strip(), "the system keyring"
        if key:
            headers["Authorization"] = f"Bearer {_key(key, source)}"
        elif provider.env_key_required and not has_authorization(headers):
            raise MissingCredential(
                f"{provider.name} requires an API key, and {provider.env_key} is not set.",
                hint=provider.env_key_instructions
                or f"Set it where this program starts: export {provider.env_key}=...",
            )
    return headers


def request_url(provider: Provider, path: str) -> str:
    """The address of `path` under the provider's base URL, with its query parameters."""
    base = provider.base_url
    if provider.wire_api in ("ollama", "lmstudio"):
        base = _root(provider, base)  # the native API stands beside the compatible one
    query = f"?{urlencode(provider.query_params)}" if provider.query_params else ""
    return base + path + query


def server_url(provider: Provider, path: str) -> str:
    """The address of `path` at the root of the provider's server, beside its base URL's `/v1`."""
    parts = urlsplit(provider.base_url)
    root = _root(provider, parts.path)
    return urlunsplit((parts.scheme, parts.netloc, root + path, "", ""))


def models_url(provider: Provider) -> str:
    """The address of the list of the models that the provider's server has."""
    path = {"ollama": "/api/tags", "lmstudio": "/v1/models"}.get(provider.wire_api, "/models")
    return request_url(provider, path)


def _root(provider: Provider, address: str) -> str:
    """An address or its path without `/v1`; LM Studio's own may also have been given as `/api/v1`."""
    if provider.wire_api == "lmstudio":
        address = address.removesuffix("/api/v1")
    return address.removesuffix("/v1")


async def locked_to_this_machine(url: str, settings: ModelSettings) -> tuple[str, str]:
    """The address to send to under the local-only lock, and the `Host` it is meant for.

    The name is resolved here, every address it has must be this machine's, and one takes its place;
    `dial` tries the other number of `localhost` where that one refuses. Raises LocalOnly, or
    Unreachable if the name is unknown.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if not is_loopback(url):
        raise refused(settings)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(f"DNS lookup failed for {host}: {error.strerror or error}.") from None
    numbers = [str(entry[4][0]) for entry in found]
    if not numbers or not all(map(_is_this_machine, numbers)):
        raise refused(settings)
    number = next((n for n in numbers if ":" not in n), numbers[0])
    shown = f"[{number}]" if ":" in number else number
    located = urlunsplit((parts.scheme, f"{shown}:{port}", parts.path, parts.query, ""))
    return located, parts.netloc


def refused(settings: ModelSettings) -> LocalOnly:
    """The error of a profile that is not on this machine while the lock is on."""
    name = settings.profile or settings.provider.id
    return LocalOnly(
        f"{name} is at {origin(settings.provider.base_url)}, and only this machine is allowed.",
        hint="Choose a local profile, or turn localOnly off.",
    )


def _is_this_machine(number: str) -> bool:
    address = ip_address(number.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _from_environment(provider: Provider, env: Mapping[str, str]) -> tuple[str, str]:
    for name in provider.env_keys:
        if key := env.get(name, "").strip():
            return key, name
    return "", ""


def has_authorization(headers: Mapping[str, str]) -> bool:
    """Whether a key is among the headers, under one of the names that servers know."""
    return any(name.lower() in ("authorization", "api-key", "x-api-key") for name in headers)


def _key(value: str, source: str) -> str:
    """A key as it may stand behind `Bearer`: RFC 6750 allows no blanks, no quotes.

    Raises MissingCredential.
    """
    value = _header_value(value, source)
    if value[:7].lower() == "bearer ":
        raise MissingCredential(
            f"The API key in {source} begins with `Bearer`, which codex-ls writes itself.",
            hint="Set it to the key alone.",
        )
    if value[0] in "\"'" or value[-1] in "\"'":
        raise MissingCredential(
            f"The API key in {source} has quotes around it.", hint="Set it again without them."
        )
    if " " in value:
        raise MissingCredential(
            f"The API key in {source} contains a space.", hint="Set it again without spaces."
        )
    return value


def _header_value(value: str, source: str, what: str = "API key") -> str:
    if not (value.isascii() and value.isprintable()):
        raise MissingCredential(
            f"The {what} in {source} contains characters that are not allowed.",
            hint="Set it again: it may have been copied with quotes, spaces or a line end.",
        )
    return value
