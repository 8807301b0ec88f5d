"""Runs the `codex-ls` that came with the extension, whatever else this Python has installed.

Started as `python -I serve.py serve`: isolated, so that neither the folder it is started in nor the
environment can put other code in its place.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "libs"))

from codex_ls.cli import main

if __name__ == "__main__":
    sys.exit(main())
