"""A first profile: what answers on this machine, and the file that makes it answer here.

The client shows what was found and asks; only then is anything written. What is written is what
`codex-ls init` writes, and only for a model of a server that answers on this machine at that moment.
"""

import asyncio
from collections.abc import Callable, Mapping

from codex_ls import protocol
from codex_ls.config.built_in import EMBEDDED_PROFILE
from codex_ls.config.config_change import Change
from codex_ls.config.load import Config, configured_home
from codex_ls.embedded.catalog import find
from codex_ls.embedded.store import is_fetched
from codex_ls.errors import InvalidParams
from codex_ls.lsp.user_config import ClientSettings
from codex_ls.providers.servers.discover import FoundServer, discover
from codex_ls.providers.servers.new_profile import adding, answering


async def discovered(env: Mapping[str, str]) -> protocol.DiscoverResult:
    """Return the model servers of this machine that have a model, and the built-in model."""
    found = await discover()
    model = find(str(EMBEDDED_PROFILE.table["model"]))
    return protocol.DiscoverResult(
        servers=tuple(_shown(server) for server in found if answering([server])),
        built_in=protocol.ServedModel(
            name=model.name,
            loaded=is_fetched(model, env),
            context_window=model.context,
            size=model.size,
        ),
        config_folder=str(configured_home(env)),
    )


async def add_profile(
    params: protocol.AddProfileParams, settings: ClientSettings, written: Callable[[], None]
) -> protocol.AddProfileResult:
    """Write a profile for the model, and call `written`. Raises InvalidParams and ConfigError."""
    server = next((one for one in await discover() if one.origin == params.origin), None)
    if server is None or (server, params.model) not in answering([server]):
        raise InvalidParams(
            f"No server at {params.origin} has the model {params.model}.",
            hint="codex/discover lists what answers on this machine.",
        )
    changes, name = adding(settings.config(), server, params.model, name=None)
    wanted = [change for change in changes if change.before != change.after]
    await asyncio.to_thread(_write, wanted)
    written()
    return protocol.AddProfileResult(
        profile=name,
        is_active=_is_active(settings.config(), name),
        written=tuple(str(change.path) for change in wanted),
    )


def _shown(server: FoundServer) -> protocol.FoundServer:
    models = (server.server.model(name) for _, name in answering([server]))
    return protocol.FoundServer(
        title=server.server.title,
        origin=server.origin,
        models=tuple(
            protocol.ServedModel(
                name=model.name,
                loaded=model.is_loaded,
                context_window=model.window or model.largest_window,
                size=model.size_bytes,
            )
            for model in models
            if model is not None
        ),
    )


def _write(changes: list[Change]) -> None:
    for change in changes:
        change.write(change.path, change.after)


def _is_active(config: Config, name: str) -> bool:
    return config.default_profile == name
