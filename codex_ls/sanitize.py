"""What makes model text safe to show: invariant 10, model text is hostile until it went through here.

Removed: terminal escape sequences (ECMA-48: CSI, OSC, DCS, SOS, PM, APC and the rest, in their 7-bit and
8-bit forms), other C0 and C1 controls but tab and line feed, DEL, bidi overrides and isolates (U+202A to
202E, U+2066 to 2069), deprecated format characters (U+206A to 206F), interlinear annotations (U+FFF9 to
FFFB) and tags (U+E0000 to E00FF) but those that make a flag. Repaired: surrogate pairs that were cut
apart; a half without its other half becomes U+FFFD. A carriage return becomes a line feed, and CR LF one
line feed: a lone one would let text overwrite the line that was read.

Characters that nobody sees pass where writing needs them: joiners and variation selectors of emoji, the
non-joiner of Persian, the zero-width space of Thai. No script needs more than two of them in a row, so
of a row only two pass: whole sentences were hidden in such rows, for whoever copies the text or sends it
on to a model.

Everything else passes untouched: emoji, combining marks, CJK, tabs. A sequence that is never finished is
not allowed to swallow the answer: it is given back without its controls.
"""

import re

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff"
_TAGS = "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
_UNSEEN = (  # Default_Ignorable_Code_Point of Unicode 16 without what is above
    "\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0100-\U000e01ef"
)
_SUSPECT = re.compile(f"[{_CONTROLS}{_TAGS}{_UNSEEN}]")
_CONTROL = re.compile(f"[{_CONTROLS}]")
_TAG = re.compile(f"[{_TAGS}]")
_MAX_UNSEEN = 2
_FLAG = "\U0001f3f4"
_END_OF_FLAG = "\U000e007f"
_FLAG_TAGS = 6
"""A flag of a region: a black flag, up to six tags (gbeng, usca) and the tag that ends it (UTS 51)."""
_STRING_OPENERS = "]PX^_"  # OSC DCS SOS PM APC, behind ESC
_C1_STRINGS = "\x9d\x90\x98\x9e\x9f"
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Fillers and joiners that Unicode calls letters, marks or symbols (UAX 44, Default_Ignorable)."""
_MAX_STRING = 4096
_MAX_CSI = 64


def is_blank(text: str) -> bool:
    """Whether there is nothing to see: no text, or blanks, controls and zero-width characters alone."""
    return not any(map(_is_visible, text))


class Sanitizer:
    """Cleans one stream of pieces; what is cut over pieces is seen as a whole."""

    def __init__(self) -> None:
        self._mode = ""  # "" text, "e" behind ESC, "c" inside CSI, "s" inside a string
        self._held: list[str] = []
        self._string_escape = False  # inside a string, behind an ESC that may begin its end
        self._after_cr = False
        self._high = ""  # a high surrogate that waits for its low one
        self._unseen = 0  # characters that nobody sees since the last that somebody does
        self._flag_room = 0  # tags that may still follow a black flag

    def feed(self, text: str) -> str:
        """`text` without what could do harm; what can't be judged yet is kept for the next piece."""
        if not (self._mode or self._after_cr or self._high) and not _SUSPECT.search(text):
            if text:
                self._saw(text[-1])
            return text
        out: list[str] = []
        for char in text:
            self._char(char, out)
        return "".join(out)

    def finish(self) -> str:
        """What was kept, given back as harmless text."""
        out: list[str] = []
        self._end_surrogate(out)
        self._give_back(out)
        return "".join(out)

    def _char(self, char: str, out: list[str]) -> None:
        match self._mode:
            case "":
                self._text(char, out)
            case "e":
                self._behind_escape(char, out)
            case "c":
                self._inside_csi(char, out)
            case _:
                self._inside_string(char, out)

    def _text(self, char: str, out: list[str]) -> None:
        if self._high and "\udc00" <= char <= "\udfff":
            pair = self._high + char
            self._high = ""
            self._plain(pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le"), out)
            return
        self._end_surrogate(out)
        after_cr, self._after_cr = self._after_cr, False
        if char == "\n":
            if not after_cr:
                out.append(char)
            self._saw(char)
        elif not _CONTROL.match(char):
            self._plain(char, out)
        elif char == "\r":
            self._after_cr = True
            out.append("\n")
            self._saw("\n")
        elif char == "\x1b":
            self._mode = "e"
        elif char == "\x9b":
            self._mode = "c"
        elif char in _C1_STRINGS:
            self._mode = "s"
        elif "\ud800" <= char <= "\udbff":
            self._high = char
        elif "\udc00" <= char <= "\udfff":
            out.append("\ufffd")
            self._saw("\ufffd")

    def _plain(self, char: str, out: list[str]) -> None:
        """A character that controls nothing: it passes, unless it hides in a row of its like."""
        if not _SUSPECT.match(char):
            self._saw(char)
            out.append(char)
        elif _TAG.match(char):
            if self._flag_room and (self._flag_room > 1 or char == _END_OF_FLAG):
                self._flag_room = 0 if char == _END_OF_FLAG else self._flag_room - 1
                out.append(char)
        else:
            self._flag_room = 0
            self._unseen += 1
            if self._unseen <= _MAX_UNSEEN:
                out.append(char)

    def _saw(self, char: str) -> None:
        """Somebody sees this character: what stands unseen is counted from here."""
        self._unseen = 0
        self._flag_room = _FLAG_TAGS + 1 if char == _FLAG else 0

    def _behind_escape(self, char: str, out: list[str]) -> None:
        if char == "[":
            self._mode = "c"
        elif char in _STRING_OPENERS:
            self._mode = "s"
        elif " " <= char <= "/":
            pass  # an intermediate byte: the final one is still to come
        elif "0" <= char <= "~":
            self._mode = ""
        else:
            self._mode = ""
            self._char(char, out)

    def _inside_csi(self, char: str, out: list[str]) -> None:
        if "@" <= char <= "~":
            self._end_sequence()
        elif " " <= char <= "?" and len(self._held) < _MAX_CSI:
            self._held.append(char)
        else:
            self._give_back(out)
            self._char(char, out)

    def _inside_string(self, char: str, out: list[str]) -> None:
        if self._string_escape:
            self._string_escape = False
            if char == "\\":
                self._end_sequence()
                return
            self._give_back(out)
            self._mode = "e"
            self._char(char, out)
        elif char in "\x07\x9c":
            self._end_sequence()
        elif char == "\x1b":
            self._string_escape = True
        elif char == "\n" or len(self._held) >= _MAX_STRING:
            self._give_back(out)
            self._char(char, out)
        else:
            self._held.append(char)

    def _end_sequence(self) -> None:
        self._mode = ""
        self._held.clear()

    def _give_back(self, out: list[str]) -> None:
        self._mode, self._string_escape = "", False
        held, self._held = self._held, []
        for char in held:
            if not _CONTROL.match(char):
                self._plain(char, out)

    def _end_surrogate(self, out: list[str]) -> None:
        if self._high:
            self._high = ""
            out.append("\ufffd")
            self._saw("\ufffd")


def sanitize(text: str) -> str:
    """One whole text, made safe to show."""
    sanitizer = Sanitizer()
    return sanitizer.feed(text) + sanitizer.finish()


def _is_visible(char: str) -> bool:
    if char.isprintable():
        is_selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
        return not (char.isspace() or char in _INVISIBLE or is_selector)
    import unicodedata  # not for the many texts whose first character is a plain one

    # Private and unassigned characters (a newer emoji) show at least a box; the others nothing.
    return unicodedata.category(char) in ("Co", "Cn")
