"""Which code of an answer is meant: the one whole block that is certain, or why there is none."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from codex_ls.lsp.edits.code_blocks import Block, Reading, reading_of
from codex_ls.lsp.edits.indentation import indent_of

MAX_LINES = 4000
"""More than ten times what a fix may be of: no correction, and slow to compare."""

_TELLING_CHARS = 3
LETTERS = re.compile(r"\w")
_LINE_BREAK = re.compile(r"\r\n?")

Kind = Literal[
    "noCode", "severalBlocks", "unclosedBlock", "omittedCode", "unclear", "unchanged", "tooLong"
]


class Refused(Exception):
    """Why an answer changes nothing: a kind of `codex/edit`, and words that continue a sentence."""

    def __init__(self, kind: Kind, reason: str, *, blocks: tuple[Block, ...] = ()) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.blocks = blocks


def with_line_feeds(answer: str) -> str:
    """Return an answer with one kind of line end."""
    return _LINE_BREAK.sub("\n", answer)


def code_blocks(answer: str) -> tuple[Block, ...]:
    """Return the blocks of an answer that can be chosen, in the order in which `block` counts them."""
    return _with_text(reading_of(with_line_feeds(answer)))


def chosen(answer: str, number: int | None) -> Block:
    """Return the block that is meant, without blank lines at its ends. Raises Refused."""
    reading = reading_of(answer)
    blocks = _with_text(reading)
    if not blocks:
        raise Refused("noCode", "it has no block of code")
    if number is not None and number >= len(blocks):
        raise Refused("noCode", f"it has no block of code with the number {number}")
    if number is None and len({_trimmed(block).lines for block in blocks}) > 1:
        raise Refused("severalBlocks", f"it has {len(blocks)} blocks of code", blocks=blocks)
    block = blocks[number or 0]
    if not block.is_closed:
        raise Refused("unclosedBlock", "its block of code has no end")
    if not reading.is_certain:
        raise Refused("unclear", "it does not say clearly where its code begins and ends")
    block = _trimmed(block)
    if len(block.lines) > MAX_LINES:
        raise Refused("tooLong", "its code is far too long")
    return block


def chosen_for(answer: str, number: int | None, old: Sequence[str]) -> Block:
    """Return the block that is meant; an answer that is code alone, from end to end, is one too."""
    if number is None and not _with_text(reading_of(answer)) and "```" not in answer:
        code = _trimmed(Block("", tuple(answer.split("\n")), ""))
        before = _trimmed(Block("", tuple(old), ""))
        if _is_same_code(code.lines, before.lines) and len(code.lines) <= MAX_LINES:
            return code
    return chosen(answer, number)


def _is_same_code(code: Sequence[str], old: Sequence[str]) -> bool:
    """Whether text without fences begins and ends as the old code does, and so has nothing else."""
    if len(code) < 2 or len(old) < 2 or not is_telling(old[0]):
        return False
    same_indent = indent_of(code[0]) == indent_of(code[-1])
    return (
        code[0].strip() == old[0].strip()
        and code[-1].strip() == old[-1].strip()
        and same_indent == (indent_of(old[0]) == indent_of(old[-1]))
    )


def _with_text(reading: Reading) -> tuple[Block, ...]:
    return tuple(block for block in reading.blocks if any(map(str.strip, block.lines)))


def _trimmed(block: Block) -> Block:
    """Return a block without blank lines at both ends."""
    with_text = [line for line, text in enumerate(block.lines) if text.strip()]
    if not with_text:
        return replace(block, lines=())
    return replace(block, lines=block.lines[with_text[0] : with_text[-1] + 1])


def is_telling(line: str) -> bool:
    """Whether a line is distinctive: a bracket alone is not."""
    return len(LETTERS.findall(line)) >= _TELLING_CHARS
