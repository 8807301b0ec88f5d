"""Files below a folder, without those that .gitignore names, and lines in them that match.

Git itself is not asked: a repository's own settings can make it run programs. A pattern of a model may
take for ever to match, so `search` runs this module as a process of its own, which has a deadline.

ripgrep, where it is installed, only says which files may match; the lines are found here. So the result
is the same with and without it, and a pattern that it does not know is still searched for.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathspec import PathSpec

    _Ignores = dict[Path, list[tuple[Path, PathSpec[Any]]]]

MAX_FILES: Final = 50_000
_LOOK_S: Final = 5.0
_MAX_SEARCHED_BYTES: Final = 4 * 1024 * 1024
_MAX_LINE: Final = 300
_ALWAYS_LEFT_OUT: Final = frozenset((".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv"))
_RIPGREP_OPTIONS: Final = (
    *("--no-config", "--files-with-matches", "--null", "--text", "--hidden", "--no-messages"),
    *("--no-ignore", "--crlf", f"--max-filesize={_MAX_SEARCHED_BYTES}"),
    *(f"--glob=!**/{name}/**" for name in sorted(_ALWAYS_LEFT_OUT)),
)
"""What is ignored is decided here: versions of ripgrep differ in that."""


def walk(root: Path, *, glob: str = "", hidden: Sequence[Path] = ()) -> Iterator[Path]:
    """Yield the files below a folder in order; links are not followed, and `hidden` not entered.

    It stops after MAX_FILES, or 5 seconds.
    """
    deadline = time.monotonic() + _LOOK_S
    for count, path in enumerate(_walk(root, root, [], frozenset(hidden))):
        if count > MAX_FILES or time.monotonic() > deadline:
            return
        if not glob or _matches(path.relative_to(root).as_posix(), glob):
            yield path


def trusted_ripgrep(path_variable: str, untrusted: Sequence[Path]) -> Path | None:
    """Return ripgrep's program on PATH; None if there is none outside of the untrusted folders."""
    for folder in path_variable.split(os.pathsep):
        program = Path(folder) / ("rg.exe" if os.name == "nt" else "rg")
        if not program.is_absolute() or not os.access(program, os.X_OK):
            continue
        places = (program, Path(os.path.realpath(program)))
        if not any(place.is_relative_to(root) for place in places for root in untrusted):
            return program
    return None


def _candidates(root: Path, pattern: str, ripgrep: str | None) -> list[Path] | None:
    """Return the files that ripgrep finds a match in, in order; None if it can't say."""
    if ripgrep is None:
        return None
    done = subprocess.run(  # noqa: S603 - the program is outside of the workspace
        [ripgrep, *_RIPGREP_OPTIONS, f"--regexp={pattern}", "--", str(root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in (0, 1):  # a pattern of Python's alone, or a file that can't be read
        return None
    found = [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]
    return sorted(found, key=lambda path: path.relative_to(root).parts)


def _is_left_out(path: Path, root: Path, hidden: Sequence[Path], ignores: _Ignores) -> bool:
    """Whether `walk` would not yield a file; `ignores` is filled with the rules of its folders."""
    at: list[Path] = [root]
    for part in (*reversed(path.relative_to(root).parents[:-1]), path.relative_to(root)):
        inner = root / part
        if inner in hidden or (inner != path and inner.name in _ALWAYS_LEFT_OUT):
            return True
        for folder in at:
            if folder not in ignores:
                ignores[folder] = list(_ignores_of(folder))
        rules = [rule for folder in at for rule in ignores[folder]]
        if _is_ignored(inner, rules, is_folder=inner != path):
            return True
        at.append(inner)
    return False


def _is_ignored(
    path: Path, rules: Iterable[tuple[Path, PathSpec[Any]]], *, is_folder: bool
) -> bool:
    mark = "/" if is_folder else ""
    return any(spec.match_file(f"{path.relative_to(at).as_posix()}{mark}") for at, spec in rules)


def _walk(
    root: Path, folder: Path, ignores: list[tuple[Path, PathSpec[Any]]], hidden: frozenset[Path]
) -> Iterator[Path]:
    ignores = [*ignores, *_ignores_of(folder)]
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        path = Path(entry.path)
        is_folder = entry.is_dir(follow_symlinks=False)
        if path in hidden or (is_folder and entry.name in _ALWAYS_LEFT_OUT):
            continue
        if _is_ignored(path, ignores, is_folder=is_folder):
            continue
        if is_folder:
            yield from _walk(root, path, ignores, hidden)
        elif entry.is_file(follow_symlinks=False):
            yield path


def _ignores_of(folder: Path) -> Iterator[tuple[Path, PathSpec[Any]]]:
    path = folder / ".gitignore"
    try:
        if path.is_symlink() or path.stat().st_size > 1024 * 1024:
            return
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    from pathspec import GitIgnoreSpec  # only where there is a .gitignore

    yield folder, GitIgnoreSpec.from_lines(text.splitlines())


def _matches(path: str, glob: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    glob = glob.removeprefix("./")
    if "/" not in glob:
        return fnmatch.fnmatchcase(name, glob)
    return fnmatch.fnmatchcase(path, glob.replace("**/", "*")) or fnmatch.fnmatchcase(path, glob)


def matching_lines(
    root: Path,
    pattern: re.Pattern[str],
    *,
    glob: str = "",
    hidden: Sequence[Path] = (),
    ripgrep: str | None = None,
) -> Iterator[str]:
    """Yield `path:line: text` for each line that matches."""
    files: Iterable[Path]
    if root.is_file():
        files = [root]
    elif (found := _candidates(root, pattern.pattern, ripgrep)) is None:
        files = walk(root, glob=glob, hidden=hidden)
    else:
        ignores: _Ignores = {}
        files = (
            path
            for path in found
            if (not glob or _matches(path.relative_to(root).as_posix(), glob))
            and not _is_left_out(path, root, hidden, ignores)
        )
    for path in files:
        try:
            if path.stat().st_size > _MAX_SEARCHED_BYTES:
                continue
            data = path.read_bytes()
        except OSError:
            continue
        if b"\0" in data[:8192]:
            continue
        name = path.name if root.is_file() else path.relative_to(root).as_posix()
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if pattern.search(line):
                yield f"{name}:{number}: {line.strip()[:_MAX_LINE]}"


def main() -> None:
    """Search as one JSON argument says, and print up to `limit` lines."""
    asked = json.loads(sys.argv[1])
    lines = matching_lines(
        Path(asked["root"]),
        re.compile(asked["pattern"]),
        glob=asked["glob"],
        hidden=[Path(path) for path in asked["hidden"]],
        ripgrep=asked["ripgrep"],
    )
    for _, line in zip(range(asked["limit"]), lines, strict=False):
        print(line.encode("utf-8", "replace").decode("utf-8"), flush=True)


if __name__ == "__main__":
    main()
