"""Which models a provider's server has, asked of that server alone, with its own key.

The list is for people who choose a model: it says what is loaded and how much fits, where the server
tells. Raises what a turn would raise, in the same words.
"""

from collections.abc import Mapping

from codex_ls.config.address import is_loopback, origin
from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import ProviderError, StreamBroken, TimedOut, Unreachable
from codex_ls.providers.error_hints import start_hint
from codex_ls.providers.key_redaction import secrets_of, without_secrets
from codex_ls.providers.origin import (
    AskSecret,
    credentials,
    locked_to_this_machine,
    models_url,
    refused,
    server_url,
)
from codex_ls.providers.probe import NoReply, Prober, Reply
from codex_ls.providers.servers.kind import ServedModel, identify, listed_models
from codex_ls.providers.transport_errors import is_refused
from codex_ls.wire import error_from_response

_LIMIT_S = 10.0


async def list_models(
    settings: ModelSettings, env: Mapping[str, str], ask_secret: AskSecret | None = None
) -> tuple[ServedModel, ...]:
    """The models of the settings' server, in its own order.

    Raises MissingCredential, LocalOnly or ProviderError; StreamBroken where no list comes.
    """
    provider = settings.provider
    if settings.local_only and not is_loopback(provider.base_url):
        raise refused(settings)
    headers = await credentials(provider, env, ask_secret)
    async with Prober() as prober:

        async def get(path: str) -> Reply | None:
            url = server_url(provider, path)
            reply = await ask_own_server(prober, settings, headers, url, limit_s=2.0)
            return reply if isinstance(reply, Reply) else None

        reply = await ask_own_server(
            prober, settings, headers, models_url(provider), limit_s=_LIMIT_S
        )
        if isinstance(reply, NoReply):
            raise _no_reply(settings, reply)
        if reply.status != 200:
            error = error_from_response(reply.status, reply.text.encode(), reply.content_type)
            raise without_secrets(error, secrets_of(provider, headers))
        server = await identify(get) if is_loopback(provider.base_url) else None
    if server is not None and server.models:
        return server.models
    if not isinstance(reply.fields.get("data"), list):
        raise StreamBroken(
            f"{provider.name} does not list its models.",
            hint="Check base_url: most servers expect it to end in /v1.",
        )
    return listed_models(reply.fields)


async def ask_own_server(
    prober: Prober,
    settings: ModelSettings,
    headers: Mapping[str, str],
    url: str,
    *,
    limit_s: float,
) -> Reply | NoReply:
    """The answer of the settings' own server to a GET, the local-only lock held.

    `url` lies at the provider's origin: it was made by `request_url` or `server_url`. Raises LocalOnly
    and Unreachable where the lock forbids it.
    """
    if settings.local_only:
        url, host = await locked_to_this_machine(url, settings)
        headers = {**headers, "Host": host}
    return await prober.get(url, headers=headers, limit_s=limit_s)


def _no_reply(settings: ModelSettings, reply: NoReply) -> ProviderError:
    provider = settings.provider
    where = origin(provider.base_url)
    if reply.reason == "timeout":
        return TimedOut(
            f"{provider.name} did not list its models within {_LIMIT_S:g} s.",
            hint="Run codex-ls doctor for details.",
        )
    hint = start_hint(provider) or "Run codex-ls doctor for details."
    if reply.reason == "connect" and is_refused(reply.error):
        return Unreachable(f"{provider.name} does not listen at {where}.", hint=hint)
    why = f": {reply.detail}" if reply.detail else ""
    return Unreachable(f"{provider.name} at {where} could not list its models{why}.", hint=hint)
