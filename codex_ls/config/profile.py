"""What a profile name means: frozen settings for one turn.

Precedence, strongest first: the request, `-c` options, the profile, codex-ls.toml, the top of
config.toml, the built-in defaults. Nothing falls back silently: a name that doesn't exist is an error
with the names that do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, get_args

from codex_ls.config.address import is_loopback, origin
from codex_ls.config.instruction_files import read_instructions, read_user_instructions, text_of
from codex_ls.config.intended_provider import refuse_doubt
from codex_ls.config.layer import ConfigView, find_first, listed, overlaid, shown, with_fix
from codex_ls.config.load import PROFILE_FILE_SUFFIX, Config
from codex_ls.config.model_settings import (
    ModelSettings,
    ProfileSummary,
    Provider,
    Sampling,
    Summary,
    Verbosity,
    WireApi,
)
from codex_ls.config.models import closest
from codex_ls.config.provider import choose_provider, nearest_first
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
    ConfigError for a profile defined twice, an unknown provider, one without an address, keys of
    another program that leave in doubt who is asked, or a file of instructions that can't be read.
    """
    if model is not None and not model.strip():
        raise InvalidParams(
            "The name of the model is blank.", hint="Name a model, or leave it out."
        )
    name = config.default_profile if profile is None else profile
    views = _views(config, name, is_asked_for=profile is not None)
    provider = choose_provider(views)
    chosen_model = model or _value(views, "model")
    refuse_doubt(
        views,
        provider,
        profile=name,
        model=chosen_model or "",
        unread_address=config.unread_address,
    )
    if not chosen_model:
        raise _no_model(config, name)
    history = overlaid(views, "history")
    chosen_effort, notices = (effort, ()) if effort else _configured_effort(views)
    user_instructions, more_notices = read_user_instructions(config.path.parent)
    return ModelSettings(
        model=chosen_model,
        provider=provider,
        profile=name,
        effort=chosen_effort,
        summary=_value(views, "model_reasoning_summary"),
        verbosity=_value(views, "model_verbosity"),
        context_window=_value(views, "model_context_window"),
        max_output_tokens=_max_output_tokens(views, provider),
        sampling=_sampling(views, provider),
        instructions=read_instructions(views),
        developer_instructions=text_of(views, "developer_instructions"),
        user_instructions=user_instructions,
        show_raw_reasoning=_value(views, "show_raw_agent_reasoning", default=True),
        hide_reasoning=_value(views, "hide_agent_reasoning", default=False),
        local_only=local_only or any(view.find("local_only") is True for view in views),
        sandbox_mode=_value(views, "sandbox_mode"),
        sandbox_workspace_write=overlaid(views, "sandbox_workspace_write"),
        approval_policy=_policy_name(_value(views, "approval_policy")),
        keep_history=history.get("persistence") != "none",
        log_text=history.get("log_text") is True,
        notices=(*notices, *more_notices),
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
    summary = _summary_of(name, settings.model, settings.provider, settings.notices)
    return replace(summary, context_window=settings.context_window)


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
    views = (config.overrides, *definition.views, config.own, config.base)
    model = _value(views, "model", default="")
    try:
        provider = choose_provider(views)
        unread = config.unread_address
        refuse_doubt(views, provider, profile=name, model=model, unread_address=unread)
    except ConfigError:
        wanted = _value(views, "model_provider", default="")
        return ProfileSummary(name, model=model, provider=wanted, problems=problems)
    return _summary_of(name, model, provider, problems)


# ---- views ------------------------------------------------------------------------------------


def _views(config: Config, name: str | None, *, is_asked_for: bool) -> tuple[ConfigView, ...]:
    if name is None:
        return config.top
    definition = config.profiles.get(name)
    if definition is None:
        raise _unknown_profile(config, name, is_asked_for=is_asked_for)
    if definition.error:
        raise ConfigError(definition.error.message, hint=definition.error.hint)
    return (config.overrides, *definition.views, config.own, config.base)


def _value(views: Sequence[ConfigView], key: str, *, default: Any = None) -> Any:
    found = find_first(views, key)
    return default if found is None else found.value


def _sampling(views: Sequence[ConfigView], provider: Provider) -> Sampling:
    """What the views say of each parameter, else the provider's table."""
    table = overlaid(views, "model_providers", provider.id)
    values = {
        field.name: _value(views, field.name, default=table.get(field.name))
        for field in fields(Sampling)
    }
    return Sampling(**values)


def _max_output_tokens(views: Sequence[ConfigView], provider: Provider) -> int | None:
    """The limit under either of its names, the strongest one; else that of the provider's table."""
    for view in views:
        for key in ("max_output_tokens", "model_max_output_tokens"):
            value = view.find(key)
            if isinstance(value, int):
                return value
    limit = overlaid(views, "model_providers", provider.id).get("max_output_tokens")
    return limit if isinstance(limit, int) else None


def _configured_effort(views: Sequence[ConfigView]) -> tuple[Effort | None, tuple[Notice, ...]]:
    """The configured effort; what only Codex knows above `high` becomes `high`, with a notice."""
    found = find_first(views, "model_reasoning_effort")
    if found is None:
        return None, ()
    if found.value in _EFFORTS:
        return found.value, ()
    message = f'{found.place.short}: the effort "{found.value}" is sent as "high".'
    efforts = listed(_EFFORTS)
    hint = with_fix(found.place.full, f"model servers support the efforts {efforts}.")
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
    meant = _elsewhere(config, name) or meant
    found = find_first(config.top, "profile")
    if is_asked_for or found is None:
        folder = config.path.parent
        only = f"The only profile in {folder} is {names}."
        hint = only if len(config.profiles) == 1 else f"The profiles in {folder} are {names}."
        return UnknownProfile(f"T{sentence[1:]}", hint=meant + hint)
    return UnknownProfile(
        f"{found.place.short}: {sentence}",
        hint=with_fix(found.place.full, _after_place(meant, _listing(config, names))),
    )


def _listing(config: Config, names: str) -> str:
    return f"the profiles are {names}." if len(config.profiles) > 1 else f"the only one is {names}."


def _elsewhere(config: Config, name: str) -> str:
    """Where a profile of that name seems to be, in a place where none is read."""
    if not _is_plain(name):
        return ""
    file = config.path.with_name(f"{name}.toml")
    if file != config.own_path and file.is_file():
        return f"{file.name} is not read: rename it {name}{PROFILE_FILE_SUFFIX}. "
    if isinstance(config.base.find(name), Mapping):
        place = config.base.place_of_key(name).short
        return f"The table at {place} is not a profile: move it to {name}{PROFILE_FILE_SUFFIX}. "
    return ""


def _is_plain(name: str) -> bool:
    """Whether a name is a part of a path and no more."""
    return bool(name) and name.isprintable() and not {"/", "\\", ":"}.intersection(name)


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
    named = find_first(config.top, "model_provider")
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
