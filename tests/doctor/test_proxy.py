"""What the doctor says of a proxy in between, and of NO_PROXY."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.doctor.proxy import check_proxy
from codex_ls.providers.probe import Prober
from codex_ls.turn.session import Session
from tests.support import catalogue
from tests.support.byte_server import serving


@pytest.fixture
async def proxy() -> AsyncIterator[str]:
    """A proxy that takes connections."""

    async def take(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(take) as url:
        yield url.removesuffix("/v1/chat")


async def examined(
    proxy: str, host: str, numbers: tuple[str, ...], no_proxy: str
) -> tuple[str, str, str | None]:
    env = {"http_proxy": proxy, "NO_PROXY": no_proxy}
    provider = Provider("p", "P", f"http://{host}:1234/v1")
    context = DoctorContext(env, Prober(), Session(env=env), chosen=ModelSettings("m", provider))
    context.numbers = numbers
    found = await check_proxy(context)
    return found.status, found.detail, found.hint


@pytest.mark.parametrize(
    ("name", "host", "numbers", "no_proxy", "status"),
    [
        ("exempt by a range", "10.9.8.7", ("10.9.8.7",), "127.0.0.0/8,10.0.0.0/8", "ok"),
        ("on a private network", "10.9.8.7", ("10.9.8.7",), "localhost", "warning"),
        ("a name in an exempt range", "nas.lan", ("10.9.8.7",), "10.0.0.0/8", "warning"),
        ("an invalid range", "far.example", ("203.0.113.9",), "10.0.0.0/33", "warning"),
        ("a public address", "far.example", ("8.8.8.8",), "", "ok"),
    ],
)
async def test_the_proxy_check(
    proxy: str, name: str, host: str, numbers: tuple[str, ...], no_proxy: str, status: str
) -> None:
    found, detail, hint = await examined(proxy, host, numbers, no_proxy)
    assert found == status
    catalogue.check("proxy check", name, detail, hint, {"proxy": proxy})
