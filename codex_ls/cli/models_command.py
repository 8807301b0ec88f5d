"""`codex-ls models` and `codex-ls model pull`: what a server has, and the built-in models."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.discover_command import model_line
from codex_ls.cli.output import Output
from codex_ls.cli.table import folded
from codex_ls.cli.terminal_input import read_answer

if TYPE_CHECKING:
    from codex_ls.config.model_settings import ModelSettings
    from codex_ls.providers.servers.kind import ServedModel


def run_models(argv: Sequence[str]) -> int:
    """List the models of a profile's server, or the built-in ones; return the exit code."""
    parser = ArgumentParser(
        prog="codex-ls models",
        description="List the built-in models, or with --profile those of the profile's server.",
    )
    parser.add_argument("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    parser.add_argument("-c", "--config", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument(
        "--local-only", action="store_true", help="allow only servers on this machine"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parsed = parser.parse_args(argv)
    if parsed.profile is not None:
        from codex_ls.config.load import load_config
        from codex_ls.config.profile import resolve

        config = load_config(overrides=parsed.config)
        settings = resolve(config, profile=parsed.profile, local_only=parsed.local_only)
        if settings.provider.base_url:
            return _print_served(settings, as_json=parsed.json)
    from codex_ls.embedded.install import models_json, print_models

    return _print_json(models_json()) if parsed.json else print_models()


def _print_served(settings: "ModelSettings", *, as_json: bool) -> int:
    """The models of a server; the one that the profile names has an asterisk."""
    from codex_ls.cli.discover_command import model_json
    from codex_ls.providers.servers.list_models import list_models

    models = asyncio.run(list_models(settings, os.environ))
    if as_json:
        return _print_json([model_json(model) for model in models])
    out = Output(sys.stdout)
    lines = served_lines(models, settings, out).values()
    out.write("".join(lines) or f"{settings.provider.name} has no model.\n")
    return 0


def served_lines(
    models: Sequence["ServedModel"], settings: "ModelSettings", out: Output
) -> dict[str, str]:
    """Name to line of each model of a server; the one that is asked has an asterisk."""
    return {
        model.name: _marked(model_line(model), settings.model in (model.name, *model.aliases), out)
        for model in models
    }


def built_in_lines(settings: "ModelSettings", out: Output) -> dict[str, str]:
    """Name to line of each built-in model; the one that is asked has an asterisk."""
    from codex_ls.embedded.catalog import MODELS
    from codex_ls.embedded.store import is_fetched

    return {
        model.name: _marked(
            f"{model.name}, {'fetched' if is_fetched(model, os.environ) else 'not fetched'},"
            f" {model.size / 1e6:,.0f} MB",
            model.name == settings.model,
            out,
        )
        for model in MODELS
    }


def _marked(line: str, is_asked: bool, out: Output) -> str:  # noqa: FBT001
    return folded(f"{'*' if is_asked else ' '} {line}", out, indent="    ") + "\n"


def _print_json(models: Sequence[Mapping[str, Any]]) -> int:
    out = Output(sys.stdout)
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
    from codex_ls.embedded.install import run_pull

    return run_pull(parsed.name, yes=parsed.yes, read_answer=read_answer)
