"""`python -m codex_ls` is the `codex-ls` command."""

from codex_ls.cli import main

main()
