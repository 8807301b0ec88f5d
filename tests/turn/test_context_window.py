"""A prompt that does not fit is told before it is sent, and a cut one afterwards."""

import asyncio
import dataclasses
import functools
import logging
from typing import Any

import pytest

from codex_ls.config.model_settings import ModelSettings, Provider, WireApi
from codex_ls.errors import ContextOverflow
from codex_ls.events import Event, Notice, PhaseChanged, TurnFinished, Usage, UsageReported
from codex_ls.providers.servers.signals import Signals
from codex_ls.turn import context_window
from codex_ls.turn.context_window import ContextWindow, KnownWindows, PromptSize, cut_notice
from codex_ls.turn.session import Session, TurnRequest
from codex_ls.wire import Message, ModelCall
from tests.support.model_server import ModelServer, Request
from tests.support.streams import (
    Answer,
    Gate,
    chat_stream,
    error_answer,
    json_answer,
    ollama_stream,
)
from tests.turn.conftest import events_of, settings_for


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowded machine may take longer to answer than a request is held back for."""
    monkeypatch.setattr(context_window, "CHECK_S", 10.0)


LONG = "word " * 8000  # 40,000 characters: about 10,000 tokens


def finished(events: list[Event]) -> TurnFinished:
    assert isinstance(events[-1], TurnFinished)
    return events[-1]


def llamacpp_that_counts(server: ModelServer, *, window: int, tokens: int) -> None:
    server.route("GET", "/props", json_answer({"default_generation_settings": {"n_ctx": window}}))
    server.route("POST", "/apply-template", json_answer({"prompt": "p"}))
    server.route("POST", "/tokenize", json_answer({"tokens": [1] * tokens}))


async def test_a_prompt_over_the_window_is_refused_with_both_numbers(session: Session) -> None:
    async with ModelServer() as server:
        llamacpp_that_counts(server, window=8192, tokens=8321)
        asked = settings_for(server, provider_id="llamacpp")
        error = finished(await events_of(session.start(TurnRequest(LONG), asked))).error
        assert isinstance(error, ContextOverflow)
        assert error.message == "The prompt has 8321 tokens, and the model's window is 8192."
        assert server.turns == []


async def test_a_window_that_is_only_known_once_the_model_is_loaded(session: Session) -> None:
    async with ModelServer(error_answer(503, "Loading model")) as server:

        @server.on
        def tell(request: Request) -> Answer | None:
            if not server.turns and request.path == "/props":
                return error_answer(503, "Loading model")
            return None

        llamacpp_that_counts(server, window=8192, tokens=8321)
        asked = settings_for(server, provider_id="llamacpp")
        events = await events_of(session.start(TurnRequest(LONG), asked))
        assert [e.phase for e in events if isinstance(e, PhaseChanged)] == ["connecting", "loading"]
        assert isinstance(finished(events).error, ContextOverflow)
        assert len(server.turns) == 1


async def test_an_exact_count_that_fits_is_sent_whatever_the_estimate_said(
    session: Session,
) -> None:
    async with ModelServer(chat_stream(content=["ok"])) as server:
        llamacpp_that_counts(server, window=8192, tokens=8001)
        asked = settings_for(server, provider_id="llamacpp")
        assert finished(await events_of(session.start(TurnRequest(LONG), asked))).content == "ok"


async def test_an_estimate_is_called_one_and_only_refuses_what_is_far_too_long(
    session: Session,
) -> None:
    loaded = {
        "models": [
            {"key": "m", "loaded_instances": [{"id": "m", "config": {"context_length": 4096}}]}
        ]
    }
    async with ModelServer(chat_stream(content=["ok"])) as server:
        server.route("GET", "/api/v1/models", json_answer(loaded))
        asked = settings_for(server, provider_id="lmstudio")
        error = finished(await events_of(session.start(TurnRequest(LONG), asked))).error
        assert isinstance(error, ContextOverflow)
        assert "(estimated) tokens, and the model's window is 4096" in error.message
        middling = TurnRequest("word " * 3800)
        assert finished(await events_of(session.start(middling, asked))).content == "ok"


async def test_the_users_own_number_is_enough(session: Session) -> None:
    async with ModelServer() as server:
        asked = dataclasses.replace(settings_for(server), context_window=2048)
        error = finished(await events_of(session.start(TurnRequest(LONG), asked))).error
        assert isinstance(error, ContextOverflow)
        assert "window is 2048" in error.message


async def test_the_users_own_number_holds_for_short_prompts_too(session: Session) -> None:
    async with ModelServer() as server:
        asked = dataclasses.replace(settings_for(server), context_window=512)
        prompt = TurnRequest("word " * 1000)
        error = finished(await events_of(session.start(prompt, asked))).error
        assert isinstance(error, ContextOverflow)
        assert "window is 512" in error.message
        assert server.turns == []


async def test_a_short_prompt_is_sent_without_a_question(session: Session) -> None:
    async with ModelServer(chat_stream(content=["ok"])) as server:
        await events_of(session.start(TurnRequest("hi"), settings_for(server, provider_id="vllm")))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("loaded", "largest", "asked_for"),
    [(None, 131_072, 16_384), (32_768, 131_072, 32_768), (4096, 12_000, 12_000)],
)
async def test_ollama_is_asked_for_the_window_that_the_turn_needs(
    session: Session, loaded: int | None, largest: int, asked_for: int
) -> None:
    running: list[dict[str, Any]] = (
        [] if loaded is None else [{"name": "m", "context_length": loaded}]
    )
    async with ModelServer(ollama_stream(content=["ok"], usage=(10_000, 1))) as server:
        server.route("GET", "/api/ps", json_answer({"models": running}))
        server.route(
            "POST", "/api/show", json_answer({"model_info": {"llama.context_length": largest}})
        )
        asked = settings_for(server, wire_api="ollama")
        assert finished(await events_of(session.start(TurnRequest(LONG), asked))).content == "ok"
        assert server.turns[0].json["options"] == {"num_ctx": asked_for}


async def test_ollama_keeps_the_window_it_was_asked_for_so_that_it_need_not_load_again(
    session: Session,
) -> None:
    async with ModelServer() as server:
        server.always(ollama_stream(content=["ok"], usage=(10, 1)))
        server.route("GET", "/api/ps", json_answer({"models": []}))
        server.route(
            "POST", "/api/show", json_answer({"model_info": {"llama.context_length": 131_072}})
        )
        asked = settings_for(server, wire_api="ollama")
        for prompt in ("hi", LONG, "hi", LONG, LONG * 2, "hi"):
            await events_of(session.start(TurnRequest(prompt), asked))
        other = settings_for(server, wire_api="ollama", model="other")
        await events_of(session.start(TurnRequest("hi"), other))
        assert [turn.json.get("options", {}).get("num_ctx") for turn in server.turns] == [
            None, 16_384, 16_384, 16_384, 32_768, 32_768, None
        ]  # fmt: skip


async def test_a_window_that_ollama_could_not_give_is_not_asked_for_again(
    session: Session,
) -> None:
    too_large = error_answer(500, "model requires more system memory")
    async with ModelServer(too_large, ollama_stream(content=["ok"], usage=(10, 1))) as server:
        asked = settings_for(server, wire_api="ollama", request_max_retries=0)
        assert finished(await events_of(session.start(TurnRequest(LONG), asked))).error
        await events_of(session.start(TurnRequest("hi"), asked))
        assert "num_ctx" not in server.turns[1].json.get("options", {})


@pytest.mark.parametrize("wire_api", ["chat", "ollama"])
async def test_a_server_that_keeps_silent_about_its_window_is_not_waited_for(
    session: Session, wire_api: WireApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_window, "CHECK_S", 0.2)
    patient = functools.partial(session.http.get_json, limit_s=600)
    monkeypatch.setattr(session.http, "get_json", patient)
    silent = Gate("the window is told")
    stream = ollama_stream if wire_api == "ollama" else chat_stream
    async with ModelServer(stream(content=["ok"], usage=(10_000, 1))) as server:

        @server.on
        def hold(request: Request) -> Answer | None:
            held = dataclasses.replace(json_answer({}), before=(silent,))
            return None if request.is_turn else held

        asked = settings_for(server, wire_api=wire_api)
        async with asyncio.timeout(10):
            events = await events_of(session.start(TurnRequest(LONG), asked))
        assert finished(events).content == "ok"
        held_back = [request for request in server.requests if not request.is_turn]
        assert held_back
        for request in held_back:
            await request.hung_up.wait()


async def test_a_window_that_was_told_once_is_not_asked_for_again(session: Session) -> None:
    async with ModelServer() as server:
        server.always(chat_stream(content=["ok"], usage=(10_000, 1)))
        listed = {"data": [{"id": "m", "max_model_len": 32_768}]}
        server.route("GET", "/v1/models", json_answer(listed))
        asked = settings_for(server, provider_id="vllm")
        for _ in range(3):
            await events_of(session.start(TurnRequest(LONG), asked))
        assert session.servers.windows.told == {(server.base_url, "m"): 32_768}
        paths = [request.path for request in server.requests]
        assert paths == ["/v1/models", *["/v1/chat/completions"] * 3]


async def test_a_prompt_that_is_too_long_for_what_was_told_is_measured_anew(
    session: Session,
) -> None:
    async with ModelServer(chat_stream(content=["ok"], usage=(10_000, 1))) as server:
        asked = settings_for(server, provider_id="vllm")
        session.servers.windows.told[server.base_url, "m"] = (
            4096  # the model has been loaded anew since
        )
        for length in (32_768, 4096):
            session.servers.windows.told[server.base_url, "m"] = 4096
            listed = {"data": [{"id": "m", "max_model_len": length}]}
            server.route("GET", "/v1/models", json_answer(listed))
            end = finished(await events_of(session.start(TurnRequest(LONG), asked)))
            assert isinstance(end.error, ContextOverflow) == (length == 4096)
        assert len(server.turns) == 1


async def test_a_cut_that_the_figures_show_is_told(session: Session) -> None:
    async with ModelServer(chat_stream(content=["made up"], usage=(4096, 2))) as server:
        events = await events_of(session.start(TurnRequest(LONG), settings_for(server)))
    told = finished(events)
    assert told.content == "made up"
    assert [notice.kind for notice in told.notices] == ["contextTruncated"]
    assert "only 4096 of about 10" in told.notices[0].message


# ---- a cut, found afterwards -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "window", "read", "is_told"),
    [
        # Ollama keeps the window, or half of it
        (PromptSize(10_000, exact=False), 4096, 4096, True),
        (PromptSize(10_000, exact=False), 4096, 2050, True),
        # also below what is counted beforehand
        (PromptSize(1400, exact=False), 1024, 514, True),
        (PromptSize(700, exact=False), 512, 258, True),
        # whole messages of a thread were dropped, and more than half is left
        (PromptSize(7000, exact=False), 4096, 3900, True),
        # a count without what was cached: it fits, so nothing can have been cut
        (PromptSize(5000, exact=False), 32_768, 40, False),
        (PromptSize(900, exact=False), 4096, 12, False),
        # a tokenizer's count is believed to the token
        (PromptSize(4090, exact=True), 4096, 2050, False),
        (PromptSize(4100, exact=True), 4096, 2050, True),
        # the estimate was too high, and the server read more than its window is said to hold
        (PromptSize(6000, exact=False), 4096, 5800, False),
        # nothing is known of the window
        (PromptSize(10_000, exact=False), None, 4096, True),
        (PromptSize(1400, exact=False), None, 514, False),
        # images are no measure
        (PromptSize(5000, exact=False, image_tokens=4800), 4096, 1300, False),
        (PromptSize(5000, exact=False, image_tokens=4800), None, 1300, False),
        # a server that tells nothing
        (PromptSize(10_000, exact=False), 4096, 0, False),
    ],
)
def test_a_cut_is_told_where_nothing_else_explains_the_count(
    size: PromptSize, window: int | None, read: int, is_told: bool
) -> None:
    usage = Usage(read, 5, context_window=window)
    settings = ModelSettings("m", Provider("local", "Local", "http://127.0.0.1:1/v1"))
    notice = cut_notice(size, usage, settings)
    assert (notice is not None) == is_told


def test_a_cache_that_is_counted_apart_was_read_too() -> None:
    settings = ModelSettings("m", Provider("local", "Local", "http://127.0.0.1:1/v1"))
    usage = Usage(50, 5, cached_input_tokens=9_900)
    assert cut_notice(PromptSize(10_000, exact=False), usage, settings) is None


@pytest.mark.parametrize(
    ("provider_id", "wire_api", "hint"),
    [
        (
            "ollama",
            "chat",
            "Ask about less text, or give the model a larger context (with Ollama:"
            ' wire_api = "ollama" in codex-ls.toml, and model_context_window).',
        ),
        (
            "ollama",
            "ollama",
            "Ask about less text, or set a larger model_context_window, if the model can have one.",
        ),
        (
            "lmstudio",
            "chat",
            "Ask about less text, or load the model with a larger context in LM Studio.",
        ),
    ],
)
def test_a_cut_comes_with_a_step_that_is_still_to_take(
    provider_id: str, wire_api: WireApi, hint: str
) -> None:
    provider = Provider(provider_id, "Local", "http://127.0.0.1:1/v1", wire_api=wire_api)
    usage = Usage(2050, 5, context_window=4096)
    notice = cut_notice(PromptSize(9000, exact=False), usage, ModelSettings("m", provider))
    assert notice == Notice(
        "contextTruncated",
        "The model read only 2050 of about 9000 (estimated) prompt tokens: the server truncated the prompt to its window of 4096, and the answer is based on the rest.",
        hint,
    )


# ---- the window, beside an answer --------------------------------------------------------------


def loaded_in_ollama(window: int) -> Answer:
    return json_answer({"models": [{"name": "m", "context_length": window}]})


class Noted(dict[tuple[str, str], int | None]):
    """Windows, and an event for the first that is told."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    def __setitem__(self, model: tuple[str, str], window: int | None) -> None:
        super().__setitem__(model, window)
        self.told.set()


