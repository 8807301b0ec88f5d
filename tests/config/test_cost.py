"""A config is read before every request of the command line: what it may load for that."""

import subprocess
import sys

from tests.config.home import SAMPLE, Home

PROGRAM = """
import sys
from pathlib import Path
from codex_ls.config.load import load_config
from codex_ls.config.profile import resolve
resolve(load_config(codex_home=Path(sys.argv[1])), profile="cloud")
print(*sorted({name.partition(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith("codex_ls.config.")))
"""


def test_a_good_config_is_read_without_a_scanner_or_a_network_library(
    home: Home,
) -> None:
    home.write(SAMPLE)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home.path)], capture_output=True, text=True, check=True
    )
    top, own = (set(line.split()) for line in run.stdout.splitlines())
    assert top.isdisjoint({"httpx", "ssl", "pygls", "difflib"})
    assert "codex_ls.config.positions" not in own
