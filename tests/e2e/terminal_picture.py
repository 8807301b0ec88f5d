"""What stands on a terminal as an SVG: text stays text, so that a picture can be read and searched.

Knows what `codex-ls exec` writes and no more: dim and normal text, and lines that are written anew.
"""

import re
import textwrap
from collections.abc import Iterator
from xml.sax.saxutils import escape

COLUMNS = 92
LINE_HEIGHT = 21
CHAR_WIDTH = 8.4
MARGIN = 16

_REWRITTEN = re.compile(r"[^\n]*\r\x1b\[K")
_STYLE = re.compile(r"\x1b\[(2|22|0)?m")


def picture(command: str, output: str) -> str:
    """The SVG of a prompt with `command` typed, and of its raw `output` below."""
    lines = [*wrapped(f"$ {command}"), "", *screen(output)]
    width = COLUMNS * CHAR_WIDTH + 2 * MARGIN
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{escape(command)}</title>",
        '<rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>',
        "<g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\""
        ' font-size="14" fill="#e6e6f0" xml:space="preserve">',
    ]
    for number, line in enumerate(lines):
        dim = line.startswith("\x02")
        bottom = MARGIN + (number + 0.75) * LINE_HEIGHT
        fill = ' fill="#8b8ba7"' if dim or line.startswith(("First word", "Thinking after")) else ""
        text = escape(line.lstrip("\x02"))
        # Browsers collapse blanks, whatever xml:space says.
        text = re.sub("^ | (?= )", "\xa0", text)
        parts.append(f'<text x="{MARGIN}" y="{bottom:g}"{fill}>{text}</text>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


def screen(output: str) -> Iterator[str]:
    """The lines a person sees at the end; a dim one begins with \\x02."""
    text = _REWRITTEN.sub("", output.replace("\r\n", "\n"))
    for line in text.rstrip("\n").split("\n"):
        mark = "\x02" if line.startswith("\x1b[2m") else ""
        plain = _STYLE.sub("", line)
        yield from (mark + piece for piece in wrapped(plain))


def wrapped(line: str) -> list[str]:
    """`line` cut at the picture's width."""
    return textwrap.wrap(line, COLUMNS, break_on_hyphens=False) or [""]
