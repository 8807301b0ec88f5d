"""What a command is about: a document as it was when the command came, and a place in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codex_ls.lsp.context import Snapshot
from codex_ls.lsp.documents import Text
from codex_ls.lsp.params import Range
from codex_ls.lsp.question import Question, question_in

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection


@dataclass(frozen=True, slots=True)
class Subject:
    """A document and a range of it; a range of no width is a cursor, and none is the document."""

    uri: str
    snapshot: Snapshot
    place: Range | None

    @classmethod
    def open(cls, connection: "Connection", uri: str, place: Range | None) -> "Subject | None":
        """Return a subject in an open document; None if it is not open."""
        snapshot = connection.snapshot(uri)
        return None if snapshot is None else cls(uri, snapshot, place)

    @property
    def name(self) -> str:
        """The file's name."""
        path = self.snapshot.path
        return path.name if path is not None else self.uri.rpartition("/")[2] or "the document"

    @property
    def where(self) -> str:
        """The file's name and the lines."""
        if self.place is None:
            return self.name
        first, last = self.place.start.line, self.place.end.line
        if last > first and self.place.end.character == 0:
            last -= 1
        if first == last:
            return f"{self.name}, line {first + 1}"
        return f"{self.name}, lines {first + 1} to {last + 1}"

    @property
    def selection(self) -> str:
        """The text in the range; of a cursor its line, and of no range nothing."""
        if self.place is None:
            return ""
        start, end = self.place.start, self.place.end
        text = Text(self.snapshot.source, encoding=self.snapshot.encoding)
        if start == end:
            first, last = text.line_start(start.line), text.line_start(start.line + 1)
        else:
            first, last = sorted(
                (text.offset(start.line, start.character), text.offset(end.line, end.character))
            )
        return text.source[first:last]

    def question(self) -> Question | None:
        """Return the question that the selection asks; the line of a cursor must be only that."""
        found = question_in(self.selection, language=self.snapshot.language)
        is_cursor = self.place is not None and self.place.start == self.place.end
        return None if found is None or (is_cursor and not found.is_all) else found
