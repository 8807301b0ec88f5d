"""A disk that is really full under the files that are kept: the answer comes whole, and says so."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

SMALL_DISK = (
    'mount -t tmpfs -o size=48k tmpfs "$1" && cp "$2" "$1/config.toml" && shift 2 && exec "$@"'
)
"""Runs a command in a mount namespace of its own, in which a folder is a disk of 48 KiB."""


def has_namespaces(folder: Path) -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def test_the_whole_answer_comes_although_the_disk_is_full(
    command: Command, server: ModelServer, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not has_namespaces(disk):
        pytest.skip("this system lets no one mount a disk of one's own")
    words = [f"{number} " + "x" * 1_000 for number in range(100)]
    server.always(chat_stream(content=words))
    ask = f"{sys.executable} -m codex_ls exec hi"
    shell = f'{ask}; echo "exit $?"; df --output=avail "$CODEX_HOME" | tail -1; {ask}'
    config = str(command.home / "config.toml")
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", SMALL_DISK, "sh", str(disk), config, "sh", "-c", shell],
        env=command.environment(CODEX_HOME=str(disk)),
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    answer = "".join(words).strip()
    first, _, rest = done.stdout.partition("\nexit 0\n")
    free, _, second = rest.strip().partition("\n")
    assert (done.returncode, first, second) == (0, answer, answer), done.stderr
    assert int(free) == 0
    assert done.stderr.count("This conversation cannot be saved: No space left on device.") == 2
    assert len(server.turns) == 2
