"""The table of broken setups: each is named in one sentence, with the right next step.

A row arranges a setup on real sockets and names the check that has to find it, and its status; no earlier
check may complain. The exact sentences are in `tests/catalogue.toml`.
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
from codex_ls.sandbox import confine
from codex_ls.sandbox.confine import Sandbox
from tests.doctor.world import World, forwarder, free_port, greeter, hang, proxy_that_says
from tests.support import catalogue
from tests.support.answers import Answer, Cut, Pause, error_answer, json_answer, models_answer
from tests.support.streams import chat_stream, lmstudio_stream

PAGE = Answer((b"<!doctype html><title>My app</title>",), headers={"Content-Type": "text/html"})
NAMED = models_answer("test-model")
Arrange = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """A broken setup, and which check finds it; the catalogue has the sentences."""

    arrange: Arrange
    check: str
    status: str

    @property
    def name(self) -> str:
        """Its name in the catalogue and on the page."""
        return self.arrange.__name__.replace("_", " ")


ROWS: list[Row] = []


def row(check: str, status: str) -> Callable[[Arrange], None]:
    """Add a row to the table."""
    return lambda arrange: ROWS.append(Row(arrange, check, status))


# ---- config, profile, key ----------------------------------------------------------------------


@row("codex", "warning")
async def a_wire_that_codex_dropped(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more='wire_api = "chat"')


@row("codex", "warning")
async def profiles_that_codex_dropped(world: World) -> None:
    server = await world.server()
    world.write(
        'profile = "lab"\n\n'
        f'[model_providers.lab]\nbase_url = "{server.base_url}"\n\n'
        '[profiles.lab]\nmodel = "test-model"\nmodel_provider = "lab"\n'
    )


@row("config", "failed")
async def bad_toml(world: World) -> None:
    world.write('profile = "a"\nmodel = gpt-oss\n')


@row("config", "warning")
async def a_typo(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url)
    text = (world.home / "config.toml").read_text()
    world.write(f'modell = "x"\n{text}')


@row("profile", "failed")
async def wrong_profile(world: World) -> None:
    world.write('[profiles.cloud]\nmodel = "m"\n')
    world.profile = "clod"


@row("profile", "failed")
async def no_profile(world: World) -> None:
    world.write('[profiles.cloud]\nmodel = "m"\n')


@row("key", "failed")
async def key_missing(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')


@row("key", "failed")
async def key_with_a_line_end(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = "canary-1234\r\nX-Evil: 1"


@row("server", "failed")
async def key_wrong(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", error_answer(401, "wrong key canary-1234"))
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = "canary-1234"


@row("server", "failed")
async def key_not_configured(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", error_answer(401, "who are you?"))
    world.configure(server.base_url)


# ---- address and network -----------------------------------------------------------------------


@row("address", "failed")
async def not_on_this_machine(world: World) -> None:
    world.configure("https://model.invalid/v1")
    world.local_only = True


@row("address", "warning")
async def address_copied_from_the_servers_log(world: World) -> None:
    server = await world.server()
    world.configure(f"http://0.0.0.0:{server.port}/v1")


@row("name", "failed")
async def unknown_host(world: World) -> None:
    world.configure("http://no-such-host.invalid:1234/v1")


@row("proxy", "warning")
async def proxy_that_catches_loopback(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url)
    world.env["http_proxy"] = "http://user:canary-1234@127.0.0.1:9"


@row("connection", "failed")
async def port_closed(world: World) -> None:
    world.names["port"] = free_port()
    world.configure(f"http://127.0.0.1:{world.names['port']}/v1", provider="lmstudio")


@row("connection", "failed")
async def another_server_is_running(world: World) -> None:
    server = await world.server()
    world.ports = (server.port,)
    port = free_port()
    world.configure(f"http://localhost:{port}/v1", provider="ollama")
    world.names |= {"port": port, "neighbour": server.port}


@row("connection", "failed")
async def ipv6_only(world: World) -> None:
    port = world.listen(hang, "::1")
    world.configure(f"http://127.0.0.1:{port}/v1")


@row("connection", "failed")
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


@row("exposure", "warning")
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


@row("tls", "failed")
async def http_to_https(world: World) -> None:
    port = world.listen(hang_in_tls)
    world.configure(f"http://127.0.0.1:{port}/v1")


@row("tls", "failed")
async def https_to_http(world: World) -> None:
    server = await world.server()
    world.configure(f"https://127.0.0.1:{server.port}/v1")


@row("tls", "failed")
async def bad_certificate(world: World) -> None:
    server = await world.server(tls=_TLS)
    world.configure(f"https://127.0.0.1:{server.port}/v1")


@row("tls", "failed")
async def a_server_that_hangs(world: World) -> None:
    port = world.listen(hang)
    world.configure(f"http://127.0.0.1:{port}/v1")


# ---- the server and its path -------------------------------------------------------------------


@row("server", "failed")
async def wrong_port(world: World) -> None:
    server = await world.server()
    server.on(lambda _: PAGE)
    world.configure(server.base_url)


@row("server", "warning")
async def only_answers(world: World) -> None:
    server = await world.server()
    for path in ("/props", "/api/version", "/v1/models", "/models"):
        server.route("GET", path, Answer((), status=404, framing="length"))
    server.on(
        lambda asked: Answer((), status=404, framing="length") if asked.method == "GET" else None
    )
    world.configure(server.base_url)


@row("server", "failed")
async def without_v1(world: World) -> None:
    server = await world.server()
    world.configure(server.origin)


@row("server", "failed")
async def with_two_v1(world: World) -> None:
    server = await world.server()
    world.configure(f"{server.origin}/v1/v1")


@row("server", "failed")
async def with_the_endpoint(world: World) -> None:
    server = await world.server()
    world.configure(f"{server.origin}/v1/chat/completions")


@row("server", "failed")
async def a_redirect(world: World) -> None:
    server = await world.server()
    headers = {"Location": "https://elsewhere.invalid/v1/models?key=canary-1234"}
    server.route("GET", "/v1/models", Answer((), status=307, headers=headers, framing="length"))
    world.configure(server.base_url)


@row("server", "failed")
async def a_redirect_to_no_address(world: World) -> None:
    server = await world.server()
    headers = {"Location": "http://["}
    server.route("GET", "/v1/models", Answer((), status=307, headers=headers, framing="length"))
    world.configure(server.base_url)


@row("server", "failed")
async def a_redirect_to_no_port(world: World) -> None:
    server = await world.server()
    headers = {"Location": "http://127.0.0.1:99999/v1/models"}
    server.route("GET", "/v1/models", Answer((), status=302, headers=headers, framing="length"))
    world.configure(server.base_url)


@row("server", "warning")
async def still_loading(world: World) -> None:
    server = await world.server()
    for path in ("/health", "/props", "/v1/models"):
        server.route("GET", path, error_answer(503, "Loading model"))
    world.configure(server.base_url)


# ---- the model ---------------------------------------------------------------------------------


@row("model", "warning")
async def model_missing_at_a_gateway(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", models_answer("other", "test-model"))
    world.configure(server.base_url, model="tset-model")


@row("model", "warning")
async def llamacpp_with_another_model(world: World) -> None:
    server = await world.server()
    server.route("GET", "/props", json_answer({"build_info": "b8681-x", "total_slots": 1}))
    server.route("GET", "/v1/models", models_answer("qwen3.gguf"))
    world.configure(server.base_url, model="gpt-oss")


def _lmstudio(*models: dict[str, object]) -> Answer:
    return json_answer({"models": list(models)})


def _lmstudio_model(name: str, **more: object) -> dict[str, object]:
    return {"type": "llm", "key": name, "loaded_instances": [], **more}


@row("model", "warning")
async def model_not_loaded(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/v1/models", _lmstudio(_lmstudio_model("test-model")))
    world.configure(server.base_url, provider="lmstudio")


@row("model", "failed")
async def lmstudio_with_nothing(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/v1/models", _lmstudio())
    world.configure(server.base_url, provider="lmstudio")


@row("model", "failed")
async def ollama_model_not_pulled(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/version", json_answer({"version": "0.13.5"}))
    models = [{"name": "gemma3:latest"}, {"name": "qwen3:4b"}]
    server.route("GET", "/api/tags", json_answer({"models": models}))
    world.configure(server.base_url, provider="ollama", model="qwen3:8b")


@row("model", "failed")
async def vllm_wrong_name(world: World) -> None:
    server = await world.server()
    server.route("GET", "/version", json_answer({"version": "0.11.0"}))
    entry = {"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 32768}
    server.route("GET", "/v1/models", json_answer({"data": [entry]}))
    world.configure(server.base_url, provider="vllm", model="qwen3")


@row("window", "warning")
async def ollamas_small_window(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/version", json_answer({"version": "0.13.5"}))
    server.route("GET", "/api/tags", json_answer({"models": [{"name": "test-model"}]}))
    running = {"models": [{"name": "test-model", "context_length": 4096}]}
    server.route("GET", "/api/ps", json_answer(running))
    world.configure(server.base_url, provider="ollama")


@row("window", "warning")
async def a_window_that_is_not_there(world: World) -> None:
    server = await world.server()
    loaded = [{"id": "test-model", "config": {"context_length": 16384}}]
    model = _lmstudio_model("test-model", loaded_instances=loaded)
    server.route("GET", "/api/v1/models", _lmstudio(model))
    world.configure(server.base_url, provider="lmstudio")
    world.write("model_context_window = 32768\n" + (world.home / "config.toml").read_text())


# ---- the answer --------------------------------------------------------------------------------


@row("answer", "failed")
async def an_lm_studio_before_its_own_api(world: World) -> None:
    server = await world.server()
    listed = {"data": [{"id": "test-model", "state": "loaded", "type": "llm"}]}
    server.route("GET", "/api/v0/models", json_answer(listed))
    # It answers an address that it does not know with 200.
    server.always(json_answer({"error": "Unexpected endpoint or method. (POST /api/v1/chat)"}))
    world.configure(server.base_url, provider="lmstudio", more='wire_api = "lmstudio"')


@row("answer", "warning")
async def a_slow_first_word(world: World) -> None:
    server = await world.server()
    server.always(chat_stream(content=[Pause(0.2), *("O", Pause(0.05)) * 5]))
    world.patience = dataclasses.replace(world.patience, slow_first_word_ms=100)
    world.configure(server.base_url)


@row("answer", "failed")
async def a_wire_that_it_does_not_speak(world: World) -> None:
    server = await world.server()
    server.always(error_answer(404, "no such endpoint"))
    world.configure(server.base_url, more='wire_api = "responses"')


@row("answer", "failed")
async def a_model_that_says_nothing(world: World) -> None:
    server = await world.server()
    server.always(chat_stream(content=[Cut.STALL]))
    world.patience = dataclasses.replace(world.patience, answer_s=0.5)
    world.configure(server.base_url)


@row("cancel", "warning")
async def a_server_that_does_not_stop(world: World) -> None:
    server = await world.server()
    server.route("GET", "/props", json_answer({"build_info": "b8681-x", "total_slots": 1}))
    server.route("GET", "/slots", json_answer([{"id": 0, "is_processing": True}]))
    world.configure(server.base_url)


# ---- more of them, as new users meet them ------------------------------------------------------


def config_row(name: str, text: str | bytes, check: str) -> None:
    """A row of a config.toml that can't be used."""

    async def arrange(world: World) -> None:
        data = text.encode() if isinstance(text, str) else text
        (world.home / "config.toml").write_bytes(data)

    arrange.__name__ = name
    ROWS.append(Row(arrange, check, "failed"))


