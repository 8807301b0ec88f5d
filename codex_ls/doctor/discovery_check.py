"""Other model servers on this machine, for a hint where the configured one is not there."""

from codex_ls.doctor.check import Finding, ok, skipped
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.providers.servers.discover import FoundServer, discover
from codex_ls.providers.servers.kind import NAMES

_SHOWN_MODELS = 3


async def other_servers(context: DoctorContext) -> str:
    """A sentence that names a server which does run here; empty if there is none."""
    if not context.is_local:
        return ""
    ports = [port for port in context.ports if port != context.port]
    found = await discover(ports)
    if not found:
        return ""
    first = found[0]
    name = NAMES[first.kind]
    return (
        f"{name[:1].upper() if first.kind == 'other' else name[:1]}{name[1:]} answers at"
        f' {first.origin}: base_url = "{first.base_url}".'
    )


async def check_discovery(context: DoctorContext) -> Finding:
    """Which model servers run on this machine."""
    found = await discover(context.ports)
    if not found:
        return skipped("No model server found on the default ports of this machine.")
    return ok("; ".join(map(_told, found)) + ".")


def _told(found: FoundServer) -> str:
    models = [model.name for model in found.server.models]
    shown = ", ".join(models[:_SHOWN_MODELS]) or "no model"
    more = f" and {len(models) - _SHOWN_MODELS} more" if len(models) > _SHOWN_MODELS else ""
    return f"{found.server.title} at {found.origin} with {shown}{more}"
