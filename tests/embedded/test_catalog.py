"""The catalogue: every row can be fetched and run as it stands."""

import re
from pathlib import Path

import pytest

import codex_ls.embedded
from codex_ls.config.built_in import EMBEDDED_PROFILE
from codex_ls.embedded.catalog import MODELS, BuiltInModel, HubFile, Wheels, find
from codex_ls.errors import NotFound

TEMPLATES = Path(codex_ls.embedded.__file__).parent / "templates"
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


@each_model
def test_the_pieces_in_the_wheels_are_as_long_as_the_file(model: BuiltInModel) -> None:
    sizes = [
        sum(part.size for part in source.parts)
        for source in model.sources
        if isinstance(source, Wheels)
    ]
    assert sizes == [model.size]


@each_model
def test_hub_files_are_https_and_pinned_to_a_revision(model: BuiltInModel) -> None:
    urls = [source.url for source in model.sources if isinstance(source, HubFile)]
    assert urls
    assert all(re.fullmatch(r"https://.+/resolve/[0-9a-f]{40}/.+", url) for url in urls)
    assert all(url.endswith(f"/{model.file}") for url in urls)


@each_model
def test_the_checksum_is_a_sha256_in_lower_case(model: BuiltInModel) -> None:
    assert re.fullmatch("[0-9a-f]{64}", model.sha256)


@each_model
def test_template_and_grammar_are_shipped(model: BuiltInModel) -> None:
    assert {model.template, model.grammar} <= {path.name for path in TEMPLATES.iterdir()}


@each_model
def test_the_prompt_of_a_thinking_model_ends_in_the_opening_tag_without_a_newline(
    model: BuiltInModel,
) -> None:
    assert "{{- '<think>' }}" in (TEMPLATES / model.template).read_text()


def test_names_are_unique_and_the_default_is_one_of_them() -> None:
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names)
    assert EMBEDDED_PROFILE.table["model"] in names


def test_an_unknown_name_is_told_the_names_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        find("gpt-9")
    assert caught.value.hint == "The built-in models are qwen2.5-coder-1.5b and smollm2-135m."
