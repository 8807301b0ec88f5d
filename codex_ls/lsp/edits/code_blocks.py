"""The code of an answer: its blocks, and whether something in them is a placeholder for omitted code."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from codex_ls.lsp.edits.text_edit import opcodes

# ---- code blocks ---------------------------------------------------------------------------------
#
# The blocks of code in an answer: what an edit puts into a document, and whether one was left open.
#
# Fences are those of CommonMark 0.31, section 4.5, opened at any indentation and behind the marker of
# a list: models put them there. Whoever takes code out of an answer uses `reading_of`, which also says
# whether another reader could see other blocks.


_OPENING = re.compile(r"([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*")
_ANY_FENCE = re.compile(r"`{3}|~{3}")
_RUN = re.compile(r"`{3,}")
_TAB = 4
_CLOSER_INDENT = 3
"""A fence that is indented further than its opening closes nothing (CommonMark 0.31, section 4.5)."""

_HOLDS_BLOCKS = frozenset({"markdown", "md", "mdx", "rmd", "qmd"})
"""Languages whose code has blocks of its own; models put fences of the same length around them."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `lines` are without its fences and their indentation."""

    language: str
    lines: tuple[str, ...]
    fence: str
    is_closed: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """The blocks of an answer. `is_certain`: there is no fence that opens or closes nothing."""

    blocks: tuple[Block, ...]
    is_certain: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether no other reader could see other blocks, and each has its end."""
        return self.is_certain and all(block.is_closed for block in self.blocks)


def blocks_in(markdown: str) -> tuple[Block, ...]:
    """Return every block of a text whose lines end in LF; one never closed reaches to the end."""
    return _read(markdown, nests=False).blocks


def reading_of(markdown: str) -> Reading:
    """Return the blocks of a text whose lines end in LF, and whether that is the only way to read it.

    Markdown inside a block may hold blocks with fences of the same length, if only so each has its end.
    """
    plain = _read(markdown, nests=False)
    if plain.is_whole:
        return plain
    nested = _read(markdown, nests=True)
    return nested if nested.is_whole else plain


def fenced(text: str, language: str) -> str:
    """Return text as a block that the text can't close."""
    longest = max((len(run) for run in _RUN.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _read(markdown: str, *, nests: bool) -> Reading:
    blocks: list[Block] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    depth, strays = 0, 0
    for line in markdown.split("\n"):
        if opening is None:
            opening, lines, depth = _OPENING.fullmatch(line), [], 0
            strays += opening is None and _has_fence(line)
            continue
        fence, is_inner = opening[2], nests and opening[3].lower() in _HOLDS_BLOCKS
        if _closes(line, fence, _width(opening[1])):
            if not depth:
                blocks.append(Block(opening[3], tuple(lines), fence))
                opening = None
                continue
            depth -= 1
        elif is_inner and _opens_inside(line, fence):
            depth += 1
        elif fence in line and not _is_inside(line, opening[1]):
            strays += 1
        lines.append(_without_indent(line, len(opening[1])))
    if opening is not None:
        blocks.append(Block(opening[3], tuple(lines), opening[2], is_closed=False))
    return Reading(tuple(blocks), is_certain=not strays)


def _has_fence(line: str) -> bool:
    return _ANY_FENCE.search(line) is not None


def _closes(line: str, fence: str, column: int) -> bool:
    found = line.strip()
    is_fence = len(found) >= len(fence) and found == fence[0] * len(found)
    return is_fence and _indent(line) <= column + _CLOSER_INDENT


def _opens_inside(line: str, fence: str) -> bool:
    inner = _OPENING.fullmatch(line)
    return inner is not None and inner[2].startswith(fence) and bool(inner[3])


def _is_inside(line: str, prefix: str) -> bool:
    """Whether a line with a fence is too far to the right to open or close anything."""
    return _indent(line) > _width(prefix) + _CLOSER_INDENT


def _indent(line: str) -> int:
    return _width(line[: len(line) - len(line.lstrip(" \t"))])


def _width(prefix: str) -> int:
    return len(prefix.expandtabs(_TAB))


def _without_indent(line: str, columns: int) -> str:
    """Return a line without the prefix of its block; as CommonMark, no more than is there."""
    return line[columns:] if not line[:columns].strip(" \t") else line.lstrip(" \t")


# ---- code that is left out -----------------------------------------------------------------------
#
# Whether code that a model wrote has placeholders for omitted code.
#
# `# ... existing code ...` in the place of a function's body deletes that body, if it is taken as it
# is. Models write such gaps in every comment syntax, language and wording; three kinds of evidence
# find them: an ellipsis that is no code, the words that such comments are made of, and a comment of
# its own in the place of several lines. A line that stood in the old code is never a gap.


MIN_REPLACED_LINES = 3
"""A new comment in the place of so many lines of code is a placeholder."""

_DOTS = r"(?:\.{3,}|\u2026|\u22ee|\u22ef|(?:\. ){2,}\.)"
_OPENER = (
    r"(?:#+!?|//+!?|--+\[*|/\*+!?|\*+(?!\S)|<!--|<%--|\{#|\{\s*/\*|\(\*|\{-|;+|%+|!+(?=\s)|"
    r"\"{3}|'{3}|'(?=\s)|\"(?=\s)|@?REM\b|rem\b|::|dnl\b|\.\.(?=\s)|=begin\b|--\[\[)"
)
_CLOSER = r"(?:\*+/\s*\}?|-->|--%>|#\}|\*\)|-\}|\"{3}|'{3}|\]\])"

_LONE_DOTS = re.compile(rf"[\s\[\](){{}}<>]*{_DOTS}[\s\[\](){{}}<>,;]*")
_COMMENT = re.compile(rf"\s*{_OPENER}\s*(.*?)\s*{_CLOSER}?\s*")
_PLAIN_COMMENT = re.compile(r"\s*(?:#+|//+|--+|/\*+|<!--|\{\s*/\*|\(\*|;+|%+|'|\"|REM\b)(?:\s|$)")
"""One that can't be anything else, such as `#include` or `--i`."""

_TRAILING = re.compile(rf"(?<=\s)(?:#|//|--|/\*|<!--|\{{/\*)\s*(.+?)\s*{_CLOSER}?[\s}}]*$")
_STARTS_WITH_DOTS = re.compile(rf"\W{{0,3}}{_DOTS}")
_DOTS_APART = re.compile(rf"{_DOTS}(?:\s|$)")
"""Not `...rest`, which spreads a list in several languages."""

_ENDS_WITH_DOTS = re.compile(rf"{_DOTS}\W{{0,3}}$")
_BODY_OF_DOTS = re.compile(rf"\{{\s*(?:/\*\s*)?{_DOTS}(?:\s*\*/)?\s*\}}|/\*\s*{_DOTS}[^*]*\*/")
_WORDS_AFTER_DOTS = re.compile(rf"\s*{_DOTS}\s+[^\W\d]")
_DOTS_FOR_BODY = re.compile(rf"(.*(?::|=>|=|->|\{{|\bdo|\bthen|\bbegin))\s*{_DOTS}\s*\}}?\s*")
_BRACKETED = re.compile(r"\s*[\[(<{]+\s*([^\[\](){}<>]+?)\s*[\])>}]+\s*")
_SENTENCE = re.compile(r"\s*[^\W\d_][\w\s,.'\u2019-]*[.:]?\s*")

_DEFINES = re.compile(
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|unsafe|extern"
    r"|pub(?:\([\w ]+\))?|inline|virtual|override|const|local|data|sealed|open|partial|declare)\s+)*"
    r"(?:def|class|function\*?|func|fn|fun|sub|procedure|impl|struct|enum|interface|trait|type|module"
    r"|namespace|object|record|protocol|extension|macro|defn|defun|defmodule|defp)"
    r"\s+(?:\([^)]*\)\s*)?([\w$.]+)"
)
"""The first line of a definition, and its name."""

_BEFORE_HEAD = ("@", "#", "//", "/*", "*", "[")
"""What may stand before it: decorators and comments."""

_ALIKE = 0.6
_NEARLY_THE_SAME = 0.75
_MAX_SEARCHED = 2000
"""Pairs of lines: no more are compared letter by letter."""

_CODE = (
    r"(?:code|file|function|method|class|module|program|script|implementation|logic|body|content"
    r"|imports?|definition|declaration)s?"
)
_THINGS = (
    r"(?:methods|functions|lines|imports|fields|cases|members|properties|attributes|statements|stuff"
    r"|parts?|elements|entries|items|tests|routes|rules|styles|sections?)"
)
_BEFORE = (
    r"^\W*(?:(?:keep|leave|insert|add|put|paste|include|see|use|with|and|then|plus|by|followed|continues?"
    r"|the|this|these|all|any|some|more|of|your|my|our|here|goes|same|rest)\W+){0,5}"
)
"""How a placeholder comment begins; one that begins with another verb says what code does."""

_WORDS: Mapping[str, str] = {
    "English: the rest": (
        rf"{_BEFORE}(?:rest|remainder)\b"
        rf"|\b(?:rest|remainder)\b.{{0,20}}\b(?:as is|stays?|remains?|unchanged|same|here|{_CODE})\b"
    ),
    "English: which code": (
        rf"{_BEFORE}(?:existing|remaining|other|previous|original|unchanged|same|unmodified|old|your)\b"
        rf".{{0,20}}\b(?:{_CODE}|{_THINGS})\b"
    ),
    "English: the code is": (
        rf"\b{_CODE} (?:goes |continues? |remains? |stays? |is )?"
        r"(?:here|omitted|unchanged|the same|as before|above|below|elided|continues)\b"
    ),
    "English: left out": (
        r"\b(?:unchanged|unmodified|omitted|elided|truncated|abbreviated|snip(?:ped)?|as[ -]is"
        r"|placeholder)\b|^\W*(?:etc|skipped)\W*$|\bno (?:other |further )?changes?\b"
        r"|\bnot (?:shown|repeated)\b|\bleft (?:out|as|unchanged)\b|\bfor brevity\b|\band so on\b"
    ),
    "English: the same": (
        r"\bas (?:before|above|it was|in the original)\b|\bsame as\b|\b(?:stays?|remains?) the same\b"
        r"|\bkeep (?:the |your |all )?(?:rest|existing|other|as)\b"
    ),
    "German": (
        r"unverändert|\brest(?:licher?)? (?:des|der|code)|(?:bestehende|vorhandene)[rn]? code"
        r"|wie (?:zuvor|bisher)|bleibt (?:gleich|so)|ausgelassen|gekürzt"
    ),
    "French": (
        r"inchangé|reste du|le reste\b|code existant|sans changement|comme avant|même code|\bomis\b"
    ),
    "Spanish": r"resto del?|sin cambios|código (?:existente|restante|anterior)|igual que antes|omitido",
    "Portuguese": r"restante d[oa]|resto d[oa]|inalterad|sem (?:altera|mudan)",
    "Italian": r"codice (?:esistente|rimanente)|invariat|senza modifiche|omess[oai]",
    "Dutch": r"\brest van\b|ongewijzigd|bestaande code|weggelaten",
    "Swedish": r"resten av|oförändra",
    "Polish": r"reszta kodu|bez zmian|istniejący kod",
    "Czech": r"zbytek kódu|bez[e]? změn",
    "Turkish": r"geri kalan|değişmedi|mevcut kod",
    "Russian": r"остальн|без изменений|существующ|как раньше|пропущен",
    "Ukrainian": r"решта|без змін|наявний код",
    "Chinese": r"其余|剩余|不变|省略|现有|其他|其它|原有|同上|其餘|不變",
    "Japanese": r"変更なし|既存|残り|以下同様|そのまま|省略|中略|以下略",
    "Korean": r"나머지|변경 없|기존 코드|생략",
    "Arabic": r"بقية|باقي",
    "Hindi": r"शेष|बाकी",
    "Vietnamese": r"phần còn lại|không đổi",
    "Indonesian": r"kode (?:yang ada|lainnya)|sisa kode",
}
"""What comments say that stand for code, in the languages that people are answered in."""

_GAP = re.compile("|".join(_WORDS.values()), re.IGNORECASE)
_WEAK_GAP = re.compile(
    r"\b(?:other|others|more|further|similar|continue|continues|continued|and|etc|here|above|below|todo"
    r"|implement|implementation|handle|add|your)\b",
    re.IGNORECASE,
)
"""Words that mean a gap where dots stand behind them: `// more fields...`."""


def leaves_out(
    lines: Sequence[str], old: Sequence[str], *, is_prose: bool = False, is_new: bool = False
) -> bool:
    """Whether a line of code is a placeholder for others.

    `old` is the code that is replaced; with `is_new` nothing is. In prose only an ellipsis on a line of
    its own, words in brackets and comments of HTML count.
    """
    known = {line.strip() for line in old}
    for change in _changes([] if is_new else old, lines):
        loses = change.loses and not is_new
        for before, line in zip(("", *change.came), change.came, strict=False):
            if line.strip() in known:
                continue
            if _LONE_DOTS.fullmatch(line):
                # The body of a new stub in Python is no gap, as long as no other body went for it.
                is_stub = before.rstrip().endswith(":") and before.strip() not in known
                if not is_stub or loses:
                    return True
            elif _is_gap(line, known, loses=loses, is_prose=is_prose):
                return True
        if not is_prose and not is_new and any(part.is_comment_for_code for part in change.parts):
            return True
    return False


def is_part(lines: Sequence[str], old: Sequence[str]) -> bool:
    """Whether code is plainly no more than a part of the code it is to replace.

    It lacks the function or class that the old code begins with, or most of several ones; or it begins
    and ends in the middle of the old code, and most of that is gone.
    """
    olds, news = ([line for line in side if line.strip()] for side in (old, lines))
    if len(news) >= len(olds) or len(olds) < MIN_REPLACED_LINES or not news:
        return False
    head = next((line for line in olds if not line.lstrip().startswith(_BEFORE_HEAD)), "")
    before, after = _definitions(olds), _definitions(news)
    has_others = bool(set(after) - set(before))
    outer = {found for found, indent in before.items() if indent <= _indent_length(head)}
    missing = outer - set(after)
    if len(outer) > 1 and not has_others and len(missing) > len(outer) - len(missing):
        return True
    if len(outer) == 1 and not has_others and (name := _name_of(head)) in missing:
        rest = [line for line in news if _name_of(line) not in before]
        return not any(_stands_for(head, str(name), line) for line in rest)
    inner = [line.strip() for line in olds[1:-1]]
    begins_inside = news[0].strip() in inner and news[-1].strip() in inner
    return begins_inside and 2 * len(news) < len(olds)


def defines(line: str) -> bool:
    """Whether a line is the first one of a function, a class or the like."""
    return _name_of(line) is not None


def _name_of(line: str) -> str | None:
    found = _DEFINES.match(line.strip())
    return found[1] if found else None


def _definitions(lines: Sequence[str]) -> dict[str, int]:
    """What is defined in some lines, and how far it is indented."""
    return {name: _indent_length(line) for line in lines if (name := _name_of(line))}


def _indent_length(line: str) -> int:
    return len(line) - len(line.lstrip())


def _stands_for(head: str, name: str, line: str) -> bool:
    """Whether a line defines in its own way what another one defines: by a value, or spelled anew."""
    if re.search(rf"(?<!\w){re.escape(name)}\s*(?::?=|:|<-)", line):
        return True
    return SequenceMatcher(None, head.strip(), line.strip()).ratio() >= _ALIKE


@dataclass(frozen=True, slots=True)
class _Change:
    """Lines with text that went, and those that came in their place."""

    went: list[str]
    came: list[str]

    @property
    def loses(self) -> bool:
        """Whether there are fewer lines of code than before."""
        code = [line for line in self.came if not _COMMENT.fullmatch(line)]
        return len(self.went) > len(code)

    @property
    def parts(self) -> "Iterator[_Change]":
        """What is between lines that are nearly the same, where comments came."""
        if not any(map(_COMMENT.fullmatch, self.came)) or len(self.went) < MIN_REPLACED_LINES:
            return
        went, came, searched = self.went, [], 0
        for line in self.came:
            found = None
            if not _COMMENT.fullmatch(line) and searched < _MAX_SEARCHED:
                searched += len(went)
                found = next((at for at, old in enumerate(went) if _are_alike(old, line)), None)
            if found is None:
                came.append(line)
                continue
            yield _Change(went[:found], came)
            went, came = went[found + 1 :], []
        yield _Change(went, came)

    @property
    def is_comment_for_code(self) -> bool:
        """Whether several lines of code went, and a comment alone came for them."""
        if not self.came:
            return False
        code = [line for line in self.went if not _COMMENT.fullmatch(line)]
        return len(code) >= MIN_REPLACED_LINES and all(map(_PLAIN_COMMENT.match, self.came))


def _are_alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one.strip(), other.strip(), autojunk=False)
    return matcher.quick_ratio() >= _NEARLY_THE_SAME and matcher.ratio() >= _NEARLY_THE_SAME


def _changes(old: Sequence[str], lines: Sequence[str]) -> Iterator[_Change]:
    """Every place where lines came. Lines are compared without their indentation."""
    went, came = ([line for line in side if line.strip()] for side in (old, lines))
    for tag, i1, i2, j1, j2 in opcodes(
        [line.strip() for line in went], [line.strip() for line in came]
    ):
        if tag in ("replace", "insert"):
            yield _Change(went[i1:i2], came[j1:j2])


def _is_gap(line: str, known: set[str], *, loses: bool, is_prose: bool) -> bool:
    if (bracketed := _BRACKETED.fullmatch(line)) and (
        _DOTS_APART.match(bracketed[1]) or (loses and _has_words(bracketed[1]))
    ):
        return True
    if is_prose:
        return "<!--" in line and any(
            _is_gap_comment(found, loses=loses) for found in _comments(line)
        )
    if _WORDS_AFTER_DOTS.match(line) or _BODY_OF_DOTS.search(line):
        return True
    if (body := _DOTS_FOR_BODY.fullmatch(line)) and (loses or body[1].strip() in known):
        return True
    if loses and " " in line.strip() and _SENTENCE.fullmatch(line) and _has_words(line):
        return True
    return any(_is_gap_comment(found, loses=loses) for found in _comments(line))


def _comments(line: str) -> Iterator[str]:
    """The text of a line that is a comment, or of the comment behind its code."""
    if whole := _COMMENT.fullmatch(line):
        yield whole[1]
    elif trailing := _TRAILING.search(line):
        yield trailing[1]


def _is_gap_comment(text: str, *, loses: bool) -> bool:
    if _STARTS_WITH_DOTS.match(text):
        return True
    if not loses:
        return False
    if _ENDS_WITH_DOTS.search(text) and _WEAK_GAP.search(text):
        return True
    return _has_words(text)


def _has_words(text: str) -> bool:
    return _GAP.search(text) is not None
