"""Which model servers run on this machine: a look at their usual ports.

Loopback only, both 127.0.0.1 and ::1, all at once, with a limit on each: nothing is ever asked of
another machine, and no key is sent.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from codex_ls.providers.inquiry import Inquirer, Reply
from codex_ls.providers.server_kind import Kind, Server, identify

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


async def discover(ports: Sequence[int] = KNOWN_PORTS) -> tuple[FoundServer, ...]:
    """The model servers at these ports of this machine, in the order of the ports."""
    async with Inquirer() as inquirer:
        found = await asyncio.gather(*(_at(inquirer, port) for port in dict.fromkeys(ports)))
    return tuple(server for server in found if server is not None)


async def _at(inquirer: Inquirer, port: int) -> FoundServer | None:
    is_v4, is_v6 = await asyncio.gather(_listens("127.0.0.1", port), _listens("::1", port))
    if not (is_v4 or is_v6):
        return None
    asked = f"http://127.0.0.1:{port}" if is_v4 else f"http://[::1]:{port}"

    async def get(path: str) -> Reply | None:
        reply = await inquirer.get(asked + path, limit_s=_ASK_S)
        return reply if isinstance(reply, Reply) else None

    server = await identify(get)
    if server is None:
        return None
    return FoundServer(f"http://localhost:{port}" if is_v4 else asked, server)


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
