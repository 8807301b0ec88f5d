"""The action that goes along with a failure, and its hint without a shell command."""

import pytest

from codex_ls.lsp.next_steps import next_step
from codex_ls.protocol import NextStep


@pytest.mark.parametrize(
    ("kind", "hint", "expected"),
    [
        (
            "unreachable",
            "Start it, or correct base_url: `codex-ls discover` shows which servers answer here.",
            NextStep(action="checkSetup", hint="Start it, or correct base_url."),
        ),
        (
            "notFound",
            "Write a model that this server has: `codex-ls models --profile x` lists them.",
            NextStep(action="selectModel", hint="Write a model that this server has."),
        ),
        (
            "notFound",
            "Asked for model m at http://localhost:1. `codex-ls doctor` finds out which of the two is"
            " wrong.",
            NextStep(action="checkSetup", hint="Asked for model m at http://localhost:1."),
        ),
        (
            "streamBroken",
            "Look at the model server's own log; `codex-ls doctor` finds out whether it is one.",
            NextStep(action="checkSetup", hint="Look at the model server's own log."),
        ),
        ("streamBroken", "codex-ls doctor looks closer.", NextStep(action="checkSetup")),
        (
            "configInvalid",
            "/h/config.toml:1:1: remove the line, or switch with `codex-ls profile use NAME`.",
            NextStep(action="openConfig", hint="/h/config.toml:1:1: remove the line."),
        ),
        (
            "noProfile",
            "Select one: a, b.",
            NextStep(action="selectProfile", hint="Select one: a, b."),
        ),
        ("rateLimited", "Wait a minute.", None),
        ("contextTruncated", None, None),
    ],
)
def test_a_command_of_the_shell_becomes_an_action(
    kind: str, hint: str | None, expected: NextStep | None
) -> None:
    assert next_step(kind, hint) == expected


def test_an_action_names_what_it_is_for() -> None:
    key = next_step("missingCredential", "Set MY_KEY.", provider="keyed", model="m")
    assert key == NextStep(action="setApiKey", argument="keyed", hint="Set MY_KEY.")
    for hint in ("pip install 'codex-ls[embedded]'", "codex-ls model pull m (or codex-ls init)"):
        step = next_step("notFound", hint, provider="embedded", model="m")
        assert step == NextStep(action="getBuiltinModel", argument="m")
