"""The whole gate, one command: `make test`.

Runs every step, sums up at the end, exits 1 if one failed. `--quick` stops behind the unit tier. Every step
is a public tool; a missing one is reported in one line, and in CI that is a failure. Nothing is retried.
The last lines of each failed step are printed again at the end, where a reader of a long log looks first.
"""

import collections
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
LAST_LINES = 120
"""How much of a failed step's output is printed again."""


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
    Step("units", ("pytest", "-q", "-m", "unit", "-n", "2")),
)
NODE = ("node", "npm")
TESTS = (
    Step("tests", ("pytest", "-q", "-rfEs", "-m", "not unit")),
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
    failed: dict[str, str] = {}
    for step in CHECKS if "--quick" in sys.argv[1:] else (*CHECKS, *TESTS):
        output = run(step)
        if output is not None:
            failed[step.name] = output
    for name, output in failed.items():
        print(f"== {name} failed; the end of its output:\n{output}")
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def run(step: Step) -> str | None:
    """Run one step and print its verdict; the end of its output if it failed, else None."""
    print(f"== {step.name}: {' '.join(step.command)}", flush=True)
    missing = [program for program in step.needs if shutil.which(program) is None]
    if missing:
        in_ci = bool(os.environ.get("CI"))
        problem = f"no {' and no '.join(missing)} here"
        print(f"== {step.name}: {'FAILED' if in_ci else 'skipped'}, {problem}")
        return problem if in_ci else None
    started = time.monotonic()
    code, output = execute(step)
    verdict = "FAILED" if code else "ok"
    print(f"== {step.name}: {verdict} in {time.monotonic() - started:.0f} s", flush=True)
    return output if code else None


def execute(step: Step) -> tuple[int, str]:
    """Run a step's command and pass its output on as it comes; its exit code and last lines."""
    last: collections.deque[bytes] = collections.deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        step.command, cwd=step.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        begun = b""
        while chunk := os.read(process.stdout.fileno(), 65_536):
            sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
            *lines, begun = (begun + chunk).split(b"\n")
            last.extend(lines)
    return process.returncode, b"\n".join((*last, begun)).decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
