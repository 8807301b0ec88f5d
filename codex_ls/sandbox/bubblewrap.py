"""The policy as arguments of bubblewrap, Linux' sandbox without root.

The whole disk is bound read-only, writable roots over it, and what is protected inside of them
read-only again. Later arguments lie over earlier ones.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from codex_ls.sandbox.policy import Policy

SYSTEM_PATHS = (Path("/usr/bin/bwrap"), Path("/bin/bwrap"), Path("/usr/sbin/bwrap"))
"""Where it is looked for: PATH may lead into the workspace."""

_NAME_SERVERS = (Path("/run/systemd/resolve"), Path("/run/resolvconf"), Path("/run/NetworkManager"))


def bubblewrap_argv(
    program: Path, policy: Policy, command: Sequence[str], *, cwd: Path, seccomp_fd: int
) -> list[str]:
    """Return the command line that runs `command` under a policy.

    `seccomp_fd` is an open file with the filter, inherited by bubblewrap.
    """
    argv = [str(program), "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    if not policy.has_network:
        argv.append("--unshare-net")
    argv += ["--new-session", "--die-with-parent", "--cap-drop", "ALL"]
    argv += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    # Sockets of other programs: with a network seccomp lets connections through.
    argv += ["--tmpfs", "/run"]
    for path in _NAME_SERVERS:
        argv += ["--ro-bind-try", str(path), str(path)]
    roots = sorted(policy.writable_roots)
    for root in roots:
        argv += ["--bind", str(root), str(root)]
    if not any(policy.workspace.is_relative_to(root) for root in roots) and (
        policy.workspace.is_relative_to("/run") or policy.workspace.is_relative_to("/dev")
    ):
        argv += ["--ro-bind", str(policy.workspace), str(policy.workspace)]
    argv += _protected(policy)
    for path in policy.hidden:
        argv += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    argv += ["--remount-ro", "/run", "--seccomp", str(seccomp_fd), "--chdir", str(cwd)]
    return [*argv, "--", *command]


def mount_points(policy: Policy) -> Iterator[Path]:
    """Yield what bubblewrap has to make on the disk: protected names that do not exist yet.

    They stay empty, and whoever ran the command removes them.
    """
    for path in policy.protected:
        if any(path.is_relative_to(root) for root in policy.writable_roots) and not path.exists():
            yield path


def _protected(policy: Policy) -> Iterator[str]:
    missing = set(mount_points(policy))
    for path in sorted(policy.protected):
        if path in missing:
            yield from ("--tmpfs", str(path), "--remount-ro", str(path))
        elif any(path.is_relative_to(root) for root in policy.writable_roots):
            yield from ("--ro-bind", str(path), str(path))
