"""A trace of each turn: what is in it, what is not, when it is made, and what it may not break."""

import asyncio
import dataclasses
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from codex_ls.config.model_settings import ModelSettings
from codex_ls.events import TurnFinished, TurnStarted
from codex_ls.turn.otel_spans import Spans
from codex_ls.turn.session import Session, TurnRequest
from codex_ls.turn.tracing import Sender, TracedTurn, Tracing, endpoint
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream, error_answer
from tests.turn.conftest import events_of, settings_for

ON = {"OTEL_TRACES_EXPORTER": "otlp"}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Recorder:
    """A session whose traces go into memory."""

    def __init__(self, env: Mapping[str, str] = ON) -> None:
        self.exporter = InMemorySpanExporter()
        self.session = Session(env=env)
        self.session._tracing = Tracing(env, connect=lambda _: Spans(self.exporter, env=env))

    async def trace(self, settings: ModelSettings, **request: Any) -> tuple[TurnFinished, Any]:
        """One turn and the spans it left, the root last."""
        async with self.session as session:
            events = await events_of(session.start(TurnRequest(**request), settings))
        finished = events[-1]
        assert isinstance(finished, TurnFinished)
        return finished, self.exporter.get_finished_spans()


async def test_a_turn_is_a_span_with_its_phases_below_it() -> None:
    stream = chat_stream(reasoning=["canary-thought"], content=["canary-answer"], usage=(12, 9))
    async with ModelServer(stream) as server:
        settings = dataclasses.replace(
            settings_for(server, provider_id="local-oss"), effort="low", max_output_tokens=300
        )
        finished, spans = await Recorder().trace(settings, prompt="canary-prompt")
        port = server.port
    *phases, root = spans
    assert (root.name, root.kind) == ("chat m", SpanKind.CLIENT)
    attributes = dict(root.attributes or {})
    thread_id, turn_id = (
        attributes.pop("gen_ai.conversation.id"),
        attributes.pop("codex_ls.turn.id"),
    )
    first_s = attributes.pop("gen_ai.response.time_to_first_chunk")
    assert thread_id != turn_id
    assert first_s == pytest.approx(
        (finished.timing.first_reasoning_ms - finished.timing.request_ms) / 1000  # type: ignore[operator]
    )
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "local-oss",
        "gen_ai.request.model": "m",
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": 300,
        "gen_ai.output.type": "text",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 9,
        "server.address": "127.0.0.1",
        "server.port": port,
        "codex_ls.profile": "local-oss",
        "codex_ls.effort": "low",
        "codex_ls.status": "completed",
        "codex_ls.retries": 0,
        "codex_ls.is_estimated": True,
    } | (
        {}
        if finished.timing.output_tokens_per_second is None
        else {"codex_ls.output_tokens_per_second": finished.timing.output_tokens_per_second}
    )
    assert [span.name for span in phases] == ["connecting", "prompt", "thinking", "answering"]
    assert {span.parent.span_id for span in phases if span.parent} == {root.context.span_id}
    assert root.start_time <= phases[0].start_time
    for before, behind in pairwise(phases):
        assert before.end_time == behind.start_time
    assert phases[-1].end_time == root.end_time
    assert (root.end_time - root.start_time) / 1e6 == pytest.approx(
        finished.timing.total_ms, abs=1000
    )
    assert abs(root.end_time / 1e9 - time.time()) < 60
    assert root.resource.attributes["service.name"] == "codex-ls"
    assert "canary" not in "".join(span.to_json() for span in spans)


async def test_a_failed_turn_tells_its_kind_and_not_the_servers_words() -> None:
    async with ModelServer(error_answer(401, "canary-words")) as server:
        _, spans = await Recorder().trace(settings_for(server), prompt="hi")
    root = spans[-1]
    assert root.attributes["error.type"] == "unauthorized"
    assert root.attributes["codex_ls.status"] == "failed"
    assert (root.status.status_code, root.status.description) == (StatusCode.ERROR, "unauthorized")
    assert "canary" not in "".join(span.to_json() for span in spans)


async def test_retries_are_counted() -> None:
    async with ModelServer(error_answer(500, "no"), chat_stream(content=["x"])) as server:
        _, spans = await Recorder().trace(settings_for(server), prompt="hi")
    assert spans[-1].attributes["codex_ls.retries"] == 1


async def test_a_turn_belongs_to_the_trace_it_was_started_in() -> None:
    env = {**ON, "TRACEPARENT": PARENT, "OTEL_SERVICE_NAME": "my build"}
    async with ModelServer(chat_stream(content=["x"])) as server:
        _, spans = await Recorder(env).trace(settings_for(server), prompt="hi")
    root: ReadableSpan = spans[-1]
    assert root.parent is not None
    assert f"{root.parent.trace_id:032x}-{root.parent.span_id:016x}" == PARENT[3:52]


