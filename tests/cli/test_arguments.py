"""The command line of exec: what is understood, and what a mistake is told as."""

from pathlib import Path

import pytest

from codex_ls.cli.arguments import ExecArguments, command_first, parse_exec
from codex_ls.errors import InvalidParams


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.png", "b.png", "with,comma.png"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_given_is_a_question_from_standard_input() -> None:
    assert parse_exec([]) == ExecArguments()


def test_every_option_of_ours() -> None:
    assert parse_exec(
        [
            *("--profile", "local-oss", "-m", "gpt-oss", "--effort", "low", "--local-only"),
            *("-c", "a=1", "--config", "b.c='x=y'", "--json", "--thinking", "stderr"),
            *("-o", "answer.txt", "--output-schema", "schema.json", "-C", "/", "--color=never"),
            "What is 2 + 2?",
        ]
    ) == ExecArguments(
        prompt="What is 2 + 2?",
        profile="local-oss",
        model="gpt-oss",
        effort="low",
        overrides=("a=1", "b.c='x=y'"),
        output_schema=Path("schema.json"),
        last_message=Path("answer.txt"),
        directory=Path("/"),
        json=True,
        thinking="stderr",
        color="never",
        local_only=True,
    )


def test_the_command_line_of_the_typescript_sdk(pictures: Path) -> None:
    arguments = parse_exec(
        [
            *("--experimental-json", "--config", 'openai_base_url="http://127.0.0.1:1/v1"'),
            *("--model", "gpt-5", "--thread-source", "user", "--sandbox", "read-only"),
            *("--cd", "/", "--add-dir", "/a", "--add-dir", "/b", "--skip-git-repo-check"),
            *("--output-schema", "/schema.json", "--config", 'model_reasoning_effort="high"'),
            *("--config", 'approval_policy="never"', "--image", "a.png", "--image", "b.png"),
        ]
    )
    assert arguments == ExecArguments(
        model="gpt-5",
        overrides=(
            'openai_base_url="http://127.0.0.1:1/v1"',
            'model_reasoning_effort="high"',
            'approval_policy="never"',
        ),
        images=(Path("a.png"), Path("b.png")),
        output_schema=Path("/schema.json"),
        directory=Path("/"),
        json=True,
        sandbox="read-only",
        added_roots=(Path("/a"), Path("/b")),
        without_effect=("--thread-source",),
    )


@pytest.mark.parametrize(
    "argv",
    [
        ["--json", "hi", "-m", "x"],
        ["hi", "--json", "-m", "x"],
        ["--json", "-m", "x", "--", "hi"],
        ["-mx", "--json", "--skip-git-repo-check", "hi", "--all"],
    ],
)
def test_options_and_prompt_come_in_any_order(argv: list[str]) -> None:
    assert parse_exec(argv) == ExecArguments(prompt="hi", model="x", json=True)


@pytest.mark.parametrize("prompt", ["-", "--help me", "-1", "resume the talk", "ünïcödé\n2"])
def test_what_is_a_prompt(prompt: str) -> None:
    assert parse_exec(["--", prompt]).prompt == prompt


def test_a_lone_dash_is_standard_input() -> None:
    assert parse_exec(["--json", "-"]).prompt == "-"


