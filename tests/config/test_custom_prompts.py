"""The user's own prompts: their files, their placeholders, and what is wrong with them."""

from pathlib import Path

import pytest

from codex_ls.config.custom_prompts import (
    CustomPrompt,
    command_in,
    expanded,
    find_prompt,
    list_prompts,
)
from codex_ls.errors import ConfigError, InvalidParams


def write(home: Path, name: str, text: str) -> None:
    (home / "prompts").mkdir(exist_ok=True)
    (home / "prompts" / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("/review", ("review", "")),
        ("/review src  now ", ("review", "src  now")),
        ("/prompts:review a\nb", ("review", "a\nb")),
        ("/usr/bin is what?", None),
        ("/", None),
        (" /review", None),
        ("what is /review", None),
        ("/* a comment */", None),
        ("// a comment", None),
    ],
)
def test_what_asks_for_a_prompt(words: str, command: tuple[str, str] | None) -> None:
    assert command_in(words) == command


@pytest.mark.parametrize(
    ("text", "arguments", "result"),
    [
        ("Look at $1 and $2.", 'a "b c"', "Look at a and b c."),
        ("Look at $1 and $2.", "a", "Look at a and ."),
        ("Do: $ARGUMENTS!", 'a "b c"', 'Do: a "b c"!'),
        ("Do: $ARGUMENTS", "", "Do: "),
        ("It costs $$5, $10 is $1 0.", "x", "It costs $5, x0 is x 0."),
        ("See $FILE for $WHAT_2.", "WHAT_2='x y' FILE=a.py", "See a.py for x y."),
        ("A literal $$FILE, $x and $", "", "A literal $FILE, $x and $"),
        ("No place.", "some words", "No place.\n\nsome words"),
        ("No place.", "", "No place."),
        ("Say $1.", "don't", "Say don't."),
    ],
)
def test_arguments_stand_in_their_places(text: str, arguments: str, result: str) -> None:
    assert expanded(CustomPrompt("p", text), arguments) == result


def test_a_named_argument_that_is_missing_is_an_error() -> None:
    with pytest.raises(InvalidParams) as caught:
        expanded(CustomPrompt("p", "See $FILE and $LINE and $FILE."), "FILE=a")
    assert caught.value.message == "The prompt /p needs LINE."
    assert caught.value.hint == "Write /p FILE=... LINE=...."


def test_front_matter_says_how_to_ask(tmp_path: Path) -> None:
    write(
        tmp_path,
        "review.md",
        '---\ndescription: "Review it: all"\nargument_hint: FILE\nmodel: m\neffort: low\n'
        "intent: explain\nother: x\n---\n\nReview $1.\n",
    )
    write(tmp_path, "plain.md", "---\nnot closed\n")
    write(tmp_path, "no prompt.md", "x")
    write(tmp_path, "notes.txt", "x")
    write(tmp_path, "empty.md", "\n")
    assert list_prompts(tmp_path) == (
        CustomPrompt("plain", "---\nnot closed"),
        CustomPrompt("review", "Review $1.", "Review it: all", "FILE", "m", "low", "explain"),
    )
    assert find_prompt(tmp_path, "review").description == "Review it: all"


def test_no_folder_is_no_prompt(tmp_path: Path) -> None:
    assert list_prompts(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The prompt a.md can't be used: it has no text."),
        ("---\neffort: hard\n---\nx", "a.md: there is no effort hard."),
        ("---\nintent: nothing\n---\nx", "a.md: there is no intent nothing."),
        ("x" * 300_000, "The prompt a.md can't be used: it is larger than 256 KiB."),
    ],
)
def test_a_prompt_that_can_not_be_used_is_an_error(
    tmp_path: Path, text: str, sentence: str
) -> None:
    write(tmp_path, "a.md", text)
    with pytest.raises(ConfigError) as caught:
        find_prompt(tmp_path, "a")
    assert caught.value.message == sentence
    assert str(tmp_path / "prompts" / "a.md") in (caught.value.hint or "")


def test_a_name_that_does_not_exist_is_told_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "review.md", "x")
    with pytest.raises(InvalidParams) as caught:
        find_prompt(tmp_path, "reveiw")
    assert caught.value.message == "There is no prompt /reveiw."
    assert (caught.value.hint or "").startswith("Did you mean /review? Prompts are files in ")
