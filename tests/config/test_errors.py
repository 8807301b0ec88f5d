"""What is wrong is told in one sentence that begins with file, line and column."""

import pytest

from codex_ls.errors import ConfigError
from tests.config.home import Home


def error_of(home: Home, text: str, overrides: tuple[str, ...] = ()) -> ConfigError:
    home.write(text)
    with pytest.raises(ConfigError) as caught:
        home.load(overrides)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = gpt-5\n", "config.toml:1:9: this is not TOML: invalid value."),
        (
            'a = 1\nmodel "x"\n',
            "config.toml:2:7: this is not TOML: expected '=' after a key in a key/value pair.",
        ),
        (
            "[profiles.a\n",
            "config.toml:1:12: this is not TOML: expected ']' at the end of a table declaration.",
        ),
        ('model = "x', "config.toml:1:9: this is not TOML: a quote opens here and is not closed."),
        ("# a\nmodel = [1,\n2", "config.toml:2:9: this is not TOML: unclosed array."),
        (
            'model = "a"\n\nmodel = "b"\n',
            "config.toml:3:1: `model` is set twice, first at line 1, column 1.",
        ),
        (
            '[profiles.a]\nmodel = "a"\n[profiles.b]\n[profiles.a]\n',
            "config.toml:4:1: `profiles.a` is set twice, first at line 1, column 1.",
        ),
        (
            'profiles.a = { model = "a", model = "b" }\n',
            "config.toml:1:29: `profiles.a.model` is set twice, first at line 1, column 16.",
        ),
        (
            "a = 1\na.b = 2\nx = 1\nx = 2\n",
            "config.toml:2:8: this is not TOML: cannot overwrite a value.",
        ),
        ("x = " + "[" * 5000, "config.toml:1:1: arrays or tables are nested too deep."),
    ],
)
def test_bad_toml(home: Home, text: str, message: str) -> None:
    assert error_of(home, text).message == message


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        (
            'model_provider = "x"\n[model_provider.x]\nbase_url = "http://localhost:1/v1"\n',
            "config.toml:2:17: `model_provider` is a value, set at line 1, not a table.",
            "did you mean [model_providers.x]?",
        ),
        (
            'profile = "a"\n\n[profile."a b"]\nmodel = "m"\n',
            "config.toml:3:10: `profile` is a value, set at line 1, not a table.",
            'did you mean [profiles."a b"]?',
        ),
        (
            'model_provider = "x"\n[model_provider]\nbase_url = "http://localhost:1/v1"\n',
            "config.toml:3:1: `model_provider` is a value, set at line 1, not a table.",
            "did you mean [model_providers.NAME]?",
        ),
        (
            'model_provider = "x"\nmodel_provider.x.base_url = "http://localhost:1/v1"\n',
            "config.toml:2:16: `model_provider` is a value, set at line 1, not a table.",
            "did you mean [model_providers.x]?",
        ),
    ],
)
def test_a_table_under_the_name_of_a_setting_is_told_its_own(
    home: Home, text: str, message: str, fix: str
) -> None:
    error = error_of(home, text)
    assert error.message == message
    assert str(error.hint).endswith(f": {fix}")


def test_the_hint_has_the_full_path_and_the_next_step(home: Home) -> None:
    assert error_of(home, "\n\n  model = gpt-5\n").hint == (
        f'{home.config}, line 3, column 11: text needs quotes, as in model = "gpt-oss".'
    )
    assert error_of(home, "model = 1\n").hint == f"{home.config}, line 1, column 9."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = 5", "config.toml:1:9: `model` must be text, not a whole number."),
        ('model = " "', "config.toml:1:9: `model` must not be blank."),
        (
            'model = "m\u200b"',
            "config.toml:1:9: `model` must not contain an invisible character (U+200B).",
        ),
        (
            'model_provider = "olla\u00a0ma"',
            "config.toml:1:18: `model_provider` must not contain an invisible character (U+00A0).",
        ),
        ("profile = true", "config.toml:1:11: `profile` must be text, not true or false."),
        (
            'show_raw_agent_reasoning = "yes"',
            "config.toml:1:28: `show_raw_agent_reasoning` must be true or false, not text.",
        ),
        (
            "model_context_window = 8192.0",
            "config.toml:1:24: `model_context_window` must be a whole number, "
            "not a number with a fraction.",
        ),
        (
            "model_max_output_tokens = 0",
            "config.toml:1:27: `model_max_output_tokens` must be from 1 to 2,147,483,647.",
        ),
        (
            "model_max_output_tokens = true",
            "config.toml:1:27: `model_max_output_tokens` must be a whole number, not true or false.",
        ),
        (
            'model_reasoning_summary = "long"',
            "config.toml:1:27: `model_reasoning_summary` must be "
            '"auto", "concise", "detailed" or "none".',
        ),
        (
            "sandbox_mode = 2024-01-01",
            'config.toml:1:16: `sandbox_mode` must be "read-only", "workspace-write" or '
            '"danger-full-access", not a date or time.',
        ),
        (
            "[approval_policy]\na = 1\nb = 2\n",
            "config.toml:1:2: `approval_policy` must contain one policy.",
        ),
        (
            'model_providers = "x"',
            "config.toml:1:19: `model_providers` must be a table, not text.",
        ),
        (
            "[model_providers]\nx = 1\n",
            "config.toml:2:5: `model_providers.x` must be a table, not a whole number.",
        ),
        (
            "profiles.p = []",
            "config.toml:1:14: `profiles.p` must be a table, not a list.",
        ),
        (
            "[profiles.p]\n\n  model = 1",
            "config.toml:3:11: `profiles.p.model` must be text, not a whole number.",
        ),
        (
            '[model_providers."a.b"]\nwire_api = "chatt"',
            'config.toml:2:12: `model_providers.a.b.wire_api` must be "chat", "responses", '
            '"ollama" or "lmstudio".',
        ),
        (
            "[model_providers.x]\nhttp_headers = { X-A = 1 }",
            "config.toml:2:24: `model_providers.x.http_headers.X-A` must be text, "
            "not a whole number.",
        ),
        (
            "[model_providers.x]\nrequest_max_retries = -1",
            "config.toml:2:23: `model_providers.x.request_max_retries` must be "
            "from 0 to 2,147,483,647.",
        ),
        (
            "[history]\nmax_bytes = 1\npersistence = true",
            'config.toml:3:15: `history.persistence` must be "save-all" or "none", '
            "not true or false.",
        ),
        (
            "[sandbox_workspace_write]\nwritable_roots = ['/a', 1]",
            "config.toml:2:18: `sandbox_workspace_write.writable_roots` must be a list of text; "
            "one entry is a whole number.",
        ),
    ],
)
def test_wrong_types_and_values(home: Home, text: str, message: str) -> None:
    assert error_of(home, text).message == message


