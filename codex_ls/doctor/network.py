"""The checks of the way to the server's port: its name, the connection, and who else can reach it."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codex_ls.doctor.check import Finding, failed, ok, skipped, warning
from codex_ls.doctor.neighbours import other_servers
from codex_ls.doctor.patient import Patient
from codex_ls.providers.load_state import start_hint
from codex_ls.providers.request import Limits
from codex_ls.providers.transport_errors import NO_WAY, name_hint

_LOOPBACKS = ("127.0.0.1", "::1")
_LOOK_S = 0.5
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Docker and Podman put one of these into every container."""


async def check_name(patient: Patient) -> Finding:
    """Which addresses the host's name has."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patient.patience.ask_s):
            found = await loop.getaddrinfo(patient.host, patient.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        if patient.is_proxied:
            return skipped("The proxy looks the name up, not this machine.")
        return failed(
            f"No name server told the address of {patient.host} in {patient.patience.ask_s:g} s.",
            "Check the network, or write the number instead of the name.",
        )
    except (OSError, UnicodeError):
        if patient.is_proxied:
            return skipped("The proxy looks the name up, not this machine.")
        return failed(f"No address is known for {patient.host}.", name_hint(patient.host))
    patient.numbers = tuple(dict.fromkeys(_number(entry[4]) for entry in found))
    return ok(f"{patient.host} is {', '.join(patient.numbers)}.")


def _number(address: tuple[Any, ...]) -> str:
    """The number of a socket address, with its zone if it is one of a link."""
    zone = address[3] if len(address) > 3 else 0
    return f"{address[0]}%{zone}" if zone and "%" not in address[0] else str(address[0])


async def check_connection(patient: Patient) -> Finding:
    """Whether anything takes a connection there."""
    if patient.is_proxied:
        return skipped("The proxy connects, not this machine.")
    limit_s = Limits.of(
        patient.provider.base_url,
        idle_timeout_ms=1,
        connect_timeout_ms=patient.provider.connect_timeout_ms,
    ).connect_s
    tried = await _try_all(patient.numbers, patient.port, limit_s)
    if "" in tried.values():
        told = [f"{number} {reason or 'answers'}" for number, reason in tried.items()]
        return ok(f"{patient.origin}: {', '.join(told)}.")
    if "is silent" in tried.values():
        return failed(
            f"{patient.origin} did not take the connection within {limit_s:g} s.",
            "Check host and port; a firewall may drop it, or the machine is off.",
        )
    if set(tried.values()) == {"is out of reach"}:
        return failed(
            f"No way leads from this machine to {patient.host}.",
            "Check the network (a VPN may be off), and the host in base_url.",
        )
    return await _nothing_listens(patient)


async def check_exposure(patient: Patient) -> Finding:
    """Whether a server on this machine is open to others."""
    if not patient.is_local:
        return skipped("The server is not on this machine.")
    numbers = ["127.0.0.2"] if sys.platform != "darwin" else []
    numbers += [number for number in (_own_number(),) if number and sys.platform == "darwin"]
    tried = await _try_all(numbers, patient.port, _LOOK_S)
    if "" not in tried.values():
        return ok("Only this machine can reach it.")
    kind = patient.server.kind if patient.server is not None else "other"
    return warning(
        f"The server on port {patient.port} listens on every address: others on the network can"
        " use it.",
        _CLOSE_HINTS.get(kind, "Start it with the host 127.0.0.1."),
    )


_CLOSE_HINTS = {
    "llamacpp": "Start llama-server without --host 0.0.0.0.",
    "lmstudio": 'Switch "Serve on Local Network" off in LM Studio\'s server settings.',
    "ollama": "Unset OLLAMA_HOST, or set it to 127.0.0.1:11434.",
    "vllm": "Start it with --host 127.0.0.1.",
    "sglang": "Start it with --host 127.0.0.1.",
}


async def _nothing_listens(patient: Patient) -> Finding:
    sentence = f"Nothing listens at {patient.origin}."
    if not patient.is_local:
        return failed(
            sentence, "Check the port, and that the server listens for other machines than its own."
        )
    others = (*_LOOPBACKS, *filter(None, (_own_number(),)))
    for number in others:
        if number in patient.numbers or await try_connection(number, patient.port, _LOOK_S):
            continue
        shown = f"[{number}]" if ":" in number else number
        step = f'Write base_url = "{patient.with_base_url(host=shown)}".'
        if patient.host == "localhost" and number in _LOOPBACKS:
            known, patient.numbers = patient.numbers, (number,)
            return warning(
                f"localhost is {' and '.join(known)} on this system, and the server listens at"
                f" {shown}:{patient.port} alone: codex-ls finds it there, other programs may not.",
                step,
            )
        return failed(f"{sentence[:-1]}, but something does at {shown}:{patient.port}.", step)
    hint = start_hint(patient.provider) or "Check the port, and that the server is running."
    elsewhere = await other_servers(patient) or _other_side(patient)
    return failed(sentence, f"{hint.rstrip('.')}. {elsewhere}" if elsewhere else hint)


def _other_side(patient: Patient) -> str:
    """Where a server may run that this machine's `localhost` does not reach; empty if nowhere."""
    if "WSL_DISTRO_NAME" in patient.env:
        return (
            "If it runs on Windows, set networkingMode=mirrored under [wsl2] in .wslconfig and run"
            " wsl --shutdown."
        )
    if any(mark.exists() for mark in CONTAINER_MARKS):
        step = patient.with_base_url(host="host.docker.internal")
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
        return "is out of reach" if error.errno in NO_WAY else "refuses"
    writer.transport.abort()
    return ""


def _own_number() -> str:
    """This machine's address on its network; nothing is sent to find it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        return str(probe.getsockname()[0])
    return ""
