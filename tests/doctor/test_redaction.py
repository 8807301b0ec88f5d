"""What the doctor says is safe to paste: a canary is planted wherever a key can stand."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from codex_ls.doctor.check import as_json
from tests.cli.command import Command
from tests.doctor.world import World
from tests.support.answers import error_answer, json_answer
from tests.support.model_server import ModelServer, Request
from tests.support.streams import Answer

CANARY = "canary-7f3a9c"
Plant = Callable[[World], Awaitable[None]]


def echo(request: Request) -> Answer:
    """A server that quotes everything it was sent, as some do."""
    quoted = json.dumps({"asked": request.target, "with": dict(request.headers)})
    return error_answer(401, f"refused: {quoted}")


async def in_the_environment(world: World) -> None:
    server = await world.server()
    server.on(echo)
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = CANARY


async def in_the_place_of_the_variables_name(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more=f'env_key = "sk-{CANARY}"')


async def in_the_addresss_user(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url.replace("http://", f"http://me:{CANARY}@"))


async def in_the_addresss_query(world: World) -> None:
    server = await world.server()
    world.configure(f"{server.base_url}?key={CANARY}")


async def in_query_params(world: World) -> None:
    server = await world.server()
    server.on(echo)
    world.configure(server.base_url, more=f'query_params = {{ key = "{CANARY}" }}')


async def in_a_header(world: World) -> None:
    server = await world.server()
    server.on(echo)
    world.configure(server.base_url, more=f'http_headers = {{ "X-Api-Key" = "{CANARY}" }}')


async def in_a_header_from_the_environment(world: World) -> None:
    server = await world.server()
    server.on(echo)
    world.configure(server.base_url, more='env_http_headers = { "X-Api-Key" = "SOME_HEADER" }')
    world.env["SOME_HEADER"] = CANARY


async def in_a_header_that_cant_be_sent(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more=f'http_headers = {{ "X-Api-Key" = "{CANARY}\\u00fc" }}')


async def in_the_proxys_address(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        world.env[name] = f"http://me:{CANARY}@127.0.0.1:9"


async def in_a_file_that_is_no_toml(world: World) -> None:
    world.write(f'model = "m"\nenv_key = {CANARY}\n')


async def in_a_setting_that_is_none(world: World) -> None:
    server = await world.server()
    world.configure(server.base_url, more=f'api_key = "{CANARY}"')


async def in_the_servers_list_of_models(world: World) -> None:
    server = await world.server()
    server.route("GET", "/v1/models", json_answer({"data": [{"id": f"for {CANARY}"}]}))
    world.configure(server.base_url, more='env_key = "FAKE_KEY"')
    world.env["FAKE_KEY"] = CANARY


PLANTS: tuple[Plant, ...] = (
    in_the_environment,
    in_the_place_of_the_variables_name,
    in_the_addresss_user,
    in_the_addresss_query,
    in_query_params,
    in_a_header,
    in_a_header_from_the_environment,
    in_a_header_that_cant_be_sent,
    in_the_proxys_address,
    in_a_file_that_is_no_toml,
    in_a_setting_that_is_none,
    in_the_servers_list_of_models,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
async def test_no_canary_comes_out(plant: Plant, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    async with AsyncExitStack() as stack:
        world = World(home, stack)
        await plant(world)
        checks = await world.examine(with_discovery=True)
    said = json.dumps([as_json(check) for check in checks], ensure_ascii=False)
    assert len(checks) == 18
    assert CANARY not in said
    assert str(tmp_path) not in said  # nor whose home it is


@pytest.mark.parametrize(
    ("home", "shown"),
    [("{0}", "~/config.toml"), ("{0}/..", None), ("{0}x", "{0}/config.toml"), ("/", None)],
)
async def test_a_home_folder_is_only_itself(tmp_path: Path, home: str, shown: str | None) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        world = World(folder, stack)
        server = await world.server()
        world.configure(server.base_url)
        world.env["HOME"] = home.format(folder)
        checks = await world.examine()
    wanted = f"{folder}/config.toml" if shown is None else shown.format(folder)
    assert checks[0].detail == f"{wanted}, with the profile embedded."


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_neither_way_of_printing_lets_it_out(tmp_path: Path, options: tuple[str, ...]) -> None:
    with ModelServer() as server:
        server.on(echo)
        command = Command(tmp_path, {"MY_KEY": CANARY, "http_proxy": f"http://u:{CANARY}@[::1]:9"})
        command.configure(server.base_url)
        text = (tmp_path / "config.toml").read_text()
        command.write_config(f'{text}env_key = "MY_KEY"\nquery_params = {{ k = "{CANARY}" }}\n')
        done = command.run("doctor", *options)
    assert done.exit_code == 1
    assert CANARY not in done.out + done.err
    assert str(tmp_path) not in done.out
    if options:
        checks = json.loads(done.out)["checks"]
        assert [check["id"] for check in checks if check["status"] == "failed"] == ["server"]
        assert all(set(check) <= {"id", "title", "status", "detail", "hint"} for check in checks)
