"""An editor that can be killed: `python -m tests.crash.editor SCREEN [THREAD]`.

It starts a language server, asks it one question, and puts what it shows into the file SCREEN, one JSON
line an event, at the very moment it arrives: what stands there, the user has seen.
"""

import asyncio
import json
import os
import sys

from tests.support.lsp_client import LspClient, Message


class Editor(LspClient):
    """Shows every event as soon as it has been read."""

    screen: int

    async def _answer(self, message: Message) -> None:
        if message.get("method") == "$/progress":
            event = message["params"]["value"]["codex"]
            os.write(self.screen, (json.dumps(event) + "\n").encode())
        await super()._answer(message)


async def main() -> None:
    """Ask, show, and leave."""
    screen, *thread = sys.argv[1:]
    env = {key: os.environ[key] for key in ("CODEX_HOME", "HOME")}
    async with Editor.spawned(env=env) as editor:
        editor.screen = os.open(screen, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        await editor.initialize()
        asked = {"prompt": "go on", "workDoneToken": "t"}
        if thread:
            asked["threadId"] = thread[0]
        await (await editor.send("codex/exec", asked)).reply(seconds=60)
        await editor.leave()


if __name__ == "__main__":
    asyncio.run(main())
