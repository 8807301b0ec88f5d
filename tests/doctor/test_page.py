"""The page of broken setups says what the tests try, and nothing else."""

from pathlib import Path

from tests.doctor.page import page
from tests.doctor.test_broken_setups import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "findings.md"


def test_the_page_has_every_row_of_the_table() -> None:
    made = page(ROWS)
    assert PAGE.read_text(encoding="utf-8") == made, (
        "python -m tests.doctor.page > docs/findings.md"
    )
