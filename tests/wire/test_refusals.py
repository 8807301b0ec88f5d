"""What a refusal refuses, in the sentences of many servers."""

import json

import pytest

from codex_ls.errors import BadRequest, ContextOverflow, ProviderError
from codex_ls.events import Effort
from codex_ls.wire import error_from_response
from codex_ls.wire.refusals import (
    is_final,
    is_loading,
    is_passing,
    nearest_effort,
    refuses,
    refuses_effort,
    refuses_parameter,
    refuses_streaming,
    refuses_system_role,
)


def refused(status: int, sentence: str, **more: object) -> ProviderError:
    body = json.dumps({"error": {"message": sentence, **more}})
    return error_from_response(status, body.encode(), "application/json")


SYSTEM_REFUSED = [
    (500, "Error: Jinja Exception: System role not supported"),
    (400, "System role not supported"),
    (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
    (
        500,
        "Error rendering prompt with jinja template: Only user and assistant roles are supported!",
    ),
    (400, "Only user, assistant and tool roles are supported, got system."),
    (400, "Unexpected role 'system' after role 'user'"),
    (422, "Input should be 'user' or 'assistant'"),
    (400, "This model doesn't support system messages. Try again without a system message."),
    (400, "system messages are not supported by this model"),
    (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
    (400, "System instruction is not supported for this model."),
    (
        400,
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    ),
    (400, "Invalid value: role 'system' is not allowed"),
    (400, "'system' is not one of ['user', 'assistant'] - 'messages.0.role'"),
    (400, "Unknown role: system"),
    (400, "the role `system` is unsupported"),
    (422, "Input tag 'system' found using 'role' does not match any of the expected tags"),
    (400, "This model's chat template cannot handle a system prompt"),
    (400, "Unrecognized key(s) in object: 'system_prompt'"),
    (400, "Unsupported parameter: 'instructions' is not supported with this model."),
]


@pytest.mark.parametrize(("status", "sentence"), SYSTEM_REFUSED)
def test_the_system_role_is_refused(status: int, sentence: str) -> None:
    assert refuses_system_role(refused(status, sentence))


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (500, "Internal server error"),
        (
            400,
            "This model's maximum context length is 8192 tokens, not counting the system message",
        ),
        (400, "model 'system-1' not found"),
        (401, "the system role is not allowed for this key"),
        (429, "The system is overloaded and not available"),
        (500, "The operating system does not support CUDA"),
        (400, "messages: at least one message is required"),
    ],
)
def test_other_refusals_are_not_about_the_system_role(status: int, sentence: str) -> None:
    assert not refuses_system_role(refused(status, sentence))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "max_tokens",
            refused(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
                " 'max_completion_tokens' instead.",
                param="max_tokens",
            ),
        ),
        ("max_completion_tokens", refused(400, "unknown field: max_completion_tokens")),
        (
            "temperature",
            refused(
                400,
                "Unsupported value: 'temperature' does not support 0.2 with this model. Only the"
                " default (1) value is supported.",
                param="temperature",
            ),
        ),
        ("top_k", refused(400, "Unrecognized request argument supplied: top_k")),
        ("seed", refused(400, "Unrecognized request argument supplied: seed")),
        ("seed", refused(422, "seed: Extra inputs are not permitted")),
        ("stream_options", refused(400, "Unknown parameter: 'stream_options'.")),
        ("verbosity", refused(400, "Unsupported parameter: 'text.verbosity'", param="verbosity")),
        (
            "top_p",
            refused(400, "`temperature` and `top_p` cannot both be specified for this model."),
        ),
        (
            "min_p",
            error_from_response(
                422, b'{"detail":[{"loc":["body","min_p"],"msg":"Extra inputs are not permitted"}]}'
            ),
        ),
        ("store", refused(400, "Unknown parameter: 'store'.")),
    ],
)
def test_a_parameter_is_refused(name: str, error: ProviderError) -> None:
    assert refuses_parameter(error, name)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("temperature", refused(400, "temperature must be between 0 and 2", param="temperature")),
        (
            "max_tokens",
            refused(400, "max_tokens is too large: 9000. This model supports at most 4096 tokens"),
        ),
        ("seed", refused(400, "the model ByteDance/Seed-OSS is not supported")),
        ("include", refused(400, "Unsupported request: you must include a message")),
        ("stream", refused(400, "the upstream sent an invalid answer")),
        ("max_tokens", refused(400, "Unknown parameter: 'max_completion_tokens'")),
        ("temperature", refused(401, "unsupported temperature")),
    ],
)
def test_another_parameter_or_its_value_is(name: str, error: ProviderError) -> None:
    assert not refuses_parameter(error, name)


def test_a_refused_effort_has_many_names() -> None:
    assert refuses(refused(400, "Unsupported parameter: 'reasoning_effort'"), "reasoning_effort")
    assert refuses(refused(422, "Extra inputs are not permitted: think"), "think")
    assert refuses(refused(400, '"m" does not support thinking'), "think")
    assert not refuses(refused(400, "messages is required"), "reasoning_effort")
    assert not refuses(refused(401, "unsupported reasoning_effort"), "reasoning_effort")


