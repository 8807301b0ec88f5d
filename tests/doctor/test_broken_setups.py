"""The table of broken setups: each is named in one sentence, with the right next step.

A row arranges a setup on real sockets and says which check has to find it, with which status, and
word for word what it has to say; no check before it may complain.
"""

import dataclasses
import os
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from codex_ls.doctor.check import Check
from tests.doctor.world import World, forwarder, free_port, hang
from tests.support.answers import Answer, Cut, Pause, error_answer, json_answer, models_answer
from tests.support.streams import chat_stream, lmstudio_stream

PAGE = Answer((b"<!doctype html><title>My app</title>",), headers={"Content-Type": "text/html"})
Arrange = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """A broken setup, and what the doctor must say of it."""

    arrange: Arrange
    check: str
    status: str
    detail: str
    hint: str | None


ROWS: list[Row] = []


def row(check: str, status: str, detail: str, hint: str | None = None) -> Callable[[Arrange], None]:
    """Add a row to the table."""
    return lambda arrange: ROWS.append(Row(arrange, check, status, detail, hint))


# ---- config, profile, key ----------------------------------------------------------------------


@row(
    "config",
    "failed",
    "config.toml:2:9: this is not TOML: invalid value.",
    '~/home/config.toml, line 2, column 9: text needs quotes, as in model = "gpt-oss".',
)
async def bad_toml(world: World) -> None:
    world.write('profile = "a"\nmodel = gpt-oss\n')


@row(
    "config",
    "warning",
    "config.toml:1:1: there is no setting `modell`, so it does nothing.",
    "~/home/config.toml, line 1, column 1: did you mean `model`?",
)
async def a_typo(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url)
    text = (world.home / "config.toml").read_text()
    world.write(f'modell = "x"\n{text}')


@row(
    "profile",
    "failed",
    "There is no profile `clod`.",
    "The profiles in ~/home are cloud and embedded.",
)
async def wrong_profile(world: World) -> None:
    world.write('[profiles.cloud]\nmodel = "m"\n')
    world.profile = "clod"


@row(
    "profile",
    "failed",
    "Nothing in ~/home selects a model.",
    "Choose a profile (cloud and embedded), name a model, or set `profile` in ~/home/config.toml.",
)
async def no_profile(world: World) -> None:
    world.write('[profiles.cloud]\nmodel = "m"\n')


