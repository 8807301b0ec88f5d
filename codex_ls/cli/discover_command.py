"""`codex-ls discover`: the model servers of this machine, and the lines of config.toml for each."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codex_ls.cli.arguments import ArgumentParser
from codex_ls.cli.output import Output
from codex_ls.errors import InvalidParams

if TYPE_CHECKING:
    from codex_ls.providers.discover import FoundServer
    from codex_ls.providers.server_kind import ServedModel

_SHOWN_MODELS = 8


def run(argv: Sequence[str]) -> int:
    """Print what runs on the usual ports of this machine; 1 if nothing does."""
    parser = ArgumentParser(
        prog="codex-ls discover",
        description="Looks for model servers on this machine's usual ports, and nowhere else."
        " codex-ls init writes the lines for one into config.toml.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_ports_option(parser)
    parsed = parser.parse_args(argv)
    found = find_servers(parsed.port)
    out = Output(sys.stdout, encoding="utf-8" if parsed.json else None)
    if parsed.json:
        servers = {"servers": [_as_json(server) for server in found]}
        out.write(json.dumps(servers, ensure_ascii=False, indent=2) + "\n")
    else:
        out.write("\n".join(map(_lines, found)) or nothing_found())
    return 0 if found else 1


def add_ports_option(parser: ArgumentParser) -> None:
    """`--port N`, as often as one likes."""
    parser.add_argument(
        "--port", metavar="N", type=int, action="append", help="look at this port instead"
    )


def find_servers(ports: Sequence[int] | None) -> tuple["FoundServer", ...]:
    """The servers at these ports; at the usual ones if none are given. Raises InvalidParams."""
    from codex_ls.providers.discover import KNOWN_PORTS, discover

    if any(not 0 < port < 65536 for port in ports or ()):
        raise InvalidParams("A port is a number from 1 to 65535.")
    return asyncio.run(discover(ports or KNOWN_PORTS))


def nothing_found() -> str:
    """What to say where nothing runs."""
    return (
        "No model server answers on this machine.\n"
        "hint: start LM Studio, Ollama or llama.cpp; or ask without one: the built-in model is"
        " `codex-ls exec --profile embedded`.\n"
    )


def _lines(found: "FoundServer") -> str:
    lines = [f"{found.server.title} at {found.origin}\n"]
    models = found.server.models
    lines += [f"  {model_line(model)}\n" for model in models[:_SHOWN_MODELS]]
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
