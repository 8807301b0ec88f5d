"""The checks that ask the model: one short answer as it streams, and one that is taken back."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace

from codex_ls.config.settings import ModelSettings
from codex_ls.doctor.check import Finding, failed, ok, skipped, warning
from codex_ls.doctor.patient import Patient
from codex_ls.errors import CodexError
from codex_ls.events import ContentDelta, PhaseChanged, ReasoningDelta, TurnFinished
from codex_ls.turn.run import TurnRequest

_PROMPT = "Reply with the single word OK."
_LONG_PROMPT = "Count from 1 to 1000, one number a line."
_ANSWER_TOKENS = 512
_POLL_S = 0.1


async def check_answer(patient: Patient) -> Finding:
    """Whether a word comes, and when."""
    turn = patient.session.start(TurnRequest(_PROMPT), _asking(patient, tokens=_ANSWER_TOKENS))
    phase = "connecting"
    try:
        async with asyncio.timeout(patient.patience.answer_s), aclosing(turn):
            async for event in turn:
                if isinstance(event, PhaseChanged):
                    phase = event.phase
                if isinstance(event, TurnFinished):
                    patient.answer = event
    except TimeoutError:
        return failed(
            f"No whole answer in {patient.patience.answer_s:g} s; the last phase was {phase}.",
            "Wait until it is loaded, and run the doctor again."
            if phase == "loading"
            else "Look at the server's own log; a smaller model answers sooner.",
        )
    except CodexError as error:
        return failed(error.message, error.hint)
    finished = patient.answer
    assert finished is not None
    patient.reasoning_field = patient.session.reasoning_field(turn.thread_id)
    if finished.error is not None:
        return failed(finished.error.message, _hint(patient, finished.error))
    return _told(patient, finished)


async def check_thinking(patient: Patient) -> Finding:
    """Whether the model thinks aloud, and in which field."""
    assert patient.answer is not None
    if not patient.answer.reasoning:
        return ok("None came: this model does not think aloud, or its effort is none.")
    field = patient.reasoning_field
    where = f"in the field {field}" if field else "inside the answer's text, and was taken out"
    return ok(f"It came {where}.")


async def check_cancel(patient: Patient) -> Finding:
    """Whether the server stops when a question is taken back."""
    if not (patient.is_local or patient.is_built_in):
        return skipped("Not tried where it would cost money.")
    turn = patient.session.start(TurnRequest(_LONG_PROMPT), _asking(patient, tokens=None))
    cancelled_at: float | None = None
    try:
        async with asyncio.timeout(patient.patience.answer_s), aclosing(turn):
            async for event in turn:
                if isinstance(event, ReasoningDelta | ContentDelta) and cancelled_at is None:
                    cancelled_at = time.perf_counter()
                    turn.cancel()
    except (TimeoutError, CodexError):
        return warning("The second question was not answered, so nothing could be taken back.")
    if cancelled_at is None:
        return skipped("The second question brought no text to take back.")
    closed_ms = round((time.perf_counter() - cancelled_at) * 1000)
    is_free = await _becomes_free(patient)
    if is_free is None:
        return ok(f"The connection was closed after {closed_ms} ms; the server tells no more.")
    if is_free:
        return ok(f"The connection was closed after {closed_ms} ms, and the server was free.")
    return warning(
        f"The server went on for more than {patient.patience.free_s:g} s after the connection was"
        " closed.",
        "A newer version of it may notice; until then a cancelled question costs its whole time.",
    )


def _asking(patient: Patient, *, tokens: int | None) -> ModelSettings:
    """The profile's settings for a question that is asked once, and leaves nothing behind."""
    settings = patient.settings
    return replace(
        settings,
        provider=replace(settings.provider, request_max_retries=0),
        max_output_tokens=tokens or settings.max_output_tokens,
        keep_history=False,
        notices=(),
    )


def _told(patient: Patient, finished: TurnFinished) -> Finding:
    timing = finished.timing
    firsts = [ms for ms in (timing.first_reasoning_ms, timing.first_content_ms) if ms is not None]
    trouble = next((n for n in finished.notices if n.kind != "emptyAnswer"), None)
    if not firsts:
        notice = next(iter(finished.notices), None)
        if notice is None:
            return failed("The turn ended without a word.", "Look at the server's own log.")
        return failed(notice.message, notice.hint)
    speed = timing.output_tokens_per_second
    about = "about " if timing.estimated else ""
    sentence = f"The first word came after {_seconds(min(firsts))}" + (
        f", then {about}{speed:.1f} tokens/s." if speed is not None else "."
    )
    if finished.status == "truncated" and trouble is not None:
        return failed(f"{sentence} Then: {trouble.message}", trouble.hint)
    if min(firsts) > patient.patience.slow_first_word_ms:
        return warning(sentence, _slow_hint(patient, finished))
    if trouble is not None:
        return warning(f"{sentence} {trouble.message}", trouble.hint)
    return ok(sentence)


def _slow_hint(patient: Patient, finished: TurnFinished) -> str:
    load_ms = finished.timing.load_ms
    if load_ms and load_ms > patient.patience.slow_first_word_ms // 2:
        return f"Loading the model took {_seconds(load_ms)} of it: the next question is faster."
    if patient.is_local:
        return "Ask again: if it stays so slow, take a smaller model or a smaller quantisation."
    return "Ask again: if it stays so slow, take another model or a lower effort."


def _hint(patient: Patient, error: CodexError) -> str | None:
    """The error's own, but for one that sends its reader to the doctor."""
    if error.hint is None or "codex-ls doctor" not in error.hint:
        return error.hint
    return (
        f"Look at the server's own log: it was asked for {patient.settings.model} at"
        f" {patient.provider.base_url}, as {patient.provider.wire_api}."
    )


async def _becomes_free(patient: Patient) -> bool | None:
    """Whether the server stops within the limit; None if it does not tell what it is doing."""
    deadline = time.perf_counter() + patient.patience.free_s
    while True:
        is_busy = await _is_busy(patient)
        if is_busy is None:
            return None
        if not is_busy:
            return True
        if time.perf_counter() > deadline:
            return False
        await asyncio.sleep(_POLL_S)


async def _is_busy(patient: Patient) -> bool | None:
    match patient.server.kind if patient.server is not None else None:
        case "llamacpp":
            reply = await patient.get_at_root("/slots")
            slots = reply.data if reply is not None and reply.status == 200 else None
            if not isinstance(slots, list):
                return None
            return any(isinstance(slot, dict) and slot.get("is_processing") for slot in slots)
        case "vllm" | "sglang":
            reply = await patient.get_at_root("/metrics")
            return _is_running(reply.text) if reply is not None else None
        case _:
            return None


def _is_running(metrics: str) -> bool | None:
    """What `num_requests_running` says; None if it is not there."""
    for line in metrics.splitlines():
        name, _, value = line.rpartition(" ")
        if "num_requests_running" in name and not name.startswith("#"):
            return value.strip() not in ("0", "0.0")
    return None


def _seconds(duration_ms: int) -> str:
    return f"{duration_ms} ms" if duration_ms < 1000 else f"{duration_ms / 1000:.1f} s"
