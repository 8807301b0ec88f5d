"""Code actions, without a process."""

from pathlib import Path
from typing import Any

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.lsp.actions import CodeActionParams
from codex_ls.protocol import (
    AskArguments,
    DoctorArguments,
    ProfileArguments,
)
from tests.lsp.test_exec import Bench, home

__all__ = ["home"]

LITERALS: Any = {"textDocument": {"codeAction": {"codeActionLiteralSupport": {}}}}
URI = "file:///w/a.py"


def span(first: int, start: int, last: int, end: int) -> dict[str, Any]:
    return {
        "start": {"line": first, "character": start},
        "end": {"line": last, "character": end},
    }


def problem(message: str, line: int = 0) -> dict[str, Any]:
    return {"range": span(line, 0, line, 1), "message": message, "data": {"of": "the client"}}


@pytest.fixture
async def bench(home: Path) -> Bench:
    bench = Bench(home)
    bench.initialize(**LITERALS)
    document = {"uri": URI, "languageId": "python", "version": 1, "text": "# why?\nx = 1\n"}
    bench.receive(method="textDocument/didOpen", params={"textDocument": document})
    return bench


async def offered(bench: Bench, place: dict[str, Any], **context: Any) -> list[dict[str, Any]]:
    params = {
        "textDocument": {"uri": URI},
        "range": place,
        "context": {"diagnostics": [], **context},
    }
    bench.receive(id=1, method="textDocument/codeAction", params=params)
    result: list[dict[str, Any]] = (await bench.reply())["result"]
    bench.outbox.take()
    return result


async def titles(bench: Bench, place: dict[str, Any], **context: Any) -> list[str]:
    return [action["title"] for action in await offered(bench, place, **context)]


async def test_what_is_offered_depends_on_the_place(bench: Bench) -> None:
    ask, explain = "Codex: Ask about this", "Codex: Explain"
    cursor = span(1, 0, 1, 0)
    assert await titles(bench, span(1, 0, 1, 5)) == [ask, explain]
    assert await titles(bench, cursor) == [ask, explain]
    assert await titles(bench, cursor, triggerKind=1) == [ask, explain]
    assert await titles(bench, cursor, triggerKind=2) == []
    assert await titles(bench, span(1, 0, 1, 5), triggerKind=2) == [ask, explain]
    assert await titles(bench, span(0, 2, 0, 2)) == [f"{ask}: why?", explain]
    assert await titles(bench, span(0, 0, 2, 0)) == [f"{ask}: why?", explain]
    assert await titles(bench, cursor, diagnostics=[problem("no")]) == [
        "Codex: Fix this problem",
        "Codex: Explain this problem",
        ask,
    ]


async def test_own_prompts_are_offered_unless_they_need_arguments(bench: Bench, home: Path) -> None:
    folder = home / "prompts"
    folder.mkdir()
    (folder / "review.md").write_text("---\ndescription: Look for mistakes\n---\nReview this.\n")
    (folder / "port.md").write_text("Port this to $LANGUAGE.\n")
    (folder / "shorter.md").write_text("Make it shorter. $ARGUMENTS\n")
    (folder / "broken.md").write_text("")
    found = await offered(bench, span(1, 0, 1, 5))
    own = [action for action in found if "/" in action["title"]]
    assert [action["title"] for action in own] == [
        "Codex: /review: Look for mistakes",
        "Codex: /shorter",
    ]
    argument = {"textDocument": {"uri": URI}, "range": span(1, 0, 1, 5), "prompt": "/review"}
    assert own[0]["command"] == {
        "title": own[0]["title"],
        "command": "codex.ask",
        "arguments": [argument],
    }
    assert not any("/" in title for title in await titles(bench, span(1, 0, 1, 5), triggerKind=2))
    assert not any(
        "/" in title for title in await titles(bench, span(1, 0, 1, 5), only=["quickfix"])
    )
    for number in range(20):
        (folder / f"a{number}.md").write_text("x")
    assert sum("/" in title for title in await titles(bench, span(1, 0, 1, 5))) == 12
    (home / "config.toml").write_text("model = [")
    assert not any("/" in title for title in await titles(bench, span(1, 0, 1, 5)))


