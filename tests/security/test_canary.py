"""A planted key, looked for in everything that can be seen of a run: it is in one header, and nowhere else.

The whole suites of the command line and of the language server plant it too (`tests/support/canary.py`).
"""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from codex_ls.embedded.catalog import SMOLLM
from codex_ls.embedded.engine import start_engine
from tests.cli.command import Command
from tests.support import canary
from tests.support.llamacpp import engine_environment
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.streams import Cut, Gate, chat_chunk, chat_stream, error_answer, sse_answer

ANSWERS = {
    "an answer": chat_stream(reasoning=["hm"], content=["yes"], usage=(3, 2)),
    "401 that quotes it": error_answer(401, f"Bearer {canary.KEY} is wrong"),
    "500 that quotes it": error_answer(500, f"crashed at {canary.KEY}"),
    "a stream that quotes it": sse_answer(
        chat_chunk({"content": "a"}), b'data: {"error": "%s"}\n\n' % canary.KEY.encode()
    ),
    "a cut": sse_answer(chat_chunk({"content": "a"}), Cut.RESET),
    "nothing": sse_answer(),
}
WAYS = {
    "a variable": 'env_key = "CANARY_VALUE"',
    "a header of the config": f'http_headers = {{ Authorization = "Bearer {canary.KEY}" }}',
    "a header of the environment": 'env_http_headers = { Authorization = "CANARY_VALUE" }',
}


def configure(home: Path, server: ModelServer, way: str) -> None:
    home.joinpath("config.toml").write_text(
        f"""
        model = "m"
        model_provider = "p"
        [model_providers.p]
        base_url = "{server.base_url}"
        request_max_retries = 0
        {WAYS[way]}
        """
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("way", WAYS)
def test_a_command_sends_it_and_shows_it_nowhere(
    home: Path, server: ModelServer, way: str, name: str
) -> None:
    configure(home, server, way)
    server.always(ANSWERS[name])
    command = Command(home)  # whose every run is looked through, with its folder
    for result in (
        command.run("exec", "--json", "x", CODEX_LS_LOG="trace"),
        command.run("exec", "--json", "x", RUST_LOG="trace"),
    ):
        assert "DEBUG" in result.err
    assert [canary.is_in(request.headers["authorization"]) for request in server.turns] == [
        True
    ] * 2


@pytest.mark.parametrize("way", WAYS)
def test_what_is_safe_to_paste_does_not_hold_it(home: Path, server: ModelServer, way: str) -> None:
    configure(home, server, way)
    server.route("GET", "/v1/models", error_answer(401, f"no such key: {canary.KEY}"))
    server.always(ANSWERS["401 that quotes it"])
    command = Command(home)
    for arguments in (("doctor",), ("doctor", "--json"), ("models", "-p", "w"), ("profiles",)):
        command.run(*arguments, CODEX_LS_LOG="debug")
    assert any(
        canary.is_in(request.headers.get("authorization", "")) for request in server.requests
    )


CRASH = """
import sys
from codex_ls.turn.record import TurnRecord
def add_content(self, text, came):
    raise RuntimeError("a fault of our own")
TurnRecord._add_content = add_content
from codex_ls.cli import main
sys.argv = ["codex-ls", "exec", "x"]
main()
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_crash_does_not_tell_it(home: Path, server: ModelServer, way: str) -> None:
    configure(home, server, way)
    server.always(ANSWERS["an answer"])
    result = Command(home).run(
        python=("-X", "faulthandler", "-X", "dev", "-c", CRASH), RUST_LOG="debug"
    )
    assert "RuntimeError: a fault of our own" in result.err
    assert canary.is_in(server.turns[0].headers["authorization"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGABRT")
def test_a_dump_of_the_dying_process_does_not_tell_it(home: Path, server: ModelServer) -> None:
    configure(home, server, "a variable")
    gate = Gate()
    server.always(chat_stream(content=["a", gate, "b"]))
    with Command(home).start(
        "exec", "x", python=("-X", "faulthandler", "-m", "codex_ls")
    ) as running:
        gate.reached.wait_blocking()
        os.kill(running.process.pid, signal.SIGABRT)
        result = running.finish()
    assert "Fatal Python error: Aborted" in result.err
    canary.check_folder(home)


async def test_a_client_that_hands_it_over_never_gets_it_back(home: Path) -> None:
    async with ModelServer(error_answer(401, canary.KEY), error_answer(401, canary.KEY)) as model:
        configure(home, model, "a variable")
        errors = home / "stderr"
        env = {"CODEX_HOME": str(home), "RUST_LOG": "trace"}
        with errors.open("wb") as file:
            async with LspClient.spawned(env=env, stderr=file.fileno()) as client:
                client.answers["codex/secret"] = lambda _: {"value": canary.KEY}
                secret = {"experimental": {"codex": {"protocolVersion": 1, "secret": True}}}
                await client.initialize(capabilities=secret)
                await client.notify("$/setTrace", {"value": "verbose"})
                for _ in range(2):
                    call = await client.send("codex/exec", {"prompt": "x", "workDoneToken": "t"})
                    assert (await call.error())["data"]["kind"] == "unauthorized"
                await (await client.send("codex/doctor", {})).reply(seconds=60)
                assert await client.leave() == 0
        assert [canary.is_in(turn.headers["authorization"]) for turn in model.turns[:2]] == [
            True,
            True,
        ]
    canary.check("what the client was sent", json.dumps(client.messages, ensure_ascii=False))
    canary.check_folder(home)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_no_process_has_it_among_its_arguments(home: Path, server: ModelServer) -> None:
    configure(home, server, "a header of the config")
    gate = Gate()
    server.always(chat_stream(content=["a", gate, "b"]))
    with Command(home).start("exec", "x") as running:
        gate.reached.wait_blocking()
        for arguments in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                canary.check(str(arguments), arguments.read_bytes())
            except OSError:
                continue  # it has just ended, or is somebody else's
        gate.open()
        assert running.finish().out == "ab\n"


@pytest.mark.model
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_the_built_in_engine_is_not_given_it(
    fetched_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (*canary.ENV.items(), ("OPENAI_API_KEY", canary.KEY)):
        monkeypatch.setenv(name, value)
    engine = await start_engine(SMOLLM.name, env=engine_environment(fetched_models))
    try:
        for what in ("environ", "cmdline"):
            canary.check(what, Path(f"/proc/{engine.pid}/{what}").read_bytes())  # noqa: ASYNC240
        assert b"PATH=" in Path(f"/proc/{engine.pid}/environ").read_bytes()  # noqa: ASYNC240
    finally:
        await engine.close()


def test_the_watch_sees_every_form() -> None:
    from base64 import b64encode
    from urllib.parse import quote

    for form in (canary.KEY, quote(canary.KEY, safe=""), b64encode(canary.KEY.encode()).decode()):
        assert canary.is_in(f"x{form}y")
    assert not canary.is_in("canary")
