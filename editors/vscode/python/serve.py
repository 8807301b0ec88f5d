"""Runs the `codex-ls` that came with the extension, whatever else this Python has installed.

Started as `python -I serve.py serve`: isolated, so that neither the folder it is started in nor the
environment can put other code in its place.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
COMPILED = HERE / f"cp{sys.version_info.major}{sys.version_info.minor}"

sys.path[:0] = [str(HERE / "libs"), str(COMPILED)]

try:
    import pydantic_core  # noqa: F401
except ImportError as error:
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    sys.exit(
        f"The server of this extension does not run on {version} here ({error}).\n"
        "Set codex.python.interpreter to a Python from 3.11 to 3.14, or run `pipx install codex-ls`"
        " and set codex.server.path to its program."
    )

from codex_ls.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