async def slowly(
    session: Session, server: ModelServer, asked: ModelSettings, *, route: str = "/api/ps"
) -> TurnFinished:
    """A turn whose answer goes on once its server was asked for its window."""
    session.servers.windows.told = noted = Noted()
    going_on = Gate("the answer goes on")
    server.always(chat_stream(content=["o", going_on, "k"], usage=(600, 5)))
    server.route("GET", route, loaded_in_ollama(1024))

    async def go_on() -> None:
        await noted.told.wait()
        going_on.open()

    helping = asyncio.ensure_future(go_on())
    end = finished(await events_of(session.start(TurnRequest("hi"), asked)))
    await helping
    return end


async def test_the_window_is_asked_for_beside_a_running_answer(session: Session) -> None:
    async with ModelServer() as server:
        end = await slowly(session, server, settings_for(server, provider_id="ollama"))
        assert end.usage == Usage(600, 5, context_window=1024)
        assert [request.path for request in server.requests] == ["/v1/chat/completions", "/api/ps"]


async def test_turns_at_the_same_time_ask_for_one_window_once(session: Session) -> None:
    known = KnownWindows()
    may_tell = asyncio.Event()
    questions: list[str] = []

    async def ask(path: str, *_: object, **__: object) -> object:
        questions.append(path)
        await may_tell.wait()
        return {"models": [{"name": "m", "context_length": 1024}]}

    provider = Provider("ollama", "Ollama", "http://127.0.0.1:9/v1")
    settings = ModelSettings(model="m", provider=provider)
    watches = [
        ContextWindow(Signals(provider, "m", ask), provider.base_url, settings, known)
        for _ in range(3)
    ]
    for watch in watches:
        watch._begin_look()
    await asyncio.sleep(0)
    may_tell.set()
    assert watches[0]._looking is not None
    await watches[0]._looking
    report = UsageReported(Usage(1, 1))
    assert [watch.noted(report).usage for watch in watches] == [
        Usage(1, 1, context_window=1024)
    ] * 3
    assert questions == ["/api/ps"]
    for watch in watches:
        await watch.end()


