"""The Markdown document that shows an answer, or a doctor's findings.

Nothing in it acts when it is rendered: its parts and then the whole go through `neutral_markdown`, and
the thinking stands in a block of code. Its last line says how to go on, and is read again by whoever
does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from codex_ls.lsp.fences import blocks_in, fenced
from codex_ls.lsp.protocol import DoctorCheck, ExecResult, Notice
from codex_ls.markdown import neutral_markdown

_GO_ON = re.compile(r"^Thread `([\w-]{1,64})`(?:, profile `([^`\n]{1,200})`)?\.", re.MULTILINE)
_SIGNS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}
_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Continuation:
    """The conversation that a document belongs to, and who answered in it."""

    thread_id: str
    profile: str | None = None


def answer_document(
    *,
    title: str,
    question: str | None,
    result: ExecResult,
    ending: str,
    outcome: str | None = None,
    with_thinking: bool = True,
) -> str:
    """Return the document of a turn. `ending` is its line of figures, `outcome` what became of a fix."""
    answered = (
        f"**{_plain(result.get('profile') or result['provider'])}** ({_plain(result['model'])})"
    )
    parts = [f"# {_plain(title)}"]
    if question is not None:
        parts.append("\n".join(f"> {line}" for line in neutral_markdown(question).split("\n")))
    parts.append(f"{answered}. {ending}.")
    if outcome is not None:
        parts.append(_plain(outcome, chars=1000))
    parts += [_notice(notice) for notice in result["notices"]]
    content = result["content"].strip("\n")
    parts.append(_closed(neutral_markdown(content)) if content.strip() else "*No answer came.*")
    if with_thinking and result["reasoning"].strip():
        parts.append(f"## Thinking\n\n{fenced(result['reasoning'].strip(), 'text')}")
    parts.append(f"---\n\n{_go_on(result)}")
    # Once more as a whole: parsers do not agree on where a fence of the answer ends, and what is code
    # to one of them (the thinking) is Markdown to another.
    return neutral_markdown("\n\n".join(parts) + "\n")


def doctor_document(checks: Iterable[DoctorCheck]) -> str:
    """Return the document of an examination, one line a check."""
    lines = []
    for check in checks:
        sign = _SIGNS[check["status"]]
        detail = _plain(check["detail"], chars=1000)
        lines.append(f"- {sign} **{_plain(check['title'])}**: {detail}")
        if "hint" in check:
            lines.append(f"  {_plain(check['hint'], chars=1000)}")
    return "# Codex: the setup, checked\n\n" + "\n".join(lines) + "\n"


def continuation_of(document: str) -> Continuation | None:
    """Return which conversation goes on below a document of ours."""
    found = list(_GO_ON.finditer(document))
    return Continuation(found[-1][1], found[-1][2]) if found else None


def _go_on(result: ExecResult) -> str:
    profile = result.get("profile")
    who = f", profile `{profile}`" if profile and "`" not in profile else ""
    return (
        f"Thread `{result['threadId']}`{who}. To go on, write below, select what you wrote, and choose"
        " “Ask about this”."
    )


def _notice(notice: Notice) -> str:
    hint = f" {_plain(notice['hint'], chars=1000)}" if "hint" in notice else ""
    return f"*Note:* {_plain(notice['message'], chars=1000)}{hint}"


def _plain(text: str, *, chars: int = _TITLE_CHARS) -> str:
    """Return text as one line that Markdown does nothing with but show."""
    line = " ".join(text.split())
    return neutral_markdown(line if len(line) <= chars else f"{line[: chars - 1]}…")


def _closed(markdown: str) -> str:
    """Return an answer whose last block of code has its end: else it would take what follows."""
    blocks = blocks_in(markdown)
    if blocks and not blocks[-1].is_closed:
        return f"{markdown}\n{blocks[-1].fence}"
    return markdown
