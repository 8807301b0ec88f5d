"""The next step of a failure as an action that an editor has, in the place of a shell command."""

import re

from codex_ls.config.built_in import EMBEDDED
from codex_ls.protocol import NextAction, NextStep

_ACTIONS: dict[str, NextAction] = {
    "unknownProfile": "selectProfile",
    "noProfile": "selectProfile",
    "missingCredential": "setApiKey",
    "unauthorized": "setApiKey",
    "unreachable": "checkSetup",
    "configInvalid": "openConfig",
}

_COMMANDS: dict[str, NextAction] = {
    "doctor": "checkSetup",
    "discover": "checkSetup",
    "models": "selectModel",
    "model pull": "getBuiltinModel",
}

_COMMAND = re.compile(r"codex-ls (model pull|\w+)")

_CLAUSE = re.compile(r"(?<=[.;:,]) ")


def next_step(
    kind: str,
    hint: str | None,
    *,
    provider: str | None = None,
    model: str | None = None,
) -> NextStep | None:
    """Return what an editor can offer for a kind of failure or for the command in a hint, if anything.

    `provider` and `model` are those that were asked.
    """
    named = _COMMAND.search(hint) if hint else None
    action = _COMMANDS.get(named[1]) if named else None
    if kind == "notFound" and provider == EMBEDDED:
        action = "getBuiltinModel"
    action = action or _ACTIONS.get(kind)
    if action is None:
        return None
    argument = None
    if action == "setApiKey":
        argument = provider
    elif action == "getBuiltinModel":
        argument = model if provider == EMBEDDED else None
    return NextStep(action=action, argument=argument, hint=_without_command(hint))


def _without_command(hint: str | None) -> str | None:
    """Return a hint up to the clause that names a command of the shell; None if nothing is left."""
    kept: list[str] = []
    for clause in _CLAUSE.split(hint or ""):
        if "codex-ls " in clause or "pip install" in clause:
            break
        kept.append(clause)
    text = " ".join(kept).rstrip(",;: ")
    if not text:
        return None
    return text if text.endswith((".", "!", "?")) else f"{text}."
