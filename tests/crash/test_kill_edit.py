"""kill -9 in mid-edit, at every line that writes: no half file, nothing left behind, and undo works."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Self

import pytest

from codex_ls.agent.agent import undo_store, write_intents
from codex_ls.agent.workspace import Workspace
from codex_ls.errors import InvalidParams
from codex_ls.sandbox.policy import policy_for
from tests.crash.conftest import KILLS
from tests.crash.edit_killer import environment

BEFORE = {"a.txt": "a one\n" * 1000, "b.txt": "b one\n", "c.txt": "c one\n"}
STATES: dict[str, tuple[str | None, ...]] = {
    "a.txt": ("a one\n" * 1000, "a two\n" * 1000),
    "b.txt": ("b one\n", "b two\n", "b three\n", None),
    "c.txt": ("c one\n", None),
    "e.txt": (None, "b four\n"),
    "new/d.txt": (None, "d\n"),
}
"""Every text that a file may have during the turn; None: the file does not exist."""
AFTER = {name: states[-1] for name, states in STATES.items() if states[-1] is not None}

STEP = 1 if KILLS >= 100 else 3
"""Each line in `make crash`, every third one in the suite."""


class Killer:
    """The process that forks those that are killed."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "w", folder / "home"
        self.home.mkdir()
        self._folders = (self.root, self.home / "codex-ls")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.edit_killer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def begin(self) -> None:
        """Make the workspace as it was before the turn."""
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self.root.mkdir()
        for name, text in BEFORE.items():
            (self.root / name).write_text(text)

    def save(self) -> None:
        """Keep the workspace and what is known of its turn."""
        for folder in self._folders:
            shutil.copytree(folder, folder.with_suffix(".saved"))

    def restore(self) -> None:
        """Bring back what was saved."""
        for folder in self._folders:
            shutil.rmtree(folder)
            shutil.copytree(folder.with_suffix(".saved"), folder)

    def is_killed(self, action: str, line: int) -> bool:
        """Do an action until that line; whether it came so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        places = {"root": str(self.root), "home": str(self.home)}
        self.process.stdin.write(json.dumps({**places, "action": action, "line": line}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer in ("killed", "ended"), answer
        return answer == "killed"

    @property
    def files(self) -> dict[str, str]:
        """Every file of the workspace with its text, temporary ones among them."""
        paths = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in paths}

    def begin_another_turn(self) -> None:
        """Do what the next process does first."""
        env = environment(self.home)
        policy = policy_for("workspace-write", self.root, table={}, env=env)
        Workspace(policy, intents=write_intents(env)).remove_abandoned()

    def undo(self) -> None:
        """Undo the turn, as far as it came."""
        store = undo_store(environment(self.home))
        assert store is not None
        try:
            assert store.undo("turn").changed_since == ()
        except InvalidParams:  # it was killed before its first change, or undone completely
            assert self.files == BEFORE

    def check(self, *, temporary: int) -> None:
        """Every file has one of its texts, and at most so many have a text of nobody's."""
        files = self.files
        for name, states in STATES.items():
            assert files.pop(name, None) in states, name
        assert len(files) <= temporary, files


@pytest.fixture
def killer() -> Iterator[Killer]:
    # In memory: a thousand turns wait for the disk some ten times each.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, Killer(Path(folder)) as killer:
        yield killer


def test_at_every_line_of_an_edit(killer: Killer) -> None:
    seen_temporary = False
    for line in count(1, STEP):
        killer.begin()
        is_killed = killer.is_killed("edit", line)
        killer.check(temporary=1)
        seen_temporary |= any(name.endswith(".tmp") for name in killer.files)
        if line % 2:  # the next process begins with a turn, or with undoing this one
            killer.begin_another_turn()
            killer.check(temporary=0)
        killer.undo()
        killer.begin_another_turn()
        assert killer.files == BEFORE, line
        assert list((killer.home / "codex-ls" / "writes").glob("*")) == []
        if not is_killed:
            break
    assert line > 100
    assert seen_temporary


def test_at_every_line_of_undoing_it(killer: Killer) -> None:
    killer.begin()
    assert not killer.is_killed("edit", 0)
    assert killer.files == AFTER
    killer.save()
    for line in count(1, STEP):
        killer.restore()
        is_killed = killer.is_killed("undo", line)
        killer.check(temporary=1)
        killer.undo()
        killer.begin_another_turn()
        assert killer.files == BEFORE, line
        if not is_killed:
            break
    assert line > 50
