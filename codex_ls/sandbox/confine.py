"""Which sandbox works on this machine, and a command in it.

`find_sandbox` tries them for real, once a process, in the order of how much they can do. Nothing here
decides whether a command may run without one: that is the approval table's question.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from codex_ls.sandbox.bubblewrap import SYSTEM_PATHS, bubblewrap_argv, mount_points
from codex_ls.sandbox.policy import Policy
from codex_ls.sandbox.process import CommandResult, run_command
from codex_ls.sandbox.seatbelt import PROGRAM as SANDBOX_EXEC
from codex_ls.sandbox.seatbelt import seatbelt_argv
from codex_ls.sandbox.seccomp import is_supported, seccomp_filter

SandboxKind = Literal["bubblewrap", "landlock", "seatbelt", "none"]

_CHILD: Final = Path(__file__).with_name("child.py")
_PROBE_S = 10.0

_APPARMOR = (
    "allow unprivileged user namespaces for bwrap: install the AppArmor profile of Debian's"
    " apparmor-profiles (bwrap-userns-restrict), or set kernel.apparmor_restrict_unprivileged_userns=0."
)
_IN_CONTAINER = (
    "start the container with --security-opt seccomp=unconfined --security-opt"
    " apparmor=unconfined, or run codex-ls outside of it."
)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The sandbox of this machine."""

    kind: SandboxKind
    program: Path | None = None
    reason: str = ""
    """Why a better one does not work; empty if this is the best."""
    fix: str = ""

    def can_enforce(self, policy: Policy) -> bool:
        """Whether a command can be held to a policy.

        Landlock does not see sockets in the file system: with the network on they would be open.
        """
        if not policy.is_sandboxed:
            return True
        return self.kind != "none" and not (self.kind == "landlock" and policy.has_network)

    @property
    def protects_names(self) -> bool:
        """Whether `.git` stays read-only while everything else in a root may be written."""
        return self.kind in ("bubblewrap", "seatbelt")


class SandboxUnavailable(Exception):
    """The command can't be held to the policy, so it was not run; the message says why."""


_found: Sandbox | None = None


async def find_sandbox() -> Sandbox:
    """Return the sandbox that works here; the first call starts a process to find out."""
    global _found
    if _found is None:
        _found = await _probe()
    return _found


async def run_sandboxed(
    command: str,
    policy: Policy,
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    on_output: Callable[[str], None] | None = None,
) -> CommandResult:
    """Run a shell command under a policy. Raises SandboxUnavailable; nothing has run then.

    Cancelling the task ends every process of the command.
    """
    sandbox = await find_sandbox()
    return await _run(
        sandbox,
        shell_argv(command),
        policy,
        cwd=cwd,
        env=env,
        timeout_s=timeout_s,
        on_output=on_output,
    )


def shell_argv(command: str) -> list[str]:
    """Return the argv of a shell command; start files are not read."""
    if sys.platform == "win32":
        return ["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", command]
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    return [shell, "-c", command]


async def _run(
    sandbox: Sandbox,
    argv: Sequence[str],
    policy: Policy,
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    on_output: Callable[[str], None] | None = None,
) -> CommandResult:
    if not sandbox.can_enforce(policy):
        raise SandboxUnavailable(sandbox.reason or "No sandbox on this machine can do that.")
    _refuse_linked_names(policy)
    with ExitStack() as stack:
        inherited: tuple[int, ...] = ()
        if not policy.is_sandboxed:
            line = [*_child({}), *argv] if sys.platform == "linux" else list(argv)
        elif sandbox.kind == "bubblewrap":
            assert sandbox.program is not None
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(seccomp_filter(platform.machine(), has_network=policy.has_network))
            file.flush()
            file.seek(0)
            inherited = (file.fileno(),)
            # Each as if it were made here: an empty folder that the command could not write to.
            for path in mount_points(policy):
                stack.callback(_remove_empty, path)
            line = bubblewrap_argv(sandbox.program, policy, argv, cwd=cwd, seccomp_fd=file.fileno())
        elif sandbox.kind == "landlock":
            line = [*_child(landlock_spec(policy)), *argv]
        else:
            line = seatbelt_argv(policy, argv)
        return await run_command(
            line, cwd=cwd, env=env, timeout_s=timeout_s, on_output=on_output, inherited=inherited
        )


