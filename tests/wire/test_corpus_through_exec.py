"""A stream of each server of the corpus, over a real socket and `codex/exec`, to the editor's screen."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from codex_ls.dev.corpus import Case, load_cases
from tests.support.lsp_client import LspClient, ReplyFailed
from tests.support.model_server import ModelServer, Request
from tests.support.streams import Answer

CASES = {
    case.path.parent.name: case for case in load_cases() if case.status == 200 and not case.quirks
}
"""The last streamed case of each server that needs no knowledge of an earlier turn."""

PROFILE = """
[model_providers.{provider}]
name = "{name}"
base_url = "{base_url}"
wire_api = "{wire_api}"
env_key_required = false
request_max_retries = 0
stream_max_retries = 0

[profiles.{name}]
model = "{model}"
model_provider = "{provider}"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("codex")


def answer_to(request: Request) -> Answer | None:
    """The stream that the first part of the path names, in small pieces."""
    case = CASES.get(request.path.split("/")[1])
    if case is None:
        return None
    kind = "application/x-ndjson" if case.wire_api == "ollama" else "text/event-stream"
    headers = {"Content-Type": case.content_type or kind}
    return Answer(body=(case.body,), headers=headers).split(211)


@pytest.fixture
async def client(home: Path) -> AsyncIterator[LspClient]:
    async with ModelServer() as server:
        server.on(answer_to)
        tables = [
            PROFILE.format(
                provider=case.provider or f"corpus-{name}",
                name=name,
                base_url=f"{server.origin}/{name}",
                wire_api=case.wire_api,
                model=case.model or "any",
            )
            for name, case in CASES.items()
        ]
        (home / "config.toml").write_text("".join(tables), encoding="utf-8")
        env = {"CODEX_HOME": str(home), "HOME": str(home)}
        async with LspClient.spawned(env=env) as client:
            await client.initialize()
            yield client


async def test_thinking_and_answer_reach_the_client_apart_and_whole(client: LspClient) -> None:
    for name, case in CASES.items():
        params = {"prompt": "hi", "profile": name, "partialResultToken": name}
        call = await client.send("codex/exec", params)
        reasoning, content, failure = told(case)
        if failure and not reasoning + content:
            error = await call.error()
            assert error["data"]["kind"] == failure, case.name
            continue
        try:
            result = await call.result()
        except ReplyFailed as error:
            pytest.fail(f"{case.name}: {error}")
        assert (result["reasoning"], result["content"]) == (reasoning, content), case.name
        assert shown(client.events(name)) == (reasoning, content), case.name
        if failure:
            assert result["status"] == "truncated", case.name
            assert failure in [notice["kind"] for notice in result["notices"]], case.name


def told(case: Case) -> tuple[str, str, str | None]:
    """What events.json says at last: the thinking, the answer, and the kind of the error."""
    reasoning = content = ""
    failure = None
    for note in case.expected:
        reasoning += "".join(note.get("reasoning", []) + note.get("summary", []))
        content += "".join(note.get("content", []))
        if "reclassified" in note:
            reasoning, content = reasoning + content, ""
        if "failed" in note:
            failure = note["failed"]["kind"]
    return reasoning, content, failure


def shown(events: list[dict[str, Any]]) -> tuple[str, str]:
    """What an editor has on its screen after these events."""
    reasoning = content = ""
    for event in events:
        match event["type"]:
            case "reasoning":
                reasoning += event["text"]
            case "content":
                content += event["text"]
            case "reclassify":
                reasoning, content = reasoning + content, ""
    return reasoning, content
