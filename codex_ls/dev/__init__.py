"""Tools for working on codex-ls itself: the replay corpus and its recorder; nothing imports them."""
