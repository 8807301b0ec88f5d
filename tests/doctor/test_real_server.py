"""The doctor and discovery in front of the real llama.cpp."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from codex_ls.doctor.doctor_context import Patience
from codex_ls.doctor.examine import examine
from codex_ls.providers.probe import Prober, Reply
from codex_ls.providers.servers.kind import identify
from tests.support.llamacpp import LlamaCpp

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]


async def test_a_healthy_llamacpp_has_no_complaint_but_its_small_window(
    llamacpp: LlamaCpp, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(
        f'model = "{llamacpp.model}"\nmodel_provider = "here"\n[model_providers.here]\n'
        f'name = "Here"\nbase_url = "{llamacpp.base_url}"\nenv_key = "HERE_KEY"\n'
    )
    env = {"CODEX_HOME": str(tmp_path), "HERE_KEY": llamacpp.api_key}
    patience = Patience(slow_first_word_ms=120_000)
    checks = {check.id: check async for check in examine(env=env, ports=(), patience=patience)}
    complaints = {name: check for name, check in checks.items() if check.status != "ok"}
    assert set(complaints) == {"window"}, complaints
    assert "too small" in complaints["window"].detail
    assert checks["server"].detail.startswith("Detected llama.cpp ")
    assert checks["cancel"].detail.endswith("and the server stopped generating.")
    assert llamacpp.api_key not in str(checks)


async def test_a_wrong_key_is_named(llamacpp: LlamaCpp, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        f'model = "{llamacpp.model}"\nmodel_provider = "here"\n[model_providers.here]\n'
        f'name = "Here"\nbase_url = "{llamacpp.base_url}"\nenv_key = "HERE_KEY"\n'
    )
    env = {"CODEX_HOME": str(tmp_path), "HERE_KEY": "not-the-key"}
    checks = [check async for check in examine(env=env, ports=())]
    complaints = [check.detail for check in checks if check.status in ("failed", "warning")]
    assert complaints == [f"{_origin(llamacpp)} rejected the API key (HERE_KEY) with 401."]


async def test_it_is_recognized(llamacpp: LlamaCpp) -> None:
    async with Prober() as prober:

        async def get(path: str) -> Reply | None:
            reply = await prober.get(_origin(llamacpp) + path, headers=llamacpp.headers)
            return reply if isinstance(reply, Reply) else None

        server = await identify(get)
    assert server is not None
    assert server.kind == "llamacpp"
    (model,) = server.models
    assert model.is_loaded
    assert model.window
    assert model.largest_window
    assert model.size_bytes


def _origin(llamacpp: LlamaCpp) -> str:
    parts = urlsplit(llamacpp.base_url)
    return f"{parts.scheme}://{parts.netloc}"
