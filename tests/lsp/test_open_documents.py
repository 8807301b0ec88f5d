"""In which order documents and questions meet while pygls is still being loaded."""

import asyncio
import subprocess
import sys
from threading import Event

import pytest

from codex_ls.lsp import open_documents
from codex_ls.lsp.kept_documents import KeptDocuments
from codex_ls.lsp.open_documents import OpenDocuments
from tests.cli.command import ROOT
from tests.lsp.test_kept_documents import URI, changed, closed, opened


class Gate:
    """Holds up what loads pygls, until it is opened."""

    def __init__(self) -> None:
        self.may_load = Event()
        self.failure: Exception | None = None

    def load(self, position_encoding: str) -> KeptDocuments:
        self.may_load.wait(10)
        if self.failure is not None:
            raise self.failure
        return KeptDocuments(position_encoding)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(open_documents, "_load_kept", gate.load)
    return gate


async def look(documents: OpenDocuments) -> str | None:
    """The document's text, seen as a question sees it: after all that came before it."""
    if documents.is_behind:
        await documents.catch_up()
    document = documents.get(URI)
    return None if document is None else document.source


async def test_each_question_sees_what_was_told_before_it_and_nothing_since(gate: Gate) -> None:
    documents = OpenDocuments(position_encoding="utf-16")
    assert await look(documents) is None
    looks = []
    for notification in (
        opened("one"),
        changed({"text": "two"}),
        changed({"text": "three"}),
        closed(),
    ):
        documents.take(*notification)
        looks.append(asyncio.ensure_future(look(documents)))
        await asyncio.sleep(0)  # the question is on its way before the next edit comes
    gate.may_load.set()
    assert await asyncio.gather(*looks) == ["one", "two", "three", None]
    documents.take(*opened("four"))
    assert not documents.is_behind
    assert await look(documents) == "four"
    await documents.aclose()


async def test_a_question_that_is_given_up_holds_nobody_up(gate: Gate) -> None:
    documents = OpenDocuments(position_encoding="utf-16")
    documents.take(*opened("one"))
    given_up = asyncio.ensure_future(look(documents))
    await asyncio.sleep(0)
    given_up.cancel()
    waiting = asyncio.ensure_future(look(documents))
    gate.may_load.set()
    assert await waiting == "one"
    await documents.aclose()


async def test_without_pygls_nothing_is_open_and_nobody_waits(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    gate.failure = ImportError("no pygls")
    documents = OpenDocuments(position_encoding="utf-16")
    documents.take(*opened("one"))
    waiting = asyncio.ensure_future(look(documents))
    await asyncio.sleep(0)
    gate.may_load.set()
    assert await waiting is None
    documents.take(*opened("two"))
    assert await look(documents) is None
    assert [record.message for record in caplog.records] == ["Open documents can't be kept"]
    await documents.aclose()


async def test_closing_waits_for_no_import(gate: Gate) -> None:
    documents = OpenDocuments(position_encoding="utf-16")
    documents.take(*opened("one"))
    await asyncio.wait_for(documents.aclose(), 5)
    gate.may_load.set()


LOADED_AT_ONCE = """
import asyncio, gc, sys
from codex_ls.lsp.open_documents import OpenDocuments
from tests.lsp.test_kept_documents import URI, opened

async def one(number):
    documents = OpenDocuments(position_encoding="utf-16")
    documents.take(*opened(f"{number}"))
    await documents.catch_up()
    return documents.get(URI).source

async def main():
    return await asyncio.gather(*(one(number) for number in range(8)))

before = gc.get_threshold(), sys.getswitchinterval()
assert asyncio.run(main()) == [str(number) for number in range(8)]
assert (gc.get_threshold(), sys.getswitchinterval()) == before
"""


@pytest.mark.parametrize("run", range(3))
def test_clients_that_open_their_first_document_at_once_all_have_it(run: int) -> None:
    # In a process of its own, where nothing of pygls is loaded yet.
    done = subprocess.run(
        [sys.executable, "-c", LOADED_AT_ONCE], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"run {run}: {done.stderr}"
