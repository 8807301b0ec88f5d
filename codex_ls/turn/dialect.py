"""How one server wants to be asked: what is known beforehand, what was learned, what it refused."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codex_ls.config.address import is_loopback
from codex_ls.errors import ProviderError
from codex_ls.events import Notice
from codex_ls.wire import EFFORT_FIELDS, ModelCall, Quirks, is_named, quirks_for, refuses

if TYPE_CHECKING:
    from codex_ls.config.settings import Provider


def learned_quirks(
    provider: Provider,
    model: str,
    *,
    forced_open: Set[tuple[str, str]] = frozenset(),
    untold_progress: Set[str] = frozenset(),
) -> Quirks:
    """The server's quirks, with what earlier turns found.

    `forced_open` holds (base URL, model) pairs, `untold_progress` base URLs of servers that refused to
    be asked how far they are. A server of this machine whose id says nothing may well be llama.cpp;
    others don't look at that field.
    """
    quirks = quirks_for(
        provider=provider.id,
        host=urlsplit(provider.base_url).hostname or "",
        model=model,
        wire_api=provider.wire_api,
    )
    if (
        provider.wire_api == "chat"
        and is_loopback(provider.base_url)
        and not is_named(provider.id)
        and provider.base_url not in untold_progress
    ):
        quirks = replace(quirks, prompt_progress=True)
    is_open = (provider.base_url, model) in forced_open
    return replace(quirks, forced_open=True) if is_open else quirks


@dataclass(frozen=True, slots=True)
class Simpler:
    """A request without the field that was refused, and what the user should know of it."""

    call: ModelCall
    quirks: Quirks
    notice: Notice | None = None


def without_refused(
    call: ModelCall, quirks: Quirks, error: ProviderError, *, server_name: str
) -> Simpler | None:
    """The request without the field that the server refused, if that is what it refused."""
    if call.effort is not None and refuses(error, *EFFORT_FIELDS):
        if (nearer := _with_other_effort(call, quirks, error, server_name=server_name)) is not None:
            return nearer
        notice = Notice(
            "effortRefused",
            f"{server_name} does not take the effort {call.effort}; asked without it.",
            error.message,
        )
        return Simpler(replace(call, effort=None), quirks, notice)
    if quirks.prompt_progress and refuses(error, "return_progress"):
        return Simpler(call, replace(quirks, prompt_progress=False))
    if quirks.include_usage and refuses(error, "stream_options", "include_usage"):
        return Simpler(call, replace(quirks, include_usage=False))
    return _with_history_as_text(call, quirks, error, server_name=server_name)


def _with_other_effort(
    call: ModelCall, quirks: Quirks, error: ProviderError, *, server_name: str
) -> Simpler | None:
    """The request with the effort that comes nearest, where the refusal lists what there is."""
    if call.effort is None or "Supported settings:" not in error.message:
        return None
    from codex_ls.wire.lmstudio_request import other_effort

    refused = quirks.efforts.get(call.effort, call.effort)
    other = other_effort(error, call.effort, refused=refused)
    if other is None:
        return None
    notice = Notice(
        "effortRefused",
        f"{server_name} does not take the effort {call.effort}; asked with {other}.",
        error.message,
    )
    efforts = {**quirks.efforts, call.effort: other}
    return Simpler(call, replace(quirks, efforts=efforts), notice)


def _with_history_as_text(
    call: ModelCall, quirks: Quirks, error: ProviderError, *, server_name: str
) -> Simpler | None:
    """The request without the conversation that the server was to remember, if that may be at fault."""
    if not any(message.echo is not None for message in call.messages):
        return None
    from codex_ls.wire.lmstudio_request import as_text, may_have_forgotten

    whole = as_text(call) if may_have_forgotten(error) else None
    if whole is None:
        return None
    notice = Notice(
        "historyResent",
        f"{server_name} could not go on from the conversation it keeps;"
        " the earlier turns were sent again as text.",
        error.message,
    )
    return Simpler(whole, quirks, notice)
