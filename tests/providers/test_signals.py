"""What an unknown server is asked while it says nothing."""

import asyncio
from typing import Any

import pytest

from codex_ls.config.model_settings import Provider
from codex_ls.events import PhaseChanged
from codex_ls.providers.servers.metrics import gauge
from codex_ls.providers.servers.signals import QueuePosition, Signals

HERE = "http://127.0.0.1:4000/v1"


class Asked:
    """A server that knows some paths; keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {f"/{name.replace('__', '/')}": value for name, value in answers.items()}
        self.paths: list[str] = []

    async def __call__(
        self, path: str, body: dict[str, Any] | None = None, /, *, as_text: bool = False
    ) -> Any:
        self.paths.append(path)
        answer = self.answers.get(path)
        return answer if not as_text or isinstance(answer, str) else None


ODD: list[Any] = [None, True, -1, 7, 1.5, "m", [], [[]], ["m"], [None], {}, {"m": 1}]
"""What may stand where something else belongs."""


@pytest.mark.parametrize("odd", ODD)
async def test_json_that_makes_no_sense_tells_nothing_and_raises_nothing(odd: Any) -> None:
    entry = {"name": odd, "model": odd, "id": odd, "key": odd, "state": odd, "config": odd}
    instances = [{"id": odd, "config": {"context_length": odd}}, {"config": odd}, odd]
    loaded = [entry, {"key": "other", "loaded_instances": instances}, {"loaded_instances": odd}]
    for told in (odd, loaded):
        server = Asked(
            api__ps={"models": told},
            api__show={"model_info": odd},
            api__v1__models={"models": told},
            api__v0__models={"data": told},
            v1__models={"data": told},
            props={"default_generation_settings": odd},
            apply_template={"prompt": odd},
            tokenize={"tokens": odd, "count": odd},
            health={"error": odd, "status": odd},
            version=odd,
            get_model_info=odd,
            v1__loads={"loads": told},
            get_load=told,
        )
        for provider_id in ("ollama", "lmstudio", "llamacpp", "vllm", "sglang", "mine"):
            signals = Signals(Provider(provider_id, "Mine", HERE), "m", server)
            await signals.look()
            assert await signals.window() is None
            assert await signals.largest_window() is None
            await signals.count([])


@pytest.mark.parametrize(
    ("provider_id", "answers"),
    [
        ("ollama", {"api__ps": {"models": [{"name": "m", "context_length": True}]}}),
        ("llamacpp", {"props": {"default_generation_settings": {"n_ctx": True}}}),
        (
            "lmstudio",
            {
                "api__v1__models": {
                    "models": [
                        {"key": "m", "loaded_instances": [{"config": {"context_length": True}}]}
                    ]
                }
            },
        ),
    ],
)
async def test_true_is_no_window_of_one_token(provider_id: str, answers: Any) -> None:
    signals = Signals(Provider(provider_id, "Mine", HERE), "m", Asked(**answers))
    assert await signals.window() is None


async def test_a_server_that_tells_nothing_is_not_asked_without_end() -> None:
    server = Asked()
    signals = Signals(Provider("mine", "Mine", HERE), "m", server)
    assert [await signals.look() for _ in range(9)] == [None] * 9
    assert server.paths.count("/api/ps") == 3


async def test_no_gateway_is_made_to_ask_its_models_how_they_are() -> None:
    # LiteLLM: `/health` is found out by a question to each node.
    server = Asked(health={"healthy_count": 2}, health__liveliness="I'm alive!")
    signals = Signals(Provider("mine", "Mine", HERE), "m", server)
    await signals.look()
    await signals.window()
    assert "/health" not in server.paths


@pytest.mark.parametrize(
    ("told", "phase"),
    [
        ({"default_generation_settings": {"n_ctx": 4096}}, "prompt"),
        ({"error": {"code": 503, "message": "Loading model"}}, "loading"),
    ],
)
async def test_a_llama_cpp_under_another_name_is_recognised_and_asked_alone(
    told: Any, phase: str
) -> None:
    server = Asked(props=told)
    signals = Signals(Provider("mine", "Mine", HERE), "m", server)
    for _ in range(9):
        found = await signals.look()
        assert isinstance(found, PhaseChanged)
        assert found.phase == phase
    assert server.paths.count("/api/ps") == 1


async def test_one_that_is_known_is_asked_for_its_health() -> None:
    server = Asked(health={"status": "ok"})
    signals = Signals(Provider("llamacpp", "llama.cpp", HERE), "m", server)
    assert await signals.look() == PhaseChanged("prompt")
    assert server.paths == ["/health", "/metrics"]


@pytest.mark.parametrize("key", ["context_length", "context_window", "max_model_len"])
@pytest.mark.parametrize("provider_id", ["vllm", "mine"])
async def test_the_window_that_a_list_of_models_tells(provider_id: str, key: str) -> None:
    listed = {"data": [{"id": "other", key: 1}, {"id": "m", key: 8192}]}
    signals = Signals(Provider(provider_id, "Mine", HERE), "m", Asked(v1__models=listed))
    assert await signals.window() == 8192


async def test_what_a_server_loaded_goes_before_what_its_list_promises() -> None:
    listed = {"data": [{"id": "m", "context_length": 131_072}]}
    props = {"default_generation_settings": {"n_ctx": 4096}}
    server = Asked(v1__models=listed, props=props)
    signals = Signals(Provider("mine", "Mine", HERE), "m", server)
    assert await signals.window() == 4096
    server.paths.clear()
    assert await signals.window() == 4096
    assert server.paths == ["/props"]


async def test_what_one_address_tells_is_not_lost_by_another_that_hangs() -> None:
    hung: list[str] = []

    async def ask(
        path: str, body: dict[str, Any] | None = None, /, *, as_text: bool = False
    ) -> Any:
        if path == "/props":
            return {"default_generation_settings": {"n_ctx": 4096}}
        if path == "/api/ps":
            try:
                await asyncio.Event().wait()
            finally:
                hung.append(path)
        return None

    signals = Signals(Provider("mine", "Mine", HERE), "m", ask)
    until = asyncio.get_running_loop().time() + 0.05
    assert await signals.window(until=until) == 4096
    assert hung == ["/api/ps"]  # it was asked, and is over
    assert not signals.are_recognised
    assert asyncio.all_tasks() == {asyncio.current_task()}


# ---- the queue ---------------------------------------------------------------------------------

LLAMACPP_WITH_METRICS = """\
# HELP llamacpp:requests_processing Number of requests processing
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 4
# HELP llamacpp:requests_deferred Number of requests deferred
# TYPE llamacpp:requests_deferred gauge
llamacpp:requests_deferred 2
"""

VLLM_WITH_TWO_ENGINES = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="org/model"} 8.0
vllm:num_requests_running{engine="1",model_name="org/model"} 8.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="org/model"} 1.0
vllm:num_requests_waiting{engine="1",model_name="org/model"} 1.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="org/model",reason="capacity"} 7.0
"""