def base_url_row(name: str, base_url: str) -> None:
    """A row of a base_url that can't be used."""
    config_row(
        name,
        'model = "m"\nmodel_provider = "x"\n[model_providers.x]\n' + f'base_url = "{base_url}"\n',
        "config",
    )


def answer_row(name: str, answer: Answer, *, provider: str = "fake", more: str = "") -> None:
    """A row of a server that lists its models and answers like this."""

    async def arrange(world: World) -> None:
        server = await world.server()
        server.always(answer)
        world.configure(server.base_url, provider=provider, more=more)

    arrange.__name__ = name
    ROWS.append(Row(arrange, "answer", "failed"))


base_url_row("an address without its scheme", "localhost:1234/v1")
base_url_row("an address with one slash", "http:/localhost:1234/v1")
base_url_row("an address with a blank", "http://local host:1")
base_url_row("port 0", "http://localhost:0/v1")
base_url_row("a port that is a word", "http://localhost:PORT/v1")
base_url_row("a zone written for a browser", "http://[fe80::1%25eth0]:1/v1")
config_row("a colon instead of =", 'model: "m"\n', "config")
config_row("JSON in a TOML file", '{"model": "m"}\n', "config")
config_row("curly quotes", "model = “m”\n", "config")
config_row("a quote that is not closed", 'model = "m\nx = 1\n', "config")
config_row("a path of Windows in double quotes", 'model = "C:\\Users\\me.gguf"\n', "config")
config_row("a merge that was not finished", '<<<<<<< HEAD\nmodel = "m"\n', "config")
config_row(
    "a table named in the singular",
    'model_provider = "x"\n[model_provider.x]\nbase_url = "http://localhost:1/v1"\n',
    "config",
)
config_row("the same setting twice", 'model = "a"\nmodel = "b"\n', "config")
config_row("a number in quotes", 'model_context_window = "32768"\n', "config")
config_row("UTF-16", 'model = "m"\n'.encode("utf-16"), "config")
config_row("a provider that is mistyped", 'model = "m"\nmodel_provider = "olama"\n', "profile")
config_row("a provider without a model", 'model_provider = "lmstudio"\n', "profile")


