"""`codex-ls models` and `codex-ls model pull`: what a server has, and the built-in models."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codex_ls.cli.arguments import ArgumentParser
from codex_ls.cli.output import Output

if TYPE_CHECKING:
    from codex_ls.config.settings import ModelSettings


def run_models(argv: Sequence[str]) -> int:
    """List the models of a profile's server, or the built-in ones; return the exit code."""
    parser = ArgumentParser(
        prog="codex-ls models",
        description="The built-in models; with --profile those of that profile's server.",
    )
    parser.add_argument("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    parser.add_argument("-c", "--config", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--local-only", action="store_true", help="ask this machine alone")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parsed = parser.parse_args(argv)
    if parsed.profile is not None:
        from codex_ls.config.load import load_config
        from codex_ls.config.profile import resolve

        config = load_config(overrides=parsed.config)
        settings = resolve(config, profile=parsed.profile, local_only=parsed.local_only)
        if settings.provider.base_url:
            return _print_served(settings, as_json=parsed.json)
    from codex_ls.embedded.commands import models_json, print_models

    return _print_json(models_json()) if parsed.json else print_models()


def _print_served(settings: "ModelSettings", *, as_json: bool) -> int:
    """The models of a server; the one that the profile names has an asterisk."""
    from codex_ls.cli.discover_command import model_json, model_line
    from codex_ls.providers.served import served_models

    models = asyncio.run(served_models(settings, os.environ))
    if as_json:
        return _print_json([model_json(model) for model in models])
    lines = [
        f"{'*' if settings.model in (model.name, *model.aliases) else ' '} {model_line(model)}\n"
        for model in models
    ]
    Output(sys.stdout).write("".join(lines) or f"{settings.provider.name} has no model.\n")
    return 0


def _print_json(models: Sequence[Mapping[str, Any]]) -> int:
    out = Output(sys.stdout, encoding="utf-8")
    out.write(json.dumps({"models": models}, ensure_ascii=False, indent=2) + "\n")
    return 0


def run_model(argv: Sequence[str]) -> int:
    """Do one thing with a built-in model, and return the exit code."""
    parser = ArgumentParser(prog="codex-ls model", description="Built-in models.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="pull NAME")
    pull = verbs.add_parser("pull", help="fetch a model")
    pull.add_argument("name", metavar="NAME", help="as `codex-ls models` lists it")
    pull.add_argument("--yes", "-y", action="store_true", help="don't ask before the download")
    parsed = parser.parse_args(argv)
    from codex_ls.embedded.commands import run_pull

    return run_pull(parsed.name, yes=parsed.yes)