async def test_a_quick_answer_has_the_window_that_was_told_last(session: Session) -> None:
    async with ModelServer() as server:
        asked = settings_for(server, provider_id="ollama")
        await slowly(session, server, asked)
        server.always(chat_stream(content=["ok"], usage=(12, 2)))
        end = finished(await events_of(session.start(TurnRequest("hi"), asked)))
        assert end.usage == Usage(12, 2, context_window=1024)
        assert len(server.requests) == 3


async def test_a_server_that_tells_no_window_is_not_asked_again(session: Session) -> None:
    async with ModelServer() as server:
        asked = settings_for(server)
        end = await slowly(session, server, asked, route="/nothing")
        assert end.usage == Usage(600, 5)
        assert "/api/ps" in [request.path for request in server.requests]
        assert session.servers.windows.told == {(server.base_url, "m"): None}

    async def never(*_: object, **__: object) -> int:
        raise AssertionError

    asked = dataclasses.replace(asked, context_window=7)
    signals = Signals(asked.provider, "m", never)
    again = ContextWindow(signals, server.base_url, asked, session.servers.windows)
    again.begin()
    assert (again._timer, again.tokens) == (None, 7)
    await again.end()


async def test_a_server_that_was_slow_once_is_asked_again_but_once_a_turn() -> None:
    asked: list[str] = []

    async def ask(path: str, *_: object, **__: object) -> object:
        asked.append(path)
        if is_slow:
            signals.note_silence()
            return None
        return {"models": [{"name": "m", "context_length": 1024}]} if path == "/api/ps" else None

    provider = Provider("mine", "Mine", "http://127.0.0.1:1/v1")
    settings, told = ModelSettings("m", provider), Noted()
    is_slow = True
    signals = Signals(provider, "m", ask)
    watch = ContextWindow(signals, provider.base_url, settings, KnownWindows(told))
    watch.begin()
    watch._begin_look()
    assert watch._looking is not None
    await watch._looking
    await watch.end()
    watch.begin()
    assert (watch._timer, told, asked.count("/api/ps")) == (None, {}, 1)

    is_slow = False
    signals = Signals(provider, "m", ask)
    again = ContextWindow(signals, provider.base_url, settings, KnownWindows(told))
    again.begin()
    assert again._timer is not None
    await again._look()
    await again.end()
    assert (again.tokens, told) == (1024, {(provider.base_url, "m"): 1024})


