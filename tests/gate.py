"""The whole gate, one command: `make test`.

Stops at nothing, sums up at the end, exits 1 if anything failed. `--quick` leaves out the tests. Every
step is a public tool; what it needs and can't find is said in one line, and in CI that is a failure.
A test that drives a real editor, a browser or a model may fail for want of a processor: it gets one more
try, and whatever needed it is named at the end, as a fault to mend.
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
    tries: int = 1


CHECKS = (
    Step("format", ("ruff", "format", "--check", "--quiet", ".")),
    Step("lint", ("ruff", "check", "--quiet", ".")),
    Step("types", ("mypy", "--no-error-summary")),
    Step("arrows", ("lint-imports", "--no-cache")),
)
NODE = ("node", "npm")
TESTS = (
    Step("tests", ("pytest", "-q", "-rfEsR", "--reruns=1")),
    Step(
        "extension: install",
        ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        VSCODE,
        NODE,
        tries=2,
    ),
    Step("extension: check", ("npm", "run", "--silent", "check"), VSCODE, NODE),
    Step("extension: in its host", ("npm", "run", "--silent", "test:host"), VSCODE, NODE, tries=2),
    Step(
        "extension: on the screen", ("npm", "run", "--silent", "test:screen"), VSCODE, NODE, tries=2
    ),
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
    for attempt in range(1, step.tries + 1):
        started = time.monotonic()
        code = subprocess.run(step.command, cwd=step.folder, check=False).returncode
        verdict = "FAILED" if code else "ok" if attempt == 1 else f"ok, in try {attempt}: mend it"
        print(f"== {step.name}: {verdict} in {time.monotonic() - started:.0f} s", flush=True)
        if code == 0:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