def test_a_near_miss_gets_a_suggestion(home: Home) -> None:
    error = error_of(home, '[model_providers.x]\nwire_api = "chatt"')
    assert error.hint == f'{home.config}, line 2, column 12: did you mean "chat"?'


def test_the_first_of_several_is_told(home: Home) -> None:
    text = "model_context_window = 0\nmodel = 1\n"
    assert error_of(home, text).message.startswith("config.toml:1:24: ")


def test_an_option_is_told_by_its_key(home: Home) -> None:
    error = error_of(home, "", ("model_providers.x.stream_idle_timeout_ms=soon",))
    assert error.message == (
        "-c model_providers.x.stream_idle_timeout_ms: "
        "`model_providers.x.stream_idle_timeout_ms` must be a whole number, not text."
    )
    assert error.hint == (
        "The option -c model_providers.x.stream_idle_timeout_ms: write it without quotes."
    )


def test_columns_count_characters_not_bytes(home: Home) -> None:
    text = 'profiles."日本語".model = 1\n'
    assert error_of(home, text).message.startswith("config.toml:1:24: `profiles.日本語.model`")


# ---- secrets -----------------------------------------------------------------------------------

CANARY = "sk-canary-0123456789"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            f'env_key = "{CANARY}"',
            "must be the name of an environment variable, such as OPENAI_API_KEY",
        ),
        (
            f'env_http_headers = {{ X-Key = "{CANARY}" }}',
            "must be the name of an environment variable",
        ),
        (f'http_headers = {{ X-Key = "{CANARY}\\n" }}', "must be plain ASCII text in one line"),
        (f'http_headers = {{ X-Key = "{CANARY}é" }}', "must be plain ASCII text in one line"),
        (f'http_headers = {{ X-Key = "{CANARY} " }}', "must not begin or end with a space"),
        (f'http_headers = {{ "X Key" = "{CANARY}" }}', "must be the name of an HTTP header"),
        (f'http_headers = "{CANARY}"', "must be a table, not text"),
        (f'wire_api = "{CANARY}"', 'must be "chat", "responses", "ollama" or "lmstudio"'),
        (f'request_max_retries = "{CANARY}"', "must be a whole number, not text"),
        (f'base_url = "http://user:{CANARY}@host/v1"', "must not contain a user name or password"),
        (f'base_url = "http://host/v1?key={CANARY}"', "must end with its path"),
        (f'base_url = "ftp://{CANARY}@host"', "must begin with http:// or https://"),
        (f'base_url = "http://[{CANARY}"', "must be an address such as"),
        (f'env_key = "{CANARY}', "this is not TOML"),
    ],
)
def test_no_error_repeats_what_may_be_a_key(home: Home, line: str, sentence: str) -> None:
    error = error_of(home, f"[model_providers.x]\n{line}\n")
    assert sentence in error.message
    assert CANARY not in f"{error.message} {error.hint}"


def test_the_line_of_a_slip_is_counted_as_toml_counts(home: Home) -> None:
    text = "# a comment \u2028 that goes on\nmodel: x\n"
    assert error_of(home, text).hint == (
        f'{home.config}, line 2, column 6: write = instead of the colon, as in model = "gpt-oss".'
    )
