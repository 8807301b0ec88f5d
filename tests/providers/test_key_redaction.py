"""A key of any shape is taken out of what is told, because the very value is known."""

from codex_ls.config.model_settings import Provider
from codex_ls.errors import Unauthorized
from codex_ls.providers.key_redaction import secrets_of, without_secrets

PROVIDER = Provider("p", "P", "https://x/v1", query_params={"code": "qu3ry-s3cret", "v": "1"})


def test_every_long_value_that_is_sent_is_a_secret() -> None:
    headers = {"Authorization": "Bearer hunter2-hunter2", "X-Team": "red", "X-Key": " 123456789 "}
    assert secrets_of(PROVIDER, headers) == (
        "Bearer hunter2-hunter2",
        "hunter2-hunter2",
        "qu3ry-s3cret",
        "123456789",
    )


def test_sentence_and_hint_lose_the_secret_and_nothing_else() -> None:
    error = Unauthorized("No key like hunter2-hunter2.", hint="hunter2-hunter2 is old.")
    assert without_secrets(error, ["hunter2-hunter2"]) is error
    assert (error.message, error.hint, str(error)) == (
        "No key like [key].",
        "[key] is old.",
        "No key like [key].",
    )
