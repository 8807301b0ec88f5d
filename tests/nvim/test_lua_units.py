"""The specs of the pure parts, and the form of the Lua code."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.nvim.editor import PLUGIN, ROOT, find_nvim

HERE = Path(__file__).parent
LUA = sorted([*PLUGIN.rglob("*.lua"), *HERE.rglob("*.lua")])


def run(*argv: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in argv], capture_output=True, text=True, cwd=ROOT, env=env, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def need(tool: str, how: str) -> str:
    found = shutil.which(tool)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"no {tool}: {how}")
        pytest.skip(f"no {tool}: {how}")
    return found


def test_the_specs_pass(tmp_path: Path) -> None:
    nvim = find_nvim()
    assert nvim is not None
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    output = run(nvim, "--clean", "-l", HERE / "unit" / "run.lua", env=env)
    assert "0 failed" in output


def test_luacheck_finds_nothing() -> None:
    luacheck = need("luacheck", "apt-get install lua-check")
    run(luacheck, "--quiet", "--config", PLUGIN / ".luacheckrc", *LUA)


def test_the_code_is_formatted() -> None:
    node = need("node", "install Node.js")
    folder = os.environ.get("STYLUA_NODE_PATH") or os.environ.get("NODE_PATH", "")
    if not (Path(folder) / "@johnnymorganz" / "stylua").is_dir():
        how = "npm i --ignore-scripts @johnnymorganz/stylua@2.5.2, then STYLUA_NODE_PATH=.../node_modules"
        if os.environ.get("CI"):
            pytest.fail(f"no StyLua: {how}")
        pytest.skip(f"no StyLua: {how}")
    env = {**os.environ, "NODE_PATH": folder}
    run(node, HERE / "stylua.cjs", PLUGIN / ".stylua.toml", *LUA, env=env)
