"""Where a text stops being TOML, and what its author meant: the usual slips, each with its remedy.

A parser says where it gave up, in the words of a grammar, and often that is lines behind the slip: an
array that is not closed goes wrong at the end of the file. This reader follows TOML 1.1
(https://toml.io/en/v1.1.0) until something is out of place, and names what opened or what belongs there.
It runs only when the parser has refused the text, takes linear time, and never repeats a value, which
may be a key.
"""

import re
import unicodedata
from typing import NamedTuple

_MAX_DEPTH = 64
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_GAP = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(r"[^\n]*")
_SCALAR = re.compile(r"[^\s,\[\]{}#]+(?:[ ]\d\d:[^\s,\[\]{}#]+)?")
_SETTING = re.compile(
    r"[A-Za-z0-9_.\"'-]+[ \t]*=[^=]"
    r"|\[\[?[ \t]*(?!(?:true|false|inf|nan)[ \t]*\])[A-Za-z_][\w-]*[ \t]*(?:\.[^\]\n]*)?\]"
)
_NUMBER = re.compile(
    r"[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?"
    r"|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*|[+-]?(?:inf|nan)"
)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?"
    r"|\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
)
_ESCAPE = re.compile(r"\\(?:[btnfre\"\\]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})")
_LINE_ESCAPE = re.compile(r"\\[ \t]*\n")
_CONFLICT = re.compile(r"<<<<<<<|=======$|>>>>>>>|\|\|\|\|\|\|\|")
_YAML = re.compile(r"---\s*$|\s*- ")
TABLE_OF_SETTING = {"model_provider": "model_providers", "profile": "profiles"}
"""The table that is meant where a setting that holds one word is written as a table."""

_QUOTES = frozenset("“”„‟‘’‚‛«»‹›`´″′＂＇「」")
_WIDE = {"＝": "=", "：": "=", "［": "[", "］": "]", "｛": "{", "｝": "}", "，": ",", "、": ","}
_WIDE |= {"．": ".", "＃": "#", "。": "."}

_QUOTED = 'text needs quotes, as in model = "gpt-oss".'
_SETTING_FIX = 'every line is a key, = and a value, as in model = "gpt-oss".'
_BACKSLASHES = "put a text with backslashes into single quotes, or write each of them twice."


class Slip(NamedTuple):
    """What is out of place: the line and column where, a sentence's end, and the next step.

    Both numbers count from 1, the column in characters.
    """

    line: int
    column: int
    sentence: str
    fix: str | None = None


def find_slip(text: str) -> Slip | None:
    """The first place where a text is no TOML, as a document of lines; None if none is found.

    It finds what is wrong with the form, and not a name that is set twice. Never raises.
    """
    reader = _Reader(text.replace("\r\n", "\n"))
    try:
        reader.document()
    except _SlipError as found:
        return reader.slip(found)
    except _DeepError:
        return None
    return None


class _SlipError(Exception):
    """Something is out of place at `offset`."""

    def __init__(self, offset: int, sentence: str, fix: str | None = None) -> None:
        super().__init__(sentence)
        self.offset = offset
        self.sentence = sentence
        self.fix = fix


