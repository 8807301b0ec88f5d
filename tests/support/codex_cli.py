"""The real Codex CLI, in the oldest and the newest version that the tests know.

`.ci/run` fetches both from npm into `$CODEX_LS_TEST_CACHE/codex/VERSION`. Without them such a test is
skipped, and fails where `CI` is set.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

OLD, NEW = "0.42.0", "0.169.0"
SECONDS = 60.0
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Codex:
    """One version of the Codex CLI, with the configuration folder of a test."""

    program: Path
    version: str
    home: Path

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end; nothing but this machine can be reached."""
        folder = self.home.parent / "elsewhere"
        folder.mkdir(exist_ok=True)
        proxies = (
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        )
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CODEX_HOME": str(self.home),
            **dict.fromkeys(proxies, NOWHERE),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        return subprocess.run(
            [str(self.program), *arguments],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def ask(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """`codex exec` with a question."""
        return self.run("exec", "--skip-git-repo-check", *options, "ping")

    def starts(self) -> str:
        """Empty if it reads its configuration, else what it says (for the new version)."""
        done = self.run("features", "list")
        return "" if done.returncode == 0 else done.stderr


def codex_cli(version: str, home: Path) -> Codex:
    """The Codex CLI of that version; skips the test where it is not here, and fails it in CI."""
    cache = Path(os.environ.get("CODEX_LS_TEST_CACHE", "~/.cache/codex-ls-tests")).expanduser()
    program = cache / "codex" / version / "node_modules" / ".bin" / "codex"
    if not program.exists():
        reason = f"@openai/codex {version} is not at {program}; .ci/run fetches it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Codex(program, version, home)
