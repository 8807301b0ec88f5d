"""Pulling from a hub: one file over HTTP, taken up again where it broke off."""

import asyncio
from pathlib import Path

import pytest

from codex_ls.embedded.catalog import HubFile
from codex_ls.embedded.pull import PullProgress, pull_model
from codex_ls.errors import StreamBroken, Unreachable
from tests.embedded.hub_server import Behaviour, HubServer
from tests.embedded.pulling import pull_in_a_process
from tests.embedded.small_model import CONTENT, names, put, small_model, until_size

SIZE = len(CONTENT)


async def test_the_whole_file_arrives_under_its_name_and_nothing_else_is_left(
    models: Path, env: dict[str, str]
) -> None:
    async with HubServer(CONTENT) as hub:
        path = await pull_model(small_model(HubFile(hub.url)), env=env)
    assert path == models / "small.gguf"
    assert path.read_bytes() == CONTENT
    assert names(models) == ["small.gguf"]


async def test_progress_tells_the_stages_in_order_and_every_byte(env: dict[str, str]) -> None:
    seen: list[PullProgress] = []
    async with HubServer(CONTENT) as hub:
        await pull_model(small_model(HubFile(hub.url)), env=env, progress=seen.append)
        host = f"127.0.0.1:{hub.port}"
    stages = list(dict.fromkeys(step.stage for step in seen))
    assert stages == ["connecting", "fetching", "checking"]
    fetched = [step.done_bytes for step in seen if step.stage == "fetching"]
    assert fetched == sorted(fetched)
    assert [step for step in seen if step.stage != "fetching"] == [
        PullProgress("connecting", 0, SIZE, host),
        PullProgress("checking", SIZE, SIZE),
    ]
    assert fetched[-1] == SIZE


async def test_no_credentials_are_sent_and_no_compression_is_asked_for(env: dict[str, str]) -> None:
    async with HubServer(CONTENT) as hub:
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert {"authorization", "cookie"} & hub.headers[0].keys() == set()
    assert hub.headers[0]["accept-encoding"] == "identity"


async def test_a_broken_connection_is_taken_up_at_the_last_byte(
    models: Path, env: dict[str, str]
) -> None:
    plan = [Behaviour(break_after=100_000), Behaviour(break_after=50_000)]
    async with HubServer(CONTENT, plan) as hub:
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert hub.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_a_server_without_ranges_sends_the_file_from_its_start(
    models: Path, env: dict[str, str]
) -> None:
    plan = [Behaviour(break_after=100_000), Behaviour(ranges=False)]
    async with HubServer(CONTENT, plan) as hub:
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_a_redirect_is_followed_with_its_range(models: Path, env: dict[str, str]) -> None:
    put(models, "small.gguf.part", CONTENT[:1000])
    async with HubServer(CONTENT) as network, HubServer(CONTENT) as hub:
        hub.plan.append(Behaviour(location=network.url))
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert (hub.ranges, network.ranges) == (["bytes=1000-"], ["bytes=1000-"])
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_a_file_that_is_here_and_whole_is_not_fetched_again(
    models: Path, env: dict[str, str]
) -> None:
    put(models, "small.gguf", CONTENT)
    async with HubServer(CONTENT) as hub:
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert hub.paths == []


async def test_a_damaged_file_is_fetched_again_and_stays_until_the_new_one_is_whole(
    models: Path, env: dict[str, str]
) -> None:
    damaged = b"x" + CONTENT[1:]
    put(models, "small.gguf", damaged)
    async with HubServer(CONTENT, [Behaviour(status=404)]) as hub:
        with pytest.raises(Unreachable):
            await pull_model(small_model(HubFile(hub.url)), env=env)
        assert (models / "small.gguf").read_bytes() == damaged
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_wrong_bytes_never_get_the_name_and_are_thrown_away(
    models: Path, env: dict[str, str]
) -> None:
    async with HubServer(CONTENT[:-1] + b"?") as hub:
        with pytest.raises(StreamBroken, match="Checksum mismatch") as caught:
            await pull_model(small_model(HubFile(hub.url)), env=env)
    assert len(hub.ranges) == 1
    assert caught.value.hint == "The partial download was discarded. Run the command again."
    assert names(models) == ["small.gguf.part"]
    assert (models / "small.gguf.part").stat().st_size == 0


async def test_a_bad_beginning_that_was_kept_is_fetched_anew_at_once(
    models: Path, env: dict[str, str]
) -> None:
    put(models, "small.gguf.part", b"rubbish")
    async with HubServer(CONTENT) as hub:
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert hub.ranges == ["bytes=7-", None]
    assert (models / "small.gguf").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "how",
    [Behaviour(total=SIZE + 1), Behaviour(total=SIZE - 1, ranges=False)],
    ids=["longer", "shorter"],
)
async def test_a_file_of_another_size_is_refused_before_it_is_fetched(
    models: Path, env: dict[str, str], how: Behaviour
) -> None:
    async with HubServer(CONTENT, [how]) as hub:
        with pytest.raises(StreamBroken, match="a different file"):
            await pull_model(small_model(HubFile(hub.url)), env=env)
    assert (models / "small.gguf.part").stat().st_size == 0


