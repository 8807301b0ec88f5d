"""The checks that need no network: the file, the profile, the key, the address as it is written."""

from codex_ls.config.address import is_loopback
from codex_ls.config.layer import listed
from codex_ls.config.load import load_config
from codex_ls.config.profile import resolve
from codex_ls.config.schema import closest
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
    told_already = patient.config.home_problem  # by the check of the file
    notice = next((n for n in settings.notices if n != told_already), None)
    return ok(sentence) if notice is None else warning(f"{sentence} {notice.message}", notice.hint)


async def check_key(patient: Patient) -> Finding:
    """Whether the key that the provider wants is set; its value is never told."""
    provider = patient.provider
    told_by_editor: list[str] = []

    async def ask(provider_id: str, origin: str, env_key: str) -> str | None:
        assert patient.ask_secret is not None
        value = await patient.ask_secret(provider_id, origin, env_key)
        told_by_editor.append(value or "")
        return value

    try:
        patient.headers = await credentials(
            provider, patient.env, ask if patient.ask_secret is not None else None
        )
    except CodexError as error:
        return failed(error.message, _mistaken_variable(patient) or error.hint)
    names = " or ".join(provider.env_keys)
    if not patient.has_key:
        none = f"No key is set ({names}), and none is needed here."
        return ok(none if names else "No key is configured (env_key).")
    variable = next((name for name in provider.env_keys if patient.env.get(name, "").strip()), None)
    if variable is not None:
        return ok(f"A key is set ({variable}).")
    if any(value.strip() for value in told_by_editor):
        return ok("The editor's secret storage holds a key.")
    if "Authorization" in patient.headers and provider.env_keys:
        return ok("The system's keyring holds a key.")
    return ok("A key is set among the provider's headers.")


def _mistaken_variable(patient: Patient) -> str | None:
    """A hint about a variable that is named almost like the one that is wanted, and holds something."""
    wanted = patient.provider.env_key
    if wanted is None or patient.env.get(wanted, "").strip():
        return None
    named = [name for name, value in patient.env.items() if value.strip()]
    near = closest(wanted, named, cutoff=0.8)
    return None if near is None else f'{near} is set: if that is the key, write env_key = "{near}".'


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
    if base_url.startswith("http:") and not is_loopback(base_url) and patient.has_key:
        return warning(
            f"{patient.origin} is not encrypted: the key and the code can be read on the way.",
            "Use https://, or a tunnel to a port of this machine.",
        )
    return ok(base_url)
