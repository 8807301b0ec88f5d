from typing import Any

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.protocol import ExecParams, ExpectedProfile, ProfilesParams

RANGE = {"start": {"line": 1, "character": 2}, "end": {"line": 3, "character": 0}}
DOCUMENT = {"uri": "file:///w/a.py"}
FULL = {
    "prompt": "why?",
    "profile": "local",
    "model": "m",
    "effort": "low",
    "threadId": "h1",
    "textDocument": DOCUMENT,
    "range": RANGE,
    "diagnostics": [
        {
            "range": RANGE,
            "message": "unused",
            "severity": 2,
            "code": "F401",
            "source": "ruff",
            "tags": [1],
            "relatedInformation": None,
        },
        {"range": RANGE, "message": {"kind": "markdown", "value": "*bad*"}, "code": 7},
    ],
    "workDoneToken": 1,
    "partialResultToken": "p",
}


def test_full_params_are_read() -> None:
    params = ExecParams.read(FULL)
    assert params.text_document is not None
    assert params.range is not None
    assert params.diagnostics is not None
    assert (params.prompt, params.effort, params.thread_id) == ("why?", "low", "h1")
    assert (params.range.start.line, params.range.end.character) == (1, 0)
    assert [found.message for found in params.diagnostics] == ["unused", "*bad*"]
    assert (params.work_done_token, params.partial_result_token) == (1, "p")


def test_intent_and_expectation_are_read() -> None:
    params = ExecParams.read(
        {"intent": "fix", "textDocument": DOCUMENT, "expected": {"profile": "", "origin": "o"}},
    )
    assert (params.prompt, params.intent, params.expected) == (
        "",
        "fix",
        ExpectedProfile(profile="", origin="o"),
    )
    assert ExecParams.read({"prompt": "x"}).intent == "ask"
    blank = {"prompt": " ", "intent": "explain", "textDocument": DOCUMENT}
    assert ExecParams.read(blank).prompt == " "


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    assert ExecParams.read({"prompt": "half \ud83d a pair, \U0001f600 whole"}).prompt == (
        "half \ufffd a pair, \U0001f600 whole"
    )


def test_null_reads_as_absent_and_unknown_keys_as_nothing() -> None:
    nulls = {key: None for key in FULL if key != "prompt"}
    assert ExecParams.read({"prompt": "x", **nulls, "later": {"a": 1}}) == (
        ExecParams.read({"prompt": "x"})
    )
    assert ProfilesParams.read(None) == ProfilesParams.read({"textDocument": None})


BAD: list[tuple[Any, str]] = [
    ({"prompt": "x", "intent": "improve"}, "intent must be one of ask, explain, fix, edit"),
    ({"prompt": "x", "intent": "explain"}, "intent explain needs a textDocument"),
    ({"prompt": " ", "intent": "edit", "textDocument": DOCUMENT}, "prompt must not be blank"),
    ({"prompt": "x", "expected": "local"}, "expected must be an object"),
    ({"prompt": "x", "expected": {"origin": "o"}}, "expected.profile is required"),
    (None, "prompt"),
    ([], ""),
    ("hi", ""),
    (5, ""),
    ({}, "prompt"),
    ({"prompt": None}, "prompt"),
    ({"prompt": 5}, "prompt"),
    ({"prompt": ["hi"]}, "prompt"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": " \n\t"}, "prompt"),
    ({"profile": 5}, "profile"),
    ({"model": []}, "model"),
    ({"effort": "maximum"}, "effort"),
    ({"effort": "LOW"}, "effort"),
    ({"effort": 1}, "effort"),
    ({"threadId": 5}, "threadId"),
    ({"textDocument": "file:///a"}, "textDocument"),
    ({"textDocument": {}}, "textDocument.uri"),
    ({"textDocument": {"uri": 5}}, "textDocument.uri"),
    ({"textDocument": {"uri": ""}}, "textDocument.uri"),
    ({"range": RANGE}, "range"),
    ({"range": RANGE, "textDocument": None}, "range"),
    ({"textDocument": DOCUMENT, "range": {}}, "range.start"),
    ({"textDocument": DOCUMENT, "range": [1, 2]}, "range"),
    ({"textDocument": DOCUMENT, "range": {**RANGE, "end": None}}, "range.end"),
    ({"diagnostics": {}}, "diagnostics"),
    ({"diagnostics": ["x"]}, "diagnostics.0"),
    ({"diagnostics": [{"message": "x"}]}, "diagnostics.0.range"),
    ({"diagnostics": [{"range": RANGE}]}, "diagnostics.0.message"),
    ({"diagnostics": [{"range": RANGE, "message": "x", "severity": 9}]}, "diagnostics.0.severity"),
    ({"workDoneToken": 1.5}, "workDoneToken"),
    ({"workDoneToken": True}, "workDoneToken"),
    ({"workDoneToken": {}}, "workDoneToken"),
    ({"partialResultToken": []}, "partialResultToken"),
    *(
        (
            {"textDocument": DOCUMENT, "range": {**RANGE, "start": {"line": line, "character": 0}}},
            "range.start.line",
        )
        for line in (-1, 1.0, 1.5, "1", True, None, float("nan"), float("inf"), 2**31, 10**40)
    ),
]


@pytest.mark.parametrize(("params", "where"), BAD)
def test_what_does_not_fit_is_named(params: Any, where: str) -> None:
    if isinstance(params, dict) and "prompt" not in params and params:
        params = {"prompt": "hi", **params}
    with pytest.raises(InvalidParams, match=f"^Invalid params: .*{where}"):
        ExecParams.read(params)


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(InvalidParams) as raised:
        ExecParams.read({"prompt": "hi", "profile": ["sk-secret"], "effort": "sk-secret"})
    assert "sk-secret" not in raised.value.message


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"prompt": "x", "replaces": "u1"}, "replaces needs a threadId"),
        ({"intent": "continue"}, "intent continue needs a threadId"),
        ({"intent": "fix", "threadId": "h1"}, "intent fix needs a textDocument"),
        (
            {"intent": "fix", "mode": "agent", "textDocument": DOCUMENT},
            "mode agent takes the intents ask and continue alone",
        ),
    ],
)
def test_what_needs_a_thread_says_so(params: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParams) as raised:
        ExecParams.read(params)
    assert message in raised.value.message


def test_an_answer_is_continued_without_a_prompt_or_a_document() -> None:
    params = ExecParams.read({"intent": "continue", "threadId": "h1", "mode": "agent"})
    assert (params.prompt, params.text_document) == ("", None)
