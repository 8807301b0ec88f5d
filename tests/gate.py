"""The whole gate, one command: `make test`.

Stops at nothing, sums up at the end, exits 1 if anything failed. `--quick` leaves out the tests. Every
step is a public tool; what it needs and can't find is said in one line, and in CI that is a failure.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
VSCODE = ROOT / "editors" / "vscode"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the gate; `needs` are programs that it can't do without."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    needs: tuple[str, ...] = ()


CHECKS = (
    Step("format", ("ruff", "format", "--check", "--quiet", ".")),
    Step("lint", ("ruff", "check", "--quiet", ".")),
    Step("types", ("mypy", "--no-error-summary")),
    Step("arrows", ("lint-imports", "--no-cache")),
)
NODE = ("node", "npm")
TESTS = (
    Step("tests", ("pytest", "-q")),
    Step(
        "extension: install",
        ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        VSCODE,
        NODE,
    ),
    Step("extension: check", ("npm", "run", "--silent", "check"), VSCODE, NODE),
    Step("extension: in its host", ("npm", "run", "--silent", "test:host"), VSCODE, NODE),
    Step("extension: on the screen", ("npm", "run", "--silent", "test:screen"), VSCODE, NODE),
)


def main() -> int:
    """Run the steps; the number of failed ones decides the exit code."""
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    failed = [
        step.name
        for step in (CHECKS if "--quick" in sys.argv[1:] else (*CHECKS, *TESTS))
        if not passes(step)
    ]
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def passes(step: Step) -> bool:
    """Run one step and say how it went."""
    print(f"== {step.name}: {' '.join(step.command)}", flush=True)
    missing = [program for program in step.needs if shutil.which(program) is None]
    if missing:
        in_ci = bool(os.environ.get("CI"))
        print(
            f"== {step.name}: {'FAILED' if in_ci else 'skipped'}, no {' and no '.join(missing)} here"
        )
        return not in_ci
    started = time.monotonic()
    code = subprocess.run(step.command, cwd=step.folder, check=False).returncode
    verdict = "ok" if code == 0 else "FAILED"
    print(f"== {step.name}: {verdict} in {time.monotonic() - started:.0f} s", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main())
