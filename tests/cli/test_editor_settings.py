"""One setting in a settings.json, whose comments and commas stay."""

import pytest

from codex_ls.cli.editor_settings import with_setting
from codex_ls.errors import InvalidParams


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "codex.profile": "x"\n}\n'),
        ("{}", '{\n  "codex.profile": "x"\n}'),
        ("{\n}\n", '{\n  "codex.profile": "x"\n}\n'),
        ('{\n  "a": 1, // b\n}\n', '{\n  "codex.profile": "x",\n  "a": 1, // b\n}\n'),
        (
            '// mine\n{ "a": { "codex.profile": "no" } }',
            '// mine\n{ "codex.profile": "x", "a": { "codex.profile": "no" } }',
        ),
        (
            '{ /* "codex.profile": 1 */ "codex.profile" : "old", "u": "http://x//y" }',
            '{ /* "codex.profile": 1 */ "codex.profile" : "x", "u": "http://x//y" }',
        ),
        ('{"codex.profile": null}', '{"codex.profile": "x"}'),
        ('{"a": "\\"}{//"}', '{"codex.profile": "x", "a": "\\"}{//"}'),
        ('{\r\n\t"a": 1,\r\n}\r\n', '{\r\n\t"codex.profile": "x",\r\n\t"a": 1,\r\n}\r\n'),
        ('{ // all\n    "a": 1\n}', '{ // all\n    "codex.profile": "x",\n    "a": 1\n}'),
        ('{ /* all */\r\n "a": 1}', '{ /* all */\r\n "codex.profile": "x",\r\n "a": 1}'),
        ("{\n  // none yet\n}\n", '{\n  "codex.profile": "x"\n  // none yet\n}\n'),
        ("// mine", '// mine\n{\n  "codex.profile": "x"\n}\n'),
        (" \n", '{\n  "codex.profile": "x"\n}\n'),
    ],
)
def test_a_setting_is_set(before: str, after: str) -> None:
    assert with_setting(before, "codex.profile", "x") == after


@pytest.mark.parametrize("text", ["[]", "{", "nonsense", '{"codex.profile": {}}', "{'a': 1}"])
def test_what_is_no_settings_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidParams):
        with_setting(text, "codex.profile", "x")
