"""Sampling parameters on each wire: whole bodies, in each server's own names."""

from typing import Any

import pytest

from codex_ls.config.model_settings import Sampling
from codex_ls.wire import Message, ModelCall, WireApi, quirks_for, request_for, unknown_to

ALL = Sampling(temperature=0.0, top_p=0.9, top_k=20, min_p=0.05, repeat_penalty=1.1, seed=7).given()
HI = Message("user", "hi")
PLAIN = {"temperature": 0.0, "top_p": 0.9, "top_k": 20, "min_p": 0.05, "seed": 7}


def body_of(wire_api: WireApi, **who: str) -> dict[str, Any]:
    call = ModelCall("m", (HI,), max_output_tokens=9, sampling=ALL)
    body = request_for(wire_api, call, quirks_for(wire_api=wire_api, **who))[1]
    for key in ("model", "messages", "input", "stream", "stream_options", "return_progress"):
        body.pop(key, None)
    return body


@pytest.mark.parametrize(
    ("provider", "penalties"),
    [
        ("llamacpp", {"repeat_penalty": 1.1}),
        ("lmstudio", {"repeat_penalty": 1.1}),
        ("vllm", {"repetition_penalty": 1.1}),
        ("openrouter", {"repetition_penalty": 1.1}),
        ("mine", {"repeat_penalty": 1.1, "repetition_penalty": 1.1}),
    ],
)
def test_chat_has_them_beside_the_messages(provider: str, penalties: dict[str, float]) -> None:
    assert body_of("chat", provider=provider) == {"max_tokens": 9} | PLAIN | penalties


def test_the_responses_api_has_them_beside_the_input() -> None:
    assert body_of("responses", provider="llamacpp") == (
        {"max_output_tokens": 9, "repeat_penalty": 1.1} | PLAIN
    )


def test_ollama_has_them_in_its_options() -> None:
    options = {"num_predict": 9, "repeat_penalty": 1.1} | PLAIN
    assert body_of("ollama", provider="ollama") == {"options": options}


def test_lm_studios_own_api_has_no_seed_and_refuses_unknown_fields() -> None:
    without_seed = {name: value for name, value in PLAIN.items() if name != "seed"}
    body = body_of("lmstudio", provider="lmstudio")
    assert body == {"max_output_tokens": 9, "repeat_penalty": 1.1} | without_seed
    assert unknown_to("lmstudio", ALL) == ("seed",)
    assert unknown_to("chat", ALL) == ()


def test_what_is_not_set_is_not_sent_and_zero_is_set() -> None:
    assert Sampling().given() == {}
    assert Sampling(temperature=0.0, seed=0).given() == {"temperature": 0.0, "seed": 0}


def test_the_users_sampling_overrides_that_of_the_built_in_server() -> None:
    call = ModelCall("m", (HI,), sampling={"temperature": 0.2}, extras={"temperature": 0.7, "x": 1})
    body = request_for("chat", call, quirks_for(provider="embedded"))[1]
    assert (body["temperature"], body["x"]) == (0.2, 1)