@row("config", "failed")
async def home_is_the_file_itself(world: World) -> None:
    world.write("")
    world.env["CODEX_HOME"] = str(world.home / "config.toml")


@row("config", "failed")
async def home_is_not_there(world: World) -> None:
    world.env["CODEX_HOME"] = str(world.home / "nowhere")


def key_row(name: str, value: str, variable: str = "FAKE_KEY") -> None:
    """A row of a key that is not as it should be."""

    async def arrange(world: World) -> None:
        server = await world.server()
        world.configure(server.base_url, more='env_key = "FAKE_KEY"')
        world.env[variable] = value

    arrange.__name__ = name
    ROWS.append(Row(arrange, "key", "failed"))


key_row("a key with its quotes", "'canary-1234'")
key_row("a key with Bearer", "Bearer canary-1234")
key_row("a key with a blank", "canary 1234")
key_row("a key with curly quotes", "“canary-1234”")
key_row("a key in another variable", "canary-1234", "FAKE_APIKEY")


@row("server", "failed")
async def a_key_that_may_not(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", error_answer(403, "no access to this model"))
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = "canary-1234"


@row("connection", "warning")
async def localhost_on_ipv6_alone(world: World) -> None:
    server = await world.server()
    port = world.listen(forwarder(server.port), "::1")
    world.configure(f"http://localhost:{port}/v1")


@row("connection", "failed")
async def on_the_other_side_of_wsl(world: World) -> None:
    world.env["WSL_DISTRO_NAME"] = "Debian"
    world.names["port"] = free_port()
    world.configure(f"http://127.0.0.1:{world.names['port']}/v1")


@row("name", "failed")
async def the_host_of_a_container(world: World) -> None:
    world.configure("http://host.docker.internal:11434/v1")


@row("proxy", "failed")
async def a_proxy_that_is_not_there(world: World) -> None:
    world.names["port"] = free_port()
    world.configure("https://model.invalid/v1")
    world.env["https_proxy"] = f"http://me:canary-1234@127.0.0.1:{world.names['port']}"


def proxy_row(name: str, head: bytes, check: str, scheme: str) -> None:
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
    ROWS.append(Row(arrange, check, "failed"))


proxy_row(
    "a proxy that wants a password",
    b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
    "tls",
    "https",
)
proxy_row(
    "a proxy that wants a password, without TLS",
    b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n",
    "server",
    "http",
)
proxy_row("a proxy that forbids", b"HTTP/1.1 403 Forbidden\r\n\r\n", "tls", "https")
proxy_row("a proxy that reaches nothing", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "tls", "https")
proxy_row(
    "a login page of the network",
    b"HTTP/1.1 302 Found\r\nLocation: http://portal.invalid/\r\nContent-Length: 0\r\n\r\n",
    "server",
    "http",
)


def protocol_row(name: str, greeting: bytes) -> None:
    """A row of a port at which something else listens."""

    async def arrange(world: World) -> None:
        port = world.listen(greeter(greeting))
        world.configure(f"http://127.0.0.1:{port}/v1")

    arrange.__name__ = name
    ROWS.append(Row(arrange, "tls", "failed"))


protocol_row("SSH on the port", b"SSH-2.0-OpenSSH_9.9\r\n")
protocol_row("Redis on the port", b"-ERR wrong number of arguments\r\n")
protocol_row("another protocol", b"hello?\r\n")


@row("tls", "failed")
async def a_server_that_hangs_up(world: World) -> None:
    port = world.listen(lambda connection: None)
    world.configure(f"http://127.0.0.1:{port}/v1")


def tls_row(name: str, *hosts: str, years: tuple[int, int] | None = None) -> None:
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
    ROWS.append(Row(arrange, "tls", "failed"))


tls_row("a certificate of yesterday", "127.0.0.1", years=(2001, 2002))
tls_row("a clock that is behind", "127.0.0.1", years=(2080, 2090))
tls_row("a certificate for another host", "example.org")


@row("tls", "failed")
async def certificates_that_are_not_there(world: World) -> None:
    patch = world.stack.enter_context(pytest.MonkeyPatch.context())
    patch.setenv("SSL_CERT_FILE", str(world.home / "nothing.pem"))
    server = await world.server(tls=_TLS)
    world.configure(f"https://127.0.0.1:{server.port}/v1")


@row("tls", "failed")
async def an_answer_that_is_packed(world: World) -> None:
    server = await world.server()
    packed = Answer((b"\x8b\x01",), headers={"Content-Encoding": "br"})
    server.route("GET", "/v1/models", packed)
    world.configure(server.base_url)


@row("server", "warning")
async def a_gateway_with_nothing_behind_it(world: World) -> None:
    server = await world.server()
    page = Answer((b"<html>",), status=502, headers={"Content-Type": "text/html"})
    server.route("GET", "/v1/models", page)
    server.always(page)
    world.configure(server.base_url)


@row("server", "failed")
async def a_redirect_to_https(world: World) -> None:
    server = await world.server()
    headers = {"Location": "https://127.0.0.1/v1/models"}
    server.route("GET", "/v1/models", Answer((), status=308, headers=headers, framing="length"))
    world.configure(server.base_url)


@row("server", "failed")
async def a_web_interface(world: World) -> None:
    server = await world.server()
    headers = {"Location": "/login?next=/"}
    server.route("GET", "/v1/models", Answer((), status=302, headers=headers, framing="length"))
    world.configure(server.base_url)


@row("server", "failed")
async def ollamas_api_of_another_server(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more='wire_api = "ollama"')


@row("server", "failed")
async def lm_studios_api_of_another_server(world: World) -> None:
    server = await world.server()
    server.route("GET", "/props", json_answer({"build_info": "b8681-x", "total_slots": 1}))
    world.configure(server.base_url, more='wire_api = "lmstudio"')


@row("model", "failed")
async def an_embedding_model(world: World) -> None:
    server = await world.server()
    embedding = {**_lmstudio_model("nomic"), "type": "embedding"}
    server.route("GET", "/api/v1/models", _lmstudio(embedding, _lmstudio_model("qwen3")))
    world.configure(server.base_url, provider="lmstudio", model="nomic")


@row("model", "failed")
async def a_mistyped_model_of_ollama(world: World) -> None:
    server = await world.server()
    server.route("GET", "/api/version", json_answer({"version": "0.13.5"}))
    server.route("GET", "/api/tags", json_answer({"models": [{"name": "gpt-oss:20b"}]}))
    world.configure(server.base_url, provider="ollama", model="gtp-oss:20b")


@row("window", "warning")
async def a_window_written_too_small(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url)
    world.write("model_context_window = 100\n" + (world.home / "config.toml").read_text())


answer_row(
    "LM Studio that loads nothing by itself",
    error_answer(400, "No models loaded. Please load a model in the developer page."),
    provider="lmstudio",
)
answer_row(
    "a model that is too large",
    error_answer(500, "model requires more system memory (9.3 GiB) than is available (5.5 GiB)"),
    provider="ollama",
)
answer_row("a model that can't chat", error_answer(400, '"test-model" does not support chat'))
answer_row(
    "no credit",
    error_answer(429, "You exceeded your current quota, please check your plan and billing."),
)
answer_row("a key that only the question needs", error_answer(401, "API key required"))
answer_row(
    "an answer that is packed later", Answer((b"\x28\xb5",), headers={"Content-Encoding": "zstd"})
)
answer_row("an answer of another kind", json_answer({"ok": True}))
answer_row("an answer without a word", chat_stream())
answer_row(
    "an answer that ends at once",
    Answer((b"data: [DONE]\n\n",), headers={"Content-Type": "text/event-stream"}),
)
answer_row(
    "an error in the stream",
    Answer(
        (b'data: {"error": {"message": "CUDA out of memory", "code": 500}}\n\n',),
        headers={"Content-Type": "text/event-stream"},
    ),
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


def plain(text: str) -> str:
    """Without the figures that differ from run to run."""
    return re.sub(r"about [0-9.]+ tokens", "about N tokens", re.sub(r"\b\d+ ms\b", "MS", text))


def test_the_table_is_long_enough() -> None:
    assert len(ROWS) >= 100
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)


def test_the_catalogue_has_the_rows_and_no_others() -> None:
    assert set(catalogue.section("doctor")) == {row.name for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.arrange.__name__)
async def test_a_broken_setup_is_named(row: Row, home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        await row.arrange(world)
        checks = await world.examine()
    complaints = [check for check in checks if check.status in ("warning", "failed")]
    first = complaints[0]
    assert (first.id, first.status) == (row.check, row.status)
    catalogue.check("doctor", row.name, plain(first.detail), first.hint, world.names)
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
        ("codex", "ok"),
        ("sandbox", "ok"),
    ]
    details = {check.id: check.detail for check in checks}
    assert details["server"] == "Detected llama.cpp b8681-x."
    assert details["thinking"] == "Received in the field reasoning_content."
    assert details["cancel"].endswith("and the server stopped generating.")
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
        assert {told.pop("codex")[0], *(status for status, _ in told.values())} == {"warning", "ok"}
        assert {status for status, _ in told.values()} == {"ok"}
        assert told["model"] == ("ok", "test-model is loaded.")
        assert told["window"] == ("ok", "16384 tokens.")
        assert told["thinking"] == ("ok", "Received in the field reasoning.")
        assert {turn.path for turn in server.turns} == {"/api/v1/chat"}
        assert {turn.json["store"] for turn in server.turns} == {False}


async def test_what_depends_on_a_failed_check_is_skipped_with_its_name(home: Path) -> None:
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        world.names["port"] = free_port()
        world.configure(f"http://127.0.0.1:{world.names['port']}/v1")
        checks = await world.examine()
    at = [check.id for check in checks].index("connection")
    assert {(check.status, check.detail) for check in checks[at + 1 : -2]} == {
        ("skipped", "Skipped because this check failed: Connection.")
    }
    assert [(check.id, check.status) for check in checks[-2:]] == [
        ("codex", "ok"),
        ("sandbox", "ok"),
    ]


@pytest.mark.parametrize(
    ("sandbox", "status", "detail"),
    [
        (
            Sandbox("bubblewrap", Path("/usr/bin/bwrap")),
            "ok",
            "/usr/bin/bwrap works; sandbox_mode is not set, so tools are off.",
        ),
        (
            Sandbox("landlock", reason="bubblewrap is not installed.", fix="install it."),
            "warning",
            "Landlock works; sandbox_mode is not set, so tools are off. bubblewrap is not"
            " installed.",
        ),
        (
            Sandbox("none", reason="bubblewrap is not installed.", fix="install it."),
            "warning",
            "No sandbox works here, so every command needs your approval. bubblewrap is not"
            " installed.",
        ),
    ],
)
async def test_the_sandbox_of_this_machine_is_named(
    home: Path, sandbox: Sandbox, status: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "_found", sandbox)
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        server = await world.server()
        world.configure(server.base_url)
        *_, last = await world.examine()
    assert (last.id, last.status, last.detail) == ("sandbox", status, detail)
    assert (last.hint is None) is (status == "ok")


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
        ("canary-1", None, None, "An API key is set (FAKE_KEY)."),
        ("", "canary-2", None, "The API key is in the editor's secret storage."),
        ("", "", "canary-3", "The API key is in the system keyring."),
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
