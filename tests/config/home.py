"""A configuration folder for one test, and the two steps that every test takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_ls.config.load import Config, load_config
from codex_ls.config.profile import ModelSettings, resolve

SAMPLE = """\
[model_providers.openai]
name = "OpenAI API"
base_url = "https://api.openai.com/v1"
wire_api = "chat"
[model_providers.local-oss]
name = "Local gpt-oss-20b"
base_url = "http://localhost:1234/v1"
wire_api = "chat"
[profiles.cloud]
model = "gpt-5-codex"
model_provider = "openai"
[profiles.local-oss]
model = "openai/gpt-oss-20b"
model_provider = "local-oss"
show_raw_agent_reasoning = true

sandbox_mode = "workspace-write"

[sandbox_workspace_write]
network_access = true
"""


@dataclass(frozen=True)
class Home:
    """`$CODEX_HOME` of a test."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    def write(self, text: str | bytes, *, name: str = "config.toml") -> Path:
        file = self.path / name
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def load(self, overrides: Sequence[str] = ()) -> Config:
        return load_config(env={"CODEX_HOME": str(self.path)}, overrides=overrides)

    def resolve(self, overrides: Sequence[str] = (), **asked: Any) -> ModelSettings:
        return resolve(self.load(overrides), **asked)
