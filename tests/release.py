"""Build everything that is released, and ask a question through each: `make release-check`.

The wheel and the source distribution (`dist/`) are installed into an empty environment; the VSIX of each platform is
built, and the server in the one for this machine is run from where it was unpacked. All of them must have
one version. Exits with 1 and says which artifact failed.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

from codex_ls import __version__
from tests.support.lsp_client import LspClient, StreamLink
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

ROOT = Path(__file__).resolve().parent.parent
VSCODE = ROOT / "editors" / "vscode"
DIST = ROOT / "dist"
TARGETS = ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64", "win32-arm64")
PYTHONS = ("cp311", "cp312", "cp313", "cp314")
ANSWER = "It adds two numbers."


def main() -> int:
    """Build and try each artifact; the exit code says whether all of them answer."""
    failed = different_versions()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        distributions = build_distributions(folder)
        if len(distributions) != 2:
            failed.append(f"one wheel and one sdist, not {[path.name for path in distributions]}")
        for path in distributions:
            python = new_environment(folder / f"venv-{path.suffix[1:]}")
            run(python, "-m", "pip", "install", "--quiet", str(path))
            failed += answers(path.name, (python, "-m", "codex_ls"), folder)
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=VSCODE)
        run("npm", "run", "--silent", "package", cwd=VSCODE)
        for target in TARGETS:
            failed += examine_vsix(VSCODE / f"codex-ls-{target}-{__version__}.vsix", target, folder)
    for line in failed:
        print(f"FAILED: {line}")
    return 1 if failed else 0


def different_versions() -> list[str]:
    """Return a line for each place that names another version than the package."""
    extension = json.loads((VSCODE / "package.json").read_text("utf-8"))["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = []
    if extension != __version__:
        found.append(f"editors/vscode/package.json has version {extension}, not {__version__}")
    entry = json.loads((ROOT / "editors" / "acp" / "agent.json").read_text("utf-8"))
    package = entry["distribution"]["uvx"]["package"]
    if (entry["version"], package) != (__version__, f"codex-ls[acp]=={__version__}"):
        found.append(f"editors/acp/agent.json has version {entry['version']}, and {package}")
    if f"## [{__version__}]" not in changelog:
        found.append(f"CHANGELOG.md has no section for {__version__}")
    return found


def build_distributions(folder: Path) -> list[Path]:
    """Build the source distribution, and the wheel from it; return their paths."""
    python = new_environment(folder / "venv-build")
    run(python, "-m", "pip", "install", "--quiet", "build")
    shutil.rmtree(DIST, ignore_errors=True)
    run(python, "-m", "build", "--outdir", str(DIST), str(ROOT))
    return sorted(DIST.iterdir())


def examine_vsix(path: Path, target: str, folder: Path) -> list[str]:
    """Return what is wrong with the VSIX of one platform; that of this machine is asked a question."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        missing = [tag for tag in PYTHONS if not any(f"/bundled/{tag}/" in name for name in names)]
        if missing:
            return [f"{path.name} has no wheels for {', '.join(missing)}"]
        if target != this_platform():
            return []
        archive.extractall(folder / "vsix")
    server = folder / "vsix" / "extension" / "bundled" / "serve.py"
    python = new_environment(folder / "venv-vsix", with_pip=False)
    return answers(path.name, (python, "-I", "-X", "utf8", str(server)), folder)


def answers(artifact: str, program: Sequence[str], folder: Path) -> list[str]:
    """Ask a scripted model server through an installed program; return a line if it does not answer."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    with ModelServer(chat_stream(content=["It adds ", "two numbers."])) as server:
        (home / "config.toml").write_text(
            'model = "test-model"\nmodel_provider = "here"\n[model_providers.here]\n'
            f'name = "Here"\nbase_url = "{server.base_url}"\nwire_api = "chat"\n'
        )
        asked = subprocess.run(
            [*program, "exec", "What does it do?"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "CODEX_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if asked.returncode != 0 or asked.stdout.strip() != ANSWER:
        return [f"{artifact} exits with {asked.returncode}: {asked.stdout}{asked.stderr}"]
    if not asyncio.run(serves(program, home)):
        return [f"{artifact} does not answer `initialize`"]
    print(f"{artifact}: answers")
    return []


async def serves(program: Sequence[str], home: Path) -> bool:
    """Return whether the language server announces `codex/exec`."""
    process = await asyncio.create_subprocess_exec(
        *program,
        "serve",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "CODEX_HOME": str(home)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with LspClient.over(StreamLink(process.stdout, process.stdin)) as client:
        client.process = process
        result = await client.initialize()
        await client.leave()
    return "codex/exec" in result["capabilities"]["experimental"]["codex"]["methods"]


def new_environment(folder: Path, *, with_pip: bool = True) -> str:
    """Make an empty environment; return the path of its Python."""
    venv.create(folder, with_pip=with_pip)
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


def this_platform() -> str:
    """Return VS Code's name for this machine's platform."""
    machine = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64"}
    return f"{sys.platform}-{machine.get(os.uname().machine, os.uname().machine)}"


def run(*command: str, cwd: Path = ROOT) -> None:
    """Run a command. Raises CalledProcessError if it fails."""
    print("==", *command[:6], flush=True)
    subprocess.run(command, cwd=cwd, check=True)


if __name__ == "__main__":
    sys.exit(main())
