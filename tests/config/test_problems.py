"""Keys that do nothing: those of Codex pass in silence, others are told with their place."""

import pytest

from codex_ls.config.validation import MAX_NOTICES
from codex_ls.events import Notice
from tests.config.home import SAMPLE, Home

CODEX_ONLY = """\
model = "m"
model_auto_compact_token_limit = 9
notify = ["notify-send"]
oss_provider = "ollama"
[model_providers.openai]
requires_openai_auth = true
supports_websockets = true
[mcp_servers.docs]
command = "x"
anything = { at = "all" }
[profiles.p]
chatgpt_base_url = "https://x"
[profiles.p.features]
web_search_request = true
[tui]
thème = 1
"""


def problem_of(home: Home, text: str, overrides: tuple[str, ...] = ()) -> Notice:
    home.write(text)
    (problem,) = home.load(overrides).problems
    assert problem.kind == "configInvalid"
    return problem


def test_keys_of_codex_pass_in_silence(home: Home) -> None:
    home.write(CODEX_ONLY.replace("thème", '"thème"'))
    assert home.load().problems == ()


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        (
            'modle = "x"',
            "config.toml:1:1: there is no setting `modle`, so it does nothing.",
            "did you mean `model`?",
        ),
        (
            '\n[profiles.p]\n  model_reasoning_efort = "low"',
            "config.toml:3:3: there is no setting `model_reasoning_efort`, so it does nothing.",
            "did you mean `model_reasoning_effort`?",
        ),
        (
            '[model_providers.x]\nbaseurl = "http://h"',
            "config.toml:2:1: there is no setting `baseurl`, so it does nothing.",
            "did you mean `base_url`?",
        ),
        (
            'base_url = "http://h"',
            "config.toml:1:1: there is no setting `base_url`, so it does nothing.",
            "it belongs in a [model_providers.NAME] table, as base_url; model_provider names that"
            " table.",
        ),
        (
            '[model_providers.x]\nbase_url = "http://h"\nmodel = "m"',
            "config.toml:3:1: there is no setting `model`, so it does nothing.",
            "it is in the table [model_providers.x]; move it above the first line in [brackets].",
        ),
        (
            '[sandbox_workspace_write]\nprofile = "p"',
            "config.toml:2:1: there is no setting `profile`, so it does nothing.",
            "it is in the table [sandbox_workspace_write]; "
            "move it above the first line in [brackets].",
        ),
        (
            '[model_providers.x]\napi_key = "sk-canary"',
            "config.toml:2:1: there is no setting `api_key`, so it does nothing.",
            "a key comes from an environment variable: name that in env_key.",
        ),
        (
            '[model_providers.x]\nexperimental_bearer_token = "sk-canary"',
            "config.toml:2:1: `experimental_bearer_token` is not read: "
            "a key comes from an environment variable.",
            "name that variable in env_key.",
        ),
    ],
)
def test_keys_that_nobody_knows(home: Home, text: str, message: str, fix: str) -> None:
    problem = problem_of(home, text)
    _, line, column, _ = message.split(":", 3)
    assert problem.message == message
    assert problem.hint == f"{home.config}, line {line}, column {column}: {fix}"


def test_a_key_like_nothing_else_gets_no_suggestion(home: Home) -> None:
    problem = problem_of(home, "zzzz = 1")
    assert problem.hint == f"{home.config}, line 1, column 1."


def test_an_option_that_nobody_knows(home: Home) -> None:
    problem = problem_of(home, SAMPLE, ("modle=x",))
    assert problem.message == "-c modle: there is no setting `modle`, so it does nothing."
    assert problem.hint == "The option -c modle: did you mean `model`?"


def test_a_name_full_of_control_characters_is_made_fit_to_show(home: Home) -> None:
    problem = problem_of(home, '"\\u001b[31m\\u202e" = 1')
    assert "`\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}`" in problem.message


def test_a_thousand_of_them_are_not_a_thousand_notices(home: Home) -> None:
    home.write("".join(f"zz{number} = 1\n" for number in range(1000)))
    problems = home.load().problems
    assert len(problems) == MAX_NOTICES + 1
    assert problems[-1] == Notice("configInvalid", "config.toml: 980 more settings do nothing.")


# ---- notices of a turn -------------------------------------------------------------------------


@pytest.mark.parametrize("effort", ["xhigh", "max", "ultra"])
def test_an_effort_that_only_codex_knows_is_sent_as_high(home: Home, effort: str) -> None:
    home.write(f'model = "m"\nmodel_reasoning_effort = "{effort}"\n')
    settings = home.resolve()
    assert settings.effort == "high"
    assert settings.notices == (
        Notice(
            "effortRefused",
            f'config.toml:2:26: the effort "{effort}" is sent as "high".',
            f"{home.config}, line 2, column 26: model servers support the efforts "
            "none, minimal, low, medium and high.",
        ),
    )
    assert home.resolve(effort="low").notices == ()


@pytest.mark.parametrize(
    ("line", "policy"),
    [
        ('approval_policy = "on-failure"', "on-failure"),
        ("approval_policy = { granular = { rules = true } }", "granular"),
        ("", None),
    ],
)
def test_the_approval_policy_is_kept(home: Home, line: str, policy: str | None) -> None:
    home.write(f'model = "m"\n{line}\n')
    assert home.resolve().approval_policy == policy


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", True),
        ("[history]\nmax_bytes = 1", True),
        ('[history]\npersistence = "save-all"', True),
        ('[history]\npersistence = "none"', False),
        ('[profiles.p.history]\npersistence = "none"', False),
    ],
)
def test_history_can_be_kept_off_the_disk(home: Home, text: str, kept: bool) -> None:
    home.write(f'model = "m"\nprofile = "p"\n[profiles.p]\n{text}\n')
    assert home.resolve().keep_history is kept
    assert home.load().problems == ()