@row(
    "key",
    "failed",
    "Fake wants a key, and FAKE_KEY is not set.",
    "Set it where this program starts: export FAKE_KEY=...",
)
async def key_missing(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')


@row(
    "key",
    "failed",
    "The key in FAKE_KEY holds characters that no key has.",
    "Set it again: it may have been copied with quotes, blanks or a line end.",
)
async def key_with_a_line_end(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = "canary-1234\r\nX-Evil: 1"


@row(
    "server",
    "failed",
    "{origin} refused the key (FAKE_KEY) with 401.",
    "Check that the key is for this server, whole, and still valid.",
)
async def key_wrong(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", error_answer(401, "wrong key canary-1234"))
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = "canary-1234"


@row(
    "server",
    "failed",
    "{origin} wants a key (401), and none was sent.",
    'Add env_key = "MY_KEY" to the provider.',
)
async def key_not_configured(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", error_answer(401, "who are you?"))
    world.configure(server.base_url)


# ---- address and network -----------------------------------------------------------------------


@row(
    "address",
    "failed",
    "fake is at https://model.invalid:443, and only this machine is allowed.",
    "Choose a local profile, or turn localOnly off.",
)
async def not_on_this_machine(world: World) -> None:
    world.configure("https://model.invalid/v1")
    world.local_only = True


@row(
    "address",
    "warning",
    "base_url is http://0.0.0.0:{port}/v1: a server may listen on 0.0.0.0, but nobody lives there.",
    'Write base_url = "http://localhost:{port}/v1".',
)
async def address_copied_from_the_servers_log(world: World) -> None:
    server = await world.server()
    world.configure(f"http://0.0.0.0:{server.port}/v1")


@row(
    "name",
    "failed",
    "No address is known for no-such-host.invalid.",
    "Check the host in base_url, and the network.",
)
async def unknown_host(world: World) -> None:
    world.configure("http://no-such-host.invalid:1234/v1")


@row(
    "proxy",
    "warning",
    "http_proxy is set (http://127.0.0.1:9) and NO_PROXY does not name 127.0.0.1: codex-ls goes"
    " past the proxy to this machine, other programs do not.",
    "export NO_PROXY=localhost,127.0.0.1,::1",
)
async def proxy_that_catches_loopback(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url)
    world.env["http_proxy"] = "http://user:canary-1234@127.0.0.1:9"


@row(
    "connection",
    "failed",
    "Nothing listens at http://127.0.0.1:{port}.",
    "Start LM Studio's server: lms server start",
)
async def port_closed(world: World) -> None:
    world.names["port"] = free_port()
    world.configure(f"http://127.0.0.1:{world.names['port']}/v1", provider="lmstudio")


@row(
    "connection",
    "failed",
    "Nothing listens at http://localhost:{port}.",
    "Start Ollama: ollama serve. A model server answers at http://localhost:{neighbour}:"
    ' base_url = "http://localhost:{neighbour}/v1".',
)
async def another_server_is_running(world: World) -> None:
    server = await world.server()
    world.ports = (server.port,)
    port = free_port()
    world.configure(f"http://localhost:{port}/v1", provider="ollama")
    world.names |= {"port": port, "neighbour": server.port}


@row(
    "connection",
    "failed",
    "Nothing listens at http://127.0.0.1:{port}, but something does at [::1]:{port}.",
    'Write base_url = "http://[::1]:{port}/v1".',
)
async def ipv6_only(world: World) -> None:
    port = world.listen(hang, "::1")
    world.configure(f"http://127.0.0.1:{port}/v1")


@row(
    "connection",
    "failed",
    "http://127.0.0.1:{port} did not take the connection within 0.2 s.",
    "Check host and port; a firewall may drop it, or the machine is off.",
)
async def black_hole(world: World) -> None:
    full = world.stack.enter_context(socket.socket())
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    for _ in range(3):  # a queue that is full drops what comes
        waiting = world.stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
    world.names["port"] = full.getsockname()[1]
    world.configure(f"http://127.0.0.1:{world.names['port']}/v1", more="connect_timeout_ms = 200")


@row(
    "exposure",
    "warning",
    "The server on port {port} listens on every address: others on the network can use it.",
    "Start it with the host 127.0.0.1.",
)
async def bound_to_every_address(world: World) -> None:
    server = await world.server()
    port = world.listen(forwarder(server.port), "0.0.0.0")
    world.configure(f"http://127.0.0.1:{port}/v1")


# ---- TLS ---------------------------------------------------------------------------------------


def hang_in_tls(connection: socket.socket) -> None:
    with _TLS.wrap_socket(connection, server_side=True) as secure:
        hang(secure)


# On a slow machine both addresses of a name are tried at once, and the attempt that loses may be
# collected before its socket is closed (anyio's connect_tcp).
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)

_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(_TLS)


@row(
    "tls",
    "failed",
    "http://127.0.0.1:{port} speaks TLS, and base_url begins with http://.",
    'Write base_url = "https://127.0.0.1:{port}/v1".',
)
async def http_to_https(world: World) -> None:
    port = world.listen(hang_in_tls)
    world.configure(f"http://127.0.0.1:{port}/v1")


@row(
    "tls",
    "failed",
    "https://127.0.0.1:{port} speaks HTTP without TLS.",
    'Write base_url = "http://127.0.0.1:{port}/v1".',
)
async def https_to_http(world: World) -> None:
    server = await world.server()
    world.configure(f"https://127.0.0.1:{server.port}/v1")


@row(
    "tls",
    "failed",
    "The certificate of https://127.0.0.1:{port} is not good: unable to get local issuer certificate.",
    "Check the host in base_url; set SSL_CERT_FILE if your organisation signs its own.",
)
async def bad_certificate(world: World) -> None:
    server = await world.server(tls=_TLS)
    world.configure(f"https://127.0.0.1:{server.port}/v1")


@row(
    "tls",
    "failed",
    "What listens at http://127.0.0.1:{port} does not speak HTTP.",
    "Check the port in base_url.",
)
async def another_protocol(world: World) -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
        hang(connection)

    port = world.listen(greet)
    world.configure(f"http://127.0.0.1:{port}/v1")


@row(
    "tls",
    "failed",
    "http://127.0.0.1:{port} takes connections and did not answer within 1 s.",
    "Look at the server's own log: it may hang, or be busy with another request.",
)
async def a_server_that_hangs(world: World) -> None:
    port = world.listen(hang)
    world.configure(f"http://127.0.0.1:{port}/v1")


# ---- the server and its path -------------------------------------------------------------------


@row(
    "server",
    "failed",
    "A web page answers at {origin} (200).",
    "Check the port in base_url: another program has this one.",
)
async def wrong_port(world: World) -> None:
    server = await world.server()
    server.on(lambda _: PAGE)
    world.configure(server.base_url)


@row(
    "server",
    "warning",
    "{origin} does not list its models (404).",
    "Some gateways don't; the next check shows whether it answers.",
)
async def only_answers(world: World) -> None:
    server = await world.server()
    for path in ("/props", "/api/version", "/v1/models", "/models"):
        server.route("GET", path, Answer((), status=404, framing="length"))
    server.on(
        lambda asked: Answer((), status=404, framing="length") if asked.method == "GET" else None
    )
    world.configure(server.base_url)


@row(
    "server",
    "failed",
    "{origin} is not where this server's interface is (404 for its models).",
    'Write base_url = "{origin}/v1".',
)
async def without_v1(world: World) -> None:
    server = await world.server()
    world.configure(server.origin)


@row(
    "server",
    "failed",
    "{origin}/v1/v1 is not where this server's interface is (404 for its models).",
    'Write base_url = "{origin}/v1".',
)
async def with_two_v1(world: World) -> None:
    server = await world.server()
    world.configure(f"{server.origin}/v1/v1")


@row(
    "server",
    "failed",
    "{origin}/v1/chat/completions is not where this server's interface is (404 for its models).",
    'Write base_url = "{origin}/v1".',
)
async def with_the_endpoint(world: World) -> None:
    server = await world.server()
    world.configure(f"{server.origin}/v1/chat/completions")


@row(
    "server",
    "failed",
    "{origin} sends requests elsewhere (307 to https://elsewhere.invalid:443); redirects are not"
    " followed, so that a key goes nowhere else.",
    "Put the final address into base_url.",
)
async def a_redirect(world: World) -> None:
    server = await world.server()
    headers = {"Location": "https://elsewhere.invalid/v1/models?key=canary-1234"}
    server.route("GET", "/v1/models", Answer((), status=307, headers=headers, framing="length"))
    world.configure(server.base_url)


@row(
    "server",
    "warning",
    "llama.cpp is loading its model.",
    "Wait: questions are kept waiting too.",
)
async def still_loading(world: World) -> None:
    server = await world.server()
    for path in ("/health", "/props", "/v1/models"):
        server.route("GET", path, error_answer(503, "Loading model"))
    world.configure(server.base_url)


# ---- the model ---------------------------------------------------------------------------------


@row(
    "model",
    "warning",
    "Fake has no model tset-model; it has test-model, other.",
    "Write the name of one that it has.",
)
async def model_missing_at_a_gateway(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", models_answer("other", "test-model"))
    world.configure(server.base_url, model="tset-model")


@row(
    "model",
    "warning",
    "llama.cpp has loaded qwen3.gguf and answers with it, whatever the profile calls it (gpt-oss).",
    'Write model = "qwen3.gguf", or start llama-server with that model.',
)
async def llamacpp_with_another_model(world: World) -> None:
    server = await world.server()
    server.route("GET", "/props", json_answer({"build_info": "b8681-x", "total_slots": 1}))
    server.route("GET", "/v1/models", models_answer("qwen3.gguf"))
    world.configure(server.base_url, model="gpt-oss")


def _lmstudio(*models: dict[str, object]) -> Answer:
    return json_answer({"models": list(models)})


def _lmstudio_model(name: str, **more: object) -> dict[str, object]:
    return {"type": "llm", "key": name, "loaded_instances": [], **more}


@row(
    "model",
    "warning",
    "test-model is there, but not loaded: the first question waits for it.",
    "Load it beforehand: lms load test-model",
)
async def model_not_loaded(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/v1/models", _lmstudio(_lmstudio_model("test-model")))
    world.configure(server.base_url, provider="lmstudio")


@row(
    "model",
    "failed",
    "LM Studio has no model at all, so not test-model either.",
    "lms get test-model",
)
async def lmstudio_with_nothing(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/v1/models", _lmstudio())
    world.configure(server.base_url, provider="lmstudio")


@row(
    "model",
    "failed",
    "Ollama has no model qwen3:8b; it has qwen3:4b, gemma3:latest.",
    "ollama pull qwen3:8b",
)
async def ollama_model_not_pulled(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/version", json_answer({"version": "0.13.5"}))
    models = [{"name": "gemma3:latest"}, {"name": "qwen3:4b"}]
    server.route("GET", "/api/tags", json_answer({"models": models}))
    world.configure(server.base_url, provider="ollama", model="qwen3:8b")


@row(
    "model",
    "failed",
    "vLLM has no model qwen3; it has Qwen/Qwen3-8B.",
    "Write a name that it serves, or start it with --served-model-name qwen3.",
)
async def vllm_wrong_name(world: World) -> None:
    server = await world.server()
    server.route("GET", "/version", json_answer({"version": "0.11.0"}))
    entry = {"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 32768}
    server.route("GET", "/v1/models", json_answer({"data": [entry]}))
    world.configure(server.base_url, provider="vllm", model="qwen3")


@row(
    "window",
    "warning",
    "Only 4096 tokens fit: one long file is more than that.",
    'Set OLLAMA_CONTEXT_LENGTH where Ollama starts, or use wire_api = "ollama".',
)
async def ollamas_small_window(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/version", json_answer({"version": "0.13.5"}))
    server.route("GET", "/api/tags", json_answer({"models": [{"name": "test-model"}]}))
    running = {"models": [{"name": "test-model", "context_length": 4096}]}
    server.route("GET", "/api/ps", json_answer(running))
    world.configure(server.base_url, provider="ollama")


@row(
    "window",
    "warning",
    "model_context_window says 32768, but the model is loaded for 16384 tokens.",
    "Load it with more: lms load MODEL --context-length 32768",
)
async def a_window_that_is_not_there(world: World) -> None:
    server = await world.server()
    loaded = [{"id": "test-model", "config": {"context_length": 16384}}]
    model = _lmstudio_model("test-model", loaded_instances=loaded)
    server.route("GET", "/api/v1/models", _lmstudio(model))
    world.configure(server.base_url, provider="lmstudio")
    world.write("model_context_window = 32768\n" + (world.home / "config.toml").read_text())


# ---- the answer --------------------------------------------------------------------------------


@row(
    "answer",
    "failed",
    "The model server says: Unexpected endpoint or method. (POST /api/v1/chat)",
    'LM Studio has this API from 0.4 on: update it, or set wire_api = "chat".',
)
async def an_lm_studio_before_its_own_api(world: World) -> None:
    server = await world.server()
    listed = {"data": [{"id": "test-model", "state": "loaded", "type": "llm"}]}
    server.route("GET", "/api/v0/models", json_answer(listed))
    # It answers an address that it does not know with 200.
    server.always(json_answer({"error": "Unexpected endpoint or method. (POST /api/v1/chat)"}))
    world.configure(server.base_url, provider="lmstudio", more='wire_api = "lmstudio"')


@row(
    "answer",
    "warning",
    "The first word came after MS, then about N tokens/s.",
    "Ask again: if it stays so slow, take a smaller model or a smaller quantisation.",
)
async def a_slow_first_word(world: World) -> None:
    server = await world.server()
    server.always(chat_stream(content=[Pause(0.2), *("O", Pause(0.05)) * 5]))
    world.patience = dataclasses.replace(world.patience, slow_first_word_ms=100)
    world.configure(server.base_url)


@row(
    "answer",
    "failed",
    "The model server says: no such endpoint",
    'This server may not know the Responses API: set wire_api = "chat".',
)
async def a_wire_that_it_does_not_speak(world: World) -> None:
    server = await world.server()
    server.always(error_answer(404, "no such endpoint"))
    world.configure(server.base_url, more='wire_api = "responses"')


@row(
    "answer",
    "failed",
    "No whole answer in 0.5 s; the last phase was prompt.",
    "Look at the server's own log; a smaller model answers sooner.",
)
async def a_model_that_says_nothing(world: World) -> None:
    server = await world.server()
    server.always(chat_stream(content=[Cut.STALL]))
    world.patience = dataclasses.replace(world.patience, answer_s=0.5)
    world.configure(server.base_url)


@row(
    "cancel",
    "warning",
    "The server went on for more than 0.5 s after the connection was closed.",
    "A newer version of it may notice; until then a cancelled question costs its whole time.",
)
async def a_server_that_does_not_stop(world: World) -> None:
    server = await world.server()
    server.route("GET", "/props", json_answer({"build_info": "b8681-x", "total_slots": 1}))
    server.route("GET", "/slots", json_answer([{"id": 0, "is_processing": True}]))
    world.configure(server.base_url)


# ---- the tests ---------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def plain(text: str | None) -> str | None:
    """Without the figures that no two runs share."""
    if text is None:
        return None
    return re.sub(r"about [0-9.]+ tokens", "about N tokens", re.sub(r"\b\d+ ms\b", "MS", text))


def test_the_table_is_long_enough() -> None:
    assert len(ROWS) >= 25


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.arrange.__name__)
async def test_a_broken_setup_is_named(row: Row, home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        await row.arrange(world)
        checks = await world.examine()
    complaints = [check for check in checks if check.status in ("warning", "failed")]
    first = complaints[0]
    hint = None if row.hint is None else row.hint.format(**world.names)
    assert (first.id, first.status, plain(first.detail), first.hint) == (
        row.check,
        row.status,
        row.detail.format(**world.names),
        hint,
    )
    assert "canary" not in str(checks)
    if row.status == "failed":
        behind = checks[checks.index(first) + 1 :]
        assert all(check.status != "failed" for check in behind)


async def test_a_healthy_setup_has_no_complaint(home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        server = await world.server()
        server.route("GET", "/props", json_answer({"build_info": "b8681-x", "total_slots": 1}))
        server.route("GET", "/slots", json_answer([{"id": 0, "is_processing": False}]))
        world.configure(server.base_url)
        checks = await world.examine()
        asked = [request.json["messages"][-1]["content"] for request in server.turns]
    assert [(check.id, check.status) for check in checks] == [
        ("config", "ok"),
        ("profile", "ok"),
        ("key", "ok"),
        ("address", "ok"),
        ("name", "ok"),
        ("proxy", "ok"),
        ("connection", "ok"),
        ("tls", "ok"),
        ("server", "ok"),
        ("model", "ok"),
        ("window", "skipped"),
        ("exposure", "ok"),
        ("answer", "ok"),
        ("thinking", "ok"),
        ("cancel", "ok"),
    ]
    details = {check.id: check.detail for check in checks}
    assert details["server"] == "It is llama.cpp b8681-x."
    assert details["thinking"] == "It came in the field reasoning_content."
    assert details["cancel"].endswith("and the server was free.")
    assert asked == [
        "Reply with the single word OK.",
        "Count from 1 to 1000, one number a line.",
    ]
    assert os.listdir(home) == ["config.toml"]  # noqa: PTH208


async def test_lm_studio_over_its_own_api_has_no_complaint_and_keeps_nothing(home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        server = await world.server()
        loaded = [{"id": "test-model", "config": {"context_length": 16384}}]
        model = _lmstudio_model("test-model", loaded_instances=loaded)
        server.route("GET", "/api/v1/models", _lmstudio(model))
        server.always(lmstudio_stream(reasoning=["hm"], content=["OK"], response_id=None))
        world.configure(server.base_url, provider="lmstudio", more='wire_api = "lmstudio"')
        told = {check.id: (check.status, check.detail) for check in await world.examine()}
        assert {status for status, _ in told.values()} == {"ok"}
        assert told["model"] == ("ok", "test-model is loaded.")
        assert told["window"] == ("ok", "16384 tokens.")
        assert told["thinking"] == ("ok", "It came in the field reasoning.")
        assert {turn.path for turn in server.turns} == {"/api/v1/chat"}
        assert {turn.json["store"] for turn in server.turns} == {False}


async def test_what_depends_on_a_failed_check_is_skipped_with_its_name(home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        world.names["port"] = free_port()
        world.configure(f"http://127.0.0.1:{world.names['port']}/v1")
        checks = await world.examine()
    at = [check.id for check in checks].index("connection")
    assert {(check.status, check.detail) for check in checks[at + 1 :]} == {
        ("skipped", "Not looked at, because of: Connection.")
    }


async def test_a_key_goes_to_its_own_server_alone(home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        neighbour = await world.server()
        server = await world.server()
        world.configure(server.base_url, more='env_key = "FAKE_KEY"')
        world.env["FAKE_KEY"] = "canary-1234"
        world.ports = (neighbour.port, server.port)
        checks: list[Check] = await world.examine(with_discovery=True)
        sent = [request.headers.get("authorization") for request in neighbour.requests]
    assert checks[-1].id == "discover"
    assert checks[-1].detail.count("a model server at ") == 2
    assert sent
    assert set(sent) == {None}
    assert "canary" not in str(checks)


async def test_the_local_only_lock_holds_for_every_question(home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        server = await world.server()
        world.configure(f"http://localhost:{server.port}/v1")
        world.local_only = True
        checks = await world.examine()
    assert {check.status for check in checks} <= {"ok", "skipped"}
    assert {request.headers["host"] for request in server.requests} == {f"localhost:{server.port}"}
