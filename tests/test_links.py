"""What a page leads to is there, and both READMEs tell the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
_NOT_OURS = {"node_modules", "bundled", "artifacts", "dist"}
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1[^\n]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def _pages() -> Iterator[Path]:
    for page in sorted(ROOT.rglob("*.md")):
        folders = page.relative_to(ROOT).parts[:-1]
        if not any(name.startswith(".") or name in _NOT_OURS for name in folders):
            yield page


def _prose(text: str) -> str:
    """A page without its code, where brackets and parentheses mean other things."""
    return _CODE.sub("", _FENCE.sub("", text))


def _anchors(page: Path) -> set[str]:
    """The names that a page's headings have as the ends of links: small letters, joined by dashes."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def missing(page: Path) -> list[str]:
    """The relative links and images of a page that lead nowhere."""
    gone = []
    for link in _LINK.findall(_prose(page.read_text(encoding="utf-8"))):
        if _ELSEWHERE.match(link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / unquote(path) if path else page
        leads = target.exists() and (not anchor or anchor in _anchors(target))
        if not leads:
            gone.append(link)
    return gone


def test_every_link_and_image_of_every_page_is_there() -> None:
    pages = list(_pages())
    assert {ROOT / "README.md", ROOT / "docs" / "findings.md"} <= set(pages)
    gone = {str(page.relative_to(ROOT)): missing(page) for page in pages}
    assert {page: links for page, links in gone.items() if links} == {}


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "there.md").write_text("# A heading, `with code`\n", encoding="utf-8")
    page.write_text(
        "[a](there.md) [b](there.md#a-heading-with-code) [c](https://far.example/x) [d](#here)\n"
        "## Here\n```\n[code](no.md)\n```\n`[code](no.md)` ![e](no.png)\n"
        "[two\nlines](no.md) [f](there.md#no)\n",
        encoding="utf-8",
    )
    assert missing(page) == ["no.png", "no.md", "there.md#no"]


def _shape(name: str) -> tuple[list[int], int]:
    """The levels of a page's headings, and how many table rows it has."""
    text = _FENCE.sub("", (ROOT / name).read_text(encoding="utf-8"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    return levels, len(re.findall(r"^\|", text, re.MULTILINE))


def test_the_chinese_readme_has_the_headings_and_table_rows_of_the_english_one() -> None:
    english = _shape("README.md")
    assert english[0]
    assert english[1]
    assert _shape("README.zh-CN.md") == english
