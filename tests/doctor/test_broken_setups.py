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
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from codex_ls.doctor import network
from codex_ls.doctor.check import Check
from tests.doctor.world import World, forwarder, free_port, greeter, hang, proxy_that_says
from tests.support.answers import Answer, Cut, Pause, error_answer, json_answer, models_answer
from tests.support.streams import chat_stream, lmstudio_stream

PAGE = Answer((b"<!doctype html><title>My app</title>",), headers={"Content-Type": "text/html"})
NAMED = models_answer("test-model")
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
    "Did you mean `cloud`? The profiles in ~/home are cloud and embedded.",
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
    "Check that the key in FAKE_KEY is for this server, whole, and still valid.",
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
    'Add env_key = "MY_KEY" to the provider, and set that variable.',
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
    "https://127.0.0.1:{port} has a certificate that nobody known here has signed.",
    "Set SSL_CERT_FILE to the certificate of the organisation that signed it.",
)
async def bad_certificate(world: World) -> None:
    server = await world.server(tls=_TLS)
    world.configure(f"https://127.0.0.1:{server.port}/v1")


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
    'If that is your server too, write base_url = "https://elsewhere.invalid/v1".',
)
async def a_redirect(world: World) -> None:
    server = await world.server()
    headers = {"Location": "https://elsewhere.invalid/v1/models?key=canary-1234"}
    server.route("GET", "/v1/models", Answer((), status=307, headers=headers, framing="length"))
    world.configure(server.base_url)


@row(
    "server",
    "failed",
    "{origin} sends requests elsewhere (307 to an address that makes no sense); redirects are not"
    " followed, so that a key goes nowhere else.",
    "Correct that redirect in the server, or in the gateway before it.",
)
async def a_redirect_to_no_address(world: World) -> None:
    server = await world.server()
    headers = {"Location": "http://["}
    server.route("GET", "/v1/models", Answer((), status=307, headers=headers, framing="length"))
    world.configure(server.base_url)


@row(
    "server",
    "failed",
    "{origin} sends requests elsewhere (302 to an address that makes no sense); redirects are not"
    " followed, so that a key goes nowhere else.",
    "Correct that redirect in the server, or in the gateway before it.",
)
async def a_redirect_to_no_port(world: World) -> None:
    server = await world.server()
    headers = {"Location": "http://127.0.0.1:99999/v1/models"}
    server.route("GET", "/v1/models", Answer((), status=302, headers=headers, framing="length"))
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
    'Write model = "test-model".',
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


# ---- more of them, as new users meet them ------------------------------------------------------

PORT = "Check the port in base_url: another program has this one."
MEMORY = "Take a smaller model or a smaller window, or close what uses the memory."


def config_row(name: str, text: str | bytes, check: str, detail: str, hint: str) -> None:
    """A row of a config.toml that can't be used."""

    async def arrange(world: World) -> None:
        data = text.encode() if isinstance(text, str) else text
        (world.home / "config.toml").write_bytes(data)

    arrange.__name__ = name
    ROWS.append(Row(arrange, check, "failed", detail, hint))


def base_url_row(name: str, base_url: str, must: str, fix: str | None = None) -> None:
    """A row of a base_url that can't be used."""
    place = "~/home/config.toml, line 4, column 12"
    config_row(
        name,
        'model = "m"\nmodel_provider = "x"\n[model_providers.x]\n' + f'base_url = "{base_url}"\n',
        "config",
        f"config.toml:4:12: `model_providers.x.base_url` must {must}.",
        f"{place}: {fix}" if fix else f"{place}.",
    )


def answer_row(
    name: str, answer: Answer, detail: str, hint: str, *, provider: str = "fake", more: str = ""
) -> None:
    """A row of a server that lists its models and answers like this."""

    async def arrange(world: World) -> None:
        server = await world.server()
        server.always(answer)
        world.configure(server.base_url, provider=provider, more=more)

    arrange.__name__ = name
    ROWS.append(Row(arrange, "answer", "failed", detail, hint))


