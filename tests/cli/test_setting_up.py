"""From nothing to a profile that answers: discover, init, profile use, doctor."""

import json
import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.command import Command, Result
from tests.support.answers import json_answer, models_answer
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream


@pytest.fixture
def server(server: ModelServer) -> ModelServer:
    """vLLM, with two models."""
    nothing = json_answer({"detail": "Not Found"}, status=404)
    for path in ("/props", "/health", "/api/version"):
        server.route("GET", path, nothing)
    server.route("GET", "/version", json_answer({"version": "0.11.0"}))
    models = [{"id": "nomic-embed"}, {"id": "qwen3", "max_model_len": 32768}]
    server.route("GET", "/v1/models", json_answer({"data": models}))
    server.always(chat_stream(content=["Four."]))
    return server


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(home=tmp_path)


def test_what_runs_here(server: ModelServer, command: Command) -> None:
    port = ("--port", str(server.port))
    assert command.run("discover", *port) == Result(
        0,
        f"vLLM 0.11.0 at http://localhost:{server.port}\n"
        "  nomic-embed, loaded\n"
        "  qwen3, loaded, 32,768 tokens\n",
        "hint: codex-ls init writes a profile for one of them.\n",
    )
    assert json.loads(command.run("discover", "--json", *port).out) == {
        "servers": [
            {
                "kind": "vllm",
                "version": "0.11.0",
                "origin": f"http://localhost:{server.port}",
                "baseUrl": f"http://localhost:{server.port}/v1",
                "models": [
                    {"name": "nomic-embed", "loaded": True},
                    {"name": "qwen3", "loaded": True, "contextWindow": 32768},
                ],
            }
        ],
        "silent": [],
    }


def test_nothing_runs_here(command: Command) -> None:
    done = command.run("discover", "--port", "1")
    assert (done.exit_code, done.err) == (1, "")
    assert done.out.startswith("No model server answers on this machine at port 1.\nhint: ")
    assert command.run("init", "--port", "1").exit_code == 1
    assert command.run("discover", "--port", "70000").exit_code == 2


def test_what_takes_connections_and_says_nothing_is_named(
    server: ModelServer, command: Command
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        port = hanging.getsockname()[1]
        note = f"note: something at http://localhost:{port} accepts connections but does not answer; it may be busy or hung\n"
        alone = command.run("discover", "--port", str(port))
        assert alone.exit_code == 1
        assert alone.out == (
            f"No model server answers on this machine at port {port}.\n{note}"
            "hint: restart the program there, or wait until it responds.\n"
        )
        ports = ("--port", str(port), "--port", str(server.port))
        both = command.run("discover", *ports)
        assert both.exit_code == 0
        assert both.err == f"{note}hint: codex-ls init writes a profile for one of them.\n"
        told = json.loads(command.run("discover", "--json", *ports).out)
        assert told["silent"] == [f"http://localhost:{port}"]


WATCHED = """
import sys
asked = set()
def watch(event, arguments):
    if event == "socket.connect":
        asked.add(arguments[1][0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        asked.add(arguments[0])
sys.addaudithook(watch)
from codex_ls.cli import run
run(sys.argv[1:])
print(sorted(asked))
"""


def test_nobody_but_this_machine_is_asked(command: Command) -> None:
    """Whatever listens on the usual ports here, and whatever the environment says of proxies."""
    proxy = "http://proxy.invalid:3128"
    variables = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), proxy)
    done = replace(command, env=variables).run("discover", python=("-c", WATCHED))
    assert done.out.splitlines()[-1] == "['127.0.0.1', '::1']"


def config_for(server: ModelServer) -> str:
    return (
        'model = "qwen3"\n'
        f'model_provider = "local-{server.port}"\n\n'
        f"[model_providers.local-{server.port}]\n"
        'name = "vLLM"\n'
        f'base_url = "http://localhost:{server.port}/v1"\n'
    )


def test_from_nothing_to_an_answer(server: ModelServer, command: Command) -> None:
    done = command.run("init", "--yes", "--port", str(server.port))
    profile, own = command.home / "vllm.config.toml", command.home / "codex-ls.toml"
    assert done.exit_code == 0, done
    assert profile.read_text() == config_for(server)
    assert own.read_text() == 'profile = "vllm"\n'
    assert '+profile = "vllm"\n' in done.out
    assert not (command.home / "config.toml").exists()
    assert command.run("exec", "2 + 2?").out == "Four.\n"
    assert server.turns[0].json["model"] == "qwen3"
    again = command.run("init", "--yes", "--port", str(server.port))
    assert again == Result(0, "The configuration is already up to date.\n", "")


