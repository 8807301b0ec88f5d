"""The fake model server in a process of its own, playing whatever turn a prompt asks for.

`python -m tests.soak.model` prints `{"port": ...}` and serves until its standard input ends.
`GET /soak` tells how many connections are open, without the one that asks.
"""

import asyncio
import json
import sys

from tests.soak.script import Script
from tests.support.answers import Answer, json_answer
from tests.support.model_connection import Request
from tests.support.model_server import ModelServer


async def serve() -> None:
    """Play until standard input ends."""
    async with ModelServer(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0) as server:
        played = 0

        def play(request: Request) -> Answer | None:
            nonlocal played
            # The record of a long run would itself be what grows.
            server.requests.clear()
            server.connections.clear()
            if request.path == "/soak":
                state = {"open": server.open_connections - 1, "played": played}
                return json_answer(state)
            if not request.is_turn:
                return None
            played += 1
            return Script.in_prompt(request.json["messages"][-1]["content"]).answer()

        server.on(play)
        print(json.dumps({"port": server.port}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
