"""Makes what the doctor says safe to paste: no key, no header's value, no home folder, no escapes."""

import re
from collections.abc import Iterable, Mapping

from codex_ls.doctor.check import Check
from codex_ls.doctor.patient import Patient
from codex_ls.sanitize import sanitize
from codex_ls.wire.stream_errors import redact

_MIN_SECRET_CHARS = 4


def redacted(check: Check, patient: Patient) -> Check:
    """The check without anything that is nobody else's business."""
    secrets = sorted(_secrets(patient), key=len, reverse=True)
    home = _home(patient.env)

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[key]")
        if home:
            # `/home/me`, and neither `/home/me2` nor the second `/me` of `/me/me`.
            text = re.sub(rf"(?<![\w.~-]){re.escape(home)}(?![\w.-])", "~", text)
        return redact(sanitize(text))

    hint = None if check.hint is None else clean(check.hint)
    return Check(check.id, check.title, check.status, clean(check.detail), hint)


def _secrets(patient: Patient) -> Iterable[str]:
    """Every value that may be one; a short one would tear ordinary words apart."""
    found = set((patient.headers or {}).values())
    if patient.chosen is not None:
        provider = patient.chosen.provider
        found |= set(provider.http_headers.values()) | set(provider.query_params.values())
        found |= {patient.env.get(name, "") for name in provider.env_http_headers.values()}
        found |= {patient.env.get(name, "") for name in provider.env_keys}
    found |= {value.removeprefix("Bearer ") for value in found}
    return {value.strip() for value in found if len(value.strip()) >= _MIN_SECRET_CHARS}


def _home(env: Mapping[str, str]) -> str:
    home = (env.get("HOME") or env.get("USERPROFILE") or "").rstrip("/\\")
    return home if len(home) > 1 else ""
