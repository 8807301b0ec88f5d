"""The Codex CLI, in the versions that are measured against, and Zed's ACP agent around its core.

All of them are fetched from npm into the cache.
"""

import platform
import shutil
import subprocess
from pathlib import Path

from benchmarks.machine import CACHE

VERSIONS = ("0.42.0", "0.169.0")
"""The last line that spoke Chat Completions, and today's."""

ACP_VERSION = "0.16.0"

_TARGETS = {
    ("Linux", "x86_64"): "x86_64-unknown-linux-musl",
    ("Linux", "aarch64"): "aarch64-unknown-linux-musl",
    ("Darwin", "arm64"): "aarch64-apple-darwin",
    ("Darwin", "x86_64"): "x86_64-apple-darwin",
}


def fetch() -> None:
    """Fetch what is missing and can be had."""
    for version in VERSIONS:
        if program(version) is None:
            _install(f"@openai/codex@{version}", _folder(version))
    if acp_program() is None:
        _install(f"@zed-industries/codex-acp@{ACP_VERSION}", _folder(f"acp-{ACP_VERSION}"))


def missing() -> list[str]:
    """A sentence for each peer that could not be had."""
    found = {f"Codex {version}": program(version) for version in VERSIONS}
    found[f"codex-acp {ACP_VERSION}"] = acp_program()
    return [
        f"{name} is left out: npm could not fetch it."
        for name, path in found.items()
        if path is None
    ]


def program(version: str) -> Path | None:
    """The peer's own executable, without the Node script around it, which would cost it 40 ms."""
    target = _TARGETS.get((platform.system(), platform.machine()))
    modules = _folder(version) / "node_modules" / "@openai"
    found = [path for path in modules.glob(f"*/vendor/{target}/*/codex") if path.is_file()]
    return found[0] if found else None


def acp_program() -> Path | None:
    """The ACP agent's own executable."""
    modules = _folder(f"acp-{ACP_VERSION}") / "node_modules" / "@zed-industries"
    found = [path for path in modules.glob("codex-acp-*/bin/codex-acp") if path.is_file()]
    return found[0] if found else None


def _folder(name: str) -> Path:
    return CACHE / "peers" / name


def _install(package: str, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        return
    print(f"Fetching {package}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    options = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund")
    command = [npm, "install", *options, "--prefix", str(folder), package]
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
