"""Records a new case of the replay corpus from a live model server.

    python -m codex_ls.dev.record_stream tests/fixtures/streams/lmstudio/gpt-oss-tools \\
        --base-url http://localhost:1234/v1 --model openai/gpt-oss-20b --provider lmstudio \\
        --about "LM Studio 0.3.30 with gpt-oss-20b"

The body is kept byte for byte but for what must not leave the machine (`Redactor`): the key, the
server's host, other private addresses, home folders. Read the files before you share them: nobody can
know what a server may say. `events.json` is what the decoder makes of it today; correct it by hand
where that is wrong, and the test fails until the decoder agrees.
"""

import argparse
import json
import os
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx

from codex_ls.config.model_settings import Provider
from codex_ls.dev.corpus import dump, load_case, notate
from codex_ls.providers.origin import request_url
from codex_ls.wire import Message, ModelCall, WireApi, request_for
from codex_ls.wire.quirks import quirks_for

PROMPT = "What is 17 * 23? Think it over, then answer in one short sentence."

_KEY_LIKE = (
    rb"\b(?:sk|pk|gsk|xai|hf|nvapi|AIza|tok|org)[-_][A-Za-z0-9*_.-]{6,}|\bBearer\s+[\w.~+/-]+"
)
_PRIVATE_HOST = rb"\b(?:10|127|169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.168)(?:\.\d{1,3}){2,3}\b"
_HOME = rb"(/home/|/Users/|\\\\Users\\\\)[^/\\\s\"']+"


class Redactor:
    """Takes keys, hosts and people out of bytes that are to be published."""

    def __init__(self, *, base_url: str, key: str = "") -> None:
        url = urlsplit(base_url)
        names = (url.netloc, url.hostname or "", socket.gethostname())
        hosts = [re.escape(name.encode()) for name in names if name not in ("", "localhost")]
        self._key = key.encode()
        self._hosts = rb"\b(?:" + b"|".join(hosts) + rb")(?!\w)"

    def __call__(self, data: bytes) -> bytes:
        """The same bytes without them."""
        if self._key:
            data = data.replace(self._key, b"KEY")
        data = re.sub(_KEY_LIKE, b"KEY", data)
        data = re.sub(self._hosts, b"HOST", data)
        data = re.sub(_PRIVATE_HOST, b"HOST", data)
        return re.sub(_HOME, rb"\1user", data)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is asked, where, and how the case is described."""

    base_url: str
    wire_api: WireApi
    model: str
    provider: str = ""
    prompt: str = PROMPT
    body: Mapping[str, Any] | None = None
    """The whole request body instead of one with `prompt`."""
    key: str = ""
    about: str = ""

    @property
    def request(self) -> dict[str, Any]:
        """Method, path and body as they are sent."""
        host = urlsplit(self.base_url).hostname or ""
        quirks = quirks_for(
            provider=self.provider, host=host, model=self.model, wire_api=self.wire_api
        )
        call = ModelCall(self.model, (Message("user", self.prompt),))
        path, body = request_for(self.wire_api, call, quirks)
        return {"method": "POST", "path": path, "body": dict(self.body or body)}


def record(recording: Recording, folder: Path) -> None:
    """Ask the server and write the case; raises `httpx.HTTPError` or `FileExistsError`."""
    request = recording.request
    headers = {"Accept-Encoding": "identity"}
    if recording.key:
        headers["Authorization"] = f"Bearer {recording.key}"
    provider = Provider("", "", recording.base_url.rstrip("/"), recording.wire_api)
    url = request_url(provider, request["path"])
    with httpx.Client(timeout=httpx.Timeout(10, read=None), trust_env=False) as client:
        response = client.post(url, json=request["body"], headers=headers)
    redact = Redactor(base_url=recording.base_url, key=recording.key)
    content_type = response.headers.get("content-type", "")
    folder.mkdir(parents=True)
    (folder / f"stream.{_extension(content_type)}").write_bytes(redact(response.content))
    told = {
        "wire_api": recording.wire_api,
        "provider": recording.provider,
        "model": recording.model,
        "status": response.status_code,
        "content_type": content_type,
        "request": request,
    }
    text = json.dumps({key: value for key, value in told.items() if value}, indent=2) + "\n"
    (folder / "case.json").write_bytes(redact(text.encode()))
    about = recording.about or recording.provider or "a model server"
    (folder / "README.md").write_text(f"Recorded, byte for byte, from {about}.\n", encoding="utf-8")
    events = notate(load_case(folder).decode())
    (folder / "events.json").write_text(dump(events), encoding="utf-8")


def _extension(content_type: str) -> str:
    for part, extension in (("event-stream", "sse"), ("ndjson", "ndjson"), ("html", "html")):
        if part in content_type:
            return extension
    return "json" if "json" in content_type else "sse"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 if a case was written."""
    parser = argparse.ArgumentParser(prog="python -m codex_ls.dev.record_stream")
    parser.add_argument("folder", type=Path, help="tests/fixtures/streams/<server>/<case>")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--wire-api", choices=get_args(WireApi), default="chat")
    parser.add_argument("--provider", default="", help="its id, if it is one we know")
    parser.add_argument("--key-env", help="the environment variable that holds the key")
    parser.add_argument("--prompt", default=PROMPT)
    parser.add_argument("--body", type=Path, help="a JSON file: the whole request body instead")
    parser.add_argument("--about", default="", help="server, version and model, for the README")
    options = parser.parse_args(arguments)
    recording = Recording(
        base_url=options.base_url,
        wire_api=options.wire_api,
        model=options.model,
        provider=options.provider,
        prompt=options.prompt,
        body=json.loads(options.body.read_text(encoding="utf-8")) if options.body else None,
        key=os.environ.get(options.key_env, "") if options.key_env else "",
        about=options.about,
    )
    try:
        record(recording, options.folder)
    except (httpx.HTTPError, FileExistsError) as error:
        print(f"not recorded: {error}", file=sys.stderr)
        return 1
    print((options.folder / "events.json").read_text(encoding="utf-8"), end="")
    print(f"Written to {options.folder}. Read every file before you share it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