async def test_a_refused_connection_is_told_at_once(env: dict[str, str]) -> None:
    async with HubServer(CONTENT) as hub:
        pass
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 can't be reached"):
        await asyncio.wait_for(pull_model(small_model(HubFile(hub.url)), env=env), 5)


async def test_proxies_that_can_not_be_used_do_not_matter_where_none_is_asked(
    models: Path, env: dict[str, str]
) -> None:
    proxies = {"ALL_PROXY": "socks4://127.0.0.1:1", "NO_PROXY": "[::1],127.0.0.0/8"}
    async with HubServer(CONTENT) as hub:
        await pull_model(small_model(HubFile(hub.url)), env={**env, **proxies})
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_a_proxy_that_is_not_there_is_named(env: dict[str, str]) -> None:
    model = small_model(HubFile("http://hub.example/small.gguf"))
    proxies = {"http_proxy": "http://me:canary-1234@127.0.0.1:1", "no_proxy": ""}
    with pytest.raises(Unreachable) as caught:
        await pull_model(model, env={**env, **proxies})
    assert caught.value.message == (
        "small could not be fetched. hub.example can't be reached through the proxy"
        " http://127.0.0.1:1 (http_proxy): connection refused."
    )


async def test_the_next_source_is_asked_and_goes_on_from_the_same_byte(
    models: Path, env: dict[str, str]
) -> None:
    seen: list[PullProgress] = []
    async with HubServer(CONTENT) as broken, HubServer(CONTENT) as good:
        # The first one gives 5,000 bytes and is gone.
        broken.plan = [Behaviour(break_after=5_000), Behaviour(status=404)]
        model = small_model(HubFile(broken.url), HubFile(good.url))
        await pull_model(model, env=env, progress=seen.append)
    assert good.ranges == ["bytes=5000-"]
    assert [step.problem for step in seen if step.stage == "connecting"] == [
        "",
        "127.0.0.1 answered 404 Not Found.",
    ]
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_when_no_source_works_the_error_says_what_each_of_them_said(
    env: dict[str, str],
) -> None:
    async with HubServer(CONTENT, [Behaviour(status=404)]) as one, HubServer(CONTENT) as other:
        other.plan = [Behaviour(status=503)]
        with pytest.raises(Unreachable) as caught:
            await pull_model(small_model(HubFile(one.url), HubFile(other.url)), env=env)
    assert caught.value.message == (
        "small could not be fetched."
        " 127.0.0.1 answered 404 Not Found. 127.0.0.1 answered 503 Answer."
    )
    assert caught.value.hint == "Run the command again to resume the download of small.gguf."


async def test_cancelled_it_stops_at_once_and_keeps_what_has_come(
    models: Path, env: dict[str, str]
) -> None:
    async with HubServer(CONTENT, [Behaviour(hold_after=70_000)]) as hub:
        task = asyncio.create_task(pull_model(small_model(HubFile(hub.url)), env=env))
        await hub.held.wait()
        await until_size(models / "small.gguf.part", 70_000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 1)
        assert names(models) == ["small.gguf.part"]
        await pull_model(small_model(HubFile(hub.url)), env=env)
    assert hub.ranges == [None, "bytes=70000-"]
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_a_killed_pull_goes_on_from_where_it_was(models: Path, env: dict[str, str]) -> None:
    async with HubServer(CONTENT, [Behaviour(hold_after=90_000)]) as hub:
        model = small_model(HubFile(hub.url))
        process = await pull_in_a_process(model, env)
        await hub.held.wait()
        await until_size(models / "small.gguf.part", 90_000)
        process.kill()
        await process.wait()
        assert not (models / "small.gguf").exists()
        await pull_model(model, env=env)
    assert hub.ranges == [None, "bytes=90000-"]
    assert names(models) == ["small.gguf"]
    assert (models / "small.gguf").read_bytes() == CONTENT


async def test_a_second_pull_waits_for_the_first_and_finds_the_work_done(
    models: Path, env: dict[str, str]
) -> None:
    stages: list[str] = []
    async with HubServer(CONTENT) as hub:
        hub.plan = [Behaviour(hold_after=10)]
        model = small_model(HubFile(hub.url))
        first = asyncio.create_task(pull_model(model, env=env))
        await hub.held.wait()
        waits = asyncio.Event()

        def progress(step: PullProgress) -> None:
            stages.append(step.stage)
            waits.set()

        second = asyncio.create_task(pull_model(model, env=env, progress=progress))
        await waits.wait()
        assert stages == ["waiting"]
        first.cancel()
        assert await second == models / "small.gguf"
        with pytest.raises(asyncio.CancelledError):
            await first
    assert names(models) == ["small.gguf"]
