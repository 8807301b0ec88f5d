"""What a model is offered, and what is made of its calls."""

import json
from pathlib import Path

import pytest

from codex_ls.agent.instructions import agent_prompt
from codex_ls.agent.tool_specs import FormatError, arguments_of, offered_to, tool_named
from codex_ls.sandbox.policy import Policy
from codex_ls.wire import Message, ModelCall, Quirks, request_for

MAX_TOKENS = 1_200
CHARS_A_TOKEN = 3.0
"""JSON is read in short tokens."""


@pytest.mark.parametrize("model", ["qwen3-coder:30b", "gpt-oss:20b"])
def test_tools_and_prompt_are_short(model: str) -> None:
    root = Path("/home/somebody/projects/a-project")
    prompt = agent_prompt(Policy("workspace-write", root, (root,)), "on-request")
    call = ModelCall(model, (Message("system", prompt),), tools=offered_to(model))
    _, body = request_for("chat", call, Quirks())
    assert len(json.dumps([body["messages"], body["tools"]])) / CHARS_A_TOKEN < MAX_TOKENS


def test_apply_patch_is_offered_to_models_of_openai() -> None:
    names = {
        model: [tool.name for tool in offered_to(model)]
        for model in ("openai/gpt-oss-20b", "gpt-5", "qwen3", "my-gpt")
    }
    six = ["read_file", "list_files", "search", "edit_file", "write_file", "shell"]
    assert names == {
        "openai/gpt-oss-20b": [*six, "apply_patch"],
        "gpt-5": [*six, "apply_patch"],
        "qwen3": six,
        "my-gpt": six,
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("shell", "shell"),
        ("bash", "shell"),
        ("Read_File", "read_file"),
        ("str_replace", "edit_file"),
    ],
)
def test_other_names_are_understood(name: str, meant: str) -> None:
    assert tool_named(name).name == meant


def test_an_unknown_tool_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        FormatError, match=r"no tool raed_file\. Did you mean read_file\? The tools are read_file, "
    ):
        tool_named("raed_file")


@pytest.mark.parametrize(
    ("tool", "sent", "arguments"),
    [
        ("read_file", '{"path": "a", "offset": "5", "limit": 10.0}', {"path": "a", "offset": 5, "limit": 10}),
        ("read_file", '"{\\"path\\": \\"a\\"}"', {"path": "a"}),
        ("read_file", '{"file_path": "a", "limit": null}', {"path": "a"}),
        ("list_files", "", {"path": "."}),
        ("shell", '{"command": ["bash", "-lc", "ls | wc"]}', {"command": "ls | wc"}),
        ("shell", '{"cmd": ["git", "log", "a b"]}', {"command": "git log 'a b'"}),
        ("edit_file", '{"path":"a","old_string":"x","new_string":"","replace_all":"true"}', {"path": "a", "old": "x", "new": "", "replace_all": True}),
        ("write_file", '{"path":"a","content":"line\nline"}', {"path": "a", "content": "line\nline"}),
    ],
)  # fmt: skip
def test_arguments(tool: str, sent: str, arguments: dict[str, object]) -> None:
    assert arguments_of(tool_named(tool), sent) == arguments


@pytest.mark.parametrize(
    ("tool", "sent", "words"),
    [
        ("read_file", '{"path": ', "are not JSON"),
        ("read_file", "[1]", "are not a JSON object"),
        ("read_file", "{}", "missing: path"),
        ("read_file", '{"path": 5}', "path must be of the type string"),
        ("read_file", '{"path": "a", "offset": true}', "offset must be of the type integer"),
        ("shell", '{"command": [1]}', "command must be of the type string"),
        ("shell", "[" * 100_000, "are not JSON"),
    ],
)
def test_what_does_not_fit_is_answered_with_the_schema(tool: str, sent: str, words: str) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        arguments_of(tool_named(tool), sent)
    assert '"type":"object"' in str(caught.value)
    assert len(str(caught.value)) < 2_000
