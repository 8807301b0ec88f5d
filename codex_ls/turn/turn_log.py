"""One line a turn in `$CODEX_HOME/codex-ls/turns.jsonl`: which model was how fast, and nothing it said.

`codex-ls stats` reads it. Invariant: no prompt, no answer, no path, no address, no key; and a log that
can't be written is no reason to bother anybody. Only where the user's config asks for it (`[history]
log_text`) a line holds what was said, without keys, and never what was said under the local-only lock.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from codex_ls.config.address import is_loopback
from codex_ls.config.model_settings import ModelSettings
from codex_ls.events import TurnFinished, TurnStarted
from codex_ls.turn.journal import now, open_private
from codex_ls.turn.thread_store import our_folder

MAX_FILE_BYTES = 4 * 1024 * 1024
"""A file that has grown past this is set aside as `turns.1.jsonl`, in the place of the one before it."""

MAX_TEXT_CHARS = 32_768
"""What of one prompt, one thinking or one answer is logged, where text is logged at all."""

_NAME, _OLD_NAME = "turns.jsonl", "turns.1.jsonl"


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """The figures of one turn; `None` for what nobody counted. Durations are milliseconds."""

    at: str
    model: str
    provider: str
    status: str
    total_ms: int
    profile: str | None = None
    effort: str | None = None
    is_local: bool = False
    finish_reason: str | None = None
    error: str | None = None
    """The kind of the error of a turn that failed."""
    first_reasoning_ms: int | None = None
    first_content_ms: int | None = None
    load_ms: int | None = None
    prompt_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    output_tokens_per_second: float | None = None
    estimated: bool = True
    """Whether the speed was counted here, since the server told none."""
    cached_input_tokens: int | None = None
    prompt_tokens_per_second: float | None = None
    prompt_estimated: bool = False
    """The same of the speed at which the prompt was read."""
    load_estimated: bool = False
    thinking_tokens: int | None = None
    """About how many tokens were thinking, where the model server does not tell."""
    """The same of the time that loading the model took."""
    waited_ms: int | None = None
    window_tokens: int | None = None
    """How many tokens the model's window had."""
    turn: str = ""
    thread: str = ""
    prompt: str | None = None
    reasoning: str | None = None
    content: str | None = None


def log_turn(
    env: Mapping[str, str],
    started: TurnStarted,
    settings: ModelSettings,
    finished: TurnFinished,
    *,
    prompt: str,
) -> None:
    """Append one turn to the user's log, unless history is off. Never raises."""
    folder = our_folder(env) if settings.keep_history else None
    if folder is None:
        return
    timing, usage = finished.timing, finished.usage
    speed, prompt_speed = timing.output_tokens_per_second, timing.prompt_tokens_per_second
    turn = LoggedTurn(
        at=now(),
        model=started.model,
        provider=started.provider,
        status=finished.status,
        total_ms=timing.total_ms,
        profile=started.profile,
        effort=settings.effort,
        is_local=is_loopback(settings.provider.base_url),
        finish_reason=finished.finish_reason,
        error=finished.error.kind if finished.error else None,
        first_reasoning_ms=timing.first_reasoning_ms,
        first_content_ms=timing.first_content_ms,
        load_ms=timing.load_ms,
        prompt_ms=timing.prompt_ms,
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        reasoning_tokens=usage.reasoning_tokens if usage else None,
        output_tokens_per_second=None if speed is None else round(speed, 2),
        estimated=timing.estimated,
        cached_input_tokens=usage.cached_input_tokens if usage else None,
        prompt_tokens_per_second=None if prompt_speed is None else round(prompt_speed, 2),
        prompt_estimated=timing.prompt_estimated,
        load_estimated=timing.load_estimated,
        thinking_tokens=timing.thinking_tokens,
        waited_ms=timing.waited_ms,
        window_tokens=usage.context_window if usage else None,
        turn=started.turn_id,
        thread=started.thread_id,
        **_texts(env, settings, prompt=prompt, finished=finished),
    )
    with suppress(OSError):
        _append(folder, _as_line(turn))


def logged_turns(env: Mapping[str, str]) -> Iterator[LoggedTurn]:
    """Every turn that is still in the log, oldest first; lines that make no sense are passed over."""
    folder = our_folder(env)
    for name in (_OLD_NAME, _NAME) if folder is not None else ():
        assert folder is not None
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        for raw in data.decode("utf-8", "replace").split("\n"):
            if (turn := _from_line(raw)) is not None:
                yield turn


def _texts(
    env: Mapping[str, str], settings: ModelSettings, *, prompt: str, finished: TurnFinished
) -> dict[str, str]:
    """What was said, if that is wanted, without any key and cut to a bounded length."""
    if not settings.log_text or settings.local_only:
        return {}
    from codex_ls.providers.key_redaction import Redaction

    provider = settings.provider
    named = (
        env.get(name, "") for name in (*provider.env_keys, *provider.env_http_headers.values())
    )
    redaction = Redaction(
        env, (*named, *provider.http_headers.values(), *provider.query_params.values())
    )
    said = {"prompt": prompt, "reasoning": finished.reasoning, "content": finished.content}
    return {name: _cut(redaction.clean(text)) for name, text in said.items() if text}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT_CHARS else text[: MAX_TEXT_CHARS - 1] + "…"


def _append(folder: Path, line: str) -> None:
    path = folder / _NAME
    descriptor = open_private(path, os.O_WRONLY)
    try:
        os.write(descriptor, (line + "\n").encode("utf-8", "replace"))
        written = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    # Another process may have set it aside just now: what stands there then is its new one.
    if written.st_size > MAX_FILE_BYTES and os.path.samestat(written, path.stat()):
        path.replace(folder / _OLD_NAME)


def _as_line(turn: LoggedTurn) -> str:
    values = {field.name: getattr(turn, field.name) for field in fields(turn)}
    present = {name: value for name, value in values.items() if value not in (None, "")}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":"))


def _from_line(raw: str) -> LoggedTurn | None:
    try:
        line: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    kinds = _kinds()
    known = {name: value for name, value in line.items() if type(value) in kinds.get(name, ())}
    try:
        return LoggedTurn(**known)
    except TypeError:
        return None


_FLAGS = frozenset({"is_local", "estimated", "prompt_estimated", "load_estimated"})
_NUMBER_ENDS = ("_ms", "_tokens", "_per_second")


@cache
def _kinds() -> dict[str, tuple[type, ...]]:
    """What each value of a line may be."""
    return {field.name: _kinds_of(field.name) for field in fields(LoggedTurn)}


def _kinds_of(name: str) -> tuple[type, ...]:
    if name in _FLAGS:
        return (bool,)
    return (int, float) if name.endswith(_NUMBER_ENDS) else (str,)
