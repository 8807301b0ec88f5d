"""codex-ls: ask a local or cloud model, and watch it think and answer."""

__version__ = "0.1.0"