base_url_row(
    "an address without its scheme",
    "localhost:1234/v1",
    "begin with http:// or https://",
    "write http://localhost:1234/v1",
)
base_url_row(
    "an address with one slash",
    "http:/localhost:1234/v1",
    "begin with http:// or https://",
    "write two slashes behind http:.",
)
base_url_row(
    "an address with a blank",
    "http://local host:1",
    "not hold blanks or control characters",
    "take them out.",
)
base_url_row(
    "port 0",
    "http://localhost:0/v1",
    "have a port from 1 to 65535, as in http://localhost:1234/v1",
    "write the port that the server says it listens on.",
)
base_url_row(
    "a port that is a word",
    "http://localhost:PORT/v1",
    "have a port from 1 to 65535, as in http://localhost:1234/v1",
    "write the port that the server says it listens on.",
)
base_url_row(
    "a zone written for a browser",
    "http://[fe80::1%25eth0]:1/v1",
    "have a single % before an IPv6 zone",
    "write % instead of %25.",
)
config_row(
    "a colon instead of =",
    'model: "m"\n',
    "config",
    "config.toml:1:6: this is not TOML: expected '=' after a key in a key/value pair.",
    '~/home/config.toml, line 1, column 6: write = instead of the colon, as in model = "gpt-oss".',
)
config_row(
    "JSON in a TOML file",
    '{"model": "m"}\n',
    "config",
    "config.toml:1:1: this is not TOML: invalid statement.",
    "~/home/config.toml, line 1, column 1: this looks like JSON; TOML has lines such as"
    ' model = "gpt-oss".',
)
config_row(
    "curly quotes",
    "model = “m”\n",
    "config",
    "config.toml:1:9: this is not TOML: invalid value.",
    '~/home/config.toml, line 1, column 9: write straight quotes: ".',
)
config_row(
    "a quote that is not closed",
    'model = "m\nx = 1\n',
    "config",
    "config.toml:1:11: this is not TOML: illegal character '\\n'.",
    "~/home/config.toml, line 1, column 11: a quote that opens on this line is not closed.",
)
config_row(
    "a path of Windows in double quotes",
    'model = "C:\\Users\\me.gguf"\n',
    "config",
    "config.toml:1:14: this is not TOML: invalid hex value.",
    "~/home/config.toml, line 1, column 14: put a text with backslashes into single quotes.",
)
config_row(
    "a merge that was not finished",
    '<<<<<<< HEAD\nmodel = "m"\n',
    "config",
    "config.toml:1:1: this is not TOML: invalid statement.",
    "~/home/config.toml, line 1, column 1: a merge left both of its sides here: keep one of them.",
)
config_row(
    "a table named in the singular",
    'model_provider = "x"\n[model_provider.x]\nbase_url = "http://localhost:1/v1"\n',
    "config",
    "config.toml:2:18: this is not TOML: cannot overwrite a value.",
    "~/home/config.toml, line 2, column 18: did you mean [model_providers.x]?",
)
config_row(
    "the same setting twice",
    'model = "a"\nmodel = "b"\n',
    "config",
    "config.toml:2:1: `model` is set twice, first at line 1, column 1.",
    "~/home/config.toml, line 2, column 1: keep one of them.",
)
config_row(
    "a number in quotes",
    'model_context_window = "32768"\n',
    "config",
    "config.toml:1:24: `model_context_window` must be a whole number, not text.",
    "~/home/config.toml, line 1, column 24: write it without quotes.",
)
config_row(
    "UTF-16",
    'model = "m"\n'.encode("utf-16"),
    "config",
    "config.toml:1:1: the text is UTF-16.",
    "~/home/config.toml, line 1, column 1: save the file as UTF-8.",
)
config_row(
    "a provider that is mistyped",
    'model = "m"\nmodel_provider = "olama"\n',
    "profile",
    "config.toml:2:18: there is no provider `olama`.",
    "~/home/config.toml, line 2, column 18: did you mean `ollama`? The providers are ollama,"
    " llamacpp, vllm, openai, lmstudio and embedded.",
)
config_row(
    "a provider without a model",
    'model_provider = "lmstudio"\n',
    "profile",
    "config.toml:1:18: the provider is lmstudio, and no model is named.",
    '~/home/config.toml, line 1, column 18: add a line such as model = "gpt-oss" above it.',
)


@row(
    "config",
    "failed",
    "The configuration folder is not a folder.",
    "~/home/config.toml is a file: set CODEX_HOME to the folder that holds config.toml.",
)
async def home_is_the_file_itself(world: World) -> None:
    world.write("")
    world.env["CODEX_HOME"] = str(world.home / "config.toml")


