"""`python -m codex_ls` is the `codex-ls` command."""

import sys

from codex_ls.cli import main

sys.exit(main())
