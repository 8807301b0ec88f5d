"""The instructions that a user gives a model in place of this program's, with the meaning of Codex.

A file (`model_instructions_file`) goes before a text (`instructions`), whichever of the files they stand
in. `experimental_instructions_file`, the older name of the first, is read where that is not set.
"""

from collections.abc import Sequence
from pathlib import Path

from codex_ls.config.layer import MAX_FILE_BYTES, ConfigView, Found, config_error, find_first, shown
from codex_ls.errors import ConfigError
from codex_ls.events import Notice

_FILE_KEYS = ("model_instructions_file", "experimental_instructions_file")


def read_instructions(views: Sequence[ConfigView]) -> str | None:
    """The text in place of the built-in instructions, without blanks around it; None if none is set.

    Raises ConfigError for a file that can't be read, is empty, or is no text.
    """
    for key in _FILE_KEYS:
        found = find_first(views, key)
        if found is not None:
            return _text_of_file(found)
    return text_of(views, "instructions")


_AGENTS_FILES = ("AGENTS.override.md", "AGENTS.md")
_MAX_AGENTS_BYTES = 32 * 1024
"""Codex's default of `project_doc_max_bytes`."""


def read_user_instructions(home: Path) -> tuple[str | None, tuple[Notice, ...]]:
    """The text of the first AGENTS file in the configuration folder that has any, as in Codex.

    None if there is none. The notice says what of it is not sent, or why it can't be read.
    """
    for name in _AGENTS_FILES:
        path = home / name
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_AGENTS_BYTES + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            hint = f"{path}: correct it, or remove it."
            return None, (Notice("configInvalid", f"{name} can't be read: {reason}.", hint),)
        text = data[:_MAX_AGENTS_BYTES].decode("utf-8-sig", "replace").strip()
        if not text:
            continue
        if len(data) <= _MAX_AGENTS_BYTES:
            return text, ()
        sentence = f"{name} is larger than 32 KiB: the rest of it is not sent."
        return text, (Notice("configInvalid", sentence, f"{path}: shorten it."),)
    return None, ()


def text_of(views: Sequence[ConfigView], key: str) -> str | None:
    """The text of a key, without blanks around it; None if it is not set, or blank."""
    found = find_first(views, key)
    return None if found is None else str(found.value).strip() or None


def _text_of_file(found: Found) -> str:
    path = _path(found)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _unusable(found, path, (error.strerror or "unknown reason").lower()) from None
    if len(data) > MAX_FILE_BYTES:
        raise _unusable(found, path, "it is larger than 1 MiB")
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _unusable(found, path, "it is not UTF-8") from None
    if not text:
        raise _unusable(found, path, "it is empty")
    return text


def _path(found: Found) -> Path:
    """The file that is meant: relative to the file that names it; in an option, to this folder."""
    try:
        path = Path(found.value).expanduser()
    except RuntimeError:  # ~ of a user who is not there
        path = Path(found.value)
    source = found.view.layer.path
    return path if source is None else source.parent / path


def _unusable(found: Found, path: Path, reason: str) -> ConfigError:
    key = found.keys[-1]
    sentence = f"the file of `{key}`, {shown(str(path))}, can't be used: {reason}."
    return config_error(found.place, sentence, fix="correct the path, or remove the line.")
