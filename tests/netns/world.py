"""One case in its own world: `python -m tests.netns.world CASE FOLDER`, in a namespace or without one.

Prints one JSON object: where the case's programs went as packets (null without a namespace) and as their
own attempts, what was asked of the model server, and what the case has to tell.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.netns import cases
from tests.netns.hostile import ENVIRONMENT, SAID, make_repository
from tests.netns.packets import Packets, close_the_world
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

_AUDIT = Path(__file__).parent / "audit"


@dataclass(frozen=True, slots=True)
class World:
    """What a case works with."""

    model: ModelServer
    home: Path
    repository: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment of a program under watch."""
        return {
            **ENVIRONMENT,
            **{key: os.environ[key] for key in ("PATH", "CODEX_LS_MODELS") if key in os.environ},
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join((str(_AUDIT), str(Path.cwd()))),
            "PYTHONSAFEPATH": "1",
            "NETNS_AUDIT": str(self.home.parent / "audit.jsonl"),
            "CI": "true",
        }

    def configure(self, base_url: str = "", more: str = "") -> None:
        """The user's own config: `local` at the model server, `cloud` far away."""
        (self.home / "config.toml").write_text(
            f"""
profile = "local"
{more}
[model_providers.fake]
name = "Fake"
base_url = "{base_url or self.model.base_url}"
wire_api = "chat"
request_max_retries = 0
[model_providers.far]
name = "Far"
base_url = "https://203.0.113.9/v1"
request_max_retries = 0
[model_providers.named]
name = "Named"
base_url = "https://api.far.example/v1"
request_max_retries = 0
[profiles.local]
model = "m"
model_provider = "fake"
[profiles.far]
model = "m"
model_provider = "far"
[profiles.named]
model = "m"
model_provider = "named"
"""
        )

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
        """Run `codex-ls` in the hostile repository; its exit code and all that it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "codex_ls", *arguments],
            cwd=self.repository,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=100,
            check=False,
        )
        return done.returncode, done.stdout.decode()


def main() -> None:
    """Play one case and report."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    enclosed = "NETNS_ENCLOSED" in os.environ
    if enclosed:
        close_the_world()
    home = folder / "home"
    home.mkdir()
    with contextlib.ExitStack() as stack:
        packets = stack.enter_context(Packets()) if enclosed else None
        model = stack.enter_context(ModelServer())
        model.always(chat_stream(reasoning=SAID, content=SAID))
        world = World(model, home, make_repository(folder / "repository"))
        world.configure()
        told: Any = getattr(cases, name)(world)
        if asyncio.iscoroutine(told):
            told = asyncio.run(told)
    audit = folder / "audit.jsonl"
    lines = audit.read_text().splitlines() if audit.exists() else []
    print(
        json.dumps(
            {
                "packets": packets and sorted(packets.destinations),
                "attempts": sorted({tuple(json.loads(line)) for line in lines}),
                "model_port": model.port,
                "asked": [request.path for request in model.requests],
                "owned": (world.repository / "owned").exists(),
                "told": told,
            }
        )
    )


if __name__ == "__main__":
    main()