SGLANG_WITH_METRICS = """\
# HELP sglang:num_queue_reqs The number of requests in the waiting queue.
# TYPE sglang:num_queue_reqs gauge
sglang:num_queue_reqs{engine_type="unified",model_name="m",pp_rank="0",tp_rank="0"} 2.0
"""


@pytest.mark.parametrize(
    ("provider_id", "answers"),
    [
        ("llamacpp", {"health": {"status": "ok"}, "metrics": LLAMACPP_WITH_METRICS}),
        ("vllm", {"version": {"version": "0.11.0"}, "metrics": VLLM_WITH_TWO_ENGINES}),
        ("sglang", {"get_model_info": {"model_path": "m"}, "metrics": SGLANG_WITH_METRICS}),
        (
            "sglang",
            {
                "get_model_info": {"model_path": "m"},
                "v1__loads": {"loads": [{"num_waiting_reqs": 2}, {"num_waiting_reqs": 0}]},
            },
        ),
        (
            "sglang",
            {
                "get_model_info": {"model_path": "m"},
                "get_load": [{"dp_rank": 0, "num_reqs": 9, "num_waiting_reqs": 2}],
            },
        ),
        (
            "sglang",
            {
                "get_model_info": {"model_path": "m"},
                "v1__loads": {"loads": []},
                "metrics": SGLANG_WITH_METRICS,
            },
        ),
        ("mine", {"version": {"version": "0.11.0"}, "metrics": VLLM_WITH_TWO_ENGINES}),
    ],
)
async def test_how_many_wait_is_told_with_the_phase(
    provider_id: str, answers: dict[str, Any]
) -> None:
    signals = Signals(Provider(provider_id, "A server", HERE), "m", Asked(**answers))
    assert await signals.look() == PhaseChanged("prompt", waiting=2)


