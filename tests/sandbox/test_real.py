"""Commands in the real sandboxes of this machine."""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_ls.sandbox import confine
from codex_ls.sandbox.confine import Sandbox, SandboxUnavailable, find_sandbox, run_sandboxed
from codex_ls.sandbox.policy import Policy, command_environment, policy_for
from codex_ls.sandbox.process import MAX_KEPT, CommandResult

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="bubblewrap and Landlock are Linux'"
)
PYTHON = "/usr/bin/env python3"


@pytest.fixture(params=["bubblewrap", "landlock"])
def sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    program = Path("/usr/bin/bwrap") if request.param == "bubblewrap" else None
    found = Sandbox(request.param, program)
    monkeypatch.setattr(confine, "_found", found)
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home folder with a key and a workspace that is a repository."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id").write_text("canary-key")
    workspace = tmp_path / "workspace"
    (workspace / ".git" / "hooks").mkdir(parents=True)
    (workspace / "src").mkdir()
    (workspace / "src" / "old").write_text("old")
    yield tmp_path
    # Nothing is left of what had to be made for the sandbox.
    assert not {".codex", ".agents"}.intersection(names(workspace))


def policy(home: Path, mode: str = "workspace-write", **table: object) -> Policy:
    env = {"HOME": str(home)}
    table = {"exclude_slash_tmp": True, **table}
    return policy_for(mode, home / "workspace", table=table, env=env)


async def run(command: str, found: Policy, *, timeout_s: float = 30.0) -> CommandResult:
    env = command_environment(os.environ, found)
    return await run_sandboxed(command, found, cwd=found.workspace, env=env, timeout_s=timeout_s)


async def test_a_sandbox_is_found() -> None:
    found = await find_sandbox()
    assert found.kind in ("bubblewrap", "landlock")


async def test_a_command_reads_and_writes_the_workspace(sandbox: Sandbox, home: Path) -> None:
    result = await run("cat src/old && echo new > src/new && pwd; exit 3", policy(home))
    assert result == CommandResult(3, f"old{home}/workspace\n", len(f"old{home}/workspace\n"))
    assert (home / "workspace/src/new").read_text() == "new\n"


ATTACKS = (
    "echo x > ../outside",
    "echo x > .git/config",
    "echo x > .git/hooks/pre-commit",
    "mkdir .codex && echo x > .codex/config.toml",
    "mkdir -p .agents/x && echo x > .agents/x/y",
    "rm -rf .git",
    "mv .git git",
    "ln -s .. src/up && echo x > src/up/../outside",
    "ln ../.ssh/id src/id && cat src/id",
    "ln -s ../../.ssh src/keys && cat src/keys/id",
    "cat ../.ssh/id",
    "cd ..; tar c .ssh | strings | grep canary",
    "truncate -s 0 ../victim; test ! -s ../victim",
    "chmod 777 ../victim && false; rm ../victim",
    "mv ../victim src/",
    "umount .git && echo x > .git/config",
    "mount --bind .. src",
    "unshare -Urm mount --bind .. src",
    "echo x > /proc/self/root/../outside",
    "nsenter -t 1 -a true",
    "cat /proc/1/environ | tr '\\0' '\\n' | grep canary",
)


