"""A real LiteLLM proxy, in an environment of its own in the cache: it is never a dependency of ours."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.machine import CACHE

PACKAGE = "litellm[proxy]==1.106.2"
KEY = "sk-bench"
_PROGRAM = CACHE / "litellm" / "bin" / "litellm"
_START_LIMIT_S = 180.0

CONFIG = """\
model_list:
{nodes}
router_settings:
  routing_strategy: least-busy
  num_retries: 2
  allowed_fails: 0
  cooldown_time: 60
general_settings:
  master_key: {key}
litellm_settings:
  telemetry: false
"""
NODE = """\
  - model_name: team
    litellm_params:
      model: openai/bench
      api_base: {base_url}
      api_key: none
"""


def fetch() -> None:
    """Install it where it is missing, if it can be had."""
    if not _PROGRAM.exists():
        print(f"Installing {PACKAGE}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(_PROGRAM.parents[1])], check=True)
        pip = [str(_PROGRAM.with_name("pip")), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, PACKAGE], check=False)


def missing() -> str | None:
    """A sentence if it could not be had."""
    return None if _PROGRAM.exists() else "LiteLLM could not be installed: nothing is measured."


class LiteLlm:
    """A context manager: the proxy in front of these nodes, which it knows as the model `team`."""

    def __init__(self, base_urls: Sequence[str], scratch: Path) -> None:
        nodes = "".join(NODE.format(base_url=url) for url in base_urls)
        self._config = scratch / "litellm.yaml"
        self._config.write_text(CONFIG.format(nodes=nodes.rstrip(), key=KEY))
        self._log = scratch / "litellm.log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def base_url(self) -> str:
        """What a provider is configured with."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(_PROGRAM),
                    *("--config", str(self._config)),
                    *("--host", "127.0.0.1", "--port", str(self.port)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self._config.parent),
                    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                },
            )
        self._wait_until_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/liveliness"):
                    return
            except OSError:
                time.sleep(0.2)
        self.__exit__(None, None, None)
        raise RuntimeError(f"LiteLLM did not start: {self._log.read_text()[-2000:]}")
