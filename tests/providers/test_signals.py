"""What an unknown server is asked while it says nothing."""

from typing import Any

import pytest

from codex_ls.config.settings import Provider
from codex_ls.events import PhaseChanged
from codex_ls.providers.signals import Signals

HERE = "http://127.0.0.1:4000/v1"


class Asked:
    """A server that knows some paths; keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {f"/{name.replace('__', '/')}": value for name, value in answers.items()}
        self.paths: list[str] = []

    async def __call__(self, path: str, body: dict[str, Any] | None = None, /) -> Any:
        self.paths.append(path)
        return self.answers.get(path)


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
    assert server.paths == ["/health"]
