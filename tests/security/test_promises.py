"""SECURITY.md names a place in the code and a test for each promise: all of them exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:codex_ls|tests|editors|benchmarks)/[\w./:-]+)`", PAGE)))
QUOTED = re.findall(r"`(editors/[\w./-]+\.ts)` \(\"([^\"]+)\"\)", PAGE)
PROMISES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert (ROOT / path).is_file()
    if test:
        module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert test in {node.name for node in module.body if isinstance(node, functions)}


@pytest.mark.parametrize(("path", "title"), QUOTED)
def test_a_test_of_the_extension_exists(path: str, title: str) -> None:
    assert f'test("{title}"' in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("cells", PROMISES, ids=lambda cells: cells[0][:40])
def test_each_promise_has_its_place_and_its_test(cells: list[str]) -> None:
    promise, place, tests = cells
    assert promise
    assert re.search(r"`(codex_ls|editors)/", place)
    assert re.search(r"`(tests|editors/vscode/test)/", tests)


def test_there_are_promises() -> None:
    assert len(PROMISES) > 25
    assert len(QUOTED) >= 3