@pytest.mark.parametrize(
    ("argv", "images", "prompt"),
    [
        (["-i", "a.png", "what?"], ["a.png"], "what?"),
        (["what?", "-i", "a.png", "b.png"], ["a.png", "b.png"], "what?"),
        (["-i", "a.png,b.png", "what?"], ["a.png", "b.png"], "what?"),
        (["-i", "a.png", "-i", "b.png", "--", "what?"], ["a.png", "b.png"], "what?"),
        (["--image=with,comma.png"], ["with,comma.png"], None),
        (["-i", "a.png", "-"], ["a.png"], "-"),
    ],
)
def test_images_and_a_prompt_behind_them(
    pictures: Path, argv: list[str], images: list[str], prompt: str | None
) -> None:
    assert parse_exec(argv) == ExecArguments(prompt=prompt, images=tuple(map(Path, images)))


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["--sandbox", "workspace-wirte"], "workspace-write"),
        (["-s", "readonly"], "read-only"),
        (["-a", "nevr"], "never"),
        (["--ask-for-approval=onrequest"], "on-request"),
        (["--effort", "hihg"], "high"),
        (["--thinking", "sterr"], "stderr"),
        (["--color", "alway"], "always"),
        (["--oss", "--local-provider", "lm-studio"], "lmstudio"),
    ],
)
def test_a_mistyped_value_has_its_nearest(argv: list[str], meant: str) -> None:
    with pytest.raises(InvalidParams) as raised:
        parse_exec([*argv, "hi"])
    assert raised.value.hint == f"Did you mean {meant}? codex-ls exec --help lists the options."


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--no-such-option"], "Unrecognized arguments: --no-such-option."),
        (["--effort", "huge", "hi"], "Argument --effort: invalid choice: 'huge'"),
        (["-m"], "Argument -m/--model: expected one argument."),
        (
            ["what", "is", "this?"],
            "Expected one prompt, got 3 arguments; put the prompt in quotes.",
        ),
        (["-i", "missing.png", "hi"], "There is no image file missing.png."),
        (["review", "hi"], "`review` is not supported"),
        (["resume", "id", "what", "now?"], "Expected one prompt, got 2 arguments"),
        (["--oss", "hi"], "--oss requires --local-provider."),
    ],
)
def test_a_mistake_is_one_sentence(argv: list[str], message: str) -> None:
    with pytest.raises(InvalidParams) as raised:
        parse_exec(argv)
    assert raised.value.message.startswith(message)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("argv", "thread", "is_last", "prompt"),
    [
        (["resume", "some-id", "go on"], "some-id", False, "go on"),
        (["resume"], None, False, None),
        (["resume", "-"], None, False, "-"),
        (["fork", "some-id", "go on"], "some-id", False, "go on"),
        (["fork", "--last", "go on"], None, True, "go on"),
        (["resume", "some-id"], "some-id", False, None),
        (["resume", "some-id", "-"], "some-id", False, "-"),
        (["resume", "some-id", "--json", "--", "--go-on"], "some-id", False, "--go-on"),
        (["resume", "--last", "go on"], None, True, "go on"),
        (["--last", "resume"], None, True, None),
        (["-i", "a.png", "resume", "some-id"], "some-id", False, None),
        (["resume", "some-id", "--image", "a.png"], "some-id", False, None),
        (["--", "resume"], None, False, "resume"),
        (["--last", "hi"], None, False, "hi"),
    ],
)
def test_which_thread_goes_on(
    pictures: Path, argv: list[str], thread: str | None, is_last: bool, prompt: str | None
) -> None:
    parsed = parse_exec(argv)
    assert (parsed.thread, parsed.is_last_thread, parsed.prompt) == (thread, is_last, prompt)
    words = argv[: argv.index("--")] if "--" in argv else argv
    command = next((word for word in words if word in ("resume", "fork")), "ask")
    assert parsed.command == command


def test_oss_means_a_provider_and_its_model() -> None:
    assert parse_exec(["--oss", "--local-provider", "lmstudio", "hi"]).overrides == (
        'model_provider="lmstudio"',
        'model="openai/gpt-oss-20b"',
    )
    assert parse_exec(
        ["--oss", "--local-provider", "ollama", "-m", "x", "-c", "a=1", "hi"]
    ).overrides == ('model_provider="ollama"', "a=1")


def test_options_before_the_command_belong_to_it() -> None:
    assert command_first(["-c", "a=1", "-p", "local", "exec", "--json", "hi", "-m", "x"]) == [
        *("exec", "-c", "a=1", "-p", "local", "--json", "hi", "-m", "x"),
    ]