def test_nothing_is_written_without_a_yes(server: ModelServer, command: Command) -> None:
    port = ("--port", str(server.port))
    done = command.run("init", *port)
    assert (done.exit_code, done.err) == (
        2,
        "error: Nothing was written: there is no terminal to ask on.\nhint: Add --yes to write without asking.\n",
    )
    with command.start_at_terminal("init", *port) as terminal:
        terminal.until("[y/N] ")
        terminal.type("n\n")
        assert terminal.finish().exit_code == 1
    assert list(command.home.glob("*.toml")) == []
    with command.start_at_terminal("init", *port) as terminal:
        terminal.until("[y/N] ")
        terminal.type("y\n")
        assert terminal.finish().exit_code == 0
    assert (command.home / "vllm.config.toml").read_text() == config_for(server)


def test_what_is_in_the_file_stays(server: ModelServer, command: Command) -> None:
    mine = '# mine\nmodel = "x"  # for now\n\n[profiles.a]\nmodel = "x"\n'
    command.write_config(mine)
    port = ("--port", str(server.port))
    assert command.run("init", "--yes", "--name", "here", *port).exit_code == 0
    assert (command.home / "config.toml").read_text() == mine
    assert (command.home / "here.config.toml").read_text() == config_for(server)
    assert not (command.home / "codex-ls.toml").exists()
    for name in ("a", "embedded", "../up", "my own", "a.b"):
        done = command.run("init", "--yes", "--name", name, *port)
        assert (done.exit_code, done.out) == (2, "")
    assert command.run("init", "--yes", "--model", "no-such", *port).exit_code == 2


def test_what_codex_does_not_start_with_leaves_the_file(
    server: ModelServer, command: Command
) -> None:
    """And nothing changes for this program."""
    command.write_config(
        '# mine\nprofile = "a"  # for now\n\n'
        '[model_providers.lab]  # ours\nbase_url = "http://localhost:1/v1"\nwire_api = "chat"\n\n'
        '# the proxy\n[model_providers.openai]\nbase_url = "http://localhost:2/v1"\n\n'
        '[profiles.a]\nmodel = "x"\nmodel_provider = "lab"\n'
    )
    done = command.run("init", "--yes", "--port", str(server.port))
    assert done.exit_code == 0, done
    assert (command.home / "config.toml").read_text() == (
        "# mine\n\n"
        '[model_providers.lab]  # ours\nname = "lab"\nbase_url = "http://localhost:1/v1"\n\n'
        '[profiles.a]\nmodel = "x"\nmodel_provider = "lab"\n'
    )
    assert (command.home / "codex-ls.toml").read_text() == (
        'profile = "a"\n\n# the proxy\n[model_providers.openai]\nbase_url = "http://localhost:2/v1"\n'
    )
    assert (command.home / "config.toml.bak").exists()
    assert json.loads(command.run("profiles", "--json").out)["active"] == "a"
    assert "# Codex starts only after this change; codex-ls behaves the same with it.\n" in done.out


def test_how_to_try_a_profile_that_is_not_the_active_one(
    server: ModelServer, command: Command
) -> None:
    command.write_config('model = "gpt-5"\n')
    done = command.run("init", "--yes", "--name", "mine", "--port", str(server.port))
    assert done.out.endswith(
        'Try it: codex-ls exec --profile mine "What is 2 + 2?"\n'
        "codex-ls profile use mine makes it the active one.\n"
        "With Codex: codex --profile mine\n"
    )
    (command.home / "mine.config.toml").unlink()
    command.write_config("")
    done = command.run("init", "--yes", "--port", str(server.port))
    assert done.out.endswith(
        'Try it: codex-ls exec "What is 2 + 2?"\nWith Codex: codex --profile vllm\n'
    )


OWN_APIS = [
    (
        "lmstudio",
        {"/api/v1/models": {"models": [{"type": "llm", "key": "m", "loaded_instances": []}]}},
        "reports loading and prompt progress (LM Studio 0.4).\n",
    ),
    (
        "ollama",
        {"/api/version": {"version": "0.12.0"}, "/api/tags": {"models": [{"name": "m"}]}},
        "requests the context window that a turn needs and reports loading time.\n",
    ),
]


