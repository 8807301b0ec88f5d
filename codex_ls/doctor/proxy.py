"""The check of the proxy: whether one stands in between, whether it should, and whether it is there."""

import contextlib
from ipaddress import ip_address
from urllib.parse import urlsplit

from codex_ls.config.address import DEFAULT_PORTS
from codex_ls.doctor.check import Finding, failed, ok, warning
from codex_ls.doctor.network import try_connection
from codex_ls.doctor.patient import Patient
from codex_ls.providers.proxy_settings import ProxySetting, is_exempt, proxy_set_for


async def check_proxy(patient: Patient) -> Finding:
    """Whether requests go through a proxy, and whether that is meant."""
    setting = proxy_set_for(urlsplit(patient.provider.base_url).scheme, patient.env)
    if setting is None:
        return ok("No proxy is set.")
    variable, proxy = setting
    if is_exempt(patient.host, patient.env):
        return ok(f"{variable} is set, and NO_PROXY leaves {patient.host} out.")
    if patient.is_local:
        return warning(
            f"{variable} is set ({proxy}) and NO_PROXY does not name {patient.host}: codex-ls goes"
            " past the proxy to this machine, other programs do not.",
            "export NO_PROXY=localhost,127.0.0.1,::1",
        )
    if (absent := await _absence(patient, setting)) is not None:
        return absent
    if any(_is_private(number) for number in patient.numbers):
        return warning(
            f"{patient.host} is on your own network, but requests go through the proxy {proxy}"
            f" ({variable}).",
            f"export NO_PROXY={patient.host},localhost,127.0.0.1,::1",
        )
    return ok(f"Requests go through the proxy {proxy} ({variable}).")


async def _absence(patient: Patient, setting: ProxySetting) -> Finding | None:
    """What to say where the proxy takes no connection; None if it does."""
    parts = urlsplit(setting.origin)
    if parts.scheme not in DEFAULT_PORTS or not (parts.hostname and parts.port):
        return None  # whoever sends through it says what is wrong
    outcome = await try_connection(parts.hostname, parts.port, patient.patience.ask_s)
    if outcome == "":
        return None
    why = {
        "is unknown": "no address is known for it",
        "is silent": f"it did not take the connection in {patient.patience.ask_s:g} s",
    }.get(outcome, "nothing listens there")
    return failed(
        f"{setting.variable} names the proxy {setting.origin}, and {why}.",
        "Correct that variable, or unset it.",
    )


def _is_private(number: str) -> bool:
    with contextlib.suppress(ValueError):
        return ip_address(number.partition("%")[0]).is_private
    return False