async def test_the_users_own_window_is_as_good_where_the_server_tells_none(
    session: Session,
) -> None:
    async with ModelServer(chat_stream(content=["ok"], usage=(12, 2))) as server:
        asked = dataclasses.replace(settings_for(server), context_window=8192)
        end = finished(await events_of(session.start(TurnRequest("hi"), asked)))
    assert end.usage == Usage(12, 2, context_window=8192)


async def test_an_answer_ends_without_waiting_for_its_window(session: Session) -> None:
    asked_for, never = Gate("the window is asked for"), Gate("the window is told")
    stream = chat_stream(content=["o", asked_for, "k"], usage=(12, 2))
    async with ModelServer(stream) as server:
        server.route("GET", "/api/ps", dataclasses.replace(loaded_in_ollama(1), before=(never,)))
        asked = settings_for(server, provider_id="ollama")

        async def go_on() -> None:
            await never.reached.wait()
            asked_for.open()

        helping = asyncio.ensure_future(go_on())
        end = finished(await events_of(session.start(TurnRequest("hi"), asked)))
        await helping
        assert (end.content, end.usage) == ("ok", Usage(12, 2))
        for request in server.requests[1:]:
            await request.hung_up.wait()


@pytest.mark.parametrize(
    ("provider_id", "wire_api"), [("ollama", "chat"), ("vllm", "chat"), ("mine", "ollama")]
)
async def test_a_server_elsewhere_is_not_asked(provider_id: str, wire_api: WireApi) -> None:
    asked: list[object] = []

    async def never(*question: object, **__: object) -> None:
        asked.append(question)

    provider = Provider(provider_id, "Mine", "https://model.example/v1", wire_api=wire_api)
    settings = ModelSettings("m", provider)
    watch = ContextWindow(
        Signals(provider, "m", never), provider.base_url, settings, KnownWindows()
    )
    call = ModelCall("m", (Message("user", LONG),))
    assert (await watch.fit(call)).messages == call.messages
    with pytest.raises(ContextOverflow):
        limited = dataclasses.replace(settings, context_window=2048)
        refusing = Signals(provider, "m", never)
        told = dataclasses.replace(call, context_window=2048)
        await ContextWindow(refusing, provider.base_url, limited, KnownWindows()).fit(told)
    watch.begin()
    assert watch._timer is None
    await watch.end()
    assert watch.tokens == (16_384 if wire_api == "ollama" else None)
    assert asked == []


