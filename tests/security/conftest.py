"""A fake model server in a thread of its own."""

from tests.cli.conftest import server

__all__ = ["server"]
