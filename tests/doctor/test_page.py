"""docs/findings.md has the table of broken setups, with the catalogue's sentences."""

from tests.doctor.page import PATH, page
from tests.doctor.test_broken_setups import ROWS


def test_the_page_is_up_to_date() -> None:
    assert PATH.read_text(encoding="utf-8") == page(ROWS), "run `make generate`"
