"""What `codex-ls serve` makes of its options, before anything listens."""

import sys

import pytest

from codex_ls.cli.serve_command import run
from codex_ls.errors import InvalidParams


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--tcp", "127.0.0.1:0", "--ws", "127.0.0.1:0"], "not allowed with argument"),
        (["--ws", "7777"], "7777 is not HOST:PORT."),
        (["--ws", "127.0.0.1:70000"], "is not HOST:PORT."),
        (["--ws", "0.0.0.0:7777"], "0.0.0.0 is not a loopback address."),
        (["--tcp", "[::]:7777"], ":: is not a loopback address."),
        (["--ws", "127.0.0.1:0", "--allow-origin", "*"], "* is not the origin of a page."),
        (["--allow-origin", "http://localhost:5173"], "--allow-origin requires --ws."),
        (
            ["--tcp", "127.0.0.1:0", "--allow-origin", "http://localhost"],
            "--allow-origin requires --ws.",
        ),
    ],
)
def test_options_that_make_no_sense_are_one_clear_error(argv: list[str], told: str) -> None:
    with pytest.raises(InvalidParams) as refused:
        run(argv)
    assert told in refused.value.message


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.asyncio.server", None)
    with pytest.raises(InvalidParams) as refused:
        run(["--ws", "127.0.0.1:0"])
    assert refused.value.hint == "pip install 'codex-ls[ws]'"
