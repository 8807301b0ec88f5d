"""`codex-ls discover`: the model servers of this machine, and what each one has.

It writes nothing: it points at `codex-ls init`, which writes a profile for one of them.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.output import Output
from codex_ls.cli.table import folded
from codex_ls.errors import InvalidParams

if TYPE_CHECKING:
    from codex_ls.providers.servers.discover import FoundServer, SilentPort
    from codex_ls.providers.servers.kind import ServedModel

_SHOWN_MODELS = 8


def run(argv: Sequence[str]) -> int:
    """Print what runs on the usual ports of this machine; 1 if nothing does."""
    parser = ArgumentParser(
        prog="codex-ls discover",
        description="Look for model servers on the usual ports of this machine only."
        " codex-ls init writes a profile for one of them.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_ports_option(parser)
    parsed = parser.parse_args(argv)
    found, silent = find_servers(parsed.port)
    out = Output(sys.stdout)
    if parsed.json:
        told = {
            "servers": [_as_json(server) for server in found],
            "silent": [port.origin for port in silent],
        }
        out.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        return 0 if found else 1
    out.write(
        "\n".join(_lines(server, out) for server in found) or nothing_found(parsed.port, silent)
    )
    if found:
        Output(sys.stderr, lossy=True).write(
            silent_lines(silent) + "hint: codex-ls init writes a profile for one of them.\n"
        )
    return 0 if found else 1


def add_ports_option(parser: ArgumentParser) -> None:
    """`--port N`, as often as one likes."""
    parser.add_argument(
        "--port", metavar="N", type=int, action="append", help="check this port instead"
    )


def find_servers(
    ports: Sequence[int] | None,
) -> tuple[tuple["FoundServer", ...], tuple["SilentPort", ...]]:
    """The servers at these ports, or at the usual ones if none are given, and what is silent there.

    Raises InvalidParams.
    """
    from codex_ls.providers.servers.discover import KNOWN_PORTS, look_at

    if any(not 0 < port < 65536 for port in ports or ()):
        raise InvalidParams("A port is a number from 1 to 65535.")
    return asyncio.run(look_at(ports or KNOWN_PORTS))


def nothing_found(ports: Sequence[int] | None, silent: Sequence["SilentPort"]) -> str:
    """What to say where nothing answers."""
    where = f" at port {' or '.join(map(str, ports))}" if ports else ""
    hint = (
        "restart the program there, or wait until it responds"
        if silent
        else "start LM Studio, Ollama or llama.cpp; or use the built-in model:"
        " `codex-ls exec --profile embedded`"
    )
    return f"No model server answers on this machine{where}.\n{silent_lines(silent)}hint: {hint}.\n"


def silent_lines(silent: Sequence["SilentPort"]) -> str:
    """A line for each port where something listens and says nothing."""
    return "".join(
        f"note: something at {port.origin} accepts connections but does not answer; it may be"
        " busy or hung\n"
        for port in silent
    )


def _lines(found: "FoundServer", out: Output) -> str:
    lines = [f"{found.server.title} at {found.origin}\n"]
    models = found.server.models
    for model in models[:_SHOWN_MODELS]:
        lines.append(folded(f"  {model_line(model)}", out, indent="    ") + "\n")  # noqa: PERF401
    if len(models) > _SHOWN_MODELS:
        lines.append(f"  and {len(models) - _SHOWN_MODELS} more\n")
    if not models:
        lines.append("  no model\n")
    return "".join(lines)


def model_line(model: "ServedModel") -> str:
    """Name, state, window and size of a model, as far as they are known."""
    parts = [model.name]
    if model.is_loaded is not None:
        parts.append("loaded" if model.is_loaded else "not loaded")
    if model.window is not None:
        parts.append(f"{model.window:,} tokens")
    elif model.largest_window is not None:
        parts.append(f"up to {model.largest_window:,} tokens")
    if model.size_bytes is not None:
        parts.append(f"{model.size_bytes / 1e9:.1f} GB")
    return ", ".join(parts)


def _as_json(found: "FoundServer") -> dict[str, Any]:
    return {
        "kind": found.kind,
        "version": found.server.version,
        "origin": found.origin,
        "baseUrl": found.base_url,
        "models": [model_json(model) for model in found.server.models],
    }


def model_json(model: "ServedModel") -> dict[str, Any]:
    """One entry of `codex/models`; a key without a value is left out."""
    window = model.window or model.largest_window
    values = {
        "name": model.name,
        "loaded": model.is_loaded,
        "contextWindow": window,
        "size": model.size_bytes,
    }
    return {key: value for key, value in values.items() if value is not None}
