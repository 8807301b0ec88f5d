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
HEAVY = {"lsprotocol", "attr", "cattrs", "xllamacpp", "unittest"}

HTTPX_COMMAND = ("click", "rich", "pygments", "markdown_it", "mdurl")
"""What httpx imports for its own command line, where a development tool has installed it."""


def loaded(path: Path) -> set[str]:
    assert path.exists(), "nothing of the kind was sent through a socket or os.write"
    modules = path.read_text().split()
    return {name for name in modules if name.partition(".")[0] not in HTTPX_COMMAND}


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
    assert tops(modules).isdisjoint(HEAVY | {"pygls", "pydantic"})
    assert not [name for name in modules if name.startswith("codex_ls.wire.families")]
    assert len(modules) <= 410
    # A question of two characters is no prompt of thousands of tokens (four characters are one).
    said = json.dumps({key: body[key] for key in ("messages", "tools") if key in body})
    assert len(said) / 4 <= 150
    assert len(json.dumps(body)) <= 600


HELLO: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
NEEDED_LATER = {"xllamacpp", "opentelemetry", "keyring", "websockets", "unittest"}


def test_initialize_is_answered_before_what_few_need_is_loaded(tmp_path: Path) -> None:
    command, found = Command(home=tmp_path), tmp_path / "modules"
    python = (PROBE, str(found), "Content-Length")
    done = command.run("serve", stdin=frame(INITIALIZE), python=python)
    assert '"capabilities"' in done.out
    modules = loaded(found)
    assert tops(modules).isdisjoint(NEEDED_LATER)
    assert not [name for name in modules if name.startswith("codex_ls.doctor")]


def test_a_question_right_after_initialize_is_sent_before_the_decoders_are_loaded(
    tmp_path: Path,
) -> None:
    command, found = Command(home=tmp_path), tmp_path / "modules"
    initialized = {"jsonrpc": "2.0", "method": "initialized", "params": {}}
    ask = {"jsonrpc": "2.0", "id": 2, "method": "codex/exec", "params": {"prompt": "hi"}}
    with ModelServer(chat_stream(content=["4"])) as server:
        command.configure(server.base_url)
        python = (PROBE, str(found), "POST ")
        with command.start("serve", stdin=subprocess.PIPE, python=python) as running:
            stdin = running.process.stdin
            assert stdin is not None
            stdin.write(frame(INITIALIZE) + frame(initialized) + frame(ask))
            stdin.flush()
            server.turn_blocking(0)
            assert '"status":"completed"' in running.out_until('"status"').replace(" ", "")
    modules = loaded(found)
    assert "anyio._backends._asyncio" in modules
    assert not [name for name in modules if name.startswith("codex_ls.wire.families")]
