"""The spans of one turn, by OpenTelemetry's conventions for generative AI; needs `codex-ls[otel]`.

One `chat MODEL` span of kind CLIENT, with a child for each phase. Times are those that were measured
while the turn ran. No text of a prompt, an answer, thinking or an error is in them: an error is its
kind.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from codex_ls import __version__
from codex_ls.config.address import DEFAULT_PORTS, is_loopback
from codex_ls.turn.tracing import TracedTurn


class Spans:
    """Builds the spans of turns and gives those of one turn to the exporter at once."""

    def __init__(self, exporter: SpanExporter, *, env: Mapping[str, str] = os.environ) -> None:
        self._exporter = exporter
        self._batch = _Batch()
        provider = TracerProvider(
            resource=_resource(env),
            shutdown_on_exit=False,  # the session decides how long anybody waits
        )
        provider.add_span_processor(self._batch)
        self._tracer = provider.get_tracer("codex-ls", __version__)
        self._parent = _parent(env)

    @classmethod
    def to_collector(cls, endpoint: str) -> "Spans":
        """Spans that go to an OTLP collector over HTTP; headers and the like are in `OTEL_*`."""
        import requests
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        for name in ("opentelemetry", "urllib3"):
            # Without a handler Python prints warnings to standard error, into the user's answer.
            logging.getLogger(name).addHandler(logging.NullHandler())
        session = requests.Session()
        session.max_redirects = 0  # what was configured is where it goes
        session.trust_env = not is_loopback(endpoint)  # no proxy stands before this machine
        return cls(OTLPSpanExporter(endpoint=endpoint, session=session))

    def send(self, turn: TracedTurn) -> None:
        """Send the spans of one turn. Raises RuntimeError if the collector did not take them."""
        span = self._tracer.start_span(
            f"chat {turn.started.model}",
            context=self._parent,
            kind=SpanKind.CLIENT,
            attributes=dict(_attributes(turn)),
            start_time=turn.received_at_ns,
        )
        if turn.finished.error is not None:
            span.set_status(Status(StatusCode.ERROR, turn.finished.error.kind))
        inside = trace.set_span_in_context(span)
        ends = [at for _, at in turn.phases[1:]] + [turn.ended_at_ns]
        for (phase, begun), ended in zip(turn.phases, ends, strict=True):
            self._tracer.start_span(phase, context=inside, start_time=begun).end(ended)
        span.end(turn.ended_at_ns)
        spans = self._batch.take()
        if spans and self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise RuntimeError("the collector did not take it")


class _Batch(SpanProcessor):
    """Keeps ended spans until they are taken: one request for a turn, not one for each span."""

    def __init__(self) -> None:
        self._ended: list[ReadableSpan] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: a span is kept when it ends."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it, unless it is not sampled."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._ended.append(span)

    def take(self) -> list[ReadableSpan]:
        """What has ended since the last time."""
        ended, self._ended = self._ended, []
        return ended


def _attributes(turn: TracedTurn) -> Iterator[tuple[str, Any]]:
    """What is known; what nobody told is left out."""
    for name, value in _every_attribute(turn).items():
        if value is not None:
            yield name, value


def _every_attribute(turn: TracedTurn) -> dict[str, Any]:
    started, settings, finished = turn.started, turn.settings, turn.finished
    timing, usage = finished.timing, finished.usage
    firsts = [ms for ms in (timing.first_reasoning_ms, timing.first_content_ms) if ms is not None]
    host, port = _address(settings.provider.base_url)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": started.provider,
        "gen_ai.request.model": started.model,
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": settings.max_output_tokens,
        "gen_ai.output.type": "json" if turn.wants_json else "text",
        "gen_ai.conversation.id": started.thread_id,
        "gen_ai.response.finish_reasons": (finished.finish_reason,),
        "gen_ai.response.time_to_first_chunk": (
            max(0, min(firsts) - timing.request_ms) / 1000 if firsts else None
        ),
        "gen_ai.usage.input_tokens": usage and usage.input_tokens,
        "gen_ai.usage.output_tokens": usage and usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage and usage.cached_input_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage and usage.reasoning_tokens,
        "server.address": host,
        "server.port": port,
        "error.type": finished.error and finished.error.kind,
        "codex_ls.profile": started.profile,
        "codex_ls.effort": settings.effort,
        "codex_ls.status": finished.status,
        "codex_ls.turn.id": started.turn_id,
        "codex_ls.retries": turn.retries,
        "codex_ls.load_ms": timing.load_ms,
        "codex_ls.prompt_ms": timing.prompt_ms,
        "codex_ls.output_tokens_per_second": timing.output_tokens_per_second,
        "codex_ls.is_estimated": timing.estimated,
    }


def _address(base_url: str) -> tuple[str | None, int | None]:
    """Host and port; the built-in server has no address that would mean anything."""
    parts = urlsplit(base_url)
    return parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


def _resource(env: Mapping[str, str]) -> Resource:
    """What `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say, and else our own name."""
    own: dict[str, Any] = {"service.version": __version__}
    named = "service.name=" in env.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not (env.get("OTEL_SERVICE_NAME") or named):
        own["service.name"] = "codex-ls"
    return Resource.create(own)


def _parent(env: Mapping[str, str]) -> Context:
    """The span that this program was started in, if its environment names one."""
    carrier = {name.lower(): env[name] for name in ("TRACEPARENT", "TRACESTATE") if name in env}
    return TraceContextTextMapPropagator().extract(carrier, context=Context())
