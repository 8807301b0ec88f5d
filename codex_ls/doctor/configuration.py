"""The checks that need no network: the file, the profile, the key, the address as it is written."""

from codex_ls.config.address import is_loopback
from codex_ls.config.layer import listed
from codex_ls.config.load import load_config
from codex_ls.config.profile import resolve
from codex_ls.doctor.check import Finding, failed, ok, warning
from codex_ls.doctor.patient import Patient
from codex_ls.errors import CodexError
from codex_ls.providers.origin import credentials, refused


async def check_config(patient: Patient) -> Finding:
    """Whether config.toml can be read, and whether everything in it does something."""
    try:
        config = load_config(env=patient.env, overrides=patient.overrides)
    except CodexError as error:
        return failed(error.message, error.hint)
    patient.config = config
    problems = [*config.problems, *([config.home_problem] if config.home_problem else [])]
    if problems:
        more = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
        return warning(problems[0].message + more, problems[0].hint)
    if not config.exists:
        return ok(f"There is no {config.path}; the built-in model is used.")
    noun = "profile" if len(config.profiles) == 1 else "profiles"
    return ok(f"{config.path}, with the {noun} {listed(config.profiles)}.")


async def check_profile(patient: Patient) -> Finding:
    """Which model, and where."""
    assert patient.config is not None
    try:
        settings = resolve(patient.config, profile=patient.profile, local_only=patient.local_only)
    except CodexError as error:
        return failed(error.message, error.hint)
    patient.chosen = settings
    where = patient.origin or "inside codex-ls"
    name = settings.profile or "Without a profile"
    sentence = (
        f"{name}: {settings.model} at {settings.provider.name} ({where},"
        f" wire_api {settings.provider.wire_api})."
    )
    if settings.notices:
        return warning(f"{sentence} {settings.notices[0].message}", settings.notices[0].hint)
    return ok(sentence)


async def check_key(patient: Patient) -> Finding:
    """Whether the key that the provider wants is set; its value is never told."""
    provider = patient.provider
    try:
        patient.headers = await credentials(provider, patient.env, patient.ask_secret)
    except CodexError as error:
        return failed(error.message, error.hint)
    if not provider.env_keys:
        return ok("No key is configured (env_key).")
    names = " or ".join(provider.env_keys)
    if "Authorization" in patient.headers:
        return ok(f"A key is set ({names}).")
    return ok(f"No key is set ({names}), and none is needed here.")


async def check_address(patient: Patient) -> Finding:
    """Whether `base_url` is one that can be meant."""
    if patient.is_built_in:
        return ok("The built-in model needs none.")
    if patient.settings.local_only and not patient.is_local:
        error = refused(patient.settings)
        return failed(error.message, error.hint)
    base_url = patient.provider.base_url
    if patient.host in ("0.0.0.0", "::"):  # noqa: S104  looked at, not bound
        return warning(
            f"base_url is {base_url}: a server may listen on {patient.host}, but nobody lives there.",
            f'Write base_url = "{patient.with_base_url(host="localhost")}".',
        )
    sends_key = bool(patient.headers and "Authorization" in patient.headers)
    if base_url.startswith("http:") and not is_loopback(base_url) and sends_key:
        return warning(
            f"{patient.origin} is not encrypted: the key and the code can be read on the way.",
            "Use https://, or a tunnel to a port of this machine.",
        )
    return ok(base_url)