async def test_each_of_several_problems_is_named(bench: Bench) -> None:
    found = [problem(f"problem\n{number}") for number in range(9)]
    found[1]["message"] = "long " * 50
    listed = await titles(bench, span(0, 0, 2, 0), diagnostics=found, only=["quickfix"])
    assert len(listed) == 5
    assert listed[0] == "Codex: Fix this problem: problem 0"
    assert listed[1].endswith("…")
    assert len(listed[1]) < 100


@pytest.mark.parametrize(
    ("only", "count"),
    [
        ([], 3),
        (["quickfix"], 1),
        (["quick"], 0),
        (["refactor"], 0),
        (["source.fixAll"], 0),
        ([""], 3),
        (["refactor", "quickfix"], 1),
    ],
)
async def test_only_the_kinds_that_are_asked_for_are_offered(
    bench: Bench, only: list[str], count: int
) -> None:
    cursor = span(1, 0, 1, 0)
    assert len(await titles(bench, cursor, diagnostics=[problem("no")], only=only)) == count


async def test_a_problem_comes_back_as_it_was_sent(bench: Bench) -> None:
    found = problem("no", line=1)
    fix, *_ = await offered(bench, span(1, 2, 1, 2), diagnostics=[found])
    argument = {"textDocument": {"uri": URI}, "range": found["range"], "diagnostics": [found]}
    assert fix == {
        "title": "Codex: Fix this problem",
        "kind": "quickfix",
        "diagnostics": [found],
        "command": {
            "title": "Codex: Fix this problem",
            "command": "codex.fix",
            "arguments": [argument],
        },
    }
    fix, *_ = await offered(bench, span(0, 0, 2, 0), diagnostics=[found])
    assert fix["command"]["arguments"][0]["range"] == span(0, 0, 2, 0)


async def test_to_stop_is_offered_while_something_runs(bench: Bench) -> None:
    with bench.server.commands.held():
        assert "Codex: Stop" in await titles(bench, span(1, 0, 1, 5))
        assert "Codex: Stop" not in await titles(bench, span(1, 0, 1, 5), triggerKind=2)
    assert "Codex: Stop" not in await titles(bench, span(1, 0, 1, 5))


async def test_a_client_without_actions_gets_commands(home: Path) -> None:
    bench = Bench(home)
    bench.initialize()
    found = await offered(bench, span(0, 0, 0, 1), diagnostics=[problem("no")])
    assert [sorted(command) for command in found] == [["arguments", "command", "title"]] * 3


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {"textDocument": {"uri": ""}, "range": span(0, 0, 0, 0)},
        {"textDocument": {"uri": URI}, "range": {"start": 0}},
        {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": 5},
        {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": {"only": "x"}},
        {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": {"diagnostics": [1]}},
        {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": {"triggerKind": 3}},
    ],
)
async def test_params_that_make_no_sense_are_answered(bench: Bench, params: Any) -> None:
    bench.receive(id=1, method="textDocument/codeAction", params=params)
    assert (await bench.reply())["error"]["code"] == -32602


def test_what_a_person_types_is_taken_as_the_argument() -> None:
    assert AskArguments.read("why?") == AskArguments(prompt="why?")
    assert ProfileArguments.read("local") == ProfileArguments(profile="local")
    assert DoctorArguments.read("local") == DoctorArguments(profile="local")
    assert DoctorArguments.read({"discover": True}) == DoctorArguments(discover=True)
    assert (
        CodeActionParams.read(
            {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": None}
        ).context.diagnostics
        == ()
    )


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (AskArguments, " "),
        (AskArguments, 5),
        (AskArguments, {"prompt": ""}),
        (AskArguments, {"threadId": 5}),
        (AskArguments, {"range": span(0, 0, 0, 0)}),
        (ProfileArguments, []),
        (DoctorArguments, {"discover": "yes"}),
    ],
)
def test_arguments_of_a_wrong_kind_are_named(model: Any, value: Any) -> None:
    with pytest.raises(InvalidParams):
        model.read(value)
