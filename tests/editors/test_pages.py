"""The pages of the editors: what every one of them has to say, and that it can be pasted."""

import json
import tomllib

import pytest

from tests.editors.pages import PAGES, snippets
from tests.nvim.editor import ROOT

OTHERS = [f"{name}.md" for name in ("coc", "emacs", "helix", "kate", "sublime", "zed")]
"""The editors that have no plugin of ours."""


@pytest.mark.parametrize("page", OTHERS)
def test_a_page_says_how_to_install_ask_read_and_stop_and_what_was_checked(page: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    missing = [
        words
        for words in (
            "## Install",
            "pipx install codex-ls",
            "Checked ",
            "Codex: Ask about this",
            "**Progress**",
            "**Answer**",
            "**Follow up**",
            "**Fix**",
            "**Stop**",
            "effort",
            "qwen3:30b" if page != "sublime.md" else '"effort": "high"',
            "## Limitations",
        )
        if words not in text
    ]
    assert missing == []


@pytest.mark.parametrize("page", OTHERS)
def test_its_settings_are_well_formed_and_start_the_server(page: str) -> None:
    settings = [json.loads(code) for code in snippets(page, "json")]
    settings += [tomllib.loads(code) for code in snippets(page, "toml")]
    text = json.dumps(settings) + "".join(snippets(page, "elisp"))
    assert '"codex-ls"' in text
    assert '"serve"' in text


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page for page in OTHERS if f"docs/editors/{page}" not in readme] == []
