"""What is loaded before the first byte goes out: each module is time that somebody waits.

The limits are what was measured and a quarter more. Timed it would depend on the machine; counted it
does not.
"""

import json
import subprocess
from pathlib import Path

from tests.cli.command import Command
from tests.support.lsp_client import frame
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

PROBE = str(Path(__file__).with_name("modules_when_sent.py"))
HEAVY = {"httpx", "lsprotocol", "attr", "cattrs", "pydantic", "xllamacpp", "unittest"}


def loaded(path: Path) -> set[str]:
    assert path.exists(), "nothing of the kind was sent through a socket or os.write"
    return set(path.read_text().split())


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_the_shell_loads_little_before_its_request_is_out(tmp_path: Path) -> None:
    command, found = Command(home=tmp_path), tmp_path / "modules"
    with ModelServer(chat_stream(content=["4"])) as server:
        command.configure(server.base_url)
        done = command.run("exec", "hi", python=(PROBE, str(found), "POST "))
        body = server.turn_blocking(0).json
    assert done.exit_code == 0, done.err
    modules = loaded(found)
    assert tops(modules).isdisjoint(HEAVY | {"pygls"})
    assert len(modules) <= 260
    # A question of two characters is no prompt of thousands of tokens (four characters are one).
    said = json.dumps({key: body[key] for key in ("messages", "tools") if key in body})
    assert len(said) / 4 <= 150
    assert len(json.dumps(body)) <= 600


HELLO: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
ASK = {"jsonrpc": "2.0", "id": 2, "method": "codex/exec", "params": {"prompt": "hi"}}


def test_initialize_is_answered_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    command, found = Command(home=tmp_path), tmp_path / "modules"
    python = (PROBE, str(found), "Content-Length")
    done = command.run("serve", stdin=frame(INITIALIZE), python=python)
    assert '"capabilities"' in done.out
    modules = loaded(found)
    assert tops(modules).isdisjoint(HEAVY)
    assert len(modules) <= 370


def test_a_first_question_waits_for_nothing_heavy_either(tmp_path: Path) -> None:
    command, found = Command(home=tmp_path), tmp_path / "modules"
    python = (PROBE, str(found), "POST ")
    with ModelServer(chat_stream(content=["4"])) as server:
        command.configure(server.base_url)
        with command.start("serve", stdin=subprocess.PIPE, python=python) as running:
            assert running.process.stdin is not None
            running.process.stdin.write(frame(INITIALIZE) + frame(ASK))
            running.process.stdin.flush()
            server.turn_blocking(0)
    assert tops(loaded(found)).isdisjoint(HEAVY)
