"""Which proxy a request goes through, and what NO_PROXY lets past it."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from codex_ls.errors import Unreachable
from codex_ls.providers import proxies
from codex_ls.providers.client import HttpClient
from codex_ls.providers.http_request import Limits, Request
from codex_ls.providers.proxies import exemption, proxy_for, unreadable_exemptions
from codex_ls.providers.system_proxies import SystemProxies, as_entries
from tests.support.byte_server import serving

PROXY = {"http_proxy": "http://proxy.example:3128"}
LAN = "http://10.9.8.7:1234/v1"


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_exempt"),
    [
        # numbers and ranges
        ("10.9.8.7", LAN, True),
        ("10.9.8.8", LAN, False),
        ("10.0.0.0/8", LAN, True),
        ("10.9.8.7/8", LAN, True),  # a host with its mask, as some write a range
        ("127.0.0.0/8,10.0.0.0/8,192.168.0.0/16", LAN, True),
        ("192.168.0.0/16", LAN, False),
        ("10.9.8.7/32", LAN, True),
        ("0.0.0.0/0", LAN, True),
        ("10.0.0.0/33", LAN, False),
        ("10.0.0.0/8", "http://ten.example/v1", False),
        ("10.0.0.0/8", "http://10.example.com/v1", False),
        ("10.*", LAN, True),
        ("192.168.*", LAN, False),
        ("9.8.7", LAN, False),
        # IPv6
        ("fd00::/8", "http://[fd12::1]:1234/v1", True),
        ("[fd00::]/8", "http://[fd12::1]:1234/v1", True),
        ("fd12::1", "http://[fd12:0:0::1]:1234/v1", True),
        ("[fd12::1]", "http://[fd12::1]:1234/v1", True),
        ("[fd12::1]:1234", "http://[fd12::1]:1234/v1", True),
        ("[fd12::1]:80", "http://[fd12::1]:1234/v1", False),
        ("fe80::/10", "http://[fe80::1%eth0]:1234/v1", True),
        ("10.0.0.0/8", "http://[::ffff:10.1.2.3]:1234/v1", True),
        ("fd00::/8", LAN, False),
        # names
        ("nas", "http://nas:1234/v1", True),
        ("example.com", "http://example.com/v1", True),
        ("example.com", "http://a.b.example.com/v1", True),
        ("example.com", "http://badexample.com/v1", False),
        (".example.com", "http://a.example.com/v1", True),
        (".example.com", "http://example.com/v1", True),
        ("*.example.com", "http://a.b.example.com/v1", True),
        ("*.example.com", "http://badexample.com/v1", False),
        ("EXAMPLE.com", "http://Api.Example.COM/v1", True),
        ("example.com.", "http://api.example.com/v1", True),
        ("example.com", "http://api.example.com./v1", True),
        ("bücher.example", "http://xn--bcher-kva.example/v1", True),
        ("gpu-*.lan", "http://gpu-7.lan/v1", True),
        ("com", "http://example.com/v1", True),
        # ports and schemes
        ("example.com:8443", "https://example.com:8443/v1", True),
        ("example.com:443", "https://example.com/v1", True),
        ("example.com:8443", "https://example.com/v1", False),
        ("10.9.8.7:1234", LAN, True),
        ("10.9.8.7:1235", LAN, False),
        ("https://example.com", "http://example.com/v1", False),
        ("http://example.com/", "http://example.com/v1", True),
        # lists
        ("*", LAN, True),
        ("a,*", LAN, True),
        ("  a.example ,\t10.0.0.0/8 ", LAN, True),
        ("a.example 10.0.0.0/8", LAN, True),
        ("", LAN, False),
        (",,", LAN, False),
        ("/", LAN, False),
        ("[", LAN, False),
        (":", LAN, False),
        ("::/0", LAN, False),
        (".", LAN, False),
        ("*.", LAN, False),
    ],
)
def test_what_no_proxy_lets_past(no_proxy: str, url: str, *, is_exempt: bool) -> None:
    for env in ({"no_proxy": no_proxy}, {"NO_PROXY": no_proxy}):
        assert (exemption(url, env) is not None) is is_exempt
        scheme = url.partition(":")[0]
        named = {f"{scheme}_proxy": "http://proxy.example:3128"}
        assert (proxy_for(url, {**named, **env}) is None) is is_exempt


def test_the_entry_is_named_and_what_none_can_mean_is_known() -> None:
    env = {"NO_PROXY": "a.example,10.0.0.0/8,10.0.0.0/33,fd00::/200,b.example:http"}
    assert exemption(LAN, env) == "10.0.0.0/8"
    assert unreadable_exemptions(env) == ("10.0.0.0/33", "fd00::/200", "b.example:http")


@pytest.mark.parametrize(
    ("env", "variable", "shown"),
    [
        ({"HTTP_PROXY": "http://p:1"}, "HTTP_PROXY", "http://p:1"),
        ({"http_proxy": "http://p:1", "HTTP_PROXY": "http://q:2"}, "http_proxy", "http://p:1"),
        ({"http_proxy": "", "HTTP_PROXY": "http://q:2"}, None, ""),
        ({"ALL_PROXY": "http://p:1"}, "ALL_PROXY", "http://p:1"),
        ({"all_proxy": "socks5://u:secret@p"}, "all_proxy", "socks5://p:1080"),
        ({"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://q:2"}, "HTTP_PROXY", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, None, ""),
        ({"HTTP_PROXY": "p:3128"}, "HTTP_PROXY", "http://p:3128"),
        ({"HTTP_PROXY": " http://u:secret@[::1]:1 "}, "HTTP_PROXY", "http://[::1]:1"),
        ({"HTTP_PROXY": "http://p:port"}, "HTTP_PROXY", "an invalid address"),
        ({}, None, ""),
    ],
)
def test_the_proxy_is_the_one_that_is_set(
    env: dict[str, str], variable: str | None, shown: str
) -> None:
    proxy = proxy_for("http://far.example/v1", env)
    assert (proxy.variable if proxy else None) == variable
    if proxy is not None:
        assert proxy.origin == shown
        assert "secret" not in repr(proxy)


def system(*exceptions: str) -> Callable[[], SystemProxies]:
    urls = {"http": "proxy.example:3128", "https": "http://proxy.example:3128"}
    return lambda: SystemProxies(urls, as_entries(exceptions))


def test_the_proxy_of_the_system_counts_where_no_variable_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proxies, "system_proxies", system())
    found = proxy_for("http://far.example/v1", {"no_proxy": "x", "https_proxy": ""})
    assert found is not None
    assert (found.variable, found.origin) == ("the system", "http://proxy.example:3128")
    assert proxy_for("http://far.example/v1", {"https_proxy": "http://p:1"}) is None
    assert proxy_for("http://localhost:1234/v1", {}) is None
    assert proxy_for("http://far.example/v1", {"NO_PROXY": "far.example"}) is None


@pytest.mark.parametrize(
    ("exceptions", "host", "is_exempt"),
    [
        (("<local>",), "intranet", True),
        (("<local>",), "far.example", False),
        (("<local>",), "10.9.8.7", False),
        (("*.corp.example", " 10.* "), "ai.corp.example", True),
        (("*.corp.example", " 10.* "), "10.9.8.7", True),
        (("169.254/16",), "169.254.1.1", True),
        (("10.9",), "10.9.8.7", True),
        (("10",), "11.9.8.7", False),
        (("10.9.8.7",), "10.9.8.7", True),
        (("10.0.0.0/99",), "10.9.8.7", False),
        (("", "*.local"), "nas.local", True),
    ],
)
def test_the_exceptions_of_the_system_are_kept(
    exceptions: tuple[str, ...], host: str, monkeypatch: pytest.MonkeyPatch, *, is_exempt: bool
) -> None:
    monkeypatch.setattr(proxies, "system_proxies", system(*exceptions))
    assert (proxy_for(f"http://{host}:1234/v1", {}) is None) is is_exempt


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "x.localhost"])
def test_this_machine_is_never_asked_through_one(host: str) -> None:
    assert proxy_for(f"http://{host}:1234/v1", {**PROXY, "ALL_PROXY": "http://p:1"}) is None


async def test_a_host_that_is_exempt_is_asked_straight_and_its_failure_blames_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        assert host == "nas.lan"
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    heard: list[str] = []
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "192.168.0.0/16, *.lan")
    async with serving(answer) as url:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        there = url.replace("127.0.0.1", "nas.lan")
        request = Request(there, {}, b"{}", Limits(5.0, 5.0, 5.0), "NAS")
        async with HttpClient() as client:
            got = await client.send(request)
            assert await got.read() == b"ok"
            await got.aclose()
    assert heard[0].startswith("POST /v1/chat HTTP/1.1\r\n")
    async with HttpClient() as client:
        with pytest.raises(Unreachable) as caught:  # the server is gone
            await client.send(request)
    assert caught.value.message.startswith("Connection refused: nothing listens at http://nas.lan:")
    assert "proxy" not in f"{caught.value.message} {caught.value.hint}".lower()
