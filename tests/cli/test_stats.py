"""`codex-ls stats`, after real turns of the real process."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import Command, Result
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream


def test_the_figures_of_what_was_asked(server: ModelServer, command: Command) -> None:
    assert command.run("stats") == Result(1, "The log contains no turns yet.\n", "")
    server.always(chat_stream(reasoning=["hm"], content=["Fo", "ur."], usage=(12, 40)))
    for _ in range(2):
        command.run("exec", "2 + 2?")
    done = command.run("stats", "--plot", "turns.svg", "--since", "1d")
    heading, row, *_ = done.out.splitlines()
    assert done.exit_code == 0
    assert heading.split("  ")[0] == "profile"
    assert re.match(r"fake +test-model +2 +- +\d+\.\d\d s +\d+\.\d\d s ", row)
    (summary,) = json.loads(command.run("stats", "--json").out)["summaries"]
    assert (summary["turns"], summary["failed"], summary["model"]) == (2, 0, "test-model")
    picture = ET.parse(command.home / "turns.svg").getroot()
    dots = [node for node in picture.iter() if node.tag.endswith("circle")]
    assert len(dots) == 3, "one for each turn, one in the legend"
    assert command.run("stats", "--profile", "other") == Result(
        1, "The log contains no turns of other.\nhint: there are turns of fake.\n", ""
    )
    assert command.run("stats", "--profile", "fake", "--since", "0h") == Result(
        1, "The log contains no turns of fake from the last 0h.\n", ""
    )


@pytest.mark.parametrize(
    ("age", "what"), [("yesterday", "yesterday"), ("7", "7"), ("7D", "7D"), ("", "An empty text")]
)
def test_an_age_that_is_none(command: Command, age: str, what: str) -> None:
    done = command.run("stats", "--since", age)
    assert (done.exit_code, done.err) == (
        2,
        f"error: {what} is not a valid age.\nhint: Use a value such as --since 12h, 7d or 4w.\n",
    )


def test_how_prompts_were_read_and_how_full_the_window_was(command: Command) -> None:
    turn = {
        "at": "2026-01-01T00:00:00.000Z",
        "model": "m",
        "provider": "p",
        "status": "completed",
        "total_ms": 900,
        "first_content_ms": 300,
        "input_tokens": 3000,
        "output_tokens": 1096,
        "prompt_tokens_per_second": 612.4,
        "prompt_estimated": True,
        "window_tokens": 8192,
    }
    log = command.home / "codex-ls" / "turns.jsonl"
    log.parent.mkdir()
    log.write_text(json.dumps(turn) + "\n")
    done = command.run("stats", "--plot", "turns.svg")
    heading, row, _, note = done.out.splitlines()
    assert re.split("  +", heading)[7:] == [
        "slowest 5 %",
        "prompt tokens/s",
        "window: 95 %",
        "trend",
    ]
    assert re.split("  +", row)[6:] == ["-", "-", "612*", "50%", "-"]
    assert note == "* partly measured here: the server reported no speed"
    (summary,) = json.loads(command.run("stats", "--json").out)["summaries"]
    assert summary["window_share"] == {"median": 0.5, "p95": 0.5, "count": 1}
    assert summary["is_prompt_estimated"] is True