@pytest.mark.parametrize("attack", ATTACKS)
async def test_nothing_gets_out(
    sandbox: Sandbox, home: Path, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-key")
    (home / "victim").write_text("whole")
    result = await run(attack, policy(home))
    assert "canary-key" not in result.output
    assert names(home) == [".ssh", "victim", "workspace"]
    assert (home / "victim").read_text() == "whole"
    assert names(home / "workspace/.git") == ["hooks"]
    assert names(home / "workspace/.git/hooks") == []


async def test_read_only_writes_nothing(sandbox: Sandbox, home: Path) -> None:
    await run("echo x > src/new; echo x > ../new", policy(home, "read-only"))
    assert names(home / "workspace/src") == ["old"]


async def test_the_temporary_folder_is_writable_unless_excluded(
    sandbox: Sandbox, home: Path
) -> None:
    temporary = home / "temporary"
    temporary.mkdir()
    for excluded, code in ((False, 0), (True, 1)):
        table = {"exclude_slash_tmp": True, "exclude_tmpdir_env_var": excluded}
        env = {"HOME": str(home), "TMPDIR": str(temporary)}
        found = policy_for("workspace-write", home / "workspace", table=table, env=env)
        assert (await run(f"echo x > {temporary}/file", found)).exit_code == code


CONNECT = f"""{PYTHON} -c 'import socket, sys
kind = getattr(socket, sys.argv[1])
with socket.socket(kind) as s: s.connect(eval(sys.argv[2]))' """


async def test_no_connection_is_made_not_even_to_this_machine(sandbox: Sandbox, home: Path) -> None:
    accepted: list[str] = []
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        unix.bind(str(home / "workspace/s"))
        for listener in (tcp, unix):
            listener.listen()
            listener.settimeout(0.2)
        number = tcp.getsockname()[1]
        results = [
            await run(CONNECT + f"""AF_INET '("127.0.0.1", {number})'""", policy(home)),
            await run(CONNECT + "AF_UNIX '\"s\"'", policy(home)),
            await run(CONNECT + "AF_UNIX '\"\\0abstract\"'", policy(home)),
        ]
        for listener in (tcp, unix):
            try:
                listener.accept()
                accepted.append("connected")
            except TimeoutError:
                pass
    assert [result.exit_code for result in results] == [1, 1, 1]
    assert accepted == []


async def test_own_processes_may_still_talk_to_each_other(sandbox: Sandbox, home: Path) -> None:
    script = f"{PYTHON} -c 'import asyncio; asyncio.run(asyncio.sleep(0)); print(1)'"
    result = await run(script, policy(home))
    assert result.output == "1\n"


async def test_there_is_no_input_and_no_terminal(sandbox: Sandbox, home: Path) -> None:
    result = await run("tty; cat; echo end; : < /dev/tty", policy(home))
    assert "not a tty\nend\n" in result.output
    assert "canary" not in result.output


def processes_with(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    continue
            except OSError:
                continue
            if mark in line and "pytest" not in line:
                found.append(line)
    return found


async def test_what_a_command_leaves_behind_ends_with_it(sandbox: Sandbox, home: Path) -> None:
    mark = f"98765.{os.getpid()}"
    result = await run(f"setsid sleep {mark} & sleep {mark} & echo begun", policy(home))
    assert result.output == "begun\n"
    assert processes_with(f"sleep {mark}") == []


async def test_the_deadline_ends_a_command_that_never_ends(sandbox: Sandbox, home: Path) -> None:
    mark = f"98766.{os.getpid()}"
    command = f"trap '' TERM; echo begun; setsid sleep {mark} & while :; do sleep {mark}; done"
    result = await run(command, policy(home), timeout_s=1.0)
    assert result.exit_code is None
    assert result.output == "begun\n"
    assert processes_with(f"sleep {mark}") == []


async def test_stop_ends_the_whole_tree(sandbox: Sandbox, home: Path) -> None:
    """It is over only once nothing runs any more; the promise is 200 ms.

    Other tests run beside this one and can only add to a time: the shortest of five stops counts.
    """
    mark = f"98767.{os.getpid()}"
    found = policy(home)
    command = f"trap '' TERM; setsid sleep {mark} & sleep {mark} & echo begun; wait"
    times: list[float] = []
    for _ in range(5):
        begun = asyncio.Event()
        running = asyncio.ensure_future(
            run_sandboxed(
                command,
                found,
                cwd=found.workspace,
                env=command_environment(os.environ, found),
                timeout_s=60,
                on_output=lambda _, begun=begun: begun.set(),  # type: ignore[misc]
            )
        )
        await begun.wait()
        assert len(processes_with(f"sleep {mark}")) >= 2
        stopped_at = time.perf_counter()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        times.append(time.perf_counter() - stopped_at)
        assert processes_with(f"sleep {mark}") == []
    assert min(times) < 0.2, times


async def test_a_flood_is_read_to_its_end_and_mostly_thrown_away(
    sandbox: Sandbox, home: Path
) -> None:
    result = await run("yes | head -c 100000000; echo end", policy(home), timeout_s=60)
    assert result.output_chars == 100_000_004
    assert len(result.output) < MAX_KEPT + 100
    assert result.output.endswith("end\n")
    assert "characters left out" in result.output


async def test_bytes_that_are_no_text_are_shown_as_such(sandbox: Sandbox, home: Path) -> None:
    result = await run("printf 'a\\377\\000b'", policy(home))
    assert result.output == "a\ufffd\x00b"


async def test_a_protected_name_that_is_a_link_is_refused(sandbox: Sandbox, home: Path) -> None:
    (home / "workspace/.codex").symlink_to("src")
    with pytest.raises(SandboxUnavailable, match="is a symbolic link"):
        await run("true", policy(home))
    (home / "workspace/.codex").unlink()


async def test_full_access_is_not_confined_but_still_cleaned_up(home: Path) -> None:
    mark = f"98768.{os.getpid()}"
    result = await run(
        f"echo x > ../outside; setsid sleep {mark} &", policy(home, "danger-full-access")
    )
    assert result.exit_code == 0
    assert (home / "outside").exists()
    assert processes_with(f"sleep {mark}") == []


async def test_without_a_sandbox_nothing_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "_found", Sandbox("none", reason="There is none."))
    with pytest.raises(SandboxUnavailable, match=r"There is none\."):
        await run("touch src/new", policy(home))
    assert not (home / "workspace/src/new").exists()


async def test_new_files_right_in_the_root_need_bubblewrap(sandbox: Sandbox, home: Path) -> None:
    """Landlock can't protect .git and allow its neighbours that do not exist yet."""
    result = await run("echo x > new", policy(home))
    assert (result.exit_code == 0) is sandbox.protects_names


async def test_with_a_network_sockets_of_other_programs_stay_out_of_reach(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "_found", Sandbox("bubblewrap", Path("/usr/bin/bwrap")))
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        done = threading.Thread(target=lambda: tcp.accept()[0].close())
        done.start()
        number = tcp.getsockname()[1]
        allowed = policy(home, network_access=True)
        result = await run(CONNECT + f"""AF_INET '("127.0.0.1", {number})'; ls /run""", allowed)
        if result.exit_code:  # so that the thread ends
            socket.create_connection(("127.0.0.1", number)).close()
        done.join()
    assert result.exit_code == 0
    assert "docker.sock" not in result.output