@pytest.mark.parametrize("provider_id", ["llamacpp", "vllm", "sglang"])
async def test_a_server_without_metrics_is_soon_asked_for_them_no_more(provider_id: str) -> None:
    server = Asked(
        health={"status": "ok"}, version={"version": "1"}, get_model_info={"model_path": "m"}
    )
    signals = Signals(Provider(provider_id, "A server", HERE), "m", server)
    assert [await signals.look() for _ in range(9)] == [PhaseChanged("prompt")] * 9
    assert server.paths.count("/metrics") == 3


async def test_once_nobody_waited_newcomers_are_not_taken_for_this_request() -> None:
    server = Asked(version={"version": "1"})
    signals = Signals(Provider("vllm", "vLLM", HERE), "m", server)
    told = []
    for waiting in (4, 6, 1, 0, 5):
        server.answers["/metrics"] = f"vllm:num_requests_waiting {waiting}\n"
        phase = await signals.look()
        assert phase is not None
        told.append(phase.waiting)
    assert told == [4, 4, 1, None, None]


@pytest.mark.parametrize(
    ("lengths", "waiting"),
    [
        ([0, 3, 2], [0, 3, 2]),  # the first look came before the server had counted it
        ([0, 0, 3], [0, 0, 0]),  # it is being read, and others came
        ([None, 2, None, 5], [None, 2, 2, 2]),
        ([None, None, None, 2], [None, None, None, None]),
    ],
)
def test_the_place_in_a_queue(lengths: list[int | None], waiting: list[int | None]) -> None:
    place, told = QueuePosition(), []
    for length in lengths:
        if not place.is_settled:
            place.note(length)
        told.append(place.waiting)
    assert told == waiting


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("g 3\n", 3),
        ("g 3.0 1700000000000\n", 3),
        ("g{} 2\n", 2),
        ('g{a="}",model_name="x y"} 2\n', 2),
        ("gg 3\n# g 4\nh_g 5\n", None),
        ("g NaN\n", None),
        ("g +Inf\n", None),
        ("g -1\n", None),
        ("g 7", 7),
        ('g{model_name="m"} 1\ng{model_name="other"} 9\n', 1),
        ('g{model_name="m",engine="0"} 1\ng{engine="1",model_name="m"} 2\n', 3),
        ('g{model_name="other"} 9\n', 9),
        ('g{model_name="one"} 1\ng{model_name="two"} 9\n', None),  # a gateway without our model
        ("<html>g 3</html>", None),
        (f"g{{{'a' * 500_000}}} 3\n", None),
        (f"g{{{'a' * 1_900}}} 3\n" * 300, 900),
        ("", None),
    ],
)
def test_a_gauge_in_the_text_of_metrics(text: str, number: int | None) -> None:
    assert gauge(text, "g", "m") == number
