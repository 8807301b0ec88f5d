"""`codex-ls schema`: what editors of TOML validate config.toml with."""

import json
import tomllib

import jsonschema
import pytest

from tests.cli.command import Command
from tests.config.home import SAMPLE


@pytest.fixture
def schema(command: Command) -> dict[str, object]:
    done = command.run("schema")
    assert (done.exit_code, done.err) == (0, "")
    read: dict[str, object] = json.loads(done.out)
    return read


def test_a_config_that_is_read_here_is_valid(schema: dict[str, object]) -> None:
    jsonschema.validate(tomllib.loads(SAMPLE), schema)
    jsonschema.validate({"model": "m", "tui": {"theme": "x"}}, schema)


@pytest.mark.parametrize(
    "text",
    [
        "model = 5",
        'model_reasoning_effort = "hihg"',
        "temperature = -1",
        "top_p = 1.5",
        'local_only = "true"',
        '[model_providers.x]\nwire_api = "chats"',
        '[model_providers.x]\nrequest_max_retries = "4"',
        "[profiles.x]\nmodel = 5",
        "[sandbox_workspace_write]\nwritable_roots = [1]",
    ],
)
def test_what_is_wrong_is_marked(schema: dict[str, object], text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), schema)


def test_every_key_has_its_meaning(schema: dict[str, object]) -> None:
    tables: dict[str, dict[str, dict[str, dict[str, object]]]] = schema["$defs"]  # type: ignore[assignment]
    for name in ("Settings", "ProviderTable", "Sandbox", "History"):
        for key, value in tables[name]["properties"].items():
            assert "description" in value or "$ref" in value, key
