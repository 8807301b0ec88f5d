"""What a person sees at a terminal while a llama.cpp server of their own loads, and reads a long prompt."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from codex_ls.embedded.catalog import SMOLLM
from tests.cli.command import SECONDS, Command
from tests.doctor.world import Listener, forwarder, free_port

pytestmark = pytest.mark.model

SERVER = Path(__file__).with_name("llamacpp_process.py")
LONG = " ".join(f"Line {number} says nothing new." for number in range(180))
"""About 1,400 tokens: many batches of 32."""
INSIDE = re.compile(r"reading the prompt ([1-9]\d?)%")
"""What stands there when some of it has been read, and not all."""


class OwnServer:
    """A llama.cpp that is started when somebody connects for the first time.

    What connects waits until llama.cpp listens, which is long before its model is loaded.
    """

    def __init__(self, model: Path) -> None:
        self._command = [sys.executable, str(SERVER), str(model)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._port = free_port()
        self.front = Listener(self._serve, "127.0.0.1")

    def __enter__(self) -> "OwnServer":
        self.front.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.front.__exit__(None, None, None)

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    [*self._command, str(self._port)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )

    def _serve(self, connection: socket.socket) -> None:
        self.start()
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        forwarder(self._port)(connection)

    def wait_until(self, *, busy: bool) -> None:
        """Wait until its slot is in use, or is free."""
        deadline = time.monotonic() + SECONDS
        while True:
            slots = httpx.get(f"http://127.0.0.1:{self._port}/slots", timeout=SECONDS).json()
            if any(slot["is_processing"] for slot in slots) == busy:
                return
            assert time.monotonic() < deadline, f"busy was not {busy}"
            time.sleep(0.2)  # faster looks hide what one wants to see


@pytest.fixture
def own_server(fetched_models: Path) -> Iterator[OwnServer]:
    with OwnServer(fetched_models / SMOLLM.file) as server:
        yield server


@pytest.fixture
def command(tmp_path: Path, own_server: OwnServer) -> Command:
    command = Command(tmp_path)
    command.write_config(
        'model = "own"\nmodel_provider = "llamacpp"\nmodel_max_output_tokens = 8\n'
        f'[model_providers.llamacpp]\nbase_url = "http://127.0.0.1:{own_server.front.port}/v1"\n'
    )
    return command


def test_loading_is_shown_while_it_loads(command: Command) -> None:
    with command.start_at_terminal("exec", "--thinking", "off", "Say hello.") as terminal:
        terminal.until("loading own, ")
        done = terminal.finish()
    assert done.exit_code == 0
    assert done.out.rstrip().endswith("FIGURES")


def test_the_prompt_that_is_read_moves(command: Command, own_server: OwnServer) -> None:
    own_server.start()
    with command.start_at_terminal("exec", "--thinking", "off", LONG) as terminal:
        percentages = [int(number) for number in terminal.until_all(INSIDE, times=3)]
        done = terminal.finish()
    assert percentages == sorted(percentages)
    assert done.exit_code == 0


def test_stopped_while_it_reads_the_slot_is_free(command: Command, own_server: OwnServer) -> None:
    own_server.start()
    with command.start_at_terminal("exec", LONG) as terminal:
        terminal.until_all(INSIDE, times=1)
        own_server.wait_until(busy=True)
        terminal.type("\x03")
        done = terminal.finish()
    assert done.exit_code == 130
    assert done.out.rstrip().endswith("interrupted")
    own_server.wait_until(busy=False)


def test_a_prompt_longer_than_its_window_is_refused_with_both_numbers(
    command: Command, own_server: OwnServer
) -> None:
    own_server.start()
    done = command.run("exec", "-", stdin=b"many words " * 3_000)  # counted well within 0.2 s
    assert done.exit_code == 1
    told = re.match(
        r"error: The prompt has (\d+) tokens, and the model's window is 4096\.\n", done.err
    )
    assert told is not None, done.err
    assert int(told[1]) > 6_000  # counted by its own tokenizer, not estimated
