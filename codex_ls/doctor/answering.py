"""The checks that ask the model: one short answer as it streams, and one that is taken back."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace

from codex_ls.config.model_settings import ModelSettings
from codex_ls.doctor.check import Finding, failed, ok, skipped, warning
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.errors import CodexError
from codex_ls.events import ContentDelta, PhaseChanged, ReasoningDelta, TurnFinished
from codex_ls.turn.session import TurnRequest

_PROMPT = "Reply with the single word OK."
_LONG_PROMPT = "Count from 1 to 1000, one number a line."
_ANSWER_TOKENS = 512
_POLL_S = 0.1


async def check_answer(context: DoctorContext) -> Finding:
    """Whether a word comes, and when."""
    turn = context.session.start(TurnRequest(_PROMPT), _asking(context, tokens=_ANSWER_TOKENS))
    phase = "connecting"
    try:
        async with asyncio.timeout(context.patience.answer_s), aclosing(turn):
            async for event in turn:
                if isinstance(event, PhaseChanged):
                    phase = event.phase
                if isinstance(event, TurnFinished):
                    context.answer = event
    except TimeoutError:
        return failed(
            f"No complete answer within {context.patience.answer_s:g} s; the last phase was"
            f" {phase}.",
            "Wait until the model is loaded, then run the doctor again."
            if phase == "loading"
            else "Check the server's log, or use a smaller model.",
        )
    except CodexError as error:
        return failed(error.message, error.hint)
    finished = context.answer
    assert finished is not None
    context.reasoning_field = context.session.reasoning_field(turn.thread_id)
    if finished.error is not None:
        return failed(finished.error.message, _hint(context, finished.error))
    return _told(context, finished)


async def check_thinking(context: DoctorContext) -> Finding:
    """Whether the model thinks aloud, and in which field."""
    assert context.answer is not None
    if not context.answer.reasoning:
        return ok("No reasoning: this model does not send any, or its effort is none.")
    field = context.reasoning_field
    where = (
        f"in the field {field}"
        if field
        else ("inside the answer's text, from which it was separated")
    )
    return ok(f"Received {where}.")


async def check_cancel(context: DoctorContext) -> Finding:
    """Whether the server stops when a question is taken back."""
    if not (context.is_local or context.is_built_in):
        return skipped("Skipped: it would cost money on a remote server.")
    turn = context.session.start(TurnRequest(_LONG_PROMPT), _asking(context, tokens=None))
    cancelled_at: float | None = None
    try:
        async with asyncio.timeout(context.patience.answer_s), aclosing(turn):
            async for event in turn:
                if isinstance(event, ReasoningDelta | ContentDelta) and cancelled_at is None:
                    cancelled_at = time.perf_counter()
                    turn.cancel()
    except (TimeoutError, CodexError):
        return warning("The second question was not answered, so cancelling could not be tested.")
    if cancelled_at is None:
        return skipped("The second question returned no text, so cancelling could not be tested.")
    closed_ms = round((time.perf_counter() - cancelled_at) * 1000)
    is_free = await _becomes_free(context)
    if is_free is None:
        return ok(
            f"The connection was closed after {closed_ms} ms; this server does not report"
            " whether it stopped."
        )
    if is_free:
        return ok(
            f"The connection was closed after {closed_ms} ms, and the server stopped generating."
        )
    return warning(
        f"The server kept generating for more than {context.patience.free_s:g} s after the"
        " connection was closed.",
        "Update the server; until then a cancelled question keeps it busy until it is finished.",
    )


def _asking(context: DoctorContext, *, tokens: int | None) -> ModelSettings:
    """The profile's settings for a question that is asked once, and leaves nothing behind."""
    settings = context.settings
    return replace(
        settings,
        provider=replace(settings.provider, request_max_retries=0),
        max_output_tokens=tokens or settings.max_output_tokens,
        keep_history=False,
        notices=(),
    )


def _told(context: DoctorContext, finished: TurnFinished) -> Finding:
    timing = finished.timing
    firsts = [ms for ms in (timing.first_reasoning_ms, timing.first_content_ms) if ms is not None]
    trouble = next((n for n in finished.notices if n.kind != "emptyAnswer"), None)
    if not firsts:
        notice = next(iter(finished.notices), None)
        if notice is None:
            return failed("The turn ended without any text.", "Look at the server's own log.")
        return failed(notice.message, notice.hint)
    speed = timing.output_tokens_per_second
    about = "about " if timing.estimated else ""
    sentence = f"First token after {_seconds(min(firsts))}" + (
        f", then {about}{speed:.1f} tokens/s." if speed is not None else "."
    )
    if finished.status == "truncated" and trouble is not None:
        return failed(f"{sentence} Then: {trouble.message}", trouble.hint)
    if min(firsts) > context.patience.slow_first_word_ms:
        return warning(sentence, _slow_hint(context, finished))
    if trouble is not None:
        return warning(f"{sentence} {trouble.message}", trouble.hint)
    return ok(sentence)


def _slow_hint(context: DoctorContext, finished: TurnFinished) -> str:
    load_ms = finished.timing.load_ms
    if load_ms and load_ms > context.patience.slow_first_word_ms // 2:
        return (
            f"This includes {_seconds(load_ms)} for loading the model; the next question is faster."
        )
    if context.is_local:
        return "Try again; if it is still slow, use a smaller model or a smaller quantization."
    return "Try again; if it is still slow, use another model or a lower effort."


def _hint(context: DoctorContext, error: CodexError) -> str | None:
    """The error's own, but for one that sends its reader to the doctor."""
    if error.hint is None or "codex-ls doctor" not in error.hint:
        return error.hint
    return (
        f"Check the server's log. The request was for {context.settings.model} at"
        f" {context.provider.base_url}, as {context.provider.wire_api}."
    )


async def _becomes_free(context: DoctorContext) -> bool | None:
    """Whether the server stops within the limit; None if it does not tell what it is doing."""
    deadline = time.perf_counter() + context.patience.free_s
    while True:
        is_busy = await _is_busy(context)
        if is_busy is None:
            return None
        if not is_busy:
            return True
        if time.perf_counter() > deadline:
            return False
        await asyncio.sleep(_POLL_S)


async def _is_busy(context: DoctorContext) -> bool | None:
    match context.server.kind if context.server is not None else None:
        case "llamacpp":
            reply = await context.get_at_root("/slots")
            slots = reply.data if reply is not None and reply.status == 200 else None
            if not isinstance(slots, list):
                return None
            return any(isinstance(slot, dict) and slot.get("is_processing") for slot in slots)
        case "vllm" | "sglang":
            reply = await context.get_at_root("/metrics")
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
