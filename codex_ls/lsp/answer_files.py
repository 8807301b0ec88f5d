"""Answers as Markdown files: what is in them, and where they are."""

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from codex_ls.markdown import neutral_markdown
from codex_ls.protocol import DoctorCheck, ExecResult, Notice
from codex_ls.turn.thread_store import our_folder

# ---- the document of an answer -------------------------------------------------------------------
#
# The Markdown document that shows an answer, or a doctor's findings.
#
# Nothing in it acts when it is rendered: its parts and then the whole go through `neutral_markdown`,
# and the thinking is in a code block. Its last line says how to resume the conversation, and is parsed
# when someone does.


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
    from codex_ls.lsp.edits.code_blocks import fenced

    answered = f"**{_plain(result.profile or result.provider)}** ({_plain(result.model)})"
    parts = [f"# {_plain(title)}"]
    if question is not None:
        parts.append("\n".join(f"> {line}" for line in neutral_markdown(question).split("\n")))
    parts.append(f"{answered}. {ending}.")
    if outcome is not None:
        parts.append(_plain(outcome, chars=1000))
    parts += [_notice(notice) for notice in result.notices]
    content = result.content.strip("\n")
    parts.append(_closed(neutral_markdown(content)) if content.strip() else "*No answer came.*")
    if with_thinking and result.reasoning.strip():
        parts.append(f"## Thinking\n\n{fenced(result.reasoning.strip(), 'text')}")
    parts.append(f"---\n\n{_go_on(result)}")
    # Once more as a whole: parsers do not agree on where a fence of the answer ends, and what is code
    # to one of them (the thinking) is Markdown to another.
    return neutral_markdown("\n\n".join(parts) + "\n")


def doctor_document(checks: Iterable[DoctorCheck]) -> str:
    """Return the document of an examination, one line a check."""
    lines = []
    for check in checks:
        sign = _SIGNS[check.status]
        detail = _plain(check.detail, chars=1000)
        lines.append(f"- {sign} **{_plain(check.title)}**: {detail}")
        if check.hint is not None:
            lines.append(f"  {_plain(check.hint, chars=1000)}")
    return "# Codex: the setup, checked\n\n" + "\n".join(lines) + "\n"


def continuation_of(document: str) -> Continuation | None:
    """Return which conversation goes on below a document of ours."""
    found = list(_GO_ON.finditer(document))
    return Continuation(found[-1][1], found[-1][2]) if found else None


def _go_on(result: ExecResult) -> str:
    profile = result.profile
    who = f", profile `{profile}`" if profile and "`" not in profile else ""
    return (
        f"Thread `{result.thread_id}`{who}. To go on, write below, select what you wrote, and choose"
        " “Ask about this”."
    )


def _notice(notice: Notice) -> str:
    hint = f" {_plain(notice.hint, chars=1000)}" if notice.hint is not None else ""
    return f"*Note:* {_plain(notice.message, chars=1000)}{hint}"


def _plain(text: str, *, chars: int = _TITLE_CHARS) -> str:
    """Return text as one line that Markdown does nothing with but show."""
    line = " ".join(text.split())
    return neutral_markdown(line if len(line) <= chars else f"{line[: chars - 1]}…")


def _closed(markdown: str) -> str:
    """Return an answer whose last block of code has its end: else it would take what follows."""
    from codex_ls.lsp.edits.code_blocks import blocks_in

    blocks = blocks_in(markdown)
    if blocks and not blocks[-1].is_closed:
        return f"{markdown}\n{blocks[-1].fence}"
    return markdown


# ---- the folder of answers -----------------------------------------------------------------------
#
# Where the answers lie that an editor without a plugin is shown: one Markdown file each.
#
# The folder is `$CODEX_HOME/codex-ls/answers/`, for its user alone, as the conversations are; and a
# temporary one, gone with the server, for a user who keeps no history or has no such home. A file is
# written once, whole, before its name is sent, and taken away when it is old. `latest.md` leads to
# the last one: a path for a key of an editor that can't be asked to show a file.


LATEST = "latest.md"
KEPT_DAYS = 7
KEPT_FILES = 200

_SUFFIX = ".md"
_OURS = re.compile(r"codex-[a-z]+-\d{8}-\d{6}-[0-9a-f]{6}\.md")
"""The names that `_write` makes: nothing else in the folder is ours to take away."""
_DAY_S = 24 * 60 * 60


class AnswerFolder:
    """Writes the answers of one connection."""

    def __init__(self, env: Mapping[str, str]) -> None:
        ours = our_folder(env)
        self._kept = None if ours is None else ours / "answers"
        self._passing: Path | None = None

    def write(self, name: str, text: str, *, keep: bool) -> Path:
        """Write a new file and return its path: to the temporary folder if it can't be kept.

        Blocks, and raises OSError.
        """
        if keep and self._kept is not None:
            with contextlib.suppress(OSError):
                return _write(self._kept, name, text)
        return _write(self._temporary(), name, text)

    def holds(self, path: Path | None) -> bool:
        """Whether a file is one of these; editors may name it by another way to its folder."""
        folders = (folder for folder in (self._kept, self._passing) if folder is not None)
        return path is not None and any(
            path.parent == folder or path.parent.resolve() == folder.resolve() for folder in folders
        )

    def close(self) -> None:
        """Take away what was not to be kept."""
        if self._passing is not None:
            import shutil

            shutil.rmtree(self._passing, ignore_errors=True)

    def _temporary(self) -> Path:
        if self._passing is None:
            import tempfile

            self._passing = Path(tempfile.mkdtemp(prefix="codex-ls-answers-"))
        return self._passing


def _write(folder: Path, name: str, text: str) -> Path:
    """Write a new file, of which its user alone knows, and return its path. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not folder.is_symlink() and stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)
    if not folder.is_symlink():
        _clean(folder)
    at = datetime.now().astimezone()
    path = folder / f"{name}-{at:%Y%m%d-%H%M%S}-{os.urandom(3).hex()}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    _point(folder / LATEST, path)
    return path


def _point(link: Path, path: Path) -> None:
    """Let a link lead to a file in its folder; where there are no links there is none."""
    with contextlib.suppress(OSError):
        fresh = link.with_name(f".{path.stem}")
        fresh.symlink_to(path.name)
        fresh.replace(link)


def _clean(folder: Path) -> None:
    """Remove the files that are too old, and the oldest of too many."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = sorted(
            (
                (entry.stat(follow_symlinks=False).st_mtime, entry.path)
                for entry in entries
                if _OURS.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            ),
            reverse=True,
        )
        oldest = time.time() - KEPT_DAYS * _DAY_S
        for number, (modified, path) in enumerate(found, 1):
            if modified < oldest or number >= KEPT_FILES:
                with contextlib.suppress(OSError):
                    Path(path).unlink(missing_ok=True)
