"""Unbuffered output: on real pipes and files, also where they can't take it."""

import os
import threading
from pathlib import Path

import pytest

from codex_ls.cli.output import Output, OutputFailed, ReaderGone


def test_text_is_out_when_write_returns() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        output = Output(stream)
        output.write("né")
        assert os.read(reader, 100) == "né".encode()
        output.write("xt")
        assert os.read(reader, 100) == b"xt"
    os.close(reader)


def test_a_text_larger_than_the_pipe_arrives_whole_over_a_non_blocking_one() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    received: list[bytes] = []

    def read() -> None:
        while piece := os.read(reader, 65536):
            received.append(piece)

    thread = threading.Thread(target=read)
    thread.start()
    text = "0123456789" * 50_000
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        Output(stream).write(text)
    thread.join()
    os.close(reader)
    assert b"".join(received).decode() == text


def test_a_lone_surrogate_becomes_a_question_mark(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        Output(stream).write("né\ud800")
    assert (tmp_path / "out").read_bytes() == "né?".encode()


def test_a_file_is_utf8_whatever_the_locale_says(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        Output(stream).write("né")
    assert (tmp_path / "out").read_bytes() == "né".encode()


def test_a_reader_that_has_gone_is_noticed_without_and_with_a_write() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        output = Output(stream)
        assert not output.has_lost_its_reader()
        os.close(reader)
        assert output.has_lost_its_reader()
        with pytest.raises(ReaderGone):
            output.write("text")
        Output(stream, lossy=True).write("text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_sentence() -> None:
    with open("/dev/full", "w", encoding="utf-8") as stream:  # noqa: PTH123
        with pytest.raises(OutputFailed, match=r"The output can't be written: No space left"):
            Output(stream).write("text")
        Output(stream, lossy=True).write("text")


def test_a_stream_that_is_closed_takes_everything() -> None:
    output = Output(None)
    output.write("text")
    assert not output.is_terminal
    assert output.columns() == 80
