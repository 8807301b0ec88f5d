"""The whole gate, one command: `make test`.

Stops at nothing, sums up at the end, exits 1 if anything failed. `--quick` leaves out the tests. Every step is a public tool with the settings of pyproject.toml.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy", "--no-error-summary")),
    ("arrows", ("lint-imports", "--no-cache")),
)
TESTS: tuple[tuple[str, tuple[str, ...]], ...] = (("tests", ("pytest", "-q")),)


def main() -> int:
    """Run the steps; the number of failed ones decides the exit code."""
    steps = CHECKS if "--quick" in sys.argv[1:] else (*CHECKS, *TESTS)
    failed = []
    for name, (tool, *arguments) in steps:
        print(f"== {name}: {tool} {' '.join(arguments)}", flush=True)
        started = time.monotonic()
        code = subprocess.run([BIN / tool, *arguments], cwd=ROOT, check=False).returncode
        print(
            f"== {name}: {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s",
            flush=True,
        )
        if code:
            failed.append(name)
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
