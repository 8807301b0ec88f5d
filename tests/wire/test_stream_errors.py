"""Every way a server says no ends in one typed error with its own sentence."""

import json

import pytest

from codex_ls.errors import (
    BadRequest,
    ContextOverflow,
    NotFound,
    ProviderError,
    RateLimited,
    ServerError,
    TimedOut,
    Unauthorized,
)
from codex_ls.wire import error_from_response
from codex_ls.wire.stream_errors import error_in

SAYS = "The model server says: "


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            401,
            b'{"error":{"message":"Invalid API Key","code":401}}',
            Unauthorized,
            SAYS + "Invalid API Key",
        ),
        (403, b"", Unauthorized, "The model server refused access (403)."),
        (404, b'{"error":"model \\"x\\" not found"}', NotFound, SAYS + 'model "x" not found'),
        (
            404,
            b"<html><h1>nginx</h1></html>",
            NotFound,
            "The model server has no such model or path.",
        ),
        (408, b"", TimedOut, "The model server timed out."),
        (413, b"too big", BadRequest, SAYS + "too big"),
        (422, b'{"detail":[{"msg":"field required"}]}', BadRequest, SAYS + "field required"),
        (429, b'{"message":"slow down"}', RateLimited, SAYS + "slow down"),
        (500, b'data: {"error":{"message":"boom"}}\n\n', ServerError, SAYS + "boom"),
        (
            502,
            b"<!DOCTYPE html>",
            ServerError,
            "The gateway cannot reach the model server behind it (502).",
        ),
        (
            400,
            b'[{"error":{"message":"bad","status":"INVALID_ARGUMENT"}}]',
            BadRequest,
            SAYS + "bad",
        ),
        (
            400,
            b'{"error":{"message":"Provider returned error","metadata":{"raw":"{\\"error\\":{\\"message\\":\\"real\\"}}"}}}',
            BadRequest,
            SAYS + "real",
        ),
        (
            307,
            b"",
            BadRequest,
            "The model server redirects (307); redirects are not followed.",
        ),
    ],
)
def test_statuses_and_bodies(
    status: int, body: bytes, kind: type[ProviderError], message: str
) -> None:
    error = error_from_response(status, body)
    assert (type(error), error.message, error.http_status) == (kind, message, status)


OVERFLOWS = [
    "request (4211 tokens) exceeds the available context size (2048 tokens), try increasing it",
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context"
    " length of only 4096 tokens, which is not enough: the number of tokens to keep from the initial prompt is"
    " greater than the context length",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "Input is too long for requested model",
    "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
    "Please reduce the length of the messages or completion",
    "input length and max_tokens exceed context limit",
]


@pytest.mark.parametrize("sentence", OVERFLOWS)
def test_a_prompt_that_does_not_fit(sentence: str) -> None:
    assert isinstance(
        error_from_response(400, json.dumps({"error": sentence}).encode()), ContextOverflow
    )


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        (
            {
                "message": "exceeds the available context size",
                "n_prompt_tokens": 4211,
                "n_ctx": 2048,
            },
            (4211, 2048),
        ),
        ({"message": OVERFLOWS[0]}, (4211, 2048)),
        ({"message": OVERFLOWS[1]}, (9000, 8192)),
        (
            {
                "message": "This model's maximum context length is 8192 tokens. However, you requested"
                " 9000 tokens (8000 in the messages, 1000 in the completion). Please reduce the"
                " length of the messages or completion."
            },
            (8000, 8192),
        ),
    ],
)
def test_both_numbers_are_told_when_they_are_known(body: object, numbers: tuple[int, int]) -> None:
    error = error_from_response(400, json.dumps({"error": body}).encode())
    assert (error.hint or "").startswith(
        f"The prompt has {numbers[0]} tokens, the model's window {numbers[1]}."
    )


@pytest.mark.parametrize(
    ("value", "name", "message"),
    [
        ({"error": {"message": "boom"}}, "", SAYS + "boom"),
        ({"error": "boom"}, "", SAYS + "boom"),
        ({"message": "boom"}, "error", SAYS + "boom"),
        ({"type": "error", "message": "boom", "code": "x"}, "", SAYS + "boom"),
        ({"object": "error", "message": "boom"}, "", SAYS + "boom"),
        ({"base_resp": {"status_code": 1004, "status_msg": "boom"}}, "", SAYS + "boom"),
        ({"detail": "boom"}, "", SAYS + "boom"),
    ],
)
def test_errors_inside_a_stream(value: object, name: str, message: str) -> None:
    error = error_in(value, name)
    assert error is not None
    assert error.message == message


@pytest.mark.parametrize(
    "value", [{"error": None, "choices": []}, {"base_resp": {"status_code": 0}}, {}, [], None]
)
def test_what_is_no_error(value: object) -> None:
    assert error_in(value) is None


@pytest.mark.parametrize(
    "key", ["sk-abcdef123456", "Bearer abc.def", "gsk_abcdef123", "AIza-abcdef12345", "hf_abcdefgh"]
)
def test_a_key_that_the_server_quotes_is_not_repeated(key: str) -> None:
    error = error_from_response(401, f"Incorrect key provided: {key}".encode())
    assert key not in error.message


def test_a_sentence_with_terminal_escapes_comes_out_harmless() -> None:
    error = error_from_response(400, b'{"error": "a\\u001b]52;c;cm0=\\u0007b\\u001b[31mc"}')
    assert error.message == SAYS + "abc"
