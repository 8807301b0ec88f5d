"""The table of docs/models.md, from the table of `codex_ls.wire.families`.

python -m codex_ls.dev.models_page            check the page
python -m codex_ls.dev.models_page --update   write its table anew
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from codex_ls.wire.families import FAMILIES, Family
from codex_ls.wire.markers import AnswerPair, CallForm, TagPair

PAGE = Path("docs/models.md")
STREAMS = Path("tests/fixtures/streams")
BEGIN, END = "<!-- families: begin -->\n", "<!-- families: end -->\n"


def table() -> str:
    """The rows of the page, one a family."""
    head = (
        "| family | thinking | answer | tool calls as text | end of a turn | source | fixtures |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(_row(family) for family in FAMILIES)


def with_table(page: str) -> str:
    """A page with its table written anew; raises ValueError if it has no place for one."""
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError("the page has no place for the table")
    return before + begun + table() + ended + after


def fixtures_of(family: Family) -> list[Path]:
    """The folders of a family's streams: its own, and those whose names begin with it."""
    own = STREAMS / family.fixture
    return sorted(path for path in own.parent.glob(f"{own.name}*") if _belongs(path.name, own.name))


def _belongs(name: str, family: str) -> bool:
    others = {Path(other.fixture).name for other in FAMILIES}
    rest = name.removeprefix(family)
    longest = max(
        (other for other in others if name == other or name.startswith(f"{other}-")), key=len
    )
    return (not rest or rest.startswith("-")) and longest == family


def _row(family: Family) -> str:
    cells = (
        family.name,
        _joined(_pair(pair) for pair in family.thinking),
        _joined(_answer(pair) for pair in family.answer),
        _joined(_form(form) for form in family.calls),
        _joined(_code(token) for token in family.ends),
        family.source,
        _joined(path.name for path in fixtures_of(family)),
    )
    return f"| {' | '.join(cells)} |\n"


def _joined(cells: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(cell for cell in cells if cell)) or "-"


def _pair(pair: TagPair) -> str:
    return f"{_code(pair.opener)} ... {_code(pair.closer)}"


def _answer(pair: AnswerPair) -> str:
    return f"{_code(pair.opener)} ... {_code(pair.closers[0])}"


def _form(form: CallForm) -> str:
    return _code(form.openers[0])


def _code(marker: str) -> str:
    """A marker as a table's cell takes it."""
    shown = marker.replace("\n", "\\n").replace("|", "\\|")
    return f"`{shown}`"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 if the page agrees or was written."""
    parser = argparse.ArgumentParser(prog="python -m codex_ls.dev.models_page")
    parser.add_argument("--update", action="store_true", help="write the page's table anew")
    options = parser.parse_args(arguments)
    page = PAGE.read_text(encoding="utf-8")
    right = with_table(page)
    if options.update:
        PAGE.write_text(right, encoding="utf-8")
    elif page != right:
        print(f"{PAGE} differs from codex_ls/wire/families.py: run it with --update")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
