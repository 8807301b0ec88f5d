"""`codex-ls exec` under pipes: the real process, a real socket, whole outputs compared."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.command import SECONDS, Command, Result
from tests.support.model_server import ModelServer
from tests.support.streams import Cut, Gate, chat_stream, error_answer

THOUGHT_AND_ANSWER = chat_stream(reasoning=["Two and", " two."], content=["Fo", "ur."])


def user_text(server: ModelServer) -> str:
    """The user's message of the one request that came."""
    (request,) = server.turns
    content = request.json["messages"][-1]["content"]
    assert isinstance(content, str)
    return content


# ---- what stands where -------------------------------------------------------------------------


def test_the_answer_alone_is_on_standard_output(server: ModelServer, command: Command) -> None:
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", "What is 2 + 2?") == Result(
        0, "Four.\n", "[Two and two.]\nFIGURES\n"
    )


@pytest.mark.parametrize(
    ("thinking", "out", "err"),
    [
        ("stdout", "[Two and two.]\n\nFour.\n", "FIGURES\n"),
        ("stderr", "Four.\n", "[Two and two.]\nFIGURES\n"),
        ("off", "Four.\n", "FIGURES\n"),
    ],
)
def test_thinking_goes_where_it_is_sent(
    server: ModelServer, command: Command, thinking: str, out: str, err: str
) -> None:
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", "--thinking", thinking, "hi") == Result(0, out, err)


@pytest.mark.parametrize(
    ("key", "err"),
    [
        ("hide_agent_reasoning = true", "FIGURES\n"),
        ("show_raw_agent_reasoning = false", "FIGURES\n"),
        ("show_raw_agent_reasoning = true", "[Two and two.]\nFIGURES\n"),
    ],
)
def test_the_configuration_says_whether_thinking_is_shown(
    server: ModelServer, command: Command, key: str, err: str
) -> None:
    server.always(THOUGHT_AND_ANSWER)
    command.configure(server.base_url, more=key)
    assert command.run("exec", "hi") == Result(0, "Four.\n", err)


def test_the_first_word_is_out_while_the_server_holds_the_second(
    server: ModelServer, command: Command
) -> None:
    thought, word = Gate("thought"), Gate("word")
    server.always(chat_stream(reasoning=["Two", thought, " and"], content=["Fo", word, "ur."]))
    with command.start("exec", "hi") as running:
        thought.reached.wait_blocking()
        assert running.err_until("Two") == "[Two"
        thought.open()
        word.reached.wait_blocking()
        assert running.out_until("Fo") == "Fo"
        word.open()
        assert running.finish() == Result(0, "Four.\n", "[Two and]\nFIGURES\n")


@pytest.mark.parametrize("env", [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"LANG": "de_DE.UTF-8"}])
def test_any_letter_passes_through_under_any_locale(
    server: ModelServer, command: Command, env: dict[str, str]
) -> None:
    server.always(chat_stream(reasoning=["思考 🤔"], content=["Vier: 四 é 🦀"]))
    assert replace(command, env=env).run("exec", "Größe? 🦀") == Result(
        0, "Vier: 四 é 🦀\n", "[思考 🤔]\nFIGURES\n"
    )
    assert user_text(server) == "Größe? 🦀"


# ---- where the prompt comes from ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "stdin", "prompt"),
    [
        (("Sum it up",), b"", "Sum it up"),
        (("Sum it up",), b"my output\n", "Sum it up\n\n<stdin>\nmy output\n</stdin>"),
        (("Sum it up",), b"my output", "Sum it up\n\n<stdin>\nmy output\n</stdin>"),
        (("-",), b"question\n", "question\n"),
        ((), b"question\n", "question\n"),
        ((), "\ufeffGrüße".encode(), "Grüße"),
        ((), "Grüße".encode("utf-16"), "Grüße"),
    ],
)
def test_where_the_prompt_comes_from(
    server: ModelServer, command: Command, arguments: tuple[str, ...], stdin: bytes, prompt: str
) -> None:
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", *arguments, stdin=stdin).exit_code == 0
    assert user_text(server) == prompt


def test_input_that_is_no_text_is_repaired_and_said(server: ModelServer, command: Command) -> None:
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", "--thinking=off", stdin=b"caf\xe9") == Result(
        0,
        "Four.\n",
        "note: standard input is not valid UTF-8; invalid bytes are replaced\nFIGURES\n",
    )
    assert user_text(server) == "caf\ufffd"