@pytest.mark.parametrize(("kind", "routes", "more"), OWN_APIS, ids=["lmstudio", "ollama"])
def test_a_servers_own_api_is_proposed_where_codex_does_not_read_it(
    server: ModelServer, command: Command, kind: str, routes: dict[str, object], more: str
) -> None:
    for path, answer in routes.items():
        server.route("GET", path, json_answer(answer))
    port = ("--port", str(server.port))
    done = command.run("init", "--yes", *port)
    table = f"[model_providers.local-{server.port}]"
    assert done.out.endswith(
        f'With Codex: codex --profile {kind}\nwire_api = "{kind}" under {table} in codex-ls.toml,'
        f" which Codex does not read, {more}"
    )
    own = command.home / "codex-ls.toml"
    own.write_text(f'{own.read_text()}\n{table}\nwire_api = "{kind}"\n')
    done = command.run("init", "--yes", "--name", "again", *port)
    assert done.exit_code == 0
    assert more not in done.out
    profiles = json.loads(command.run("profiles", "--json").out)["profiles"]
    assert [profile["wireApi"] for profile in profiles] == [kind, kind, "chat"]


def test_a_server_of_no_known_kind_makes_a_local_profile(
    server: ModelServer, command: Command
) -> None:
    server.route("GET", "/version", json_answer({"detail": "Not Found"}, status=404))
    done = command.run("init", "--yes", "--port", str(server.port), "--model", "qwen3")
    assert done.exit_code == 0
    assert (command.home / "local.config.toml").read_text().startswith('model = "qwen3"\n')


def test_a_profile_without_a_name_is_refused(command: Command) -> None:
    done = command.run("init", "--yes", "--name", " ", "--port", "1")
    assert (done.exit_code, done.err.splitlines()[0]) == (2, "error: A profile needs a name.")


# ---- profile use -------------------------------------------------------------------------------

TWO = '[profiles.a]\nmodel = "gpt-x"\n\n[profiles.b]\nmodel = "gpt-y"\n'


def test_a_profile_becomes_the_active_one(command: Command) -> None:
    command.write_config(f'profile = "a"\n\n{TWO}')
    done = command.run("profile", "use", "b", "--yes")
    assert done.exit_code == 0
    assert done.out.endswith("With Codex: codex --profile b\n")
    assert (command.home / "config.toml").read_text() == '[profiles.a]\nmodel = "gpt-x"\n'
    assert (command.home / "b.config.toml").read_text() == 'model = "gpt-y"\n'
    assert (command.home / "codex-ls.toml").read_text() == 'profile = "b"\n'
    assert json.loads(command.run("profiles", "--json").out)["active"] == "b"
    again = command.run("profile", "use", "b")
    assert again == Result(0, "The configuration is already up to date.\n", "")
    assert command.run("profile", "use", "embedded", "--yes").exit_code == 0
    assert (command.home / "codex-ls.toml").read_text() == 'profile = "embedded"\n'


@pytest.mark.parametrize("option", [(), ("--workspace",)])
def test_a_profile_that_cannot_be_used_is_not_chosen(
    command: Command, option: tuple[str, ...]
) -> None:
    command.write_config(TWO)
    done = command.run("profile", "use", "c", "--yes", *option)
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("error: There is no profile `c`.\nhint: ")
    assert [path.name for path in command.home.iterdir()] == ["config.toml"]


def test_a_table_that_cant_be_moved_stays_and_works(command: Command) -> None:
    command.write_config('profiles = { a = { model = "gpt-x" } }\n')
    done = command.run("profile", "use", "a", "--yes")
    assert (done.exit_code, done.err) == (0, "")
    assert (command.home / "config.toml").read_text() == 'profiles = { a = { model = "gpt-x" } }\n'
    assert "With Codex" not in done.out
    assert "does not read [profiles.a]" in command.run("profiles").err


def test_a_profile_is_put_into_use_for_a_workspace(command: Command) -> None:
    command.write_config(TWO)
    settings = command.home / ".vscode" / "settings.json"
    assert command.run("profile", "use", "b", "--workspace", "--yes").exit_code == 0
    assert settings.read_text() == '{\n  "codex.profile": "b"\n}\n'
    assert command.run("profile", "use", "a", "--workspace", "--yes").exit_code == 0
    assert settings.read_text() == '{\n  "codex.profile": "a"\n}\n'
    assert (command.home / "config.toml").read_text() == TWO