@row(
    "config",
    "warning",
    "CODEX_HOME is ~/home/nowhere, which does not exist.",
    "Create that folder, or correct CODEX_HOME.",
)
async def home_is_not_there(world: World) -> None:
    world.env["CODEX_HOME"] = str(world.home / "nowhere")
    world.local_only = True


def key_row(name: str, value: str, detail: str, hint: str, variable: str = "FAKE_KEY") -> None:
    """A row of a key that is not as it should be."""

    async def arrange(world: World) -> None:
        server = await world.server()
        world.configure(server.base_url, more='env_key = "FAKE_KEY"')
        world.env[variable] = value

    arrange.__name__ = name
    ROWS.append(Row(arrange, "key", "failed", detail, hint))


key_row(
    "a key with its quotes",
    "'canary-1234'",
    "The key in FAKE_KEY has quotes around it.",
    "Set it again without them.",
)
key_row(
    "a key with Bearer",
    "Bearer canary-1234",
    "The key in FAKE_KEY begins with `Bearer`, which codex-ls writes itself.",
    "Set it to the key alone.",
)
key_row(
    "a key with a blank",
    "canary 1234",
    "The key in FAKE_KEY has a blank in it.",
    "Set it again, the key alone.",
)
key_row(
    "a key with curly quotes",
    "“canary-1234”",
    "The key in FAKE_KEY holds characters that no key has.",
    "Set it again: it may have been copied with quotes, blanks or a line end.",
)
key_row(
    "a key in another variable",
    "canary-1234",
    "Fake wants a key, and FAKE_KEY is not set.",
    'FAKE_APIKEY is set: if that is the key, write env_key = "FAKE_APIKEY".',
    "FAKE_APIKEY",
)


