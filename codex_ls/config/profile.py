"""What a profile name means: frozen settings for one turn.

Precedence, strongest first: the request, `-c` options, the profile, the top of config.toml, the
built-in defaults. Nothing falls back silently: a name that doesn't exist is an error with the names
that do.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from codex_ls.config.address import is_loopback, origin
from codex_ls.config.built_in import DEFAULT_PROVIDER
from codex_ls.config.layer import listed, shown, with_fix
from codex_ls.config.load import Config
from codex_ls.config.provider import choose_provider, nearest_first
from codex_ls.config.schema import closest
from codex_ls.config.settings import (
    ModelSettings,
    ProfileSummary,
    Provider,
    Summary,
    Verbosity,
    WireApi,
)
from codex_ls.config.stratum import Stratum, find_first, overlaid
from codex_ls.errors import CodexError, ConfigError, InvalidParams, NoProfile, UnknownProfile
from codex_ls.events import Effort, Notice

__all__ = [
    "ModelSettings",
    "ProfileSummary",
    "Provider",
    "Summary",
    "Verbosity",
    "WireApi",
    "list_profiles",
    "resolve",
]

_EFFORTS: tuple[Effort, ...] = get_args(Effort)


def resolve(
    config: Config,
    *,
    profile: str | None = None,
    model: str | None = None,
    effort: Effort | None = None,
    local_only: bool = False,
) -> ModelSettings:
    """The settings of a turn that asks for these; None leaves the choice to the configuration.

    `local_only` can be turned on here, never off: the lock holds if anything says so. Raises
    UnknownProfile, NoProfile if nothing names a model, InvalidParams for a blank `model`, and
    ConfigError for a profile defined twice, an unknown provider, or one without an address.
    """
    if model is not None and not model.strip():
        raise InvalidParams(
            "The name of the model is blank.", hint="Name a model, or leave it out."
        )
    name = config.default_profile if profile is None else profile
    strata = _strata(config, name, is_asked_for=profile is not None)
    provider = choose_provider(strata)
    chosen_model = model or _value(strata, "model")
    if not chosen_model:
        raise _no_model(config, name)
    history = overlaid(strata, "history")
    chosen_effort, notices = (effort, ()) if effort else _configured_effort(strata)
    if config.home_problem and not config.exists:
        notices = (*notices, config.home_problem)
    return ModelSettings(
        model=chosen_model,
        provider=provider,
        profile=name,
        effort=chosen_effort,
        summary=_value(strata, "model_reasoning_summary"),
        verbosity=_value(strata, "model_verbosity"),
        context_window=_value(strata, "model_context_window"),
        max_output_tokens=_value(strata, "model_max_output_tokens"),
        show_raw_reasoning=_value(strata, "show_raw_agent_reasoning", default=True),
        hide_reasoning=_value(strata, "hide_agent_reasoning", default=False),
        local_only=local_only or any(stratum.find("local_only") is True for stratum in strata),
        sandbox_mode=_value(strata, "sandbox_mode"),
        sandbox_workspace_write=overlaid(strata, "sandbox_workspace_write"),
        approval_policy=_policy_name(_value(strata, "approval_policy")),
        keep_history=history.get("persistence") != "none",
        log_text=history.get("log_text") is True,
        notices=notices,
    )


def list_profiles(config: Config) -> tuple[ProfileSummary, ...]:
    """Every profile in the order it is defined, the built-in one last; never raises.

    A profile that can't be used has the reason in `problems`.
    """
    return tuple(_summary(config, name) for name in config.profiles)


def _summary(config: Config, name: str) -> ProfileSummary:
    try:
        settings = resolve(config, profile=name)
    except CodexError as error:
        return _broken_summary(config, name, error)
    return _summary_of(name, settings.model, settings.provider, settings.notices)


def _summary_of(
    name: str, model: str, provider: Provider, problems: tuple[Notice, ...]
) -> ProfileSummary:
    return ProfileSummary(
        name=name,
        model=model,
        provider=provider.id,
        wire_api=provider.wire_api,
        origin=origin(provider.base_url),
        is_local=is_loopback(provider.base_url),
        problems=problems,
    )


def _broken_summary(config: Config, name: str, error: CodexError) -> ProfileSummary:
    """What can still be said of a profile that does not resolve."""
    problems = (Notice(error.kind, error.message, error.hint),)
    definition = config.profiles[name]
    if definition.error:
        return ProfileSummary(name, model="", provider="", problems=problems)
    strata = (config.overrides, *definition.strata, config.base)
    model = _value(strata, "model", default="")
    try:
        provider = choose_provider(strata)
    except ConfigError:
        wanted = _value(strata, "model_provider", default=DEFAULT_PROVIDER)
        return ProfileSummary(name, model=model, provider=wanted, problems=problems)
    return _summary_of(name, model, provider, problems)


# ---- strata ------------------------------------------------------------------------------------


def _strata(config: Config, name: str | None, *, is_asked_for: bool) -> tuple[Stratum, ...]:
    if name is None:
        return (config.overrides, config.base)
    definition = config.profiles.get(name)
    if definition is None:
        raise _unknown_profile(config, name, is_asked_for=is_asked_for)
    if definition.error:
        raise ConfigError(definition.error.message, hint=definition.error.hint)
    return (config.overrides, *definition.strata, config.base)


def _value(strata: Sequence[Stratum], key: str, *, default: Any = None) -> Any:
    found = find_first(strata, key)
    return default if found is None else found.value


def _configured_effort(strata: Sequence[Stratum]) -> tuple[Effort | None, tuple[Notice, ...]]:
    """The configured effort; what only Codex knows above `high` becomes `high`, with a notice."""
    found = find_first(strata, "model_reasoning_effort")
    if found is None:
        return None, ()
    if found.value in _EFFORTS:
        return found.value, ()
    message = f'{found.place.short}: the effort "{found.value}" is sent as "high".'
    efforts = listed(_EFFORTS)
    hint = with_fix(found.place.full, f"the efforts that model servers know are {efforts}.")
    return "high", (Notice("effortRefused", message, hint),)


def _policy_name(policy: object) -> str | None:
    """The policy, or the name of its table form (`granular`)."""
    if isinstance(policy, Mapping):
        return next(iter(policy), None)
    return policy if isinstance(policy, str) else None


# ---- errors ------------------------------------------------------------------------------------


def _unknown_profile(config: Config, name: str, *, is_asked_for: bool) -> UnknownProfile:
    names = listed(nearest_first(name, list(config.profiles)))
    sentence = f"there is no profile `{shown(name)}`."
    nearest = closest(name.lower(), config.profiles) or closest(name, config.profiles)
    meant = f"Did you mean `{shown(nearest)}`? " if nearest else ""
    found = find_first((config.overrides, config.base), "profile")
    if is_asked_for or found is None:
        folder = config.path.parent
        only = f"The only profile in {folder} is {names}."
        hint = only if len(config.profiles) == 1 else f"The profiles in {folder} are {names}."
        return UnknownProfile(f"T{sentence[1:]}", hint=meant + hint)
    return UnknownProfile(
        f"{found.place.short}: {sentence}",
        hint=with_fix(found.place.full, _after_place(meant, f"the profiles are {names}.")),
    )


def _after_place(meant: str, names: str) -> str:
    """A guess and the names, as they follow a place and a colon."""
    return f"{meant[:1].lower()}{meant[1:]}{names[:1].upper()}{names[1:]}" if meant else names


def _no_model(config: Config, name: str | None) -> NoProfile:
    names = listed(other for other in config.profiles if other != name)
    if name is not None:
        return NoProfile(
            f"The profile `{shown(name)}` names no model.",
            hint=f"Set `model` in it, name a model, or choose another profile: {names}.",
        )
    named = find_first((config.overrides, config.base), "model_provider")
    if named is not None:
        return NoProfile(
            f"{named.place.short}: the provider is {shown(str(named.value))}, and no model is named.",
            hint=with_fix(named.place.full, 'add a line such as model = "gpt-oss" above it.'),
        )
    where = f"in {config.path.parent} " if config.exists else ""
    return NoProfile(
        f"Nothing {where}selects a model.",
        hint=f"Choose a profile ({names}), name a model, or set `profile` in {config.path}.",
    )
