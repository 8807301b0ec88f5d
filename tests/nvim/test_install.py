"""The plugin as a package, its help, and a project's own file."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.nvim.editor import PLUGIN, find_nvim


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, with the plugin as an optional package."""
    package = tmp_path / "data" / "nvim" / "site" / "pack" / "codex" / "opt"
    package.mkdir(parents=True)
    # Copied by links, so that help tags are not written into the project.
    plugin = package / "codex_ls"
    plugin.mkdir()
    for folder in ("lua", "lsp", "plugin"):
        (plugin / folder).symlink_to(PLUGIN / folder)
    (plugin / "doc").mkdir()
    (plugin / "doc" / "codex_ls.txt").symlink_to(PLUGIN / "doc" / "codex_ls.txt")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        **{
            f"XDG_{name.upper()}_HOME": str(tmp_path / name)
            for name in ("config", "state", "cache")
        },
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }


def evaluate(
    environment: dict[str, str], lua: str, *, cwd: Path, init: str = "vim.cmd.packadd('codex_ls')"
) -> Any:
    """Return what the Lua expression is in a Neovim that has started up in `cwd`."""
    # Where Neovim looks for it: with `-u` a project's own file would not be read.
    init_file = Path(environment["XDG_CONFIG_HOME"]) / "nvim" / "init.lua"
    init_file.parent.mkdir(parents=True, exist_ok=True)
    init_file.write_text(init)
    report = Path(environment["HOME"]) / "report.json"
    nvim = find_nvim()
    assert nvim is not None
    write = f"lua vim.fn.writefile({{ vim.json.encode({lua}) }}, [[{report}]])"
    argv = [nvim, "--headless", "-i", "NONE", f"+{write}", "+qall!"]
    done = subprocess.run(
        argv, env=environment, cwd=cwd, capture_output=True, text=True, timeout=60, check=True
    )
    assert report.exists(), done.stderr
    return json.loads(report.read_text())


def test_packadd_is_enough(environment: dict[str, str], tmp_path: Path) -> None:
    assert evaluate(environment, "vim.fn.exists(':Codex')", cwd=tmp_path) == 2


def test_the_help_has_its_tags_and_no_line_is_too_long(
    environment: dict[str, str], tmp_path: Path
) -> None:
    init = "vim.cmd.packadd('codex_ls') vim.cmd.helptags('ALL')"
    tags = evaluate(
        environment, "vim.fn.getcompletion('codex_ls', 'help')", cwd=tmp_path, init=init
    )
    assert {"codex_ls", "codex_ls-options", "codex_ls-answers", "codex_ls.setup()"} <= set(tags)
    lines = (PLUGIN / "doc" / "codex_ls.txt").read_text().splitlines()
    assert [line for line in lines if len(line) > 78] == []


def test_every_command_and_option_is_in_the_help(
    environment: dict[str, str], tmp_path: Path
) -> None:
    names = evaluate(
        environment, "vim.tbl_keys(require('codex_ls.command').SUBCOMMANDS)", cwd=tmp_path
    )
    options = evaluate(
        environment,
        "(function() local all = {} for key, value in pairs(require('codex_ls.config').get()) do"
        " all[#all + 1] = key if type(value) == 'table' then"
        " vim.list_extend(all, vim.tbl_keys(value)) end end return all end)()",
        cwd=tmp_path,
    )
    groups = evaluate(
        environment, "vim.tbl_keys(require('codex_ls.highlight').LINKS)", cwd=tmp_path
    )
    text = (PLUGIN / "doc" / "codex_ls.txt").read_text()
    assert [name for name in names if f"*:Codex-{name}*" not in text] == []
    assert [name for name in options if f" {name} = " not in text] == []
    assert [name for name in groups if f"    {name} " not in text] == []


def test_a_project_names_its_profile_in_its_own_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    if not evaluate(environment, "vim.fn.has('nvim-0.11') == 1", cwd=tmp_path):
        pytest.skip("vim.lsp.config came with 0.11")
    project = tmp_path / "project"
    project.mkdir()
    (project / ".nvim.lua").write_text(
        "vim.lsp.config('codex_ls', { settings = { codex = { profile = 'local-oss' } } })\n"
    )
    trust = (
        # Without the file type's own plugin, which fails where Neovim came without its parsers.
        f"(function() vim.cmd('noautocmd edit {project / '.nvim.lua'}')"
        " return vim.secure.trust({ action = 'allow', bufnr = 0 }) end)()"
    )
    evaluate(environment, trust, cwd=tmp_path)
    settings = evaluate(
        environment,
        "vim.lsp.config.codex_ls.settings",
        cwd=project,
        init="vim.cmd.packadd('codex_ls') vim.o.exrc = true",
    )
    assert settings == {"codex": {"profile": "local-oss"}}
