"""Base URLs: which are refused, and what they say about where a request goes."""

import pytest

from codex_ls.config.address import checked_base_url, is_loopback, origin


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:1234/v1", "http://localhost:1234/v1"),
        ("http://localhost:1234/v1/", "http://localhost:1234/v1"),
        ("  https://x.example//  ", "https://x.example"),
        ("HTTPS://X.Example/V1", "HTTPS://X.Example/V1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://bücher.example/v1", "http://bücher.example/v1"),
    ],
)
def test_good_addresses_lose_blanks_and_slashes_at_the_end(text: str, url: str) -> None:
    assert checked_base_url(text) == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must begin with http:// or https://"),
        ("localhost:1234/v1", "must begin with http:// or https://"),
        ("//localhost/v1", "must begin with http:// or https://"),
        ("ftp://host", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http:// or https://"),
        ("unix:///run/x.sock", "must begin with http:// or https://"),
        ("http:///v1", "must name a host"),
        ("http://:80/v1", "must name a host"),
        ("http://host:0/v1", "must have a port"),
        ("http://host:99999", "must have a port"),
        ("http://host:port", "must have a port"),
        ("http://[fe80::1%25lo]/v1", "must have a single %"),
        ("http://[::1", "must be an address such as"),
        ("http://user@host", "must not contain a user name or password"),
        ("http://user:pw@host", "must not contain a user name or password"),
        ("http://@host", "must not contain a user name or password"),
        ("http://host/v1?a=b", "must end with its path"),
        ("http://host/v1#a", "must end with its path"),
        ("http://host/v1?", "must end with its path"),
        ("http://host/a b", "must not contain spaces"),
        ("http://host/\x00", "must not contain spaces"),
        ("http://ho\nst/", "must not contain spaces"),
        ("http://host/\u202e", "must not contain spaces"),
    ],
)
def test_addresses_that_no_request_can_go_to(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}"):
        checked_base_url(text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com:443"),
        ("http://Localhost/v1", "http://localhost:80"),
        ("http://localhost:1234/v1", "http://localhost:1234"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("HTTPS://X.Example", "https://x.example:443"),
        ("", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "gpu.localhost",
        "127.0.0.1",
        "127.255.255.254",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_this_machine(host: str) -> None:
    assert is_loopback(f"http://{host}:1234/v1")


@pytest.mark.parametrize(
    "host",
    [
        "api.openai.com",
        "localhost.example.com",
        "mylocalhost",
        "127.0.0.1.example.com",
        "127.0.0.1.nip.io",
        "128.0.0.1",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "10.0.0.1",
        "192.168.1.5",
        "169.254.169.254",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[fe80::1]",
        "[2001:db8::1]",
    ],
)
def test_not_this_machine(host: str) -> None:
    assert not is_loopback(f"http://{host}:1234/v1")


def test_the_built_in_server_is_this_machine() -> None:
    assert is_loopback("")
