"""The examination: which checks there are, in which order, and what each of them needs."""

import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from codex_ls.doctor.answering import check_answer, check_cancel, check_thinking
from codex_ls.doctor.check import Check, Finding, failed, skipped
from codex_ls.doctor.configuration import (
    check_address,
    check_codex,
    check_config,
    check_key,
    check_profile,
    check_sandbox,
)
from codex_ls.doctor.discovery_check import check_discovery
from codex_ls.doctor.doctor_context import DoctorContext, Patience
from codex_ls.doctor.model_server import check_model, check_server, check_window
from codex_ls.doctor.network import check_connection, check_exposure, check_name
from codex_ls.doctor.protocol_check import check_tls
from codex_ls.doctor.proxy import check_proxy
from codex_ls.errors import CodexError
from codex_ls.providers.origin import AskSecret
from codex_ls.providers.probe import Prober
from codex_ls.providers.servers.discover import KNOWN_PORTS
from codex_ls.sanitize import sanitize
from codex_ls.turn.session import Session
from codex_ls.wire.stream_errors import redact

_MIN_SECRET_CHARS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One check, and the checks that must not have failed before it makes sense."""

    id: str
    title: str
    look: Callable[[DoctorContext], Awaitable[Finding]]
    needs: tuple[str, ...] = ()
    is_of_address: bool = False
    """Whether it looks at an address, which the built-in model does not have."""


STEPS: tuple[Step, ...] = (
    Step("config", "Configuration", check_config),
    Step("profile", "Profile", check_profile, ("config",)),
    Step("key", "Key", check_key, ("profile",)),
    Step("address", "Address", check_address, ("profile",)),
    Step("name", "Name", check_name, ("address",), is_of_address=True),
    Step("proxy", "Proxy", check_proxy, ("name",), is_of_address=True),
    Step("connection", "Connection", check_connection, ("name", "proxy"), is_of_address=True),
    Step("tls", "HTTP and TLS", check_tls, ("key", "connection"), is_of_address=True),
    Step("server", "Server", check_server, ("tls",), is_of_address=True),
    Step("model", "Model", check_model, ("server",), is_of_address=True),
    Step("window", "Window", check_window, ("model",), is_of_address=True),
    Step("exposure", "Exposure", check_exposure, ("connection",), is_of_address=True),
    Step("answer", "Answer", check_answer, ("key", "server", "model")),
    Step("thinking", "Thinking", check_thinking, ("answer",)),
    Step("cancel", "Cancelling", check_cancel, ("answer",)),
    Step("codex", "Codex", check_codex, ("config",)),
    Step("sandbox", "Sandbox", check_sandbox, ("profile",)),
)
DISCOVERY = Step("discover", "This machine", check_discovery)


async def examine(
    *,
    env: Mapping[str, str] = os.environ,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    local_only: bool = False,
    with_discovery: bool = False,
    ask_secret: AskSecret | None = None,
    ports: Sequence[int] = KNOWN_PORTS,
    patience: Patience | None = None,
) -> AsyncGenerator[Check, None]:
    """Every check of one profile, each as soon as it is done; never raises a CodexError.

    `profile` None is the one in use. `with_discovery` looks at the usual ports of this machine too.
    """
    causes: dict[str, str] = {}  # check to the title of the failed one that it can't do without
    async with (
        Prober() as prober,
        Session(env=env, ask_secret=ask_secret) as session,
    ):
        context = DoctorContext(
            env,
            prober,
            session,
            profile=profile,
            overrides=overrides,
            local_only=local_only,
            ask_secret=ask_secret,
            ports=ports,
            patience=patience or Patience(),
        )
        for step in (*STEPS, *((DISCOVERY,) if with_discovery else ())):
            cause = next((causes[other] for other in step.needs if other in causes), None)
            if cause is not None:
                finding = skipped(f"Skipped because this check failed: {cause}.")
            else:
                finding = await _finding(step, context)
            if cause is not None or finding.status == "failed":
                causes[step.id] = cause or step.title
            check = Check(step.id, step.title, finding.status, finding.detail, finding.hint)
            yield redacted(check, context)


async def _finding(step: Step, context: DoctorContext) -> Finding:
    if step.is_of_address and context.is_built_in:
        return skipped("The built-in model has no address.")
    try:
        return await step.look(context)
    except CodexError as error:
        return failed(error.message, error.hint)


def redacted(check: Check, context: DoctorContext) -> Check:
    """The check, safe to paste: no key, no header's value, no home folder, no escapes."""
    secrets = sorted(_secrets(context), key=len, reverse=True)
    home = _home(context.env)

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[key]")
        if home:
            # `/home/me`, and neither `/home/me2` nor the second `/me` of `/me/me`.
            text = re.sub(rf"(?<![\w.~-]){re.escape(home)}(?![\w.-])", "~", text)
        return redact(sanitize(text))

    hint = None if check.hint is None else clean(check.hint)
    return Check(check.id, check.title, check.status, clean(check.detail), hint)


def _secrets(context: DoctorContext) -> Iterable[str]:
    """Every value that may be one; a short one would tear ordinary words apart."""
    found = set((context.headers or {}).values())
    if context.chosen is not None:
        provider = context.chosen.provider
        found |= set(provider.http_headers.values()) | set(provider.query_params.values())
        found |= {context.env.get(name, "") for name in provider.env_http_headers.values()}
        found |= {context.env.get(name, "") for name in provider.env_keys}
    found |= {value.removeprefix("Bearer ") for value in found}
    return {value.strip() for value in found if len(value.strip()) >= _MIN_SECRET_CHARS}


def _home(env: Mapping[str, str]) -> str:
    home = (env.get("HOME") or env.get("USERPROFILE") or "").rstrip("/\\")
    return home if len(home) > 1 else ""