@row(
    "server",
    "failed",
    "{origin} refuses access (403). The model server says: no access to this model",
    "Check what the key in FAKE_KEY is allowed to use.",
)
async def a_key_that_may_not(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", error_answer(403, "no access to this model"))
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = "canary-1234"


@row(
    "connection",
    "warning",
    "localhost is 127.0.0.1 on this system, and the server listens at [::1]:{port} alone: codex-ls"
    " finds it there, other programs may not.",
    'Write base_url = "http://[::1]:{port}/v1".',
)
async def localhost_on_ipv6_alone(world: World) -> None:
    server = await world.server()
    port = world.listen(forwarder(server.port), "::1")
    world.configure(f"http://localhost:{port}/v1")


@row(
    "connection",
    "failed",
    "Nothing listens at http://127.0.0.1:{port}.",
    "Check the port, and that the server is running. If it runs on Windows, set"
    " networkingMode=mirrored under [wsl2] in .wslconfig and run wsl --shutdown.",
)
async def on_the_other_side_of_wsl(world: World) -> None:
    world.env["WSL_DISTRO_NAME"] = "Debian"
    world.names["port"] = free_port()
    world.configure(f"http://127.0.0.1:{world.names['port']}/v1")


@row(
    "name",
    "failed",
    "No address is known for host.docker.internal.",
    "Outside a container write localhost; for a container on Linux:"
    " docker run --add-host=host.docker.internal:host-gateway",
)
async def the_host_of_a_container(world: World) -> None:
    world.configure("http://host.docker.internal:11434/v1")


@row(
    "proxy",
    "failed",
    "https_proxy names the proxy http://127.0.0.1:{port}, and nothing listens there.",
    "Correct that variable, or unset it.",
)
async def a_proxy_that_is_not_there(world: World) -> None:
    world.names["port"] = free_port()
    world.configure("https://model.invalid/v1")
    world.env["https_proxy"] = f"http://me:canary-1234@127.0.0.1:{world.names['port']}"


def proxy_row(name: str, head: bytes, check: str, detail: str, hint: str, scheme: str) -> None:
    """A row of a proxy that answers by itself; the world's and the process's environment name it."""

    async def arrange(world: World) -> None:
        port = world.listen(proxy_that_says(head))
        for variable in ("http_proxy", "https_proxy"):
            world.env[variable] = f"http://127.0.0.1:{port}"
        world.configure(f"{scheme}://model.invalid/v1")
        world.stack.enter_context(pytest.MonkeyPatch.context()).setenv(
            f"{scheme}_proxy", f"http://127.0.0.1:{port}"
        )

    arrange.__name__ = name
    ROWS.append(Row(arrange, check, "failed", detail, hint))


_PASSWORD = "Write name and password into the proxy's variable: http://NAME:PASSWORD@HOST:PORT"
proxy_row(
    "a proxy that wants a password",
    b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
    "tls",
    "The proxy in front of Fake refused: 407 Proxy Authentication Required.",
    _PASSWORD,
    "https",
)
proxy_row(
    "a proxy that wants a password, without TLS",
    b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n",
    "server",
    "The proxy in between wants a name and a password (407).",
    "Write them into the proxy's variable: http://NAME:PASSWORD@HOST:PORT",
    "http",
)
proxy_row(
    "a proxy that forbids",
    b"HTTP/1.1 403 Forbidden\r\n\r\n",
    "tls",
    "The proxy in front of Fake refused: 403 Forbidden.",
    "Ask whoever runs the proxy to let this host through, or name it in NO_PROXY.",
    "https",
)
proxy_row(
    "a proxy that reaches nothing",
    b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
    "tls",
    "The proxy in front of Fake refused: 502 Bad Gateway.",
    "Check the host in base_url: the proxy could not reach it.",
    "https",
)
proxy_row(
    "a login page of the network",
    b"HTTP/1.1 302 Found\r\nLocation: http://portal.invalid/\r\nContent-Length: 0\r\n\r\n",
    "server",
    "http://model.invalid:80 sends requests elsewhere (302 to http://portal.invalid:80); redirects"
    " are not followed, so that a key goes nowhere else.",
    "Log in to the network first, if that is its login page; else correct base_url.",
    "http",
)


def protocol_row(name: str, greeting: bytes, who: str) -> None:
    """A row of a port at which something else listens."""

    async def arrange(world: World) -> None:
        port = world.listen(greeter(greeting))
        world.configure(f"http://127.0.0.1:{port}/v1")

    arrange.__name__ = name
    detail = f"{who} answers at http://127.0.0.1:{{port}}, and no model server."
    ROWS.append(Row(arrange, "tls", "failed", detail, PORT))


protocol_row("SSH on the port", b"SSH-2.0-OpenSSH_9.9\r\n", "An SSH server")
protocol_row("Redis on the port", b"-ERR wrong number of arguments\r\n", "A Redis server")
protocol_row("another protocol", b"hello?\r\n", "Something that does not speak HTTP")


@row(
    "tls",
    "failed",
    "http://127.0.0.1:{port} takes connections and closes them without an answer.",
    "Look at the server's own log; one in a container must not listen on the container's 127.0.0.1.",
)
async def a_server_that_hangs_up(world: World) -> None:
    port = world.listen(lambda connection: None)
    world.configure(f"http://127.0.0.1:{port}/v1")


def tls_row(
    name: str, detail: str, hint: str, *hosts: str, years: tuple[int, int] | None = None
) -> None:
    """A row of a certificate of someone who is trusted."""

    async def arrange(world: World) -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        begin, end = (datetime(year, 1, 1, tzinfo=UTC) for year in years or (2020, 2090))
        authority.issue_cert(*hosts, not_before=begin, not_after=end).configure_cert(context)
        authority.cert_pem.write_to_path(str(world.home / "ca.pem"))
        patch = world.stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SSL_CERT_FILE", str(world.home / "ca.pem"))
        server = await world.server(tls=context)
        world.configure(f"https://127.0.0.1:{server.port}/v1")

    arrange.__name__ = name
    detail = f"https://127.0.0.1:{{port}} has a certificate that {detail}."
    ROWS.append(Row(arrange, "tls", "failed", detail, hint))


tls_row(
    "a certificate of yesterday",
    "has expired",
    "Renew that certificate; if it is new, set this machine's clock.",
    "127.0.0.1",
    years=(2001, 2002),
)
tls_row(
    "a clock that is behind",
    "is not yet valid",
    "Set this machine's clock; if it is right, the server needs another certificate.",
    "127.0.0.1",
    years=(2080, 2090),
)
tls_row(
    "a certificate for another host",
    "is not for 127.0.0.1",
    "Write the host into base_url that the certificate is for.",
    "example.org",
)


@row(
    "tls",
    "failed",
    "SSL_CERT_FILE can't be used: ~/home/nothing.pem: no such file or directory.",
    "Correct that variable, or unset it.",
)
async def certificates_that_are_not_there(world: World) -> None:
    patch = world.stack.enter_context(pytest.MonkeyPatch.context())
    patch.setenv("SSL_CERT_FILE", str(world.home / "nothing.pem"))
    server = await world.server(tls=_TLS)
    world.configure(f"https://127.0.0.1:{server.port}/v1")


@row(
    "tls",
    "failed",
    "Fake at {origin} sent what nobody asked for: an answer packed as br.",
    "Switch compression off in that server, or in the gateway before it.",
)
async def an_answer_that_is_packed(world: World) -> None:
    server = await world.server()
    packed = Answer((b"\x8b\x01",), headers={"Content-Encoding": "br"})
    server.route("GET", "/v1/models", packed)
    world.configure(server.base_url)


@row(
    "server",
    "warning",
    "The server there reaches no model server behind it (502).",
    "Start the model server behind it.",
)
async def a_gateway_with_nothing_behind_it(world: World) -> None:
    server = await world.server()
    page = Answer((b"<html>",), status=502, headers={"Content-Type": "text/html"})
    server.route("GET", "/v1/models", page)
    server.always(page)
    world.configure(server.base_url)


@row(
    "server",
    "failed",
    "{origin} sends requests elsewhere (308 to https://127.0.0.1:443); redirects are not followed,"
    " so that a key goes nowhere else.",
    'Write base_url = "https://127.0.0.1/v1".',
)
async def a_redirect_to_https(world: World) -> None:
    server = await world.server()
    headers = {"Location": "https://127.0.0.1/v1/models"}
    server.route("GET", "/v1/models", Answer((), status=308, headers=headers, framing="length"))
    world.configure(server.base_url)


@row(
    "server",
    "failed",
    "{origin} sends requests elsewhere (302 to the path /login); redirects are not followed, so"
    " that a key goes nowhere else.",
    "Check base_url: this looks like a web interface, not like a model server's.",
)
async def a_web_interface(world: World) -> None:
    server = await world.server()
    headers = {"Location": "/login?next=/"}
    server.route("GET", "/v1/models", Answer((), status=302, headers=headers, framing="length"))
    world.configure(server.base_url)


@row(
    "server",
    "failed",
    "A model server answers at {origin}, and no Ollama.",
    'Set wire_api = "chat".',
)
async def ollamas_api_of_another_server(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more='wire_api = "ollama"')


@row(
    "server",
    "failed",
    "llama.cpp b8681-x answers at {origin}, and no LM Studio.",
    'Set wire_api = "chat".',
)
async def lm_studios_api_of_another_server(world: World) -> None:
    server = await world.server()
    server.route("GET", "/props", json_answer({"build_info": "b8681-x", "total_slots": 1}))
    world.configure(server.base_url, more='wire_api = "lmstudio"')


@row(
    "model",
    "failed",
    "nomic only makes embeddings: it can't answer.",
    'Write model = "qwen3".',
)
async def an_embedding_model(world: World) -> None:
    server = await world.server()
    embedding = {**_lmstudio_model("nomic"), "type": "embedding"}
    server.route("GET", "/api/v1/models", _lmstudio(embedding, _lmstudio_model("qwen3")))
    world.configure(server.base_url, provider="lmstudio", model="nomic")


@row(
    "model",
    "failed",
    "Ollama has no model gtp-oss:20b; it has gpt-oss:20b.",
    'Write model = "gpt-oss:20b".',
)
async def a_mistyped_model_of_ollama(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/version", json_answer({"version": "0.13.5"}))
    server.route("GET", "/api/tags", json_answer({"models": [{"name": "gpt-oss:20b"}]}))
    world.configure(server.base_url, provider="ollama", model="gtp-oss:20b")


@row(
    "window",
    "warning",
    "100 tokens, as model_context_window says: one long file is more than that.",
    "Raise model_context_window in config.toml to what the server really has.",
)
async def a_window_written_too_small(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url)
    world.write("model_context_window = 100\n" + (world.home / "config.toml").read_text())


SAYS = "The model server says: "
answer_row(
    "LM Studio that loads nothing by itself",
    error_answer(400, "No models loaded. Please load a model in the developer page."),
    SAYS + "No models loaded. Please load a model in the developer page.",
    "lms load test-model",
    provider="lmstudio",
)
answer_row(
    "a model that is too large",
    error_answer(500, "model requires more system memory (9.3 GiB) than is available (5.5 GiB)"),
    SAYS + "model requires more system memory (9.3 GiB) than is available (5.5 GiB)",
    MEMORY,
    provider="ollama",
)
answer_row(
    "a model that can't chat",
    error_answer(400, '"test-model" does not support chat'),
    SAYS + '"test-model" does not support chat',
    "Write a model that can chat: test-model can't.",
)
answer_row(
    "no credit",
    error_answer(429, "You exceeded your current quota, please check your plan and billing."),
    SAYS + "You exceeded your current quota, please check your plan and billing.",
    "Add credit where this key was made, or ask another profile.",
)
answer_row(
    "a key that only the question needs",
    error_answer(401, "API key required"),
    SAYS + "API key required",
    'Add env_key = "MY_KEY" to the provider, and set that variable.',
)
answer_row(
    "an answer that is packed later",
    Answer((b"\x28\xb5",), headers={"Content-Encoding": "zstd"}),
    "Fake at {origin} sent what nobody asked for: an answer packed as zstd.",
    "Switch compression off in that server, or in the gateway before it.",
)
answer_row(
    "an answer of another kind",
    json_answer({"ok": True}),
    'What came is no answer of a model; it begins with: {{"ok": true}}',
    "Look at the server's own log: it was asked for test-model at {origin}/v1, as chat.",
)
answer_row(
    "an answer without a word",
    chat_stream(),
    "The model answered with nothing.",
    "Ask again, or check that the model's chat template fits it.",
)
answer_row(
    "an answer that ends at once",
    Answer((b"data: [DONE]\n\n",), headers={"Content-Type": "text/event-stream"}),
    "The model server ended its answer before the first word.",
    "Look at the model server's own log: it may have run out of memory or been stopped.",
)
answer_row(
    "an error in the stream",
    Answer(
        (b'data: {"error": {"message": "CUDA out of memory", "code": 500}}\n\n',),
        headers={"Content-Type": "text/event-stream"},
    ),
    SAYS + "CUDA out of memory",
    MEMORY,
)


# ---- the tests ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _outside_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "CONTAINER_MARKS", ())


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
    assert len(ROWS) >= 100
    names = [row.arrange.__name__ for row in ROWS]
    assert len(set(names)) == len(names)


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


@pytest.mark.parametrize(
    ("env", "editors", "keyrings", "told"),
    [
        ("canary-1", None, None, "A key is set (FAKE_KEY)."),
        ("", "canary-2", None, "The editor's secret storage holds a key."),
        ("", "", "canary-3", "The system's keyring holds a key."),
    ],
)
async def test_it_says_where_a_key_was_found(
    env: str,
    editors: str | None,
    keyrings: str | None,
    told: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def ask(provider: str, origin: str, env_key: str) -> str | None:
        return editors

    async def kept(provider: str, origin: str) -> str | None:
        return keyrings

    monkeypatch.setattr("codex_ls.providers.keyring_store.kept_key", kept)
    async with AsyncExitStack() as stack:
        world = World(home, stack, ask_secret=ask)
        server = await world.server()
        world.configure(server.base_url, more='env_key = "FAKE_KEY"')
        world.env["FAKE_KEY"] = env
        checks = await world.examine()
    assert [check.detail for check in checks if check.id == "key"] == [told]
    assert "canary" not in str(checks)


async def test_inside_a_container_the_host_is_another_machine(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "CONTAINER_MARKS", (home,))
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        port = free_port()
        world.configure(f"http://localhost:{port}/v1", provider="ollama")
        checks = await world.examine()
    (found,) = [check for check in checks if check.status == "failed"]
    assert found.hint == (
        "Start Ollama: ollama serve. If it runs outside this container, write base_url ="
        f' "http://host.docker.internal:{port}/v1".'
    )


async def test_behind_a_proxy_a_name_need_not_be_known_here(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        server = await world.server()  # a proxy for plain HTTP is a server that takes whole URLs
        server.on(lambda asked: NAMED if asked.path.endswith("/models") else None)
        proxy = f"http://127.0.0.1:{server.port}"
        monkeypatch.setenv("http_proxy", proxy)
        world.env["http_proxy"] = proxy
        world.configure("http://model.invalid/v1")
        checks = await world.examine()
    statuses = {check.id: check.status for check in checks}
    assert (statuses["name"], statuses["proxy"], statuses["connection"]) == (
        "skipped",
        "ok",
        "skipped",
    )
    assert (statuses["tls"], statuses["server"], statuses["model"]) == ("ok", "ok", "ok")
