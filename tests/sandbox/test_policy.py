"""What sandbox_mode and its table come to."""

import os
from pathlib import Path

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.sandbox.policy import Policy, command_environment, policy_for


def policy(tmp_path: Path, mode: str = "workspace-write", **table: object) -> Policy:
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)
    return policy_for(mode, workspace, table=table, env={"HOME": str(tmp_path)})


def test_workspace_write_is_the_workspace_and_the_temporary_folders(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    found = policy_for(
        "workspace-write", tmp_path, table={}, env={"HOME": "/", "TMPDIR": str(temporary)}
    )
    assert found.writable_roots == (tmp_path, temporary, Path("/tmp").resolve())
    assert not found.has_network


def test_the_exclusions_leave_the_workspace_alone(tmp_path: Path) -> None:
    env = {"HOME": "/", "TMPDIR": str(tmp_path.parent)}
    table = {"exclude_slash_tmp": True, "exclude_tmpdir_env_var": True}
    assert policy_for("workspace-write", tmp_path, table=table, env=env).writable_roots == (
        tmp_path,
    )


def test_writable_roots_are_added_and_links_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    found = policy(tmp_path, writable_roots=[str(tmp_path / "link")], exclude_slash_tmp=True)
    assert found.writable_roots == (tmp_path / "workspace", tmp_path / "real")


def test_a_relative_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidParams, match=r"The writable root \.\./x is a relative path"):
        policy(tmp_path, writable_roots=["../x"])


def test_an_unknown_mode_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidParams, match="Unknown sandbox mode all"):
        policy(tmp_path, "all")


def test_the_root_of_the_disk_is_never_writable(tmp_path: Path) -> None:
    found = policy(tmp_path, writable_roots=["/"], exclude_slash_tmp=True)
    assert found.writable_roots == (tmp_path / "workspace",)


def test_read_only_writes_nowhere_and_has_no_network(tmp_path: Path) -> None:
    found = policy(tmp_path, "read-only", network_access=True)
    assert found.writable_roots == ()
    assert not found.has_network


def test_the_network_is_the_users_to_allow(tmp_path: Path) -> None:
    assert policy(tmp_path, network_access=True).has_network
    assert policy(tmp_path, "danger-full-access").has_network


@pytest.mark.parametrize("name", [".git", ".codex", ".agents", ".GIT", "deep/.git/hooks"])
def test_what_runs_or_steers_others_is_protected_at_any_depth(tmp_path: Path, name: str) -> None:
    found = policy(tmp_path)
    assert not found.may_write(tmp_path / "workspace" / name / "file")
    assert found.may_write(tmp_path / "workspace" / "deep" / "git")


def test_own_folders_are_protected_inside_of_a_root(tmp_path: Path) -> None:
    found = policy_for(
        "workspace-write", tmp_path, table={}, env={"HOME": "/"}, own_folders=[tmp_path / "own"]
    )
    assert not found.may_write(tmp_path / "own" / "config.toml")


def test_key_places_that_exist_are_hidden(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    found = policy(tmp_path)
    assert found.hidden == (tmp_path / ".ssh",)
    assert found.is_hidden(tmp_path / ".ssh" / "id_ed25519")


def test_the_environment_of_a_command_holds_no_key_and_no_agent(tmp_path: Path) -> None:
    env = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "OPENAI_API_KEY": "k",
        "aws_secret_x": "k",
        "GITHUB_TOKEN": "k",
        "PGPASSWORD": "k",
        "SSH_AUTH_SOCK": "/run/agent",
        "BASH_ENV": "./start",
        "BASH_FUNC_ls%%": "() { evil; }",
        "MY_LLM": "Bearer sk-canary",
    }
    found = command_environment(env, policy(tmp_path), secrets=["sk-canary", ""])
    assert found == {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "CODEX_SANDBOX_NETWORK_DISABLED": "1",
    }


def test_with_a_network_no_variable_says_that_there_is_none(tmp_path: Path) -> None:
    found = command_environment(os.environ, policy(tmp_path, network_access=True))
    assert "CODEX_SANDBOX_NETWORK_DISABLED" not in found
