"""The checks of the way to the server's port: its name, the connection, and who else can reach it."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codex_ls.doctor.check import Finding, failed, ok, skipped, warning
from codex_ls.doctor.discovery_check import other_servers
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.providers.error_hints import start_hint
from codex_ls.providers.http_request import Limits
from codex_ls.providers.transport_errors import NO_ROUTE, name_hint

_LOOPBACKS = ("127.0.0.1", "::1")
_LOOK_S = 0.5
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Docker and Podman put one of these into every container."""


async def check_name(context: DoctorContext) -> Finding:
    """Which addresses the host's name has."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(context.patience.ask_s):
            found = await loop.getaddrinfo(context.host, context.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        if context.is_proxied:
            return skipped("The proxy resolves the host, not this machine.")
        return failed(
            f"DNS lookup for {context.host} timed out after {context.patience.ask_s:g} s.",
            "Check the network, or use an IP address in base_url.",
        )
    except (OSError, UnicodeError):
        if context.is_proxied:
            return skipped("The proxy resolves the host, not this machine.")
        return failed(f"DNS lookup failed for {context.host}.", name_hint(context.host))
    context.numbers = tuple(dict.fromkeys(_number(entry[4]) for entry in found))
    return ok(f"{context.host} is {', '.join(context.numbers)}.")


def _number(address: tuple[Any, ...]) -> str:
    """The number of a socket address, with its zone if it is one of a link."""
    zone = address[3] if len(address) > 3 else 0
    return f"{address[0]}%{zone}" if zone and "%" not in address[0] else str(address[0])


async def check_connection(context: DoctorContext) -> Finding:
    """Whether anything takes a connection there."""
    if context.is_proxied:
        return skipped("The proxy connects, not this machine.")
    limit_s = Limits.of(
        context.provider.base_url,
        idle_timeout_ms=1,
        connect_timeout_ms=context.provider.connect_timeout_ms,
    ).connect_s
    tried = await _try_all(context.numbers, context.port, limit_s)
    if "" in tried.values():
        told = [f"{number} {reason or 'answers'}" for number, reason in tried.items()]
        return ok(f"{context.origin}: {', '.join(told)}.")
    if "is silent" in tried.values():
        return failed(
            f"{context.origin} timed out: no connection within {limit_s:g} s.",
            "Check the host and port. A firewall may block it, or the machine may be off.",
        )
    if set(tried.values()) == {"is unreachable"}:
        return failed(
            f"No route to host {context.host}.",
            "Check the network (is a VPN needed?) and the host in base_url.",
        )
    return await _nothing_listens(context)


async def check_exposure(context: DoctorContext) -> Finding:
    """Whether a server on this machine is open to others."""
    if not context.is_local:
        return skipped("The server is not on this machine.")
    numbers = ["127.0.0.2"] if sys.platform != "darwin" else []
    numbers += [number for number in (_own_number(),) if number and sys.platform == "darwin"]
    tried = await _try_all(numbers, context.port, _LOOK_S)
    if "" not in tried.values():
        return ok("The server is reachable only from this machine.")
    kind = context.server.kind if context.server is not None else "other"
    return warning(
        f"The server on port {context.port} listens on all interfaces: others on the network can"
        " use it.",
        _CLOSE_HINTS.get(kind, "Start it with the host 127.0.0.1."),
    )


_CLOSE_HINTS = {
    "llamacpp": "Start llama-server without --host 0.0.0.0.",
    "lmstudio": 'Turn off "Serve on Local Network" in LM Studio\'s server settings.',
    "ollama": "Unset OLLAMA_HOST, or set it to 127.0.0.1:11434.",
    "vllm": "Start it with --host 127.0.0.1.",
    "sglang": "Start it with --host 127.0.0.1.",
}


async def _nothing_listens(context: DoctorContext) -> Finding:
    sentence = f"Connection refused: nothing listens at {context.origin}."
    if not context.is_local:
        return failed(
            sentence, "Check the port, and that the server accepts connections from other machines."
        )
    others = (*_LOOPBACKS, *filter(None, (_own_number(),)))
    for number in others:
        if number in context.numbers or await try_connection(number, context.port, _LOOK_S):
            continue
        shown = f"[{number}]" if ":" in number else number
        step = f'Write base_url = "{context.with_base_url(host=shown)}".'
        if context.host == "localhost" and number in _LOOPBACKS:
            known, context.numbers = context.numbers, (number,)
            return warning(
                f"localhost is {' and '.join(known)} on this system, and the server listens at"
                f" {shown}:{context.port} only: codex-ls finds it there, other programs may not.",
                step,
            )
        return failed(f"{sentence[:-1]}, but a server does at {shown}:{context.port}.", step)
    hint = start_hint(context.provider) or "Check the port, and that the server is running."
    elsewhere = await other_servers(context) or _other_side(context)
    return failed(sentence, f"{hint.rstrip('.')}. {elsewhere}" if elsewhere else hint)


def _other_side(context: DoctorContext) -> str:
    """Where a server may run that this machine's `localhost` does not reach; empty if nowhere."""
    if "WSL_DISTRO_NAME" in context.env:
        return (
            "If it runs on Windows, set networkingMode=mirrored under [wsl2] in .wslconfig and run"
            " wsl --shutdown."
        )
    if any(mark.exists() for mark in CONTAINER_MARKS):
        step = context.with_base_url(host="host.docker.internal")
        return f'If it runs outside this container, write base_url = "{step}".'
    return ""


async def _try_all(numbers: Sequence[str], port: int, limit_s: float) -> dict[str, str]:
    tried = await asyncio.gather(*(try_connection(number, port, limit_s) for number in numbers))
    return dict(zip(numbers, tried, strict=True))


async def try_connection(host: str, port: int, limit_s: float) -> str:
    """Empty if something takes the connection, else what happened, as the end of a sentence."""
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return "is silent"
    except (socket.gaierror, UnicodeError):
        return "is unknown"
    except OSError as error:
        return "is unreachable" if error.errno in NO_ROUTE else "refuses"
    writer.transport.abort()
    return ""


def _own_number() -> str:
    """This machine's address on its network; nothing is sent to find it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        return str(probe.getsockname()[0])
    return ""
