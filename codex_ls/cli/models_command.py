"""`codex-ls models` and `codex-ls model pull`: the built-in models on this machine."""

from collections.abc import Sequence

from codex_ls.cli.arguments import ArgumentParser


def run_models(argv: Sequence[str]) -> int:
    """List the built-in models, and return the exit code."""
    ArgumentParser(prog="codex-ls models", description="The built-in models.").parse_args(argv)
    from codex_ls.embedded.commands import print_models

    return print_models()


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
