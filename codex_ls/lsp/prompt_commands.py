"""`codex/prompts`, and a question that asks one of the user's own prompts: `/NAME ARGUMENTS`.

What a prompt is and what stands in it: `config/custom_prompts`. An editor sends what was typed, and the
server decides.
"""

import asyncio
from pathlib import Path

from codex_ls import protocol
from codex_ls.config.custom_prompts import (
    CustomPrompt,
    command_in,
    expanded,
    find_prompt,
    list_prompts,
)
from codex_ls.errors import ConfigError, InvalidParams
from codex_ls.lsp.user_config import ClientSettings
from codex_ls.protocol import ExecParams, Intent


async def prompts(settings: ClientSettings) -> protocol.PromptsResult:
    """Return the answer to `codex/prompts`. Raises ConfigError."""
    found = await asyncio.to_thread(list_prompts, _home(settings))
    return protocol.PromptsResult(
        prompts=tuple(
            protocol.PromptSummary(
                name=prompt.name,
                description=prompt.description or None,
                argument_hint=prompt.argument_hint or None,
                intent=prompt.intent,
            )
            for prompt in found
        )
    )


async def own_prompts(settings: ClientSettings) -> tuple[CustomPrompt, ...]:
    """Return the user's own prompts; none as long as the configuration can't be read."""
    try:
        return await asyncio.to_thread(list_prompts, _home(settings))
    except ConfigError:
        return ()


def intent_of(words: str, settings: ClientSettings) -> Intent:
    """Return what `/NAME ARGUMENTS` asks for. Raises what `with_own_prompt` raises."""
    command = command_in(words)
    prompt = None if command is None else find_prompt(_home(settings), command[0])
    return prompt.intent or "ask" if prompt is not None else "ask"


def with_own_prompt(params: ExecParams, settings: ClientSettings) -> ExecParams:
    """Return the params with the prompt that `/NAME ARGUMENTS` asks in them, or as they are.

    What the params say of model and effort goes before what the prompt says, its intent before theirs.
    Raises InvalidParams for a name that no prompt has, and ConfigError.
    """
    command = command_in(params.prompt)
    if command is None or params.intent in ("explain", "fix", "continue"):
        return params
    prompt = find_prompt(_home(settings), command[0])
    intent = prompt.intent or params.intent
    if intent != "ask" and params.text_document is None:
        raise InvalidParams(
            f"The prompt /{prompt.name} is about code, and no document was sent.",
            hint="Ask it in the editor that shows the code.",
        )
    return params.model_copy(
        update={
            "prompt": expanded(prompt, command[1]),
            "intent": intent,
            "model": params.model or prompt.model,
            "effort": params.effort or prompt.effort,
        }
    )


def _home(settings: ClientSettings) -> Path:
    return settings.config().path.parent
