"""A fake model server in a thread of its own, and the command that is configured to ask it."""

from tests.cli.conftest import command, server

__all__ = ["command", "server"]
