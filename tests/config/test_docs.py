"""docs/configuration.md: its examples do what it says, and no key is missing."""

import re
from pathlib import Path

import pytest

from codex_ls.config import models
from codex_ls.config.built_in import ALIASES, EMBEDDED_PROFILE, PROVIDERS
from codex_ls.errors import CodexError
from tests.config.home import SAMPLE, Home

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n((?:(?!```).)*)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
ROWS = {
    row[1]: [cell.strip() for cell in row[2].split("|")]
    for row in re.finditer(r"^\| `([a-z_]+)`(?: or `[a-z_]+`)? \|(.*)\|$", PAGE, re.MULTILINE)
}


def told(home: Home, text: str) -> str:
    home.write(text)
    try:
        problems = home.load().problems
        home.resolve()
    except CodexError as error:
        return f"error: {error.message}\nhint: {error.hint}\n"
    return "".join(f"note: {problem.message}\nhint: {problem.hint}\n" for problem in problems)


def test_the_page_has_the_sample_verbatim() -> None:
    assert f"```toml\n{SAMPLE}```\n" in PAGE


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 8


@pytest.mark.parametrize(("text", "output"), EXAMPLES)
def test_an_example_prints_what_the_page_says(home: Home, text: str, output: str) -> None:
    assert told(home, text).replace(str(home.path), "/home/ann/.codex") == output


SECOND_NAMES = {"model_max_output_tokens", "experimental_instructions_file"}


@pytest.mark.parametrize("key", sorted({*models.SETTINGS, *models.PROVIDER}))
def test_every_key_has_its_row(key: str) -> None:
    assert key in ROWS or (key in SECOND_NAMES and f"`{key}`" in PAGE)


@pytest.mark.parametrize(
    "key", sorted({*models.SANDBOX, *models.HISTORY, *models.TOP_ONLY, *models.TABLES, *ALIASES})
)
def test_every_other_name_is_on_the_page(key: str) -> None:
    assert f"`{key}`" in PAGE or f"[{key}" in PAGE


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_built_in_provider_has_its_row(name: str) -> None:
    entry = PROVIDERS[name]
    address, wire, key = ROWS[name]
    assert address == (f"`{entry['base_url']}`" if entry["base_url"] else address)
    assert wire == f"`{entry.get('wire_api', 'chat')}`"
    assert key == (f"`{entry['env_key']}`" if "env_key" in entry else "")


def test_the_built_in_model_is_named() -> None:
    assert f"The built-in model is `{EMBEDDED_PROFILE.table['model']}`." in PAGE
