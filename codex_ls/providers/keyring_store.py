"""Keys in the system keyring, each for one provider at one origin (the extra `codex-ls[keyring]`).

The keyring is asked last, where neither an environment variable nor the editor has the key. Invariant
7: the origin is part of a key's name, so a provider that moves to another address finds no key there.
Without the extra, without a keyring or with one that stays locked there is simply no key: a turn then
ends in MissingCredential, as it would without all this.
"""

import asyncio
import importlib.util
import logging
from typing import Any

from codex_ls.errors import MissingCredential

SERVICE = "codex-ls"
"""Under this name the keys are listed in the system's own program for them."""

logger = logging.getLogger(__name__)


async def kept_key(provider_id: str, origin: str) -> str | None:
    """The key that is kept for a provider at an origin; None if there is none. Never raises.

    A keyring may ask the user to unlock it, so this may take as long as a person takes.
    """
    if importlib.util.find_spec("keyring") is None:
        return None
    return await asyncio.to_thread(_read, provider_id, origin)


def keep_key(provider_id: str, origin: str, key: str) -> None:
    """Keep a key. Raises MissingCredential if it can't be kept."""
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, _name(provider_id, origin), key)
        is_kept = keyring.get_password(SERVICE, _name(provider_id, origin)) == key
    except Exception as error:
        raise _failed(error) from None
    if not is_kept:
        raise MissingCredential("The system keyring did not store the key.", hint=_ANOTHER_WAY)


def forget_key(provider_id: str, origin: str) -> bool:
    """Remove a key; False if there was none. Raises MissingCredential if it can't be removed."""
    keyring = _keyring()
    try:
        if keyring.get_password(SERVICE, _name(provider_id, origin)) is None:
            return False
        keyring.delete_password(SERVICE, _name(provider_id, origin))
    except Exception as error:
        raise _failed(error) from None
    return True


_ANOTHER_WAY = "Set the environment variable that env_key names in config.toml."


def _name(provider_id: str, origin: str) -> str:
    return f"{provider_id} at {origin}"


def _read(provider_id: str, origin: str) -> str | None:
    try:
        found: object = _keyring().get_password(SERVICE, _name(provider_id, origin))
    except Exception as error:  # backends raise what their system raises
        logger.debug("the keyring gave no key: %s", type(error).__name__)
        return None
    return found if isinstance(found, str) and found else None


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise MissingCredential(
            "The system keyring needs an extra of codex-ls that is not installed.",
            hint="pip install 'codex-ls[keyring]'",
        ) from None
    return keyring


def _failed(error: Exception) -> MissingCredential:
    """What went wrong in a backend, by its kind alone: nobody knows what its words may hold."""
    return MissingCredential(
        f"The system keyring can't be used ({type(error).__name__}).", hint=_ANOTHER_WAY
    )
