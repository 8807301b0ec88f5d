"""`python -m codex_ls` is the `codex-ls` command.

`-m` puts the folder it is started in before all others that modules are looked for in. That folder may
be a stranger's repository, so it is taken out before anything more is imported.
"""

import os
import sys

_OURS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
if not sys.flags.safe_path and os.path.realpath(sys.path[0]) != _OURS:
    del sys.path[0]

from codex_ls.cli import main  # noqa: E402

main()
