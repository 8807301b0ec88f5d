"""What each key that this program reads may hold, and the sentence for what it may not.

The schema is data: one rule a key. A rule looks at one value as TOML gave it and returns the fault
it finds, so that the error can begin with the key's own line and column and never repeats a value
that might be a secret. It is plain Python on purpose: a config is read before every request of the
command line, and importing pydantic took seven times as long as this whole room (measured in
docs/configuration.md).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from codex_ls.config.address import AddressFault, checked_base_url

MAX_WHOLE_NUMBER = 2**31 - 1


class Fault(NamedTuple):
    """What is wrong with a value: how a sentence goes on that began with the key.

    `below` leads from the key to the wrong place inside its value; `fix` is the next step.
    """

    sentence: str
    fix: str | None = None
    below: tuple[str, ...] = ()


Rule = Callable[[object], Fault | None]


def kind_of(value: object) -> str:
    """What a TOML value is, in words."""
    match value:
        case str():
            return "text"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number with a fraction"
        case Mapping():
            return "a table"
        case list():
            return "a list"
        case _:
            return "a date or time"


# ---- rules -------------------------------------------------------------------------------------


def flag(value: object) -> Fault | None:
    """True or false."""
    if isinstance(value, bool):
        return None
    fault = _must_be("true or false", value)
    return fault._replace(fix="write it without quotes.") if isinstance(value, str) else fault


def text(value: object) -> Fault | None:
    """Any text."""
    return None if isinstance(value, str) else _must_be("text", value)


def name(value: object) -> Fault | None:
    """Text that is not blank."""
    if isinstance(value, str) and not value.strip():
        return Fault("must not be blank")
    return text(value)


def whole_number(minimum: int) -> Rule:
    """A whole number from `minimum` to 2,147,483,647 (24 days, in milliseconds)."""

    def check(value: object) -> Fault | None:
        if not isinstance(value, int) or isinstance(value, bool):
            fault = _must_be("a whole number", value)
            return (
                fault._replace(fix="write it without quotes.") if isinstance(value, str) else fault
            )
        if minimum <= value <= MAX_WHOLE_NUMBER:
            return None
        return Fault(f"must be from {minimum:,} to {MAX_WHOLE_NUMBER:,}")

    return check


def one_of(*choices: str) -> Rule:
    """One of these texts."""
    quoted = [f'"{choice}"' for choice in choices]
    sentence = f"must be {', '.join(quoted[:-1])} or {quoted[-1]}"

    def check(value: object) -> Fault | None:
        if not isinstance(value, str):
            return Fault(f"{sentence}, not {kind_of(value)}")
        if value in choices:
            return None
        nearest = closest(value, choices)
        return Fault(sentence, f'did you mean "{nearest}"?' if nearest else None)

    return check


def base_url(value: object) -> Fault | None:
    """An address that requests can be sent to, or nothing at all."""
    if not isinstance(value, str):
        return _must_be("text", value)
    try:
        checked_base_url(value)
    except AddressFault as error:
        return Fault(str(error), error.fix)
    return None


def variable_name(value: object) -> Fault | None:
    """The name of an environment variable, or empty for none. A key pasted in its place is refused."""
    if not isinstance(value, str):
        return _must_be("text", value)
    if not value or (value.isascii() and value.isidentifier()):
        return None
    return Fault(
        "must be the name of an environment variable, such as OPENAI_API_KEY",
        "keys themselves don't belong in this file.",
    )


def approval_policy(value: object) -> Fault | None:
    """One of Codex's policies, or its table form; kept, not acted on."""
    if isinstance(value, Mapping):
        return None if len(value) == 1 else Fault("must hold one policy")
    return one_of("untrusted", "on-failure", "on-request", "never")(value)


def list_of_text(value: object) -> Fault | None:
    """A list whose entries are text."""
    if not isinstance(value, list):
        return _must_be("a list of text", value)
    wrong = next((entry for entry in value if not isinstance(entry, str)), None)
    return (
        None if wrong is None else Fault(f"must be a list of text; one entry is {kind_of(wrong)}")
    )


def table_of(rule: Rule, *, key_rule: Rule = text) -> Rule:
    """A table whose keys pass `key_rule` and whose values pass `rule`."""

    def check(value: object) -> Fault | None:
        if not isinstance(value, Mapping):
            return _must_be("a table", value)
        for key, entry in value.items():
            fault = key_rule(key) or rule(entry)
            if fault:
                return Fault(fault.sentence, fault.fix, (key, *fault.below))
        return None

    return check


def header_name(value: object) -> Fault | None:
    """A token of RFC 9110, section 5.6.2."""
    if isinstance(value, str) and value and all(_is_token(char) for char in value):
        return None
    return Fault("must be the name of an HTTP header")


def header_value(value: object) -> Fault | None:
    """Visible ASCII, with blanks and tabs inside: what every server takes for a header's value."""
    if not isinstance(value, str):
        return _must_be("text", value)
    if not all(char == "\t" or " " <= char <= "~" for char in value):
        return Fault("must be plain ASCII text in one line")
    return Fault("must have no blanks around it") if value != value.strip() else None


def _must_be(wanted: str, value: object) -> Fault:
    return Fault(f"must be {wanted}, not {kind_of(value)}")


def _is_token(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "!#$%&'*+-.^_`|~")


# ---- the keys ----------------------------------------------------------------------------------

SETTINGS: Mapping[str, Rule] = {
    "model": name,
    "model_provider": name,
    "model_reasoning_effort": one_of(
        "none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"
    ),
    "model_reasoning_summary": one_of("auto", "concise", "detailed", "none"),
    "model_verbosity": one_of("low", "medium", "high"),
    "model_context_window": whole_number(1),
    "model_max_output_tokens": whole_number(1),
    "show_raw_agent_reasoning": flag,
    "hide_agent_reasoning": flag,
    "local_only": flag,
    "openai_base_url": base_url,
    "sandbox_mode": one_of("read-only", "workspace-write", "danger-full-access"),
    "approval_policy": approval_policy,
}
"""At the top, in a profile file and in a `[profiles.X]` table."""

SANDBOX: Mapping[str, Rule] = {
    "writable_roots": list_of_text,
    "network_access": flag,
    "exclude_tmpdir_env_var": flag,
    "exclude_slash_tmp": flag,
}
"""In `[sandbox_workspace_write]`."""

HISTORY: Mapping[str, Rule] = {"persistence": one_of("save-all", "none"), "log_text": flag}
"""In `[history]`, whose other keys are left to Codex."""

PROVIDER: Mapping[str, Rule] = {
    "name": text,
    "base_url": base_url,
    "env_key": variable_name,
    "env_key_instructions": text,
    "wire_api": one_of("chat", "responses", "ollama", "lmstudio"),
    "query_params": table_of(text),
    "http_headers": table_of(header_value, key_rule=header_name),
    "env_http_headers": table_of(variable_name, key_rule=header_name),
    "request_max_retries": whole_number(0),
    "stream_max_retries": whole_number(0),
    "stream_idle_timeout_ms": whole_number(1),
    "connect_timeout_ms": whole_number(1),
    "first_byte_timeout_ms": whole_number(1),
}
"""In a `[model_providers.X]` table."""

TABLES = frozenset({"model_providers", "sandbox_workspace_write", "history"})
"""Keys beside SETTINGS that hold tables with rules of their own."""

TOP_ONLY = frozenset({"profile", "profiles"})
"""Keys that mean something at the top of config.toml alone."""


def closest(word: str, choices: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The choice that `word` was most likely meant to be, if any is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, sorted(choices), n=1, cutoff=cutoff)), None)
