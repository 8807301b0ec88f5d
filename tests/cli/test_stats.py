"""`codex-ls stats`, after real turns of the real process."""

import json
import re
from xml.etree import ElementTree as ET

from tests.cli.command import Command, Result
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream


def test_the_figures_of_what_was_asked(server: ModelServer, command: Command) -> None:
    assert command.run("stats") == Result(1, "No turn is in the log yet.\n", "")
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
    assert command.run("stats", "--profile", "other").exit_code == 1


def test_an_age_that_is_none(command: Command) -> None:
    done = command.run("stats", "--since", "yesterday")
    assert (done.exit_code, done.err) == (
        2,
        "error: yesterday is no age.\nhint: Write --since 12h, 7d or 4w.\n",
    )
