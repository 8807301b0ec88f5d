"""The snippets of the documentation: what a page tells to paste is what its test runs."""

import re

from tests.nvim.editor import ROOT

PAGES = ROOT / "docs" / "editors"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(page: str, language: str) -> list[str]:
    """Return the blocks of code of one language in a page of `docs/editors`, in order."""
    text = (PAGES / page).read_text(encoding="utf-8")
    return [code for name, code in _BLOCK.findall(text) if name == language]
