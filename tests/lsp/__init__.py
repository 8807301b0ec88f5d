"""Tests of codex_ls/lsp: units beside each other, the real process in e2e/."""