@pytest.mark.parametrize(
    ("effort", "sentence", "nearest"),
    [
        (
            "minimal",
            "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model."
            " Supported values are: 'low', 'medium', and 'high'.",
            "low",
        ),
        ("medium", "reasoning_effort: Input should be 'low' or 'high'", "low"),
        ("high", "`reasoning_effort` must be one of `none` or `low`", "low"),
        ("none", "reasoning_effort: Input should be 'low', 'medium' or 'high'", "low"),
        ("none", "Invalid reasoning_effort. Allowed values: medium, high", None),
        (
            "high",
            "Reasoning setting 'high' is not supported. Supported settings: 'on', 'off'.",
            "on",
        ),
        ("low", "Reasoning is mandatory for this endpoint and cannot be disabled.", None),
        ("low", "parameter.enable_thinking must be set to false for non-streaming calls", None),
        ("low", '"m" does not support thinking', None),
    ],
)
def test_the_effort_that_comes_next(effort: Effort, sentence: str, nearest: str | None) -> None:
    error = refused(400, sentence)
    assert refuses_effort(error)
    assert nearest_effort(error, effort, tried={effort}) == nearest


@pytest.mark.parametrize("sentence", ["messages is required", "model must be one of 'a', 'b'"])
def test_what_is_not_about_the_effort(sentence: str) -> None:
    assert not refuses_effort(refused(400, sentence))


@pytest.mark.parametrize(
    "error",
    [
        refused(
            400,
            "Your organization must be verified to stream this model. Please go to the settings.",
            param="stream",
            code="unsupported_value",
        ),
        refused(400, "Streaming is not supported for this model"),
        refused(400, "this model does not support streaming"),
        refused(400, "Unsupported value: 'stream' does not support true with this model."),
    ],
)
def test_streaming_is_refused(error: ProviderError) -> None:
    assert refuses_streaming(error)


@pytest.mark.parametrize("sentence", ["stream_options is not supported", "bad upstream", "no"])
def test_streaming_is_not_refused(sentence: str) -> None:
    assert not refuses_streaming(refused(400, sentence))


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (503, "Loading model"),
        (400, "Model is loading, please wait"),
        (400, "The model is still loading"),
        (500, "model qwen3 is currently loading"),
        (503, "Model bigcode/starcoder is currently loading"),
        (409, "The model is being loaded"),
        (425, "Model not ready"),
        (404, "model 'm' is not loaded yet"),
        (429, "Server is starting, try again"),
    ],
)
def test_loading_is_waited_for(status: int, sentence: str) -> None:
    assert is_loading(refused(status, sentence))


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (500, "error loading model: unable to allocate CUDA0 buffer"),
        (503, "error loading model architecture"),
        (500, "llama runner process has terminated: error loading model"),
        (400, "No models loaded. Please load a model in the developer page"),
        (404, "Failed to load model m"),
        (500, "An error occurred while loading model weights"),
        (401, "model is loading"),
        (400, "downloading is not allowed"),
    ],
)
def test_what_is_not_loading_is_not_waited_for(status: int, sentence: str) -> None:
    assert not is_loading(refused(status, sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "The model is busy, please try again later",
        "Server busy. Try again in a moment",
        "No available workers for this model",
        "The engine is currently overloaded, please retry.",
        "Too many concurrent requests",
    ],
)
def test_a_400_may_pass(sentence: str) -> None:
    assert is_passing(refused(400, sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "This model doesn't support system messages. Try again without a system message.",
        "model not found, try pulling it first",
        "bad",
    ],
)
def test_a_400_may_not(sentence: str) -> None:
    assert not is_passing(refused(400, sentence))


def test_a_500_about_the_request_is_final() -> None:
    assert is_final(refused(500, "Error: Jinja Exception: System role not supported"))
    assert is_final(refused(500, "Unsupported parameter: x"))
    assert not is_final(refused(500, "boom"))
    assert not is_final(refused(503, "The service is not supported right now: server busy"))


TOO_LONG = [
    "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
    "You passed 9000 input tokens and requested 1 output tokens. However, the model's context"
    " length is only 8192 tokens",
    "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    "Input length (9000 tokens) exceeds the maximum allowed length (8192 tokens).",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
    "Input validation error: `inputs` must have less than 1024 tokens. Given: 3000",
    "Prompt length (9000) exceeds maximum input length (8192)",
    "Prompt length 9000 is greater than max_seq_len 8192",
    "Requested tokens (9000) exceed context window of 8192",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "Input is too long for requested model.",
    "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
    "Prompt exceeds max length",
    "Range of input length should be [1, 30720]",
    "prompt too long; exceeded max context length by 3 tokens",
    "Input prompt is too big compared to KV size. Please try increasing KV size.",
    "input is too large to process. increase the physical batch size",
    "Reached context length of 4096 tokens with this model (arch: qwen2), which does not support"
    " mid-generation context overflow.",
    "The prompt exceeds the cache size of 8192",
    "the input length exceeds the context length",
    "Your message was too long for the model",
    "total tokens exceeds max_model_len",
]


@pytest.mark.parametrize("sentence", TOO_LONG)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_prompt_that_does_not_fit_has_its_own_error(status: int, sentence: str) -> None:
    assert isinstance(refused(status, sentence), ContextOverflow)


@pytest.mark.parametrize(
    "sentence",
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 100000. This model's maximum context"
        " length is 32768 tokens and your request has 10 input tokens",
        "max_tokens must be less than or equal to `8192`, the maximum value for `max_tokens`",
    ],
)
def test_a_limit_on_the_output_that_is_too_high_is_not_a_long_prompt(sentence: str) -> None:
    error = refused(400, sentence)
    assert isinstance(error, BadRequest)
    assert error.hint == "Lower model_max_output_tokens, or leave it out."


@pytest.mark.parametrize("sentence", ["the name is too long", "file too large", "bad context"])
def test_other_lengths_are_not_the_prompts(sentence: str) -> None:
    assert not isinstance(refused(400, sentence), ContextOverflow)
