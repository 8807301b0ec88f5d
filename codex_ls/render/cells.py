"""How many cells of a terminal a text takes: 2 for wide characters, none for combining ones.

From the Unicode database of Python: East Asian Width (UAX #11) W and F, and the general categories Mn,
Me and Cf. Ambiguous characters count as narrow, as terminals draw them by default.
"""

from unicodedata import category, east_asian_width


def cell_width(text: str) -> int:
    """Return how many cells one line of text takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def clip(text: str, cells: int) -> str:
    """Return the beginning of a line that fits into so many cells; no wide character is halved."""
    if text.isascii():
        return text[: max(cells, 0)]
    left = cells
    for number, character in enumerate(text):
        left -= _cells_of(character)
        if left < 0:
            return text[:number]
    return text


def _cells_of(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1