def test_an_argument_that_is_no_text_is_repaired(server: ModelServer, command: Command) -> None:
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", os.fsdecode(b"caf\xe9")).exit_code == 0
    assert user_text(server) == "caf\ufffd"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        ((), None),
        ((), b" \n"),
        (("-",), b""),
        (("  ",), None),
        (("\u200b",), None),
        ((), "\u2060\ufeff\n".encode()),
    ],
)
def test_no_prompt_is_wrong_usage(
    server: ModelServer, command: Command, arguments: tuple[str, ...], stdin: bytes | None
) -> None:
    done = command.run("exec", *arguments, stdin=stdin)
    assert (done.exit_code, done.out) == (2, "")
    assert done.err.startswith("error: The")
    assert "hint: " in done.err
    assert server.requests == []


def test_waiting_for_input_besides_a_prompt_is_said(server: ModelServer, command: Command) -> None:
    server.always(THOUGHT_AND_ANSWER)
    with command.start("exec", "Sum it up", stdin=subprocess.PIPE) as running:
        running.err_until("note: reading more input from standard input, until it ends\n")
        assert running.process.stdin is not None
        running.process.stdin.write(b"late")
        running.process.stdin.close()
        assert running.finish().exit_code == 0
    assert user_text(server) == "Sum it up\n\n<stdin>\nlate\n</stdin>"


# ---- files -------------------------------------------------------------------------------------


def test_the_answer_is_written_to_a_file_exactly(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(reasoning=["hm"], content=["Fo", "ur."]))
    assert command.run("exec", "-o", "answer.txt", "hi").exit_code == 0
    assert (command.home / "answer.txt").read_bytes() == b"Four."


