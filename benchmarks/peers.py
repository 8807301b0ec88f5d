"""The Codex CLI, in the versions that are measured against: fetched from npm into the cache."""

import platform
import shutil
import subprocess
from pathlib import Path

from benchmarks.machine import CACHE

VERSIONS = ("0.42.0", "0.169.0")
"""The last line that spoke Chat Completions, and today's."""

_TARGETS = {
    ("Linux", "x86_64"): "x86_64-unknown-linux-musl",
    ("Linux", "aarch64"): "aarch64-unknown-linux-musl",
    ("Darwin", "arm64"): "aarch64-apple-darwin",
    ("Darwin", "x86_64"): "x86_64-apple-darwin",
}


def fetch() -> None:
    """Fetch what is missing and can be had."""
    npm = shutil.which("npm")
    for version in VERSIONS:
        if npm is None or program(version) is not None:
            continue
        print(f"Fetching Codex {version}", flush=True)
        folder = CACHE / "peers" / version
        folder.mkdir(parents=True, exist_ok=True)
        options = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund")
        command = [npm, "install", *options, "--prefix", str(folder), f"@openai/codex@{version}"]
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL)


def missing() -> list[str]:
    """A sentence for each peer that could not be had."""
    return [
        f"Codex {version} is left out: npm could not fetch it."
        for version in VERSIONS
        if program(version) is None
    ]


def program(version: str) -> Path | None:
    """The peer's own executable, without the Node script around it, which would cost it 40 ms."""
    target = _TARGETS.get((platform.system(), platform.machine()))
    modules = CACHE / "peers" / version / "node_modules" / "@openai"
    found = [path for path in modules.glob(f"*/vendor/{target}/*/codex") if path.is_file()]
    return found[0] if found else None
