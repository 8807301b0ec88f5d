"""The built-in model server: llama.cpp in a child process on loopback, and its life.

::

    start_engine(model) -> Engine(base_url, api_key) ... Engine.close()

Invariant: the child never outlives this process, however it ends, and nobody else on the machine can
use it: it listens on loopback at a free port and wants a key that is made anew for each start and handed
over through a pipe. One server lasts over many turns.
"""

import asyncio
import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from codex_ls.embedded.catalog import BuiltInModel, find
from codex_ls.embedded.machine import Loading, available_memory, context_size, threads
from codex_ls.embedded.store import fetched_path
from codex_ls.errors import CodexError, NotFound, Unreachable
from codex_ls.events import Effort

_HERE = Path(__file__).parent
_LOG_CHARS = 16_384
_INSTALL_HINT = "pip install 'codex-ls[embedded]'"
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would flash a console
_KEPT_VARIABLES = (
    *("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "LANG", "LC_", "TZ"),
    *(
        "LD_",
        "DYLD_",
        "PYTHON",
        "VIRTUAL_ENV",
        "OMP_",
        "GGML_",
        "CUDA_",
        "NVIDIA_",
        "HIP_",
        "ROCR_",
    ),
    *("VK_", "MESA_", "XDG_", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "NUMBER_OF_PROCESSORS"),
)
_SIGILL_CODES = (-getattr(signal, "SIGILL", 4), 0xC000001D)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the child is told, as one line of JSON."""

    name: str
    model_path: str
    template: str
    context: int
    threads: int
    answer_limit: int
    api_key: str
    report_slots: bool
    temperature: float = 0.0
    seed: int = 1


class Engine:
    """A running model server. `base_url` ends in `/v1`; `api_key` is its bearer token."""

    def __init__(self, model: BuiltInModel, child: "_Child", address: str, api_key: str) -> None:
        self.model = model
        self.base_url = f"{address}/v1"
        self.api_key = api_key
        self.request_extras: dict[str, Any] = {"grammar": _shipped(model.grammar)}
        """Laid over the body of a request that wants thinking and no schema; see `extras_for`."""
        self._child = child

    @property
    def alive(self) -> bool:
        """Whether it still runs: a crash or the system may have ended it."""
        return self._child.process.returncode is None

    async def answers(self) -> bool:
        """Whether it takes connections: one that was killed just now may not be known to be dead."""
        if not self.alive:
            return False
        where = urlsplit(self.base_url)
        try:
            _, writer = await asyncio.open_connection(where.hostname, where.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.process.pid

    @property
    def log(self) -> str:
        """The end of what it logged."""
        return self._child.log

    def extras_for(
        self, effort: Effort | None, *, has_schema: bool, has_tools: bool = False
    ) -> dict[str, Any]:
        """What is laid over a request's body.

        The grammar makes the model think. llama.cpp takes no grammar beside a schema or tools, so with
        one of them the model answers without thinking, as it does with the effort `none`.
        """
        if has_schema or has_tools:
            return {"chat_template_kwargs": {"enable_thinking": False}}
        return {} if effort == "none" else dict(self.request_extras)

    async def close(self) -> None:
        """Stop it, and wait until it is gone. Closing twice is fine."""
        await self._child.kill()


async def start_engine(
    name: str,
    *,
    env: Mapping[str, str] = os.environ,
    report_slots: bool = False,
    watch: Callable[[Loading], None] | None = None,
) -> Engine:
    """A server with that model, loaded and listening; loading takes seconds.

    `watch` is handed what tells how far loading is.

    Raises NotFound (no such model, not fetched, or the engine is not installed) and Unreachable (it
    does not start). Cancelled, it leaves no process behind.
    """
    model = find(name)
    path = fetched_path(model, env)
    if importlib.util.find_spec("xllamacpp") is None:
        raise _not_installed()
    settings = EngineSettings(
        name=model.name,
        model_path=str(path),
        template=_shipped(model.template),
        context=context_size(model, available_memory()),
        threads=threads(env),
        answer_limit=model.answer_limit,
        api_key=secrets.token_urlsafe(32),
        report_slots=report_slots,
    )
    child = await _Child.start()
    if watch is not None:
        watch(Loading.of(child.process.pid, model, context=settings.context))
    try:
        address = await child.load(model, settings)
    except BaseException:
        await child.kill()
        raise
    return Engine(model, child, address, settings.api_key)


def _without_keys(env: Mapping[str, str]) -> dict[str, str]:
    """What a process needs that runs a model: the system's own variables and llama.cpp's, no key.

    A list of what is kept, since nobody can tell every key by its variable's name.
    """
    return {name: value for name, value in env.items() if name.upper().startswith(_KEPT_VARIABLES)}


class _Child:
    """The process, and the end of its log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log = ""
        """The end of what it logged, bounded."""
        self._logging = asyncio.create_task(self._read_log())

    @classmethod
    async def start(cls) -> "_Child":
        """Run `engine_child.py`. Raises Unreachable if Python can't be run."""
        try:
            process = await asyncio.create_subprocess_exec(
                # By its path, and with -P: nothing is imported from the folder the user is in.
                *(sys.executable, "-P", str(_HERE / "engine_child.py")),
                env={**_without_keys(os.environ), "OMP_WAIT_POLICY": "PASSIVE"},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C ends the turn, not the engine
                creationflags=_NO_WINDOW,
            )
        except OSError as error:
            raise Unreachable(f"The built-in engine can't be run: {error}.") from error
        return cls(process)

    async def load(self, model: BuiltInModel, settings: EngineSettings) -> str:
        """The server's address, once the model is loaded. Raises NotFound or Unreachable."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(settings)).encode() + b"\n")
        line = await self.process.stdout.readline()
        told: dict[str, str] = json.loads(line) if line.endswith(b"\n") else {}
        if "address" not in told:
            raise await self._failure(model, told)
        return told["address"]

    async def _failure(self, model: BuiltInModel, told: Mapping[str, str]) -> CodexError:
        """Why there is no server, after the child has said `told` and ended."""
        code = await self.process.wait()
        await asyncio.wait([self._logging])
        if "missing" in told:
            return _not_installed(told["missing"])
        if code in _SIGILL_CODES:
            return Unreachable(
                "The built-in engine needs a processor with AVX2, which this one does not have.",
                hint="Use another model server, and a profile for it.",
            )
        if code == -getattr(signal, "SIGKILL", 9):
            return Unreachable(
                f"The built-in engine was stopped while it loaded {model.name}: memory may have run"
                " out.",
                hint="Close other programs, or use a smaller model.",
            )
        reason = self._reason() or told.get("failed") or f"it ended with code {code}"
        return Unreachable(
            f"The built-in engine can't load {model.name}: {reason}",
            hint=f"codex-ls model pull {model.name} checks the file and downloads it again if"
            " it is damaged.",
        )

    async def kill(self) -> None:
        """End the process now, and wait for it."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await asyncio.wait(
            [self._logging]
        )  # unlike a plain await, this can be left without ending it

    async def _read_log(self) -> None:
        assert self.process.stderr is not None
        while data := await self.process.stderr.read(_LOG_CHARS):
            self.log = (self.log + data.decode(errors="replace"))[-_LOG_CHARS:]

    def _reason(self) -> str:
        """The first error that llama.cpp logged while it loaded: the others follow from it."""
        for line in self.log.splitlines():
            _, found, message = line.partition("error loading model: ")
            if found:
                return message.rstrip(".") + "."
        return ""


def _shipped(name: str) -> str:
    """A text of `embedded/templates/`."""
    return (_HERE / "templates" / name).read_text(encoding="utf-8")


def _not_installed(why: str = "") -> NotFound:
    reason = f" ({why})" if why else ""
    return NotFound(f"The built-in engine is not installed{reason}.", hint=_INSTALL_HINT)
