"""The scripted model server as those who measure see it: started, told its script, and asked."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from benchmarks.machine import ROOT
from benchmarks.model_server import Script, Turn

WAIT_S = 30.0


class ScriptedServer:
    """A context manager: the process of `benchmarks.model_server`, and its control."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.model_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    @property
    def base_url(self) -> str:
        """What a provider is configured with."""
        return f"http://127.0.0.1:{self.port}/v1"

    def play(self, script: Script) -> None:
        """Answer so from now on, and forget the turns so far."""
        self._ask("POST", "/script", json.dumps(asdict(script)))

    def turns(self) -> list[Turn]:
        """The turns since then."""
        return [Turn(**turn) for turn in self._ask("GET", "/turns")]

    def wait(self, until: Callable[[list[Turn]], bool]) -> list[Turn]:
        """The turns, as soon as this holds of them."""
        end = time.monotonic() + WAIT_S
        while not until(turns := self.turns()):
            if time.monotonic() > end:
                raise TimeoutError(f"nothing of the kind within {WAIT_S} s")
            time.sleep(0.01)
        return turns

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()
