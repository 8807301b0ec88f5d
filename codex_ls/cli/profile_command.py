"""`codex-ls profile use NAME`: which profile is in use, for the user or for one workspace."""

import sys
from collections.abc import Sequence
from pathlib import Path

from codex_ls.cli.arguments import ArgumentParser
from codex_ls.cli.change import offer_change
from codex_ls.cli.output import Output

_KEY = "codex.profile"


def run(argv: Sequence[str]) -> int:
    """Put the profile into use; 0 if it is in use afterwards. Raises CodexError."""
    parser = ArgumentParser(prog="codex-ls profile", description="Which profile is in use.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="use NAME")
    use = verbs.add_parser("use", help="put a profile into use")
    use.add_argument("name", metavar="NAME", help="as `codex-ls profiles` lists it")
    use.add_argument(
        "--workspace", action="store_true", help="for this folder, in .vscode/settings.json"
    )
    use.add_argument("--yes", "-y", action="store_true", help="write without asking")
    parsed = parser.parse_args(argv)

    from codex_ls.config.edit import read_text, with_top_value, write_text
    from codex_ls.config.load import load_config
    from codex_ls.config.profile import resolve

    config = load_config()
    resolve(config, profile=parsed.name)  # a profile that can't be used is told before it is
    if parsed.workspace:
        from codex_ls.cli.editor_settings import read_settings, with_setting, write_settings

        path = Path.cwd() / ".vscode" / "settings.json"
        before = read_settings(path)
        after, write = with_setting(before, _KEY, parsed.name), write_settings
    else:
        path = config.path
        before = read_text(path)
        after, write = with_top_value(before, "profile", parsed.name), write_text
    out = Output(sys.stdout)
    is_written = offer_change(path, before, after, out=out, is_agreed=parsed.yes, write=write)
    return 0 if is_written or before == after else 1
