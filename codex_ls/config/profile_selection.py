"""The changes that make a profile the active one.

It is written into codex-ls.toml: Codex does not start with `profile` in config.toml, and selects a
profile by name. A profile in config.toml as `[profiles.NAME]`, which Codex ignores, is moved to
NAME.config.toml, which both programs read.
"""

from codex_ls.config.codex_compatibility import PROFILE_NAME
from codex_ls.config.codex_migration import Texts, migrated
from codex_ls.config.config_change import Change
from codex_ls.config.edit import read_text, retitled, take_table, with_value, write_text
from codex_ls.config.load import PROFILE_FILE_SUFFIX, Config
from codex_ls.errors import ConfigError

_FOR_CODEX = "Codex starts only after this change; codex-ls behaves the same with it."


def selecting(config: Config, name: str, *, moves_table: bool = True) -> list[Change]:
    """The changes that make a profile the active one, and let Codex start with config.toml.

    `moves_table`: its table in config.toml becomes a file of its own, unless it can't be moved without
    losing something. Raises ConfigError.
    """
    changes = []
    before = Texts(read_text(config.path), read_text(config.own_path))
    own = before.own
    if config.own.find("profile") != name:
        own = with_value(own, ("profile",), name)
    after = migrated(Texts(before.config, own))
    table = ("profiles", name)
    if moves_table and config.base.find(*table) is not None and PROFILE_NAME.fullmatch(name):
        try:
            rest, taken = take_table(after.config, table)
            text = retitled(taken, table)
        except ConfigError:
            pass  # it goes on working here, and `profiles` says what Codex makes of it
        else:
            after = after._replace(config=rest)
            path = config.path.with_name(f"{name}{PROFILE_FILE_SUFFIX}")
            changes.append(Change(path, "", text, write_text))
    changes.append(Change(config.own_path, before.own, after.own, write_text))
    changes.append(Change(config.path, before.config, after.config, write_text, _FOR_CODEX))
    return changes


def letting_codex_start(config: Config) -> list[Change]:
    """The changes that leave a config.toml with which Codex starts. Raises ConfigError."""
    before = Texts(read_text(config.path), read_text(config.own_path))
    after = migrated(before)
    return [
        Change(config.own_path, before.own, after.own, write_text),
        Change(config.path, before.config, after.config, write_text, _FOR_CODEX),
    ]
