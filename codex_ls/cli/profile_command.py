"""`codex-ls profile use NAME`: which profile is active, for the user or for one workspace.

For the user it is written into codex-ls.toml: Codex does not start with `profile` in config.toml, and
calls profiles by name. A profile that stands in config.toml as `[profiles.NAME]`, which Codex ignores,
is moved to NAME.config.toml, which both programs read.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.change import offer_changes
from codex_ls.cli.output import Output
from codex_ls.config.config_change import Change

_KEY = "codex.profile"


def run(argv: Sequence[str]) -> int:
    """Switch to the profile; 0 if it is active afterwards. Raises CodexError."""
    parser = ArgumentParser(prog="codex-ls profile", description="Switch the active profile.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="use NAME")
    use = verbs.add_parser("use", help="switch to a profile")
    use.add_argument("name", metavar="NAME", help="as `codex-ls profiles` lists it")
    use.add_argument(
        "--workspace", action="store_true", help="for this folder, in .vscode/settings.json"
    )
    use.add_argument("--yes", "-y", action="store_true", help="write without asking")
    parsed = parser.parse_args(argv)

    from codex_ls.config.load import load_config
    from codex_ls.config.profile import resolve
    from codex_ls.config.profile_selection import selecting

    config = load_config()
    resolve(config, profile=parsed.name)  # a profile that can't be used is refused here
    out = Output(sys.stdout)
    changes = _for_workspace(parsed.name) if parsed.workspace else selecting(config, parsed.name)
    is_written = offer_changes(changes, out=out, is_agreed=parsed.yes)
    if is_written and not parsed.workspace:
        out.write(with_codex(parsed.name))
    return 0 if is_written or all(change.before == change.after for change in changes) else 1


def _for_workspace(name: str) -> list[Change]:
    from codex_ls.cli.editor_settings import read_settings, with_setting, write_settings

    path = Path.cwd() / ".vscode" / "settings.json"
    before = read_settings(path)
    return [Change(path, before, with_setting(before, _KEY, name), write_settings)]


def with_codex(name: str) -> str:
    """A line on the same profile in Codex; empty where Codex can't have it."""
    from codex_ls.config.built_in import EMBEDDED
    from codex_ls.config.codex_compatibility import PROFILE_NAME
    from codex_ls.config.load import load_config

    definition = load_config().profiles.get(name)
    if name == EMBEDDED or definition is None or not PROFILE_NAME.fullmatch(name):
        return ""
    is_file = any(not view.prefix and view.layer.path for view in definition.views)
    return f"With Codex: codex --profile {name}\n" if is_file else ""
