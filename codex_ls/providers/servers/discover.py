"""Which model servers run on this machine: a look at their usual ports.

Loopback only, both 127.0.0.1 and ::1, all at once, with a limit on each: nothing is ever asked of
another machine, and no key is sent.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from codex_ls.providers.probe import NoReply, Prober, Reply
from codex_ls.providers.servers.kind import Kind, Server, identify

KNOWN_PORTS = (
    1234,  # LM Studio
    11434,  # Ollama
    8080,  # llama.cpp, LocalAI
    8000,  # vLLM, SGLang's docs, llama-cpp-python, MLX
    30000,  # SGLang
    1337,  # Jan
    5000,  # text-generation-webui, TabbyAPI
    5001,  # KoboldCpp
    4000,  # LiteLLM
    4891,  # GPT4All
    8081,
    10240,  # MLX Omni
)

_CONNECT_S = 0.3
_ASK_S = 1.0


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A model server on this machine."""

    origin: str
    """Such as `http://localhost:1234`; the number instead of the name where only IPv6 answers."""
    server: Server

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.server.kind

    @property
    def base_url(self) -> str:
        """What a provider would be configured with."""
        return f"{self.origin}/v1"


@dataclass(frozen=True, slots=True)
class SilentPort:
    """Something took the connection and answered nothing in time: it hangs, or is at work."""

    origin: str
    """Such as `http://localhost:11434`."""


async def discover(ports: Sequence[int] = KNOWN_PORTS) -> tuple[FoundServer, ...]:
    """The model servers at these ports of this machine, in the order of the ports."""
    found, _ = await look_at(ports)
    return found


async def look_at(
    ports: Sequence[int] = KNOWN_PORTS,
) -> tuple[tuple[FoundServer, ...], tuple[SilentPort, ...]]:
    """The model servers at these ports of this machine, and what may be one but does not answer."""
    async with Prober() as prober:
        looked = await asyncio.gather(*(_at(prober, port) for port in dict.fromkeys(ports)))
    found = tuple(each for each in looked if isinstance(each, FoundServer))
    return found, tuple(each for each in looked if isinstance(each, SilentPort))


async def _at(prober: Prober, port: int) -> FoundServer | SilentPort | None:
    is_v4, is_v6 = await asyncio.gather(_listens("127.0.0.1", port), _listens("::1", port))
    if not (is_v4 or is_v6):
        return None
    asked = f"http://127.0.0.1:{port}" if is_v4 else f"http://[::1]:{port}"
    is_silent = True

    async def get(path: str) -> Reply | None:
        nonlocal is_silent
        reply = await prober.get(asked + path, limit_s=_ASK_S)
        is_silent = is_silent and isinstance(reply, NoReply) and reply.reason == "timeout"
        return reply if isinstance(reply, Reply) else None

    server = await identify(get)
    origin = f"http://localhost:{port}" if is_v4 else asked
    if server is None:
        return SilentPort(origin) if is_silent else None
    return FoundServer(origin, server)


async def _listens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
