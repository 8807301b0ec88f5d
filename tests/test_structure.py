"""The package's shape: no module imports one that imports it, and a name means one thing."""

import ast
from collections.abc import Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import codex_ls

PACKAGE = Path(codex_ls.__file__).parent


def modules_of(package: Path) -> dict[str, Path]:
    """Every module's dotted name; a package is its `__init__`."""
    modules = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def imported_by(name: str, modules: Mapping[str, Path]) -> Iterator[str]:
    """The modules of the package that this one imports anywhere: in functions and for types too.

    `from package import name` is an import of the module `name` if there is one, and else of what the
    package's `__init__` has: the package itself.
    """
    path = modules[name]
    here = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                above = here[: len(here) - node.level + 1] if node.level else []
                source = ".".join([*above, *filter(None, [node.module])])
                for alias in node.names:
                    inner = f"{source}.{alias.name}"
                    yield inner if inner in modules else source


def circles(package: Path) -> list[str]:
    """One circle of imports that there is, from a module back to itself; empty if there is none."""
    modules = modules_of(package)
    imports: dict[str, Set[str]] = {
        name: {other for other in imported_by(name, modules) if other in modules} - {name}
        for name in modules
    }
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def test_no_module_imports_one_that_imports_it() -> None:
    assert circles(PACKAGE) == []


def test_an_import_in_a_function_and_one_for_types_make_a_circle(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    (package / "room").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "room" / "__init__.py").write_text("from shop.room.chair import Chair\n")
    (package / "room" / "chair.py").write_text("def sit():\n    from . import table\n")
    (package / "room" / "table.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.room import Chair\n"
    )
    circle = circles(package)
    assert set(circle) == {"shop.room", "shop.room.chair", "shop.room.table"}

    (package / "room" / "table.py").write_text("import shop\n")
    assert circles(package) == []


def test_a_name_of_a_module_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if not path.stem.startswith("__"):
            places.setdefault(path.stem, []).append(path.parent.name)
    shared = {name: rooms for name, rooms in places.items() if len(rooms) > 1}
    assert shared == {}