def landlock_spec(policy: Policy) -> dict[str, object]:
    """Return what `child.py` has to put into force.

    Landlock only allows, for all that is below a folder. So a root with a protected entry is allowed
    entry by entry: nothing new can be made right in it.
    """
    closed = [path for path in policy.protected if path.exists()]
    missing = [path.parent for path in policy.protected if not path.exists()]
    writable: list[str] = []
    for root in policy.writable_roots:
        writable += _open_below(root, closed, missing)
    filter_hex = seccomp_filter(platform.machine(), has_network=policy.has_network).hex()
    spec: dict[str, object] = {"write": writable, "seccomp": filter_hex}
    if policy.hidden:
        spec["read"] = list(_open_below(Path("/"), policy.hidden))
    return spec


def _open_below(folder: Path, closed: Sequence[Path], split: Sequence[Path] = ()) -> Iterator[str]:
    """Yield the largest parts of a folder that hold nothing closed and no folder to be split."""
    if any(folder.is_relative_to(path) for path in closed):
        return
    if not any(path.is_relative_to(folder) for path in (*closed, *split)):
        yield str(folder)
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            # A link is nothing by itself: where it leads is allowed or not by its own name.
            if not entry.is_symlink():
                yield from _open_below(Path(entry.path), closed, split)


def _refuse_linked_names(policy: Policy) -> None:
    """Refuse a protected name that is a link: the link could be replaced, whatever lies over its end."""
    for path in policy.protected:
        if path.is_symlink() and any(path.is_relative_to(root) for root in policy.writable_roots):
            raise SandboxUnavailable(f"{path} is a symbolic link, which can't be protected.")


def _child(spec: dict[str, object]) -> list[str]:
    return [sys.executable, "-I", "-S", str(_CHILD), json.dumps(spec)]


def _remove_empty(path: Path) -> None:
    with suppress(OSError):
        path.rmdir()


# ---- probe -------------------------------------------------------------------------------------


async def _probe() -> Sandbox:
    if sys.platform == "darwin":
        seatbelt = Sandbox("seatbelt", SANDBOX_EXEC)
        works = SANDBOX_EXEC.exists() and await _works(seatbelt) is None
        return seatbelt if works else Sandbox("none", reason=f"{SANDBOX_EXEC} does not work.")
    if sys.platform != "linux":
        return Sandbox(
            "none",
            reason="There is no sandbox for this system.",
            fix="run codex-ls in WSL2, where bubblewrap works.",
        )
    if not is_supported(platform.machine()):
        reason = f"There is no system call filter for {platform.machine()}."
        return Sandbox("none", reason=reason)
    program = next((path for path in SYSTEM_PATHS if path.exists()), None)
    if program is None:
        reason, fix = "bubblewrap is not installed.", "install the package bubblewrap."
    else:
        sandbox = Sandbox("bubblewrap", program)
        fault = await _works(sandbox)
        if fault is None:
            return sandbox
        reason = f"bubblewrap does not work here: {fault}."
        fix = _IN_CONTAINER if _is_in_container() else _APPARMOR
    landlock = Sandbox("landlock", reason=reason, fix=fix)
    fault = await _works(landlock)
    if fault is None:
        return landlock
    return Sandbox("none", reason=f"{reason} Landlock does not work either: {fault}.", fix=fix)


def _is_in_container() -> bool:
    return any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))


async def _works(sandbox: Sandbox) -> str | None:
    """Return why a sandbox does not hold a harmless command to a policy; None if it does."""
    with tempfile.TemporaryDirectory() as name:
        outside, inside = Path(name) / "outside", Path(name) / "inside"
        inside.mkdir()
        policy = Policy("workspace-write", inside, (inside,))
        script = 'echo in > "$1/file" && ! { echo out > "$2"; } 2>/dev/null'
        argv = ["/bin/sh", "-c", script, "sh", str(inside), str(outside)]
        env = {"PATH": "/usr/bin:/bin"}
        try:
            result = await _run(sandbox, argv, policy, cwd=inside, env=env, timeout_s=_PROBE_S)
        except OSError as error:
            return error.strerror or str(error)
        if outside.exists():
            return "a forbidden write went through"
        if result.exit_code != 0 or not (inside / "file").exists():
            return result.output.strip().splitlines()[-1] if result.output.strip() else "it failed"
    return None