class _DeepError(Exception):
    """Nested deeper than anybody writes by hand."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._is_at_line_start = False

    def slip(self, found: _SlipError) -> Slip:
        """The slip with its place, and the fix for what the whole line or file shows."""
        before = self.text[: found.offset]
        fix = self._fix_of_line(found.offset) or found.fix
        line = before.count("\n") + 1
        return Slip(line, len(before) - before.rfind("\n"), found.sentence, fix)

    # ---- statements ----------------------------------------------------------------------------

    def document(self) -> None:
        """Read the whole text. Raises _SlipError."""
        while True:
            self._skip(_GAP)
            if self.at >= len(self.text):
                return
            match self._next():
                case "\n":
                    self.at += 1
                case "#":
                    self._comment()
                case "[":
                    self._header()
                    self._line_end("a header has a line of its own.")
                case _:
                    self._pair(depth=0)
                    self._line_end(None)

    def _header(self) -> None:
        begin = self.at
        is_array = self.text.startswith("[[", begin)
        self.at += 2 if is_array else 1
        self._skip(_GAP)
        if self._next() == "]":
            raise _SlipError(self.at, "a table has a name", "write it between the brackets.")
        self._dotted_key(is_header=True)
        closing = "]]" if is_array else "]"
        if not self.text.startswith(closing, self.at):
            self._refuse_odd_character()
            raise _SlipError(
                self.at,
                f"expected '{closing}' at the end of a table declaration",
                self._header_fix(begin, closing),
            )
        self.at += len(closing)

    def _header_fix(self, begin: int, closing: str) -> str:
        line = self._line_of(begin)
        if self._next() in ("", "\n", "#", "]"):
            return f"close it with {closing}."
        if line.rstrip().endswith("]"):
            return 'put a name with such characters into quotes, as in [projects."/home/me"].'
        return f"close it with {closing}, and put names with other characters into quotes."

    def _pair(self, *, depth: int) -> None:
        begin = self.at
        if self._next() == "=":
            raise _SlipError(begin, "a key is missing in front of =", _SETTING_FIX)
        if depth == 0 and _YAML.match(self._line_of(begin)):
            raise _SlipError(begin, "no setting begins like this", _SETTING_FIX)
        self._dotted_key(is_header=False)
        sign = self._next()
        if sign != "=":
            self._refuse_odd_character()
            raise _SlipError(
                self.at,
                "expected '=' after a key in a key/value pair",
                self._sign_fix(begin, sign),
            )
        self.at += 1
        self._skip(_GAP)
        self._value(depth=depth)

    def _sign_fix(self, begin: int, sign: str) -> str:
        key = self.text[begin : self.at]
        if sign == ":":
            return 'write = instead of the colon, as in model = "gpt-oss".'
        if key[:1] in "\"'" and "=" in key:
            return "a quote that opens at the key is not closed before =."
        if sign in "\"'" and sign:
            is_apart = key[-1:] in " \t"
            return _SETTING_FIX if is_apart else "a name has quotes on both sides, or none."
        if sign.isalpha() and not sign.isascii():
            return f"{_code(sign)} needs quotes around the name; if it looks plain, type it again."
        word = key.strip()
        if word in ("export", "set", "let", "var"):
            return f"leave out {word}."
        rest = self._line_of(self.at)[self._column(self.at) - 1 :]
        if "=" in rest.partition("#")[0]:
            return "put a name with such characters into quotes, or write _ for a space."
        return _SETTING_FIX

    def _line_end(self, fix: str | None) -> None:
        """What may follow a statement on its line: a comment."""
        self._skip(_GAP)
        if self._next() == "#":
            self._comment()
        if self._next() not in ("", "\n"):
            self._refuse_odd_character()
            if self._next() in ("]", "}"):
                fix = f"this {self._next()} closes nothing that is open: remove it."
            raise _SlipError(self.at, "more text follows on this line", fix or self._behind())

    def _behind(self) -> str:
        """What more text behind a value was meant to be."""
        rest = self._rest()
        before = self.text[: self.at].rstrip(" \t")
        if rest.startswith(("//", "/*", "--", ";;")):
            return "a comment begins with #."
        if rest[:1] == "," and before[-1:].isdigit() and rest[1:2].isdigit():
            return "write a number without commas."
        if rest[:1] in (",", ";"):
            return f"leave out the {rest[:1]} at the end of the line."
        if _SETTING.match(rest.lstrip(", \t")):
            return "every setting has a line of its own."
        multi = before[-3:] if before[-3:] in ('"""', "'''") else ""
        if multi:
            opened = self._opening_line(multi, len(before) - 3)
            return f"the {multi} of line {opened} is closed here: is one missing above?"
        if before[-1:] == "'":
            return "a text with an apostrophe in it goes into double quotes."
        if before[-1:] == '"':
            return 'write \\" for a quote inside a text, or put the text into single quotes.'
        if before[-1:] == "=" or rest.startswith("="):
            return "write one =."
        return "every setting has a line of its own, and text needs quotes."

    # ---- values --------------------------------------------------------------------------------

    def _value(self, *, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise _DeepError
        match self._next():
            case '"' | "'" as quote:
                self._string(quote)
            case "[":
                self._array(depth=depth + 1)
            case "{":
                self._inline_table(depth=depth + 1)
            case "" | "\n" | "#":
                raise _SlipError(self.at, "a value is missing", 'write one, or "" for none.')
            case _:
                self._scalar()

    def _scalar(self) -> None:
        self._refuse_odd_character()
        found = _SCALAR.match(self.text, self.at)
        word = found[0] if found else ""
        if not word:
            raise _SlipError(
                self.at, "a value is missing", f"write one in front of {self._next()}."
            )
        if word in ("true", "false") or _NUMBER.fullmatch(word) or _DATE.fullmatch(word):
            self.at += len(word)
            return
        raise _SlipError(self.at, "invalid value", _word_fix(word))

    def _array(self, *, depth: int) -> None:
        begin = self.at
        self.at += 1
        while True:
            self._blank()
            if self._next() == "]":
                self.at += 1
                return
            self._refuse_setting_inside(begin, "array", "]")
            self._value(depth=depth)
            self._blank()
            if self._next() == ",":
                self.at += 1
            elif self._next() != "]":
                self._refuse_setting_inside(begin, "array", "]")
                self._refuse_odd_character()
                raise _SlipError(
                    self.at, "a comma is missing in a list", "separate its entries with commas."
                )

    def _inline_table(self, *, depth: int) -> None:
        begin = self.at
        self.at += 1
        while True:
            self._blank()
            if self._next() == "}":
                self.at += 1
                return
            if self._next() in ("", "["):
                raise self._unclosed(begin, "inline table", "}")
            self._pair(depth=depth)
            self._blank()
            if self._next() == ",":
                self.at += 1
            elif self._next() != "}":
                if "}" not in re.split(r"\n[ \t]*\[", self.text[self.at :], maxsplit=1)[0]:
                    raise self._unclosed(begin, "inline table", "}")
                self._refuse_odd_character()
                raise _SlipError(
                    self.at, "a comma is missing between { and }", "separate its keys with commas."
                )

    def _refuse_setting_inside(self, begin: int, what: str, closing: str) -> None:
        """Raise where the text ends, or a setting begins a line, inside something that is open."""
        is_setting = self._is_at_line_start and _SETTING.match(self.text, self.at)
        if self._next() == "" or is_setting:
            raise self._unclosed(begin, what, closing)

    def _unclosed(self, begin: int, what: str, closing: str) -> _SlipError:
        return _SlipError(begin, f"unclosed {what}", f"close it with {closing}.")

    def _string(self, quote: str) -> None:
        triple = quote * 3
        if self.text.startswith(triple, self.at):
            self._long_string(triple)
        else:
            self._short_string(quote)

    def _short_string(self, quote: str) -> None:
        begin = self.at
        self.at += 1
        while True:
            char = self._next()
            if char in ("", "\n"):
                raise _SlipError(begin, "a quote opens here and is not closed", self._close(begin))
            if char == quote:
                self.at += 1
                return
            self._character(quote)

    def _long_string(self, triple: str) -> None:
        begin = self.at
        self.at += 3
        while not self.text.startswith(triple, self.at):
            if self.at >= len(self.text):
                fix = f"close it with {triple}; a text on one line has one quote on each side."
                raise _SlipError(begin, f"{triple} opens here and is not closed", fix)
            self._character(triple)
        self.at += 3
        for _ in range(2):  # up to two quotes more belong to the text
            if self._next() == triple[0]:
                self.at += 1

    def _character(self, quote: str) -> None:
        """One character of a text, or an escape."""
        char = self._next()
        if char == "\\" and quote[0] == '"':
            found = _ESCAPE.match(self.text, self.at)
            if found is None and len(quote) > 1:
                found = _LINE_ESCAPE.match(self.text, self.at)
            if found is None:
                sentence = "this backslash begins no escape that TOML has"
                raise _SlipError(self.at, sentence, _BACKSLASHES)
            self.at = found.end()
        elif _is_control(char) and not (char == "\n" and len(quote) > 1):
            raise _SlipError(
                self.at, f"a control character ({_code(char)}) in a text", "delete it."
            )
        else:
            self.at += 1

    def _close(self, begin: int) -> str:
        line = self._rest_from(begin).rstrip()
        quote, other = ('"', "'") if line[0] == '"' else ("'", '"')
        if quote == '"' and line.endswith('\\"'):
            return f'\\" is a quote inside the text: {_BACKSLASHES}'
        if line[-1] in _QUOTES:
            return f"it ends with a typographic quote: write {quote} there."
        if line.endswith(other) and len(line) > 1:
            return f"it opens with {quote} and ends with {other}: write the same on both sides."
        return f"close it with {quote}."

    # ---- keys ----------------------------------------------------------------------------------

    def _dotted_key(self, *, is_header: bool) -> None:
        while True:
            self._skip(_GAP)
            self._simple_key(is_header=is_header)
            self._skip(_GAP)
            if self._next() != ".":
                return
            self.at += 1

    def _simple_key(self, *, is_header: bool) -> None:
        char = self._next()
        if char in ('"', "'") and char:
            if self.text.startswith(char * 3, self.at):
                raise _SlipError(self.at, "a name has one quote on each side", "remove two.")
            self._short_string(char)
            return
        found = _BARE_KEY.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
            return
        self._refuse_odd_character()
        if is_header:
            fix = 'put a name with such characters into quotes, as in [projects."/home/me"].'
            raise _SlipError(self.at, "a part of the table's name is missing or needs quotes", fix)
        raise _SlipError(self.at, "no setting begins like this", self._line_fix())

    def _line_fix(self) -> str:
        """What a line was meant to be that begins with no key."""
        rest = self._rest()
        if rest.startswith(("//", "/*", ";", "%", "<!--")):
            return "a comment begins with #."
        if rest[:1] in ("]", "}"):
            return f"this {rest[:1]} closes nothing that is open: remove it."
        if rest[:1] == ",":
            return "commas are allowed only between the entries of a list: remove it."
        if rest[:1].isalpha() or rest[:1] in "$@/~%&*!?":
            return 'put a name with such characters into quotes, as in "größe" = 1.'
        return _SETTING_FIX

    # ---- pieces --------------------------------------------------------------------------------

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        for offset in range(self.at, end):
            if _is_control(self.text[offset]):
                sentence = f"a control character ({_code(self.text[offset])}) in a comment"
                raise _SlipError(offset, sentence, "delete it.")
        self.at = end

    def _blank(self) -> None:
        """White space, line ends and comments."""
        self._is_at_line_start = False
        while True:
            self._skip(_GAP)
            if self._next() == "\n":
                self._is_at_line_start = True
                self.at += 1
            elif self._next() == "#":
                self._comment()
            else:
                return

    def _refuse_odd_character(self) -> None:
        """Raise for a character that looks like another one, or like nothing at all."""
        char = self._next()
        if not char or char in "\n\t ":
            return
        if char in _QUOTES:
            raise _SlipError(
                self.at, f"a typographic quote ({_code(char)})", 'write straight quotes: ".'
            )
        if unicodedata.category(char) == "Pd" and char != "-":
            raise _SlipError(self.at, f"a typographic dash ({_code(char)})", "write - instead.")
        if char in _WIDE:
            raise _SlipError(
                self.at, f"a full-width character ({_code(char)})", f"write {_WIDE[char]} instead."
            )
        category = unicodedata.category(char)
        if category in ("Zs", "Zl", "Zp"):
            sentence = f"an invisible character that is no plain space ({_code(char)})"
            raise _SlipError(self.at, sentence, "replace it with a space.")
        if category == "Cf":
            raise _SlipError(self.at, f"an invisible character ({_code(char)})", "delete it.")
        if char == "\r":
            sentence = "a carriage return without a line feed"
            raise _SlipError(self.at, sentence, "save the file with ordinary line ends.")
        if category == "Cc":
            raise _SlipError(self.at, f"a control character ({_code(char)})", "delete it.")

    def _fix_of_line(self, offset: int) -> str | None:
        """The remedy for what a whole line or the whole file is, where that is no TOML at all."""
        line = self._line_of(offset)
        if _CONFLICT.match(line):
            return "a merge left both of its sides here: keep one of them."
        if self.text.lstrip()[:1] == "{":
            return 'this looks like JSON; TOML has lines such as model = "gpt-oss".'
        if _YAML.match(line):
            return 'this looks like YAML; TOML has lines such as model = "gpt-oss".'
        found = re.match(r"\s*\[\s*(model_provider|profile)\s*\.\s*([\w-]+)\s*\]", line)
        return None if found is None else f"did you mean [{TABLE_OF_SETTING[found[1]]}.{found[2]}]?"

    def _opening_line(self, triple: str, close: int) -> int:
        """The line where the text opened that the quotes at `close` end."""
        opened = self.text.rfind(triple, 0, close)
        return self.text.count("\n", 0, opened) + 1

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _rest(self) -> str:
        return self._rest_from(self.at)

    def _rest_from(self, offset: int) -> str:
        found = _REST_OF_LINE.match(self.text, offset)
        return found[0] if found else ""

    def _line_of(self, offset: int) -> str:
        return self._rest_from(self.text.rfind("\n", 0, offset) + 1)

    def _column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset)


def _word_fix(word: str) -> str:
    """The next step for a value that is neither text in quotes, a number, a date, nor true or false."""
    if word.lower() in ("true", "false", "yes", "no", "on", "off"):
        is_yes = word.lower() in ("true", "yes", "on")
        return f"write {'true' if is_yes else 'false'}."
    if word.lower() in ("null", "none", "nil", "undefined", "~"):
        return "TOML has no null: leave the line out."
    if re.fullmatch(r"[+-]?0\d+", word):
        return "write a number without zeros in front."
    if re.fullmatch(r"[+-]?(\.\d+|\d+\.)", word):
        return "write a digit on both sides of the point, as in 0.5."
    if word.startswith("="):
        return "write one =."
    if word.endswith(";"):
        return "leave out the ; at the end of the line."
    if re.fullmatch(r"[+-]?\d[\d_.]*[A-Za-z%]+", word):
        return "write the number alone, without a unit."
    return _QUOTED


def _is_control(char: str) -> bool:
    return (char < " " and char != "\t") or char == "\x7f"


def _code(char: str) -> str:
    """A character's number and name, which can be searched for."""
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()
