"""The policy as each sandbox wants to be told it."""

import struct
from pathlib import Path

import pytest

from codex_ls.sandbox.bubblewrap import SYSTEM_PATHS, bubblewrap_argv, mount_points
from codex_ls.sandbox.confine import Sandbox, landlock_spec
from codex_ls.sandbox.policy import Policy
from codex_ls.sandbox.seatbelt import seatbelt_argv, seatbelt_profile
from codex_ls.sandbox.seccomp import is_supported, seccomp_filter


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / 'a "b" (c)'
    (folder / ".git").mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "file").touch()
    (folder / "link").symlink_to(".git")
    return folder


def policy(root: Path, *, has_network: bool = False, hidden: tuple[Path, ...] = ()) -> Policy:
    protected = (root / ".git", root / ".codex")
    return Policy("workspace-write", root, (root,), has_network, protected, hidden)


def test_bubblewrap_binds_the_disk_then_roots_then_what_is_protected(workspace: Path) -> None:
    argv = bubblewrap_argv(
        SYSTEM_PATHS[0], policy(workspace), ["/bin/true"], cwd=workspace, seccomp_fd=7
    )
    line = " ".join(argv)
    parts = [
        "/usr/bin/bwrap --unshare-user --unshare-pid",
        "--unshare-net",
        "--new-session --die-with-parent --cap-drop ALL",
        "--ro-bind / / --dev /dev --proc /proc --tmpfs /run",
        f"--bind {workspace} {workspace}",
        f"--tmpfs {workspace}/.codex --remount-ro {workspace}/.codex",
        f"--ro-bind {workspace}/.git {workspace}/.git",
        f"--seccomp 7 --chdir {workspace} -- /bin/true",
    ]
    places = [line.index(part) for part in parts]
    assert places == sorted(places)
    assert list(mount_points(policy(workspace))) == [workspace / ".codex"]


def test_bubblewrap_leaves_the_network_where_it_is_allowed(workspace: Path) -> None:
    allowed = policy(workspace, has_network=True)
    argv = bubblewrap_argv(SYSTEM_PATHS[0], allowed, ["x"], cwd=workspace, seccomp_fd=7)
    assert "--unshare-net" not in argv


def test_bubblewrap_is_taken_from_system_folders_alone() -> None:
    assert all(path.is_absolute() and path.parts[1] in ("usr", "bin") for path in SYSTEM_PATHS)


def test_keys_are_covered(workspace: Path) -> None:
    hidden = policy(workspace, hidden=(workspace / "src", workspace / "file"))
    line = " ".join(bubblewrap_argv(SYSTEM_PATHS[0], hidden, ["x"], cwd=workspace, seccomp_fd=7))
    assert f"--tmpfs {workspace}/src" in line
    assert f"--ro-bind /dev/null {workspace}/file" in line


def test_landlock_allows_a_root_entry_by_entry_and_no_link(workspace: Path) -> None:
    spec = landlock_spec(policy(workspace))
    assert sorted(spec["write"]) == [f"{workspace}/file", f"{workspace}/src"]  # type: ignore[call-overload]
    assert "read" not in spec


def test_landlock_reads_everything_but_what_is_hidden(workspace: Path) -> None:
    spec = landlock_spec(policy(workspace, hidden=(workspace / "src",)))
    readable = spec["read"]
    assert isinstance(readable, list)
    assert f"{workspace}/file" in readable
    assert not any(Path(workspace / "src").is_relative_to(path) for path in readable)


def test_landlock_is_not_enough_for_a_network(workspace: Path) -> None:
    landlock = Sandbox("landlock")
    assert landlock.can_enforce(policy(workspace))
    assert not landlock.can_enforce(policy(workspace, has_network=True))
    assert not Sandbox("none").can_enforce(policy(workspace))


def test_the_profile_of_macos_has_no_path_in_it(workspace: Path) -> None:
    profile, parameters = seatbelt_profile(policy(workspace, hidden=(workspace / "file",)))
    assert str(workspace) not in profile
    assert parameters["ROOT_0"] == str(workspace)
    assert parameters["ROOT_0_0"] == str(workspace / ".git")
    assert parameters["HIDDEN_0"] == str(workspace / "file")
    assert "(deny default)" in profile
    assert "network" not in profile
    assert '(require-not (subpath (param "ROOT_0_0")))' in profile
    argv = seatbelt_argv(policy(workspace), ["/bin/true"])
    assert argv[:2] == ["/usr/bin/sandbox-exec", "-p"]
    assert argv[-2:] == ["--", "/bin/true"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("has_network", [True, False])
def test_the_filter_ends_in_allow_and_jumps_stay_inside(machine: str, has_network: bool) -> None:
    assert is_supported(machine)
    code = seccomp_filter(machine, has_network=has_network)
    instructions = list(struct.iter_unpack("HBBI", code))
    assert instructions[-1] == (0x06, 0, 0, 0x7FFF0000)
    for place, (_, true, false, _) in enumerate(instructions):
        assert place + 1 + max(true, false) < len(instructions) + (place == len(instructions) - 1)
    assert not is_supported("riscv64")
