"""Where the answers lie."""

import os
from pathlib import Path

from codex_ls.lsp.answer_files import KEPT_DAYS, AnswerFolder


def test_the_latest_answer_has_a_name_that_never_changes(tmp_path: Path) -> None:
    folder = AnswerFolder({"CODEX_HOME": str(tmp_path)})
    first = folder.write("codex-ask", "one", keep=True)
    latest = first.with_name("latest.md")
    assert latest.read_text() == "one"
    second = folder.write("codex-ask", "two", keep=True)
    assert (latest.read_text(), latest.resolve()) == ("two", second.resolve())
    assert first.read_text() == "one"
    assert folder.holds(latest)
    names = {path.name for path in first.parent.iterdir()}
    assert names == {first.name, second.name, "latest.md"}


def test_an_old_answer_is_taken_away_and_the_latest_stays(tmp_path: Path) -> None:
    folder = AnswerFolder({"CODEX_HOME": str(tmp_path)})
    old = folder.write("codex-ask", "old", keep=True)
    past = old.stat().st_mtime - (KEPT_DAYS + 1) * 24 * 60 * 60
    os.utime(old, (past, past))
    new = folder.write("codex-ask", "new", keep=True)
    assert not old.exists()
    assert old.with_name("latest.md").resolve() == new.resolve()


def aged(path: Path) -> Path:
    past = path.stat().st_mtime - (KEPT_DAYS + 1) * 24 * 60 * 60
    os.utime(path, (past, past))
    return path


def test_nothing_is_taken_away_but_answers(tmp_path: Path) -> None:
    folder = AnswerFolder({"CODEX_HOME": str(tmp_path)})
    old = aged(folder.write("codex-ask", "old", keep=True))
    mine = old.with_name("mine.md")
    mine.write_text("notes")
    inner = old.with_name(f"{old.name[:-9]}aaaaaa.md")
    inner.mkdir()
    for path in (mine, inner):
        aged(path)
    folder.write("codex-ask", "new", keep=True)
    assert (old.exists(), mine.exists(), inner.exists()) == (False, True, True)


def test_a_folder_that_is_a_link_is_left_as_it_is(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir(mode=0o755)
    mine = aged(
        AnswerFolder({"CODEX_HOME": str(tmp_path / "other")}).write("codex-ask", "x", keep=True)
    )
    kept = mine.rename(notes / mine.name)
    (tmp_path / "codex-ls").mkdir()
    (tmp_path / "codex-ls" / "answers").symlink_to(notes)
    AnswerFolder({"CODEX_HOME": str(tmp_path)}).write("codex-ask", "new", keep=True)
    assert kept.exists()
    assert notes.stat().st_mode & 0o777 == 0o755
