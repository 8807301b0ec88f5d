"""A recorded case is the server's bytes and the decoder's events, and tells nothing of the machine."""

from pathlib import Path

import pytest

from codex_ls.dev.corpus import load_case, notate
from codex_ls.dev.record_stream import Recording, Redactor, main, record
from tests.support.model_server import ModelServer
from tests.support.streams import (
    Answer,
    chat_stream,
    error_answer,
    lmstudio_stream,
    ollama_stream,
    responses_stream,
)


def test_a_stream_is_kept_byte_for_byte(tmp_path: Path) -> None:
    answer = chat_stream(reasoning=["hm"], content=["4"], usage=(9, 2))
    folder = tmp_path / "lmstudio" / "new"
    with ModelServer(answer) as server:
        record(Recording(server.base_url, "chat", "m", provider="lmstudio", about="LM S"), folder)
        sent = server.turn_blocking().json
    case = load_case(folder)
    assert case.body == answer.payload
    assert case.request == {"method": "POST", "path": "/chat/completions", "body": sent}
    assert case.provider == "lmstudio"
    assert case.expected == notate(case.decode())
    assert [next(iter(note)) for note in case.expected] == [
        "reasoning",
        "content",
        "usage",
        "finished",
    ]
    assert (folder / "README.md").read_text() == "Recorded, byte for byte, from LM S.\n"


def test_every_wire_and_an_error(tmp_path: Path) -> None:
    with ModelServer(
        responses_stream(content=["4"]),
        ollama_stream(content=["4"]),
        lmstudio_stream(content=["4"]),
        error_answer(404, "no m"),
    ) as server:
        record(Recording(server.base_url, "responses", "m"), tmp_path / "s" / "responses")
        record(Recording(server.origin, "ollama", "m"), tmp_path / "s" / "ollama")
        record(Recording(server.base_url, "lmstudio", "m"), tmp_path / "s" / "lmstudio")
        record(Recording(server.base_url, "chat", "m"), tmp_path / "s" / "error")
        assert server.turns[2].path == "/api/v1/chat"
    assert sorted(path.name for path in tmp_path.glob("s/*/stream.*")) == [
        "stream.json",
        "stream.ndjson",
        "stream.sse",
        "stream.sse",
    ]
    assert load_case(tmp_path / "s" / "error").status == 404
    assert [
        note for note in load_case(tmp_path / "s" / "ollama").expected if "content" in note
    ] == [{"content": ["4"]}]


def test_keys_hosts_and_people_stay_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "very-secret-value")
    body = (
        b'data: {"error":{"message":"very-secret-value and sk-abcdef123456 refused by 192.168.1.20,'
        b' model at /home/alice/models and C:\\\\Users\\\\bob\\\\m.gguf"}}\n\n'
    )
    with ModelServer(Answer(body=(body,), headers={"Content-Type": "text/event-stream"})) as server:
        where = ["--base-url", server.base_url, "--key-env", "MY_KEY"]
        assert main([str(tmp_path / "s" / "c"), *where, "--model", "m"]) == 0
        assert server.turn_blocking().headers["authorization"] == "Bearer very-secret-value"
    told = b"".join(path.read_bytes() for path in tmp_path.glob("s/c/*"))
    for secret in (b"very-secret", b"sk-abc", b"192.168", b"alice", b"bob", b"127.0.0.1"):
        assert secret not in told
    assert b"/home/user/models" in told


def test_the_address_is_hidden_however_it_is_written() -> None:
    redact = Redactor(base_url="https://models.corp.example:8443/v1", key="k-1")
    assert redact(b"k-1 models.corp.example:8443 models.corp.example") == b"KEY HOST HOST"


def test_a_case_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer() as server:
        server.always(chat_stream(content=["4"]))
        arguments = [str(tmp_path), "--base-url", server.base_url, "--model", "m"]
        assert main(arguments) == 1
    assert "not recorded" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