def test_a_workspace_keeps_its_line_ends_and_lets_others_read(command: Command) -> None:
    command.write_config(TWO)
    settings = command.home / ".vscode" / "settings.json"
    umask = os.umask(0o022)
    try:
        assert command.run("profile", "use", "b", "--workspace", "--yes").exit_code == 0
    finally:
        os.umask(umask)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (settings.parent, settings)] == [
        0o755,
        0o644,
    ]
    settings.write_bytes(b'\xef\xbb\xbf{\r\n\t"a": [1,],\r\n}\r\n')
    assert command.run("profile", "use", "a", "--workspace", "--yes").exit_code == 0
    assert settings.read_bytes() == (
        b'\xef\xbb\xbf{\r\n\t"codex.profile": "a",\r\n\t"a": [1,],\r\n}\r\n'
    )


# ---- doctor ------------------------------------------------------------------------------------


def test_the_doctor_says_that_all_is_well(server: ModelServer, command: Command) -> None:
    command.write_config(config_for(server))
    done = command.run("doctor")
    assert (done.exit_code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "ok       Configuration  ~/config.toml, with the profile embedded."
    assert "ok       Server         Detected vLLM 0.11.0." in lines
    assert lines[-1] == "All checks passed."
    told = json.loads(command.run("doctor", "--json").out)
    assert {check["status"] for check in told["checks"]} <= {"ok", "skipped"}


def test_the_doctor_asks_another_model_with_another_effort(
    server: ModelServer, command: Command
) -> None:
    command.write_config(config_for(server))
    done = command.run("doctor", "-m", "nomic-embed", "--effort", "low")
    assert done.exit_code == 0
    assert {(turn.json["model"], turn.json["reasoning_effort"]) for turn in server.turns} == {
        ("nomic-embed", "low")
    }


def test_the_doctor_names_what_is_wrong(server: ModelServer, command: Command) -> None:
    command.write_config(config_for(server).replace('"qwen3"', '"qwen-3"'))
    server.route("GET", "/v1/models", models_answer("qwen3"))
    done = command.run("doctor")
    assert done.exit_code == 1
    assert (
        "failed   Model          vLLM does not have the model qwen-3. Available: qwen3.\n"
        '                        hint: Write model = "qwen3".\n' in done.out
    )
    assert done.out.endswith("\n1 check failed: Model.\n")
    assert command.run("doctor", "--profile", "nope").exit_code == 1
    assert server.turns == []


def test_no_key_is_in_what_the_doctor_prints(server: ModelServer, command: Command) -> None:
    text = config_for(server).replace('name = "vLLM"', 'name = "vLLM"\nenv_key = "MY_KEY"')
    command.write_config(text)
    done = command.run("doctor", "--json", MY_KEY="canary-1234567")
    assert done.exit_code == 0
    assert "canary" not in done.out + done.err
    assert {request.headers["authorization"] for request in server.requests} == {
        "Bearer canary-1234567"
    }


# ---- models ------------------------------------------------------------------------------------


def test_the_models_of_a_server(server: ModelServer, command: Command) -> None:
    (command.home / "vllm.config.toml").write_text(config_for(server))
    assert command.run("models", "--profile", "vllm") == Result(
        0, "  nomic-embed, loaded\n* qwen3, loaded, 32,768 tokens\n", ""
    )
    assert json.loads(command.run("models", "-p", "vllm", "--json").out) == {
        "models": [
            {"name": "nomic-embed", "loaded": True},
            {"name": "qwen3", "loaded": True, "contextWindow": 32768},
        ]
    }


def test_models_that_cant_be_listed_are_told_as_a_turn_would(
    server: ModelServer, command: Command
) -> None:
    (command.home / "vllm.config.toml").write_text(config_for(server))
    server.route("GET", "/v1/models", json_answer({"error": {"message": "no"}}, status=401))
    done = command.run("models", "--profile", "vllm")
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("error: The model server says: no\nhint: Check the key")


def test_a_server_that_is_not_there_is_said_to_be_so(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    command.write_config(
        'profile = "a"\n[model_providers.a]\nname = "Mine"\n'
        f'base_url = "http://127.0.0.1:{port}/v1"\n'
        '[profiles.a]\nmodel = "m"\nmodel_provider = "a"\n'
    )
    assert command.run("models", "--profile", "a") == Result(
        1,
        "",
        f"error: Mine does not listen at http://127.0.0.1:{port}.\n"
        "hint: Run codex-ls doctor for details.\n",
    )
