"""The tasks of the agent benchmark: none is done at the beginning, and each can be done."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.agent_tasks import HEAD, PAGE, Row, Score, Task, tasks, with_row
from codex_ls.wire import Message, ToolCall

SOLUTIONS: dict[str, tuple[dict[str, str | None], str]] = {
    "fix a function": ({"calc.py": "def add(a, b):\n    return a + b\n"}, ""),
    "write a function": ({"parity.py": "def is_even(n):\n    return n % 2 == 0\n"}, ""),
    "rename over files": (
        {
            "shop.py": "def sum_all(prices):\n    return sum(prices)\n",
            "main.py": "from shop import sum_all\n\nprint(sum_all([1, 2, 3]))\n",
        },
        "",
    ),
    "add a file": ({"notes/todo.txt": "buy milk\n"}, ""),
    "answer from a file": ({}, "It uses port 8123."),
    "run a command and report": ({}, "It prints 5050."),
    "delete a file": ({"old.txt": None}, ""),
    "find a definition": ({}, "In app/protocol.py."),
    "change a setting": ({"config.json": '{"debug": false, "level": 3}'}, ""),
    "add a parameter": (
        {"hello.py": 'def greet(name, mark="!"):\n    return "Hello " + name + mark\n'},
        "",
    ),
    "fix a syntax error": (
        {"main.py": "def double(n):\n    return 2 * n\n\nprint(double(5))\n"},
        "",
    ),
    "fix a failing command": ({"tools.py": "def length(text):\n    return len(text)\n"}, ""),
    "append a line": ({"list.txt": "alpha\nbeta\ngamma\n"}, ""),
    "edit one of two": (
        {"limits.py": "class Small:\n    limit = 10\n\n\nclass Large:\n    limit = 900\n"},
        "",
    ),
    "write a test": (
        {"test_double.py": "from double import double\n\nassert double(4) == 8\n"},
        "",
    ),
    "count lines": ({}, "17 lines"),
    "move a file": ({"util.py": None, "lib/util.py": "VALUE = 1\n"}, ""),
    "handle an edge case": (
        {"stats.py": "def mean(values):\n    return sum(values) / len(values) if values else 0\n"},
        "",
    ),
    "compare two files": ({}, "timeout"),
    "stay inside the task": ({"code.py": "# Prints the number four\nprint(4)\n"}, ""),
}
TASKS = tasks()


def write(root: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)


def test_there_are_twenty() -> None:
    assert [task.name for task in TASKS] == list(SOLUTIONS)
    assert len(TASKS) == 20


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of this test is Linux'")
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
async def test_a_task_is_done_by_its_solution_alone(task: Task, tmp_path: Path) -> None:
    files, answer = SOLUTIONS[task.name]
    write(tmp_path, dict(task.files))
    assert not await task.is_done(tmp_path, "I did it.")
    write(tmp_path, files)
    assert await task.is_done(tmp_path, answer)
    for name in task.unchanged:
        (tmp_path / name).write_text("")
        assert not await task.is_done(tmp_path, answer)


def test_calls_and_first_edits_are_counted() -> None:
    calls: tuple[tuple[str, dict[str, str], str], ...] = (
        ("edit_file", {"path": "a", "old": "x", "new": "y"}, "error: old was not found"),
        ("edit_file", {"path": "a", "old": "y", "new": "z"}, "done: a (update)"),
        ("write_file", {"path": "b", "content": ""}, "done: b (add)"),
        ("read_file", {}, "error: read_file: missing: path"),
        ("fly", {}, "error: there is no tool fly"),
    )
    steps: list[Message] = []
    for number, (name, arguments, result) in enumerate(calls):
        call = ToolCall(str(number), name, json.dumps(arguments))
        steps += [
            Message("assistant", "", tool_calls=(call,)),
            Message("tool", result, tool_call_id=call.call_id),
        ]
    score = Score(is_done=True, prompt_tokens=800, first_s=1.25, total_s=10.0)
    score.count(steps)
    row = str(Row("m", [score, Score(total_s=20.0)]))
    assert row == "| m | 1 of 2 | 3 of 5 | 1 of 2 | 800 | 1.2 s | 15 s |"


def test_a_model_has_one_row_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    first, other, again = Row("m", [Score()]), Row("n", [Score()]), Row("m", [Score(is_done=True)])
    for row in (first, other, again):
        page = with_row(page, row)
    lines = page.split("\n")
    assert lines.count(HEAD) == 1
    assert lines[lines.index(HEAD) + 1].count("|") == HEAD.count("|")
    assert str(first) not in lines
    assert lines.index(str(again)) == lines.index(str(other)) + 1
