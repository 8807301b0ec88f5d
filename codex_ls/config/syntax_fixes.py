"""What to do about text that is no TOML: the usual slips, told from the line they stand in.

The parser says where it gave up, in the words of a grammar. Most slips are one of a dozen, and each has
one remedy; what none of these rules knows is told with its place alone.
"""

import re

_TABLES = {"model_provider": "model_providers", "profile": "profiles"}


def syntax_fix(message: str, text: str, line_number: int) -> str | None:
    """The next step for a parser's `message` about that line of `text`; None if nobody knows one."""
    lines = text.split("\n")  # as TOML counts them
    line = lines[line_number - 1] if line_number <= len(lines) else ""
    for fix in (_conflict, _json, _curly_quotes, _single_table, _path, _colon, _open_quote):
        if (found := fix(message, line, text)) is not None:
            return found
    if message == "Invalid value":
        return 'text needs quotes, as in model = "gpt-oss".'
    return None


def _conflict(_message: str, line: str, _text: str) -> str | None:
    is_mark = line.startswith(("<<<<<<<", "=======", ">>>>>>>"))
    return "a merge left both of its sides here: keep one of them." if is_mark else None


def _json(_message: str, _line: str, text: str) -> str | None:
    is_json = text.lstrip()[:1] == "{"
    return 'this looks like JSON; TOML has lines such as model = "gpt-oss".' if is_json else None


def _curly_quotes(_message: str, line: str, _text: str) -> str | None:
    return 'write straight quotes: ".' if re.search(r"[“”„‘’«»]", line) else None


def _single_table(_message: str, line: str, _text: str) -> str | None:
    found = re.match(r"\s*\[\s*(model_provider|profile)\s*\.\s*([\w-]+)\s*\]", line)
    return None if found is None else f"did you mean [{_TABLES[found[1]]}.{found[2]}]?"


def _path(message: str, line: str, _text: str) -> str | None:
    if "\\" in line and message.startswith(("Invalid hex", "Unescaped '\\'", "Invalid escape")):
        return "put a text with backslashes into single quotes."
    return None


def _colon(message: str, line: str, _text: str) -> str | None:
    if message.startswith("Expected '='") and re.match(r"\s*[\w.-]+\s*:", line):
        return 'write = instead of the colon, as in model = "gpt-oss".'
    if message.startswith("Expected '='"):
        return 'every line is a key, = and a value, as in model = "gpt-oss".'
    return None


def _open_quote(message: str, line: str, _text: str) -> str | None:
    is_open = message.startswith(("Illegal character '\\n'", "Unterminated string"))
    return "a quote that opens on this line is not closed." if is_open and '"' in line else None
