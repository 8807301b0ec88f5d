"""httpx alone, the library under codex-ls: asks, and writes the answer's bytes as they come.

`python floor_httpx.py HOST PORT MODEL PROMPT [API_KEY]`. Nothing is decoded.
"""

import asyncio
import os
import sys

import httpx


async def main() -> None:
    """Ask, and write until the answer ends."""
    host, port, model, prompt, *key = sys.argv[1:]
    body = {
        "model": model,
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
    }
    headers = {"authorization": f"Bearer {key[0]}"} if key else {}
    url = f"http://{host}:{port}/v1/chat/completions"
    async with (
        httpx.AsyncClient(timeout=None, trust_env=False, headers=headers) as client,
        client.stream("POST", url, json=body) as answer,
    ):
        async for data in answer.aiter_raw():
            os.write(1, data)


if __name__ == "__main__":
    asyncio.run(main())
