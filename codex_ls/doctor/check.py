"""What one check found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says: one sentence, and the next step where there is one."""

    status: Status
    detail: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination; `id` stays the same over versions."""

    id: str
    title: str
    status: Status
    detail: str
    hint: str | None = None


def ok(detail: str) -> Finding:
    """All is well."""
    return Finding("ok", detail)


def warning(detail: str, hint: str | None = None) -> Finding:
    """It works, but the user should know this."""
    return Finding("warning", detail, hint)


def failed(detail: str, hint: str | None = None) -> Finding:
    """It can't work like this."""
    return Finding("failed", detail, hint)


def skipped(detail: str) -> Finding:
    """There was nothing to look at."""
    return Finding("skipped", detail)


def has_failed(checks: Iterable[Check]) -> bool:
    """Whether anything has to be put right before a question can be answered."""
    return any(check.status == "failed" for check in checks)


def as_json(check: Check) -> dict[str, Any]:
    """The entry of `codex/doctor` for one check; a key without a value is left out."""
    entry = {
        "id": check.id,
        "title": check.title,
        "status": check.status,
        "detail": check.detail,
    }
    return entry if check.hint is None else {**entry, "hint": check.hint}