@pytest.mark.parametrize("odd", [["m"], 7, {"m": 1}])
@pytest.mark.parametrize("prompt", ["hi", LONG])
@pytest.mark.parametrize("provider_id", ["ollama", "lmstudio"])
async def test_json_that_makes_no_sense_ends_no_turn(
    session: Session, provider_id: str, prompt: str, odd: object
) -> None:
    looked = Gate("the server was looked at")
    answer = dataclasses.replace(chat_stream(content=["ok"]), before=(looked,))
    async with ModelServer(answer) as server:

        @server.on
        def tell(request: Request) -> Answer | None:
            if request.method == "POST":
                return None
            if server.turns:
                looked.open()
            entry = {"name": odd, "model": odd, "key": odd, "loaded_instances": odd}
            return json_answer({"models": [entry]})

        asked = settings_for(server, provider_id=provider_id)
        end = finished(await events_of(session.start(TurnRequest(prompt), asked)))
    assert (end.status, end.content) == ("completed", "ok")


async def test_a_look_beside_an_answer_that_fails_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "codex_ls")

    async def fail(*_: object, **__: object) -> None:
        raise ValueError("no sense")

    provider = Provider("ollama", "Mine", "http://127.0.0.1:1/v1")
    settings = ModelSettings("m", provider)
    watch = ContextWindow(Signals(provider, "m", fail), provider.base_url, settings, KnownWindows())
    call = ModelCall("m", (Message("user", LONG),))
    assert await watch.fit(call) == call
    await watch._look()
    failure = "a look at the server failed: ValueError: no sense"
    assert caplog.messages == [failure, failure]
