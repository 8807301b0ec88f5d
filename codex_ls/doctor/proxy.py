"""The check of the proxy: whether one stands in between, whether it should, and whether it is there."""

import contextlib
from ipaddress import ip_address
from urllib.parse import urlsplit

from codex_ls.config.address import DEFAULT_PORTS
from codex_ls.doctor.check import Finding, failed, ok, warning
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.doctor.network import try_connection
from codex_ls.providers.proxies import (
    SYSTEM,
    Proxy,
    exemption,
    exemptions,
    proxy_set_for,
    unreadable_exemptions,
)


async def check_proxy(context: DoctorContext) -> Finding:
    """Whether requests go through a proxy, and whether that is meant."""
    setting = proxy_set_for(urlsplit(context.provider.base_url).scheme, context.env)
    if setting is None:
        return ok("No proxy is set.")
    variable, proxy = setting.variable, setting.origin
    if (entry := exemption(context.provider.base_url, context.env, setting)) is not None:
        if variable == SYSTEM:
            return ok(f"The system proxy {proxy} does not apply to {context.host} ({entry}).")
        return ok(f"{variable} is set, and NO_PROXY exempts {context.host} ({entry}).")
    if context.is_local:
        return warning(
            f"{_set(setting)} ({proxy}) and NO_PROXY does not include {context.host}: codex-ls"
            " bypasses the proxy for this machine, other programs may not.",
            "export NO_PROXY=localhost,127.0.0.1,::1",
        )
    if (absent := await _absence(context, setting)) is not None:
        return absent
    if unreadable := unreadable_exemptions(context.env):
        return warning(
            f"Requests go through the proxy {proxy} ({variable}), and NO_PROXY contains"
            f" {', '.join(unreadable)}, which is not a host, port or range.",
            "Correct that entry; write a range as in 10.0.0.0/8.",
        )
    for number in context.numbers:
        scheme = urlsplit(context.origin).scheme
        if (entry := exemption(f"{scheme}://{_in_url(number)}", context.env)) is not None:
            return warning(
                f"NO_PROXY exempts {number} ({entry}), but requests to {context.host} go through"
                f" the proxy {proxy} ({variable}): host names are not compared with IP addresses.",
                _with_exemption(context),
            )
    if any(_is_private(number) for number in context.numbers):
        return warning(
            f"{context.host} is on your own network, but requests go through the proxy {proxy}"
            f" ({variable}).",
            _with_exemption(context),
        )
    return ok(f"Requests go through the proxy {proxy} ({variable}).")


async def _absence(context: DoctorContext, setting: Proxy) -> Finding | None:
    """What to say where the proxy takes no connection; None if it does."""
    parts = urlsplit(setting.origin)
    if parts.scheme not in DEFAULT_PORTS or not (parts.hostname and parts.port):
        return None  # whoever sends through it says what is wrong
    outcome = await try_connection(parts.hostname, parts.port, context.patience.ask_s)
    if outcome == "":
        return None
    why = {
        "is unknown": "its DNS lookup failed",
        "is silent": f"connecting to it timed out after {context.patience.ask_s:g} s",
    }.get(outcome, "nothing listens there")
    return failed(
        f"{setting.name} points to the proxy {setting.origin}, and {why}.",
        setting.correction,
    )


def _set(setting: Proxy) -> str:
    return "The system has a proxy" if setting.variable == SYSTEM else f"{setting.variable} is set"


def _with_exemption(context: DoctorContext) -> str:
    """The line that sends requests past the proxy, and keeps what is exempt already."""
    kept = exemptions(context.env) or ("localhost", "127.0.0.1", "::1")
    return f"export NO_PROXY={','.join((*kept, context.host))}"


def _in_url(number: str) -> str:
    return f"[{number}]" if ":" in number else number


def _is_private(number: str) -> bool:
    with contextlib.suppress(ValueError):
        return ip_address(number.partition("%")[0]).is_private
    return False