def test_files_are_found_from_where_the_command_was_called(
    server: ModelServer, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", "--cd", "project", "-o", "answer.txt", "hi").exit_code == 0
    assert (tmp_path / "answer.txt").exists()


def test_a_schema_is_sent_as_the_response_format(server: ModelServer, command: Command) -> None:
    schema = {"type": "object", "properties": {"sum": {"type": "number"}}}
    (command.home / "schema.json").write_text(json.dumps(schema))
    server.always(chat_stream(content=['{"sum":4}']))
    assert command.run("exec", "--output-schema", "schema.json", "hi").out == '{"sum":4}\n'
    response_format = server.turns[0].json["response_format"]
    assert response_format["type"] == "json_schema"
    assert response_format["json_schema"]["schema"] == schema


def test_an_image_is_sent_as_a_part_of_the_message(server: ModelServer, command: Command) -> None:
    image = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    (command.home / "dot.png").write_bytes(image)
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", "What is this?", "-i", "dot.png").exit_code == 0
    parts = server.turns[0].json["messages"][-1]["content"]
    assert {"type": "text", "text": "What is this?"} in parts
    url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    assert [part["image_url"]["url"] for part in parts if part["type"] == "image_url"] == [url]


# ---- mistakes and failures ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("exec", "--no-such-option", "hi"), "error: Unrecognized arguments: --no-such-option.\n"),
        (("exec", "-c", "novalue", "hi"), "error: "),
        (("exec", "-i", "missing.png", "hi"), "error: There is no image file missing.png.\n"),
        (("exec", "--output-schema", "missing", "hi"), "error: The schema missing can't be read"),
        (
            ("exec", "-o", "no/such/folder/a.txt", "hi"),
            "error: There is no folder no/such/folder.\n",
        ),
        (("exec", "--cd", "missing", "hi"), "error: The folder missing can't be entered"),
        (("exec", "resume"), "error: No conversation was selected.\n"),
        (("nonsense",), "error: There is no command nonsense.\n"),
        ((), "error: No command was given.\n"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(
    server: ModelServer, command: Command, arguments: tuple[str, ...], message: str
) -> None:
    done = command.run(*arguments)
    assert (done.exit_code, done.out) == (2, "")
    assert done.err.startswith(message)
    assert server.requests == []


@pytest.mark.parametrize(
    ("arguments", "config", "message"),
    [
        (("--profile", "nope"), None, "error: There is no profile `nope`.\n"),
        ((), 'model = "a"\nmodel = "b"', "error: "),
        ((), "[profiles.a]\nmodel = 'm'", "error: Nothing in "),
    ],
)
def test_a_wrong_configuration_fails_with_a_hint_and_asks_nothing(
    server: ModelServer,
    command: Command,
    arguments: tuple[str, ...],
    config: str | None,
    message: str,
) -> None:
    if config is not None:
        command.write_config(config)
    done = command.run("exec", *arguments, "hi")
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith(message)
    assert "\nhint: " in done.err
    assert server.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("exec", "hi"),
        ("exec", "--json", "hi"),
        ("exec", "--profile", "embedded", "hi"),
        ("chat",),
        ("profiles",),
        ("profile", "use", "x", "--yes"),
        ("models",),
        ("threads",),
        ("stats",),
        ("init", "--yes", "--port", "1"),
        ("key", "set", "fake"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_a_codex_home_that_is_not_there_is_an_error(
    server: ModelServer, command: Command, arguments: tuple[str, ...]
) -> None:
    missing = command.home / "typo"
    done = command.run(*arguments, CODEX_HOME=str(missing))
    assert done.exit_code == 1
    assert "CODEX_HOME is " in done.out + done.err
    assert ", which does not exist." in done.out + done.err
    assert "Create that folder, or correct CODEX_HOME." in done.out + done.err
    assert not missing.exists()
    assert server.requests == []
    assert command.run(arguments[0], "--help", CODEX_HOME=str(missing)).exit_code == 0


@pytest.mark.parametrize("content", [(), (" \n",), ("\u200b",)], ids=["none", "blanks", "unseen"])
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_a_turn_without_a_word_of_answer_is_no_success(
    server: ModelServer, command: Command, content: tuple[str, ...], options: tuple[str, ...]
) -> None:
    server.enqueue(chat_stream(reasoning=["Hm."], content=content))
    done = command.run("exec", *options, "hi")
    assert done.exit_code == 1
    assert "stopped without an answer" in done.out + done.err
    server.enqueue(chat_stream(reasoning=["Hm."], content=content, finish_reason="length"))
    assert command.run("exec", *options, "hi").exit_code == 1


def test_a_server_that_refuses_is_a_failure_in_its_own_words(
    server: ModelServer, command: Command
) -> None:
    server.always(error_answer(400, "this model can't do that"))
    done = command.run("exec", "hi")
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("error: ")
    assert "this model can't do that" in done.err


def test_an_answer_that_breaks_off_is_kept_marked_and_no_success(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(content=["Fo"], finish_reason=None, done=False, last=[Cut.RESET]))
    done = command.run("exec", "-o", "answer.txt", "hi")
    assert (done.exit_code, done.out) == (1, "Fo\n")
    assert done.err.startswith("cut off: ")
    assert (command.home / "answer.txt").read_text() == "Fo"


def test_an_answer_at_its_token_limit_is_an_answer_with_a_mark(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(content=["Fo"], finish_reason="length"))
    assert command.run("exec", "hi") == Result(
        0, "Fo\n", "cut off: The model reached its limit of output tokens.\nFIGURES\n"
    )


def test_flags_that_steer_nothing_here_are_told_in_one_line(
    server: ModelServer, command: Command
) -> None:
    server.always(THOUGHT_AND_ANSWER)
    assert command.run(
        *("exec", "--search", "--enable", "x", "--enable", "y", "--skip-git-repo-check"),
        *("--thinking", "off", "hi"),
    ) == Result(
        0,
        "Four.\n",
        "note: options ignored because codex-ls does not support them: --search, --enable\nFIGURES\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_is_a_failure_and_frees_the_model(
    server: ModelServer, command: Command, options: tuple[str, ...]
) -> None:
    server.always(chat_stream(content=["Fo", Gate(), "ur."]))
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        done = command.run("exec", *options, "hi", stdout=full)
    assert done == Result(1, "", "error: The output can't be written: No space left on device.\n")
    for request in server.turns:
        request.hung_up.wait_blocking()


# ---- interrupted, and nobody reads -------------------------------------------------------------


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_answer_stays_printed_and_the_model_is_free(
    server: ModelServer, command: Command, number: signal.Signals, exit_code: int
) -> None:
    server.always(chat_stream(content=["Fo", Gate(), "ur."]))
    with command.start("exec", "-o", "answer.txt", "hi") as running:
        running.out_until("Fo")
        running.interrupt(number)
        assert running.finish() == Result(exit_code, "Fo\n", "interrupted\nFIGURES\n")
    server.turn_blocking().hung_up.wait_blocking()
    assert not (command.home / "answer.txt").exists()


def test_interrupted_before_the_first_word(server: ModelServer, command: Command) -> None:
    gate = Gate()
    server.always(chat_stream(content=[gate, "Four."]))
    with command.start("exec", "hi") as running:
        gate.reached.wait_blocking()
        running.interrupt()
        assert running.finish() == Result(130, "", "interrupted\n")
    server.turn_blocking().hung_up.wait_blocking()


def test_interrupted_while_the_prompt_is_still_read(command: Command) -> None:
    with command.start("exec", "hi", stdin=subprocess.PIPE) as running:
        running.err_until("note: reading more input")
        running.interrupt()
        assert running.finish().exit_code == 130


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel how full the pipe is")
def test_interrupted_while_nobody_reads_the_output(server: ModelServer, command: Command) -> None:
    server.always(chat_stream(content=["x" * 65536] * 40))
    with command.start("exec", "hi") as running:
        _wait_until_full(running.out.fileno())
        running.interrupt(signal.SIGTERM)
        assert running.process.wait(SECONDS) == 143


def test_a_reader_that_has_enough_ends_the_turn_quietly(
    server: ModelServer, command: Command
) -> None:
    gate = Gate()
    server.always(chat_stream(content=["first\n", gate, "second\n", Gate("end")]))
    with command.start("exec", "hi") as running:
        assert running.out_until("first\n") == "first\n"
        running.out.close()
        gate.open()
        assert running.finish() == Result(0, "", "")
    server.turn_blocking().hung_up.wait_blocking()


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_that_goes_before_the_first_word_ends_the_turn(
    server: ModelServer, command: Command, options: tuple[str, ...]
) -> None:
    gate = Gate()
    server.always(chat_stream(content=[gate, "Four."]))
    with command.start("exec", *options, "hi") as running:
        gate.reached.wait_blocking()
        running.out.close()
        assert running.finish() == Result(0, "", "")
    server.turn_blocking().hung_up.wait_blocking()


def _wait_until_full(descriptor: int) -> None:
    import array
    import fcntl
    import termios

    waiting = array.array("i", [0])
    deadline = time.monotonic() + SECONDS
    while waiting[0] < 65536:
        assert time.monotonic() < deadline
        fcntl.ioctl(descriptor, termios.FIONREAD, waiting)


# ---- JSON lines --------------------------------------------------------------------------------


def test_json_lines_come_while_the_server_holds_the_rest(
    server: ModelServer, command: Command
) -> None:
    gate = Gate()
    server.always(chat_stream(reasoning=["hm"], content=["Fo", gate, "ur."], usage=(9, 5)))
    with command.start("exec", "--json", "hi") as running:
        seen = running.out_until('"delta":"Fo"}\n').splitlines()
        assert [json.loads(line)["type"] for line in seen[:5]] == [
            *("thread.started", "turn.started", "item.started", "item.delta", "item.updated"),
        ]
        gate.open()
        done = running.finish()
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert (done.exit_code, done.err) == (0, "")
    assert [line["item"] for line in lines if line["type"] == "item.completed"] == [
        {"id": "item_0", "type": "reasoning", "text": "hm"},
        {"id": "item_1", "type": "agent_message", "text": "Four."},
    ]
    assert lines[-1] == {
        "type": "turn.completed",
        "usage": {
            "input_tokens": 9,
            "cached_input_tokens": 0,
            "cache_write_input_tokens": 0,
            "output_tokens": 5,
            "reasoning_output_tokens": 0,
        },
        "untold": ["cached_input_tokens", "reasoning_output_tokens"],
    }


def test_json_tells_a_failure_before_the_turn_on_both_streams(command: Command) -> None:
    done = command.run("exec", "--json", "-p", "nope", "hi")
    (line,) = done.out.splitlines()
    event = json.loads(line)
    assert done.exit_code == 1
    assert (event["type"], set(event)) == ("error", {"type", "message"})
    assert event["message"].startswith("There is no profile `nope`.")
    assert done.err.startswith("error: There is no profile `nope`.\n")


def test_json_tells_a_failed_turn(server: ModelServer, command: Command) -> None:
    server.always(error_answer(400, "this model can't do that"))
    done = command.run("exec", "--json", "hi")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.exit_code == 1
    assert [line["type"] for line in lines] == [
        *("thread.started", "turn.started", "error", "turn.failed"),
    ]
    assert "this model can't do that" in lines[-1]["error"]["message"]


def test_json_tells_an_interrupted_turn_with_its_text(
    server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(content=["Fo", Gate(), "ur."]))
    with command.start("exec", "--json", "hi") as running:
        running.out_until('"delta":"Fo"}\n')
        running.interrupt()
        done = running.finish()
    assert [json.loads(line) for line in done.out.splitlines()[-2:]] == [
        {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": "Fo"}},
        {"type": "turn.failed", "error": {"message": "The turn was interrupted."}},
    ]
    assert (done.exit_code, done.err) == (130, "")


# ---- configuration -----------------------------------------------------------------------------

SAMPLE = """\
[model_providers.openai]
name = "OpenAI API"
base_url = "https://api.openai.com/v1"
wire_api = "chat"
[model_providers.local-oss]
name = "Local gpt-oss-20b"
base_url = "http://localhost:1234/v1"
wire_api = "chat"
[profiles.cloud]
model = "gpt-5-codex"
model_provider = "openai"
[profiles.local-oss]
model = "openai/gpt-oss-20b"
model_provider = "local-oss"
show_raw_agent_reasoning = true

sandbox_mode = "workspace-write"

[sandbox_workspace_write]
network_access = true
"""


def test_the_sample_configuration_asks_the_local_model(
    server: ModelServer, command: Command
) -> None:
    command.write_config(SAMPLE)
    server.always(THOUGHT_AND_ANSWER)
    done = command.run(
        *("exec", "--profile", "local-oss"),
        *("-c", f"model_providers.local-oss.base_url={server.base_url}"),
        stdin=b"question\n",
    )
    assert (done.exit_code, done.out) == (0, "Four.\n")
    assert "[Two and two.]" in done.err
    assert server.turns[0].json["model"] == "openai/gpt-oss-20b"


def test_the_sample_configuration_wants_a_key_for_the_cloud(
    server: ModelServer, command: Command
) -> None:
    command.write_config(SAMPLE)
    done = command.run("exec", "--profile", "cloud", "hi")
    assert done.exit_code == 1
    assert "OPENAI_API_KEY" in done.err
    server.always(THOUGHT_AND_ANSWER)
    options = ("-p", "cloud", "-c", f"model_providers.openai.base_url={server.base_url}")
    assert command.run("exec", *options, "hi", OPENAI_API_KEY="sk-canary").exit_code == 0
    assert server.turns[0].headers["authorization"] == "Bearer sk-canary"
    assert server.turns[0].json["model"] == "gpt-5-codex"


@pytest.mark.parametrize(
    ("arguments", "model"),
    [
        ((), "test-model"),
        (("-p", "other"), "profiled"),
        (("-p", "other", "-c", "model=overridden"), "overridden"),
        (("-p", "other", "-c", "model=overridden", "-m", "asked"), "asked"),
    ],
)
def test_the_command_line_beats_the_profile_and_that_the_top_level(
    server: ModelServer, command: Command, arguments: tuple[str, ...], model: str
) -> None:
    command.configure(server.base_url, more="[profiles.other]\nmodel = 'profiled'\n")
    server.always(THOUGHT_AND_ANSWER)
    assert command.run("exec", *arguments, "hi").exit_code == 0
    assert server.turns[0].json["model"] == model


def test_the_lock_on_this_machine_is_kept(command: Command) -> None:
    command.configure("http://192.0.2.1:9/v1")
    done = command.run("exec", "--local-only", "hi")
    assert (done.exit_code, done.out) == (1, "")
    assert "only this machine is allowed" in done.err


# ---- what is loaded ----------------------------------------------------------------------------


def test_exec_loads_nothing_of_the_language_server(server: ModelServer, command: Command) -> None:
    server.always(THOUGHT_AND_ANSWER)
    script = (
        "import sys; from codex_ls.cli import run; code = run(sys.argv[1:]);"
        "sys.stdout.write(' '.join(sorted({name.split('.')[0] for name in sys.modules})));"
        "sys.exit(code)"
    )
    done = command.run("exec", "--json", "hi", python=("-c", script))
    loaded = set(done.out.splitlines()[-1].split())
    assert done.exit_code == 0
    assert "codex_ls" in loaded
    assert loaded.isdisjoint({"pygls", "lsprotocol", "cattrs"})


CODE_PAGE = "→ ok 🎊 中\n"


@pytest.mark.parametrize(
    "options", [(), ("--json",), ("-o", "answer.txt")], ids=["pipe", "json", "file"]
)
def test_a_pipe_and_a_file_are_exact_in_every_code_page(
    server: ModelServer, command: Command, options: tuple[str, ...]
) -> None:
    server.always(chat_stream(reasoning=["→ hm 🎊"], content=[CODE_PAGE]))
    done = command.run("exec", *options, "x", PYTHONIOENCODING="cp1252")
    assert (done.exit_code, "→ hm 🎊" in done.err or "--json" in options) == (0, True)
    if options == ("--json",):
        items = [json.loads(line).get("item", {}) for line in done.out.splitlines()]
        assert CODE_PAGE in [item.get("text") for item in items]
    else:
        assert done.out == CODE_PAGE
    if options[:1] == ("-o",):
        assert (command.home / "answer.txt").read_bytes() == CODE_PAGE.encode()