@pytest.mark.parametrize(
    ("env", "where"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "x"}, None),
        (ON, "http://localhost:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1/"}, "http://c:1/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:1/t"}, "http://c:1/t"),
        ({**ON, "OTEL_SDK_DISABLED": "true"}, None),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1"}, None),
        ({"OTEL_TRACES_EXPORTER": "console,otlp"}, "http://localhost:4318/v1/traces"),
        ({**ON, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, None),
        ({**ON, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http://localhost:4318/v1/traces"),
    ],
)
def test_the_environment_turns_it_on(env: dict[str, str], where: str | None) -> None:
    assert endpoint(env) == where


class Refusing:
    """A sender for turns that may not be sent."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.sent: list[TracedTurn] = []
        self._gate = gate

    def send(self, turn: TracedTurn) -> None:
        self.sent.append(turn)
        if self._gate is not None:
            self._gate.wait(30)
        raise OSError("the collector is gone")


async def run_with(sender: Sender, env: Mapping[str, str], settings: ModelSettings) -> list[Any]:
    async with Session(env=env) as session:
        session._tracing = Tracing(env, connect=lambda _: sender)
        return await events_of(session.start(TurnRequest("hi"), settings))


async def test_under_the_lock_a_trace_goes_to_this_machine_alone() -> None:
    elsewhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.invalid:4318"}
    sender = Refusing()
    async with ModelServer() as server:
        server.always(chat_stream(content=["x"]))
        locked = dataclasses.replace(settings_for(server), local_only=True)
        await run_with(sender, elsewhere, locked)
        assert sender.sent == []
        await run_with(sender, ON, locked)
        assert len(sender.sent) == 1


async def test_a_collector_that_fails_hurts_no_turn(capfd: pytest.CaptureFixture[str]) -> None:
    sender = Refusing()
    async with ModelServer() as server:
        server.always(chat_stream(content=["x"]))
        async with Session(env=ON) as session:
            session._tracing = Tracing(ON, connect=lambda _: sender)
            for _ in range(3):
                events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
                assert events[-1].status == "completed"  # type: ignore[union-attr]
    assert len(sender.sent) == 3
    assert capfd.readouterr() == ("", "")


async def test_without_the_extra_there_are_no_traces_and_no_complaint(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def missing(_: str) -> Sender:
        raise ImportError("No module named 'opentelemetry'")

    async with ModelServer(chat_stream(content=["x"])) as server, Session(env=ON) as session:
        session._tracing = Tracing(ON, connect=missing)
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    assert events[-1].status == "completed"  # type: ignore[union-attr]
    assert capfd.readouterr() == ("", "")


async def test_leaving_waits_for_a_collector_that_hangs_no_longer_than_the_limit() -> None:
    gate, sender = threading.Event(), None
    sender = Refusing(gate)
    tracing = Tracing(ON, connect=lambda _: sender)
    async with ModelServer(chat_stream(content=["x"])) as server, Session(env=ON) as session:
        session._tracing = Tracing({}, connect=lambda _: sender)
        turn = session.start(TurnRequest("hi"), settings_for(server))
        events = await events_of(turn)
    started, finished = events[0], events[-1]
    assert isinstance(started, TurnStarted)
    assert isinstance(finished, TurnFinished)
    settings = settings_for(server)
    tracing.add(TracedTurn(started, settings, finished, time.time_ns(), time.time_ns()))
    closing = asyncio.ensure_future(tracing.close(limit_s=0.05))
    await asyncio.wait([closing], timeout=20)
    assert closing.done()
    assert not gate.is_set()
    gate.set()


async def test_nothing_of_it_runs_before_the_last_event() -> None:
    """The sender is made, and with it the SDK is loaded, when the turn is over and not before."""
    gate, connected = Gate(), threading.Event()

    def connect(_: str) -> Sender:
        connected.set()
        return Refusing()

    async with ModelServer(chat_stream(content=["one", gate, "two"])) as server:
        async with Session(env=ON) as session:
            session._tracing = Tracing(ON, connect=connect)
            async for event in session.start(TurnRequest("hi"), settings_for(server)):
                if not isinstance(event, TurnFinished):
                    assert not connected.is_set()
                gate.open()
        assert connected.is_set()


# ---- over HTTP ---------------------------------------------------------------------------------


class Collector:
    """A real OTLP receiver on loopback: keeps what is posted, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []
        kept = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kept.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(kept.status)
                self.send_header("Content-Length", "0")
                if kept.status == 307:
                    self.send_header("Location", "http://elsewhere.invalid/v1/traces")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


async def ask(env: Mapping[str, str]) -> None:
    async with ModelServer(chat_stream(content=["x"])) as server, Session(env=env) as session:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
        assert events[-1].status == "completed"  # type: ignore[union-attr]
        await session.tracing.close(limit_s=30)  # a user does not wait so long


async def test_a_collector_receives_one_request_a_turn(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # stands in nobody's way
    await ask({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.origin})
    ((path, request),) = collector.received
    assert path == "/v1/traces"
    (resource,) = request.resource_spans
    names = [span.name for span in resource.scope_spans[0].spans]
    assert names == ["connecting", "prompt", "answering", "chat m"]
    told = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert told["service.name"] == "codex-ls"


@pytest.mark.parametrize("status", [400, 307])
async def test_a_collector_that_refuses_hurts_nobody(
    collector: Collector, capfd: pytest.CaptureFixture[str], status: int
) -> None:
    collector.status = status
    await ask({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.origin})
    assert len(collector.received) == 1
    assert capfd.readouterr() == ("", "")
