"""`python -m benchmarks`: measure everything, print the table, and write `docs/performance.md`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from benchmarks import (
    agent_panel,
    cancel,
    crowd,
    editor,
    growth,
    llamacpp,
    machine,
    peers,
    real_model,
    report,
    shell,
    table,
)
from benchmarks.contenders import contenders
from benchmarks.figures import Figure, Results
from benchmarks.scripted import ScriptedServer

PARTS = ("shell", "editor", "acp", "cancel", "crowd", "lengths", "real")
"""What can be measured alone; the rows' names in the table begin with most of them."""


def main() -> int:
    """Run what was asked for."""
    options = _arguments()
    if not machine.is_offline():
        peers.fetch()
        if "real" in options.only:
            llamacpp.fetch(real_model.MODEL)
    problems = peers.missing()
    if "real" in options.only and (problem := llamacpp.missing(real_model.MODEL)):
        problems.append(problem)
    if not machine.went_offline("benchmarks"):
        problems.append("No network namespace here: whoever is measured could reach the network.")
    print("\n".join([machine.description(), *problems]), flush=True)
    results = Results()
    with (
        tempfile.TemporaryDirectory(prefix="codex-ls-bench-") as scratch,
        ScriptedServer() as server,
    ):
        for name, part in parts(server, Path(scratch), quick=options.quick).items():
            if name not in options.only:
                continue
            started, load = time.monotonic(), machine.load()
            for figure in part():
                results.add(figure, load=max(load, machine.load()))
            print(f"{name}: measured in {time.monotonic() - started:.0f} s", flush=True)
    print(f"\n{table.plain(results)}")
    whole = set(options.only) == set(PARTS) and not options.quick
    if not (whole or options.write):
        print("\nNot the whole measurement: docs/performance.md stays as it is.")
    else:
        written = report.write(results, machine=machine.description())
        print(f"\nWritten: {', '.join(str(path.relative_to(machine.ROOT)) for path in written)}")
    return 0


def parts(
    server: ScriptedServer, scratch: Path, *, quick: bool
) -> dict[str, Callable[[], Iterator[Figure]]]:
    """What there is to measure, by name; nothing runs before it is called."""
    everyone = contenders(server.base_url, scratch)
    many, few = (2, 1) if quick else (5, 3)
    return {
        "shell": lambda: shell.measure(server, everyone, rounds=many),
        "editor": lambda: editor.measure(server, everyone, rounds=many),
        "acp": lambda: agent_panel.measure(server, everyone, rounds=many),
        "cancel": lambda: cancel.measure(
            server, everyone, rounds=many, cancels=30 if quick else 200
        ),
        "crowd": lambda: crowd.measure(server, everyone, rounds=1 if quick else 5),
        "lengths": lambda: chain(
            growth.lengths(server, everyone, rounds=few),
            growth.delays(server, everyone, rounds=few),
            growth.million(server, everyone),
        ),
        "real": lambda: real_model.measure(scratch / "real", quick=quick),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; writes no document")
    parser.add_argument(
        "--only",
        action="append",
        choices=PARTS,
        metavar="PART",
        help=f"this part alone, writes no document: {', '.join(PARTS)}",
    )
    parser.add_argument("--write", action="store_true", help="write the document, whole or not")
    options = parser.parse_args()
    options.only = options.only or list(PARTS)
    return options


if __name__ == "__main__":
    sys.exit(main())
