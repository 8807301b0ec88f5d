"""The checks that need no network: the file, the profile, the key, the address as it is written."""

from codex_ls.config.address import is_loopback
from codex_ls.config.codex_compatibility import refusals
from codex_ls.config.layer import listed
from codex_ls.config.load import load_config
from codex_ls.config.models import closest
from codex_ls.config.profile import resolve
from codex_ls.doctor.check import Finding, failed, ok, warning
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.errors import CodexError
from codex_ls.providers.origin import credentials, refused
from codex_ls.sandbox.confine import find_sandbox


async def check_config(context: DoctorContext) -> Finding:
    """Whether config.toml can be read, and whether everything in it does something."""
    try:
        config = load_config(env=context.env, overrides=context.overrides)
    except CodexError as error:
        return failed(error.message, error.hint)
    context.config = config
    problems = config.problems
    if problems:
        more = f" ({len(problems) - 1} more warnings)" if len(problems) > 1 else ""
        return warning(problems[0].message + more, problems[0].hint)
    if not config.exists:
        return ok(f"{config.path} does not exist; the built-in model is used.")
    noun = "profile" if len(config.profiles) == 1 else "profiles"
    return ok(f"{config.path}, with the {noun} {listed(config.profiles)}.")


async def check_codex(context: DoctorContext) -> Finding:
    """Whether the Codex CLI, which reads the same files, starts with them."""
    assert context.config is not None
    lines = refusals(context.config)
    if not lines:
        return ok("No setting is known to prevent Codex from starting.")
    return warning("\n".join(lines))


async def check_profile(context: DoctorContext) -> Finding:
    """Which model, and where."""
    assert context.config is not None
    try:
        settings = resolve(context.config, profile=context.profile, local_only=context.local_only)
    except CodexError as error:
        return failed(error.message, error.hint)
    context.chosen = settings
    where = context.origin or "inside codex-ls"
    name = settings.profile or "No profile"
    sentence = (
        f"{name}: {settings.model} at {settings.provider.name} ({where},"
        f" wire_api {settings.provider.wire_api})."
    )
    notice = next(iter(settings.notices), None)
    return ok(sentence) if notice is None else warning(f"{sentence} {notice.message}", notice.hint)


async def check_key(context: DoctorContext) -> Finding:
    """Whether the key that the provider wants is set; its value is never told."""
    provider = context.provider
    told_by_editor: list[str] = []

    async def ask(provider_id: str, origin: str, env_key: str) -> str | None:
        assert context.ask_secret is not None
        value = await context.ask_secret(provider_id, origin, env_key)
        told_by_editor.append(value or "")
        return value

    try:
        context.headers = await credentials(
            provider, context.env, ask if context.ask_secret is not None else None
        )
    except CodexError as error:
        return failed(error.message, _mistaken_variable(context) or error.hint)
    names = " or ".join(provider.env_keys)
    if not context.has_key:
        none = f"No API key is set ({names}); none is required."
        return ok(none if names else "No API key is configured (env_key).")
    variable = next((name for name in provider.env_keys if context.env.get(name, "").strip()), None)
    if variable is not None:
        return ok(f"An API key is set ({variable}).")
    if any(value.strip() for value in told_by_editor):
        return ok("The API key is in the editor's secret storage.")
    if "Authorization" in context.headers and provider.env_keys:
        return ok("The API key is in the system keyring.")
    return ok("The API key is in the provider's headers.")


def _mistaken_variable(context: DoctorContext) -> str | None:
    """A hint about a variable that is named almost like the one that is wanted, and holds something."""
    wanted = context.provider.env_key
    if wanted is None or context.env.get(wanted, "").strip():
        return None
    named = [name for name, value in context.env.items() if value.strip()]
    near = closest(wanted, named, cutoff=0.8)
    return None if near is None else f'{near} is set; if that is the key, write env_key = "{near}".'


async def check_address(context: DoctorContext) -> Finding:
    """Whether `base_url` is one that can be meant."""
    if context.is_built_in:
        return ok("The built-in model needs no address.")
    if context.settings.local_only and not context.is_local:
        error = refused(context.settings)
        return failed(error.message, error.hint)
    base_url = context.provider.base_url
    if context.host in ("0.0.0.0", "::"):  # noqa: S104  looked at, not bound
        return warning(
            f"base_url is {base_url}: {context.host} is a listen address; clients cannot connect"
            " to it.",
            f'Write base_url = "{context.with_base_url(host="localhost")}".',
        )
    if base_url.startswith("http:") and not is_loopback(base_url) and context.has_key:
        return warning(
            f"{context.origin} is not encrypted: others on the network can read the key and the"
            " code.",
            "Use https://, or an SSH tunnel to a local port.",
        )
    return ok(base_url)


async def check_sandbox(context: DoctorContext) -> Finding:
    """Which sandbox holds the commands of a model, tried for real."""
    sandbox = await find_sandbox()
    mode = context.settings.sandbox_mode
    use = f"sandbox_mode is {mode}" if mode else "sandbox_mode is not set, so tools are off"
    match sandbox.kind:
        case "none":
            return warning(
                f"No sandbox works here, so every command needs your approval. {sandbox.reason}",
                sandbox.fix,
            )
        case "landlock":
            return warning(f"Landlock works; {use}. {sandbox.reason}", sandbox.fix)
        case _:
            return ok(f"{sandbox.program} works; {use}.")
