"""The examination: which checks there are, in which order, and what each of them needs."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from codex_ls.doctor.answering import check_answer, check_cancel, check_thinking
from codex_ls.doctor.check import Check, Finding, failed, skipped
from codex_ls.doctor.configuration import (
    check_address,
    check_config,
    check_key,
    check_profile,
)
from codex_ls.doctor.model_server import check_model, check_server, check_window
from codex_ls.doctor.neighbours import check_neighbours
from codex_ls.doctor.network import check_connection, check_exposure, check_name
from codex_ls.doctor.patient import Patience, Patient
from codex_ls.doctor.proxy import check_proxy
from codex_ls.doctor.redaction import redacted
from codex_ls.doctor.speech import check_tls
from codex_ls.errors import CodexError
from codex_ls.providers.discover import KNOWN_PORTS
from codex_ls.providers.inquiry import Inquirer
from codex_ls.providers.origin import AskSecret
from codex_ls.turn.session import Session


@dataclass(frozen=True, slots=True)
class Step:
    """One check, and the checks that must not have failed before it makes sense."""

    id: str
    title: str
    look: Callable[[Patient], Awaitable[Finding]]
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
)
NEIGHBOURS = Step("discover", "This machine", check_neighbours)


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
        Inquirer() as inquirer,
        Session(env=env, ask_secret=ask_secret) as session,
    ):
        patient = Patient(
            env,
            inquirer,
            session,
            profile=profile,
            overrides=overrides,
            local_only=local_only,
            ask_secret=ask_secret,
            ports=ports,
            patience=patience or Patience(),
        )
        for step in (*STEPS, *((NEIGHBOURS,) if with_discovery else ())):
            cause = next((causes[other] for other in step.needs if other in causes), None)
            if cause is not None:
                finding = skipped(f"Not looked at, because of: {cause}.")
            else:
                finding = await _finding(step, patient)
            if cause is not None or finding.status == "failed":
                causes[step.id] = cause or step.title
            check = Check(step.id, step.title, finding.status, finding.detail, finding.hint)
            yield redacted(check, patient)


async def _finding(step: Step, patient: Patient) -> Finding:
    if step.is_of_address and patient.is_built_in:
        return skipped("The built-in model has no address.")
    try:
        return await step.look(patient)
    except CodexError as error:
        return failed(error.message, error.hint)
