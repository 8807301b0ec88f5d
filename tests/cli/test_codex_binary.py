"""What this program writes and says of config.toml, held against the real Codex CLI."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_ls.config.codex_compatibility import refusals
from codex_ls.config.codex_migration import Texts, migrated
from codex_ls.config.load import load_config
from codex_ls.config.profile import list_profiles, resolve
from tests.cli.command import Command
from tests.support.answers import json_answer
from tests.support.codex_cli import NEW, OLD, Codex, codex_cli
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream, responses_stream

LAB = '[model_providers.lab]\nname = "Lab"\nbase_url = "http://127.0.0.1:9/v1"\n'
TOP = 'model = "m"\nmodel_provider = "lab"\n'
GRANULAR = "{ sandbox_approval = true, rules = true, mcp_elicitations = true }"

REFUSED = {
    "a selector": f'profile = "x"\n{TOP}{LAB}[profiles.x]\nmodel = "m2"\n',
    "a selector of nothing": f'profile = "lost"\n{TOP}{LAB}',
    "chat": f'{TOP}{LAB}wire_api = "chat"\n',
    "chat of a provider that is not used": f'{TOP}{LAB}[model_providers.z]\nname = "Z"\n'
    'base_url = "http://127.0.0.1:9/v1"\nwire_api = "chat"\n',
    "ollama's own API": f'{TOP}{LAB}wire_api = "ollama"\n',
    "lm studio's own API": f'{TOP}{LAB}wire_api = "lmstudio"\n',
    "no name": f'{TOP}[model_providers.lab]\nbase_url = "http://127.0.0.1:9/v1"\n',
    "a blank name": f'{TOP}[model_providers.lab]\nname = " "\nbase_url = "http://127.0.0.1:9/v1"\n',
    "openai": f"{TOP}{LAB}[model_providers.openai]\nrequest_max_retries = 1\n",
    "ollama": f"{TOP}{LAB}[model_providers.ollama]\n",
    "lmstudio": f'{TOP}{LAB}[model_providers.lmstudio]\nwire_api = "responses"\n',
    "a policy without its parts": f"approval_policy = {{ granular = {{ rules = true }} }}\n{TOP}{LAB}",
    "an old policy": f"approval_policy = {{ reject = {{ rules = true }} }}\n{TOP}{LAB}",
    "all together": f'# mine\nprofile = "x"\n{TOP}\n[model_providers.lab] # ours\n'
    'base_url = "http://127.0.0.1:9/v1"\nwire_api = "ollama" # why\n\n# the proxy\n'
    '[model_providers.openai]\nbase_url = "http://127.0.0.1:9/v1"\nwire_api = "chat"\n'
    '[model_providers.openai.http_headers]\nX-A = "b"\n\n[profiles.x]\nmodel = "m2"\n',
}
REFUSED_WHEN_ASKED = {
    "vllm": 'model = "m"\nmodel_provider = "vllm"\n',
    "the built-in model": 'model = "qwen2.5-coder-1.5b"\nmodel_provider = "embedded"\n',
    "oss": 'model = "m"\nmodel_provider = "oss"\n',
    "ollama-chat": 'model = "m"\nmodel_provider = "ollama-chat"\n',
}
ACCEPTED = {
    "nothing": "",
    "the usual": f"{TOP}{LAB}",
    "responses": f'{TOP}{LAB}wire_api = "responses"\n',
    "an empty table of openai": f"{TOP}{LAB}[model_providers.openai]\n",
    "a policy": f"approval_policy = {{ granular = {GRANULAR} }}\n{TOP}{LAB}",
    "keys of ours": f"local_only = true\ntemperature = 0.5\n{TOP}{LAB}connect_timeout_ms = 5\n"
    "temperature = 0.2\n[history]\nlog_text = true\n",
    "an address for openai": f'openai_base_url = "http://127.0.0.1:9/v1"\n{TOP}{LAB}',
    "bedrock": f'{TOP}{LAB}[model_providers.amazon-bedrock.aws]\nprofile = "x"\n',
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def new(home: Path) -> Codex:
    return codex_cli(NEW, home)


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_what_codex_starts_with_is_not_said_to_be_refused(new: Codex, text: str) -> None:
    (new.home / "config.toml").write_text(text)
    assert new.starts() == ""
    assert refusals(load_config(codex_home=new.home)) == ()


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_codex_refuses_is_named(new: Codex, text: str) -> None:
    (new.home / "config.toml").write_text(text)
    assert new.starts() != ""
    lines = refusals(load_config(codex_home=new.home))
    assert lines
    assert all(line.startswith("config.toml:") and "\n" not in line for line in lines)


@pytest.mark.parametrize("text", REFUSED_WHEN_ASKED.values(), ids=REFUSED_WHEN_ASKED)
def test_a_provider_that_codex_lacks_is_named(new: Codex, text: str) -> None:
    (new.home / "config.toml").write_text(text)
    assert new.ask().returncode != 0
    (line,) = refusals(load_config(codex_home=new.home))
    assert line.startswith("config.toml:2:1: the provider `")


@pytest.mark.parametrize(
    "text",
    [text for name, text in {**REFUSED, **REFUSED_WHEN_ASKED}.items() if "polic" not in name],
)
def test_codex_starts_with_what_is_left_and_nothing_changes_here(new: Codex, text: str) -> None:
    config, own = new.home / "config.toml", new.home / "codex-ls.toml"
    config.write_text(text)
    before = load_config(codex_home=new.home)
    texts = migrated(Texts(text, ""))
    config.write_text(texts.config)
    own.write_text(texts.own)
    assert new.starts() == ""
    after = load_config(codex_home=new.home)
    assert all("does not read [profiles." in line for line in refusals(after))
    assert after.default_profile == before.default_profile
    assert list_profiles(after) == list_profiles(before)
    for name in before.profiles:
        with_own, alone = resolve(after, profile=name), resolve(before, profile=name)
        assert with_own == alone
    assert migrated(texts) == texts
    assert after.problems == ()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server of an unknown kind with one model, over both APIs that the versions of Codex speak."""
    with ModelServer() as server:
        nothing = json_answer({"detail": "Not Found"}, status=404)
        for path in ("/props", "/health", "/api/version", "/version"):
            server.route("GET", path, nothing)
        server.route("GET", "/v1/models", json_answer({"data": [{"id": "qwen3"}]}))
        server.route("POST", "/v1/responses", responses_stream(content=["PONG"]))
        server.always(chat_stream(content=["PONG"]))
        yield server


