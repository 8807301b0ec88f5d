"""Who is measured: codex-ls, the two peers, and the two floors, each with a home of its own."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.machine import ROOT
from benchmarks.peers import VERSIONS, acp_program, program

OURS, OLD, NEW, SAMPLE, HTTPX, SOCKET = (
    "codex-ls",
    "codex-0.42",
    "codex-0.169",
    "codex-0.42-sample",
    "httpx",
    "socket",
)

_TOP = """\
model = "{model}"
model_provider = "bench"
show_raw_agent_reasoning = true
check_for_update_on_startup = false

"""
# As the issue that asked for it has it: the key below a profile's header belongs to that profile,
# where Codex does not look for it, and shows no thinking.
_SAMPLE_TOP = """\
model = "{model}"
model_provider = "bench"
profile = "local-oss"

[profiles.local-oss]
model = "{model}"
model_provider = "bench"
show_raw_agent_reasoning = true

"""
_REST = """\
[analytics]
enabled = false

[model_providers.bench]
name = "bench"
base_url = "{base_url}"
wire_api = "{wire_api}"
stream_idle_timeout_ms = 600000
{key}"""


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that asks a model; the shell command takes the prompt as one more argument."""

    key: str
    shell: tuple[str, ...]
    env: dict[str, str]
    folder: Path
    editor: tuple[str, ...] | None = None
    """The command of its server for editors, if it has one."""
    agent: tuple[str, ...] | None = None
    """The command of its agent for the Agent Client Protocol; Codex's is Zed's codex-acp."""
    key_after: tuple[str, ...] = ()
    """What follows the prompt."""

    def ask(self, prompt: str) -> list[str]:
        """The shell command that asks this."""
        return [*self.shell, prompt, *self.key_after]


def ours_command() -> tuple[str, ...]:
    """The installed `codex-ls`, as people run it; from a clone without one, the module."""
    script = Path(sys.executable).with_name("codex-ls")
    return (str(script),) if script.exists() else (sys.executable, "-m", "codex_ls")


def contenders(
    base_url: str, scratch: Path, *, model: str = "bench", api_key: str = ""
) -> list[Contender]:
    """Everyone who is here, aimed at this address."""
    address = urlsplit(base_url)
    where = (address.hostname or "", str(address.port), model)
    after = (api_key,) if api_key else ()
    work = scratch / "work"
    work.mkdir(parents=True, exist_ok=True)

    def env(name: str, wire_api: str, top: str = _TOP) -> dict[str, str]:
        home = scratch / name
        home.mkdir(parents=True, exist_ok=True)
        key = 'env_key = "BENCH_KEY"\n' if api_key else ""
        values = {"base_url": base_url, "wire_api": wire_api, "model": model, "key": key}
        (home / "config.toml").write_text((top + _REST).format(**values))
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "CODEX_HOME": str(home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "BENCH_KEY": api_key,
            "PYTHONPATH": str(ROOT),
        }

    ours = ours_command()
    python = env("floors", "chat")
    floors = Path(__file__).parent
    found = [
        Contender(OURS, (*ours, "exec"), env(OURS, "chat"), work, (*ours, "serve"), (*ours, "acp")),
        Contender(
            SOCKET,
            (sys.executable, "-I", "-S", str(floors / "floor_socket.py"), *where),
            python,
            work,
            key_after=after,
        ),
        Contender(
            HTTPX,
            (sys.executable, str(floors / "floor_httpx.py"), *where),
            python,
            work,
            key_after=after,
        ),
    ]
    old, new = (program(version) for version in VERSIONS)
    if old is not None:
        shell = (str(old), "exec", "--skip-git-repo-check")
        found.append(Contender(OLD, shell, env(OLD, "chat"), work))
        found.append(Contender(SAMPLE, shell, env(SAMPLE, "chat", _SAMPLE_TOP), work))
    if new is not None:
        shell = (str(new), "exec", "--skip-git-repo-check")
        editor = (str(new), "app-server")
        acp = acp_program()
        agent = None if acp is None else (str(acp),)
        found.append(Contender(NEW, shell, env(NEW, "responses"), work, editor, agent))
    return found
