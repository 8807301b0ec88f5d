"""What a command may do: the sandbox mode of config.toml, resolved to paths.

`read-only` writes nowhere, `workspace-write` in the workspace, the temporary folders and
`writable_roots`, `danger-full-access` everywhere. The meanings are Codex's.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from codex_ls.errors import InvalidParams

SandboxMode = Literal["read-only", "workspace-write", "danger-full-access"]

PROTECTED_NAMES: Final = (".git", ".codex", ".agents")
"""Never written by a sandboxed command: hooks, settings and instructions that run or steer others."""

_KEY_PLACES: Final = (
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".netrc", "_netrc", ".git-credentials", ".npmrc",
    ".pypirc", ".docker/config.json", ".config/gcloud", ".config/gh", ".config/git/credentials",
    ".cargo/credentials", ".cargo/credentials.toml", ".local/share/keyrings",
    ".local/share/python_keyring", ".password-store", ".mozilla", ".config/google-chrome",
    ".config/chromium", ".codex/auth.json", ".codex/.env",
)  # fmt: skip
"""Where keys and sessions are kept, below the home folder."""

_SECRET_WORDS: Final = ("KEY", "SECRET", "TOKEN", "PASSW", "CREDENTIAL")
_UNWANTED: Final = frozenset(
    {
        "BASH_ENV",
        "ENV",
        "PROMPT_COMMAND",
        "SSH_AUTH_SOCK",
        "SSH_AGENT_PID",
        "GPG_AGENT_INFO",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "DOCKER_HOST",
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What commands of one turn may do. Paths are absolute and without symbolic links."""

    mode: SandboxMode
    workspace: Path
    writable_roots: tuple[Path, ...] = ()
    """Every folder that may be written to, the workspace included."""
    has_network: bool = False
    protected: tuple[Path, ...] = ()
    """Read-only although they are inside a writable root; some may not exist."""
    hidden: tuple[Path, ...] = ()
    """Files and folders with keys, which exist and may not be read."""

    @property
    def is_sandboxed(self) -> bool:
        """Whether anything is forbidden."""
        return self.mode != "danger-full-access"

    def may_write(self, path: Path) -> bool:
        """Whether a resolved path may be written to."""
        if not self.is_sandboxed:
            return True
        if self.is_protected(path):
            return False
        return any(path.is_relative_to(root) for root in self.writable_roots)

    def is_protected(self, path: Path) -> bool:
        """Whether a resolved path is read-only inside of a writable root, at any depth."""
        if any(path.is_relative_to(place) for place in self.protected):
            return True
        for root in self.writable_roots:
            if path.is_relative_to(root):
                parts = (part.lower() for part in path.relative_to(root).parts)
                if not {*PROTECTED_NAMES}.isdisjoint(parts):
                    return True
        return False

    def is_hidden(self, path: Path) -> bool:
        """Whether a resolved path holds keys."""
        return any(path.is_relative_to(place) for place in self.hidden)


def policy_for(
    mode: str,
    workspace: Path,
    *,
    table: Mapping[str, Any],
    env: Mapping[str, str],
    added_roots: Iterable[Path] = (),
    own_folders: Iterable[Path] = (),
    key_files: Iterable[Path] = (),
) -> Policy:
    """Return the policy of `sandbox_mode` and `[sandbox_workspace_write]` for a workspace.

    `own_folders` (CODEX_HOME and such) stay read-only wherever they are, `key_files` unreadable. Raises
    InvalidParams for an unknown mode or a writable root that is not absolute.
    """
    if mode not in get_args(SandboxMode):
        raise InvalidParams(
            f"Unknown sandbox mode {mode}.", hint=f"Use one of {', '.join(get_args(SandboxMode))}."
        )
    mode = cast("SandboxMode", mode)
    workspace = workspace.resolve()
    roots: list[Path] = []
    temporary: list[Path] = []
    if mode == "workspace-write":
        roots = [workspace, *(_root(path) for path in table.get("writable_roots") or ())]
        roots += [path.resolve() for path in added_roots]
        tmpdir = env.get("TMPDIR", "")
        if not table.get("exclude_tmpdir_env_var") and Path(tmpdir).is_absolute():
            temporary.append(Path(tmpdir).resolve())
        if not table.get("exclude_slash_tmp") and os.name == "posix":
            temporary.append(Path("/tmp").resolve())  # noqa: S108 - the policy is about this folder
    roots = [root for root in roots if root.is_dir() and root != root.parent]
    kept = [*roots, *(root for root in temporary if root.is_dir() and root != root.parent)]
    # Nobody's repository is right in a temporary folder, and other programs are at work there.
    protected = [root / name for root in roots for name in PROTECTED_NAMES]
    protected += [folder.resolve() for folder in own_folders]
    home = Path(env.get("HOME") or Path.home())
    hidden = [*(home / place for place in _KEY_PLACES), *key_files]
    return Policy(
        mode,
        workspace,
        tuple(dict.fromkeys(kept)),
        has_network=mode == "danger-full-access"
        or (mode == "workspace-write" and bool(table.get("network_access"))),
        protected=tuple(dict.fromkeys(protected)),
        hidden=tuple(dict.fromkeys(path.resolve() for path in hidden if path.exists())),
    )


def _root(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise InvalidParams(
            f"The writable root {text} is a relative path.",
            hint="Set [sandbox_workspace_write] writable_roots to absolute paths.",
        )
    return path.resolve()


def command_environment(
    env: Mapping[str, str], policy: Policy, *, secrets: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment of a command: without keys, agents, start files and colours.

    `secrets` are values that no variable may have, whatever its name is.
    """
    unwanted = {secret for secret in secrets if secret}
    kept = {
        name: value
        for name, value in env.items()
        if name.upper() not in _UNWANTED
        and not any(word in name.upper() for word in _SECRET_WORDS)
        and not name.startswith("BASH_FUNC_")
        and not any(secret in value for secret in unwanted)
    }
    kept |= {"PAGER": "cat", "GIT_PAGER": "cat", "TERM": "dumb", "NO_COLOR": "1"}
    kept |= {"GIT_TERMINAL_PROMPT": "0"}
    if policy.is_sandboxed and not policy.has_network:
        kept["CODEX_SANDBOX_NETWORK_DISABLED"] = "1"
    return kept