BEFORE = {
    "nothing": None,
    "a cloud": 'model = "gpt-5.3-codex"\nmodel_reasoning_effort = "high"\n',
    **{name: text.replace("127.0.0.1:9", "localhost:PORT") for name, text in REFUSED.items()},
}


@pytest.mark.parametrize("text", [text for name, text in BEFORE.items() if "polic" not in name])
def test_codex_asks_with_the_profile_that_init_writes(
    new: Codex, server: ModelServer, text: str | None
) -> None:
    command = Command(new.home)
    if text is not None:
        command.write_config(text.replace("PORT", str(server.port + 1)))
    done = command.run("init", "--yes", "--name", "here", "--port", str(server.port))
    assert done.exit_code == 0, done
    assert new.starts() == ""
    asked = new.ask("--profile", "here")
    assert (asked.returncode, asked.stdout.strip()) == (0, "PONG"), asked.stderr
    assert server.turns[-1].path == "/v1/responses"
    assert server.turns[-1].json["model"] == "qwen3"
    assert command.run("exec", "--profile", "here", "ping").out == "PONG\n"
    assert server.turns[-1].path == "/v1/chat/completions"


def test_both_versions_of_codex_start_with_what_profile_use_leaves(
    new: Codex, server: ModelServer
) -> None:
    command = Command(new.home)
    provider = f'name = "Lab"\nbase_url = "http://localhost:{server.port}/v1"\n'
    command.write_config(
        'profile = "lab"\nmodel = "top"\nmodel_provider = "x"\n\n'
        f'[model_providers.x]\n{provider}wire_api = "chat"\n\n'
        '[profiles.lab]\nmodel = "in-lab"\n\n[profiles.other]\nmodel = "in-other"\n'
    )
    assert command.run("exec", "ping").out == "PONG\n"
    assert server.turns[-1].json["model"] == "in-lab"
    assert command.run("profile", "use", "other", "--yes").exit_code == 0
    for codex in (new, codex_cli(OLD, new.home)):
        done = codex.ask()
        assert done.returncode == 0, done.stderr
        assert "PONG" in done.stdout
        assert server.turns[-1].json["model"] == "top"
    done = new.ask("--profile", "other")
    assert (done.returncode, done.stdout.strip()) == (0, "PONG"), done.stderr
    assert server.turns[-1].json["model"] == "in-other"
    assert command.run("exec", "ping").out == "PONG\n"
    assert server.turns[-1].json["model"] == "in-other"
    assert command.run("exec", "--profile", "lab", "ping").out == "PONG\n"
    assert server.turns[-1].json["model"] == "in-lab"
