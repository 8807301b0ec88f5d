"""What the editor's settings say, and which hold for a document."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from codex_ls.events import Notice
from codex_ls.lsp.documents import folder_holding
from codex_ls.protocol import SETTINGS_SECTION, ThinkingShow

# ---- what one source says ------------------------------------------------------------------------
#
# What the editor's settings may say, and nothing else of what they say.
#
# LSP hands over merged values and not who set them: a stranger's repository may have. So only keys that
# are harmless from there are read (`profile` names what the user defined, `localOnly` can only be turned
# on, `thinking.show` is about display); any other key, and any value of a wrong type, is ignored with a
# notice. Values may come nested or dotted: `{"thinking": {"show": ...}}` or `{"thinking.show": ...}`.


_THINKING_SHOW: tuple[str, ...] = get_args(ThinkingShow)
_NOT_SETTINGS = frozenset({"trusted", "token", "trace"})
"""Keys beside the settings that clients put in the same place, to say something else."""

_SHOWN_KEYS = 5
_NAME = re.compile(r"[\w.\-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """What one source of settings says; None where it says nothing."""

    profile: str | None = None
    local_only: bool = False
    thinking_show: ThinkingShow | None = None
    notices: tuple[Notice, ...] = ()

    def over(self, weaker: "WorkspaceSettings") -> "WorkspaceSettings":
        """Return both together: this one wins, but for the lock, which holds if either says so."""
        return WorkspaceSettings(
            profile=self.profile or weaker.profile,
            local_only=self.local_only or weaker.local_only,
            thinking_show=self.thinking_show or weaker.thinking_show,
            notices=(*weaker.notices, *self.notices),
        )


def read_settings(value: object) -> WorkspaceSettings:
    """Return what the value of the section `codex` says. Never raises, whatever it is."""
    if value is None:
        return WorkspaceSettings()
    if not isinstance(value, Mapping):
        return WorkspaceSettings(notices=(_wrong_type(SETTINGS_SECTION, "an object"),))
    settings = WorkspaceSettings()
    ignored: list[str] = []
    notices: list[Notice] = []
    for key, entry in _flat(value):
        match key, entry:
            case _, None:
                continue
            case "profile", str():
                settings = replace(settings, profile=entry.strip() or None)
            case "localOnly", bool():
                settings = replace(settings, local_only=entry)
            case "thinking.show", str() if entry in _THINKING_SHOW:
                settings = replace(settings, thinking_show=cast("ThinkingShow", entry))
            case "profile", _:
                notices.append(_wrong_type(key, "text"))
            case "localOnly", _:
                # A lock that someone meant to close is not left open over a typing mistake.
                settings = replace(settings, local_only=True)
                notices.append(_wrong_type(key, "true or false", so="It is taken as true."))
            case "thinking.show", _:
                notices.append(_wrong_type(key, "full, summary or hidden"))
            case _:
                if key.split(".")[0] not in _NOT_SETTINGS:
                    ignored.append(key)
    if ignored:
        notices.append(_not_read(ignored))
    return replace(settings, notices=tuple(notices))


def read_pushed(settings: object) -> WorkspaceSettings | None:
    """Return what `workspace/didChangeConfiguration` brought; None if it has no such section.

    Sections of other servers are none of our business, and not mentioned.
    """
    if not isinstance(settings, Mapping):
        return None
    prefix = f"{SETTINGS_SECTION}."
    section: dict[str, object] = {}
    found = False
    for key, entry in settings.items():
        if key == SETTINGS_SECTION:
            found = True
            if not isinstance(entry, Mapping):
                return read_settings(entry)
            section.update(entry)
        elif isinstance(key, str) and key.startswith(prefix):
            found = True
            section[key.removeprefix(prefix)] = entry
    return read_settings(section) if found else None


def _flat(value: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    """Yield dotted keys. Only `thinking` is opened: a foreign object is one key, however deep."""
    for raw_key, entry in value.items():
        key = str(raw_key).removeprefix(f"{SETTINGS_SECTION}.")
        if key == "thinking" and isinstance(entry, Mapping):
            for below, inner in entry.items():
                yield f"thinking.{below}", inner
        else:
            yield key, entry


def _wrong_type(key: str, wanted: str, *, so: str = "It is ignored.") -> Notice:
    name = key if key == SETTINGS_SECTION else f"{SETTINGS_SECTION}.{key}"
    return Notice("configInvalid", f"The editor's setting {name} must be {wanted}. {so}")


def _not_read(keys: list[str]) -> Notice:
    names = [
        f"{SETTINGS_SECTION}.{key}" if _NAME.fullmatch(key) else "one with an odd name"
        for key in sorted(set(keys))
    ]
    more = f" and {len(names) - _SHOWN_KEYS} more" if len(names) > _SHOWN_KEYS else ""
    return Notice(
        "untrustedWorkspace",
        f"Editor settings that are not read: {', '.join(names[:_SHOWN_KEYS])}{more}.",
        "A workspace may select a profile. Addresses, keys, headers and commands belong in"
        " config.toml.",
    )


# ---- settings of each folder ---------------------------------------------------------------------
#
# Which settings hold for a document: those of the workspace folder that it lies in.
#
# They are asked for with `workspace/configuration`, one item per folder, when the client says that
# they may have changed, and kept until then: a question does not wait for a round trip. What the
# client pushes and its `initializationOptions` hold where nothing was asked or the answer leaves a key
# open.


logger = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 3.0

Item = dict[str, str]
Ask = Callable[[list[Item]], Awaitable[object]]


class Scopes:
    """The settings of every workspace folder, and of what lies in none."""

    def __init__(
        self,
        *,
        ask: Ask | None,
        folders: Callable[[], Mapping[str, Path]],
        options: object = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`ask` sends `workspace/configuration`, or is None for a client that can't be asked.

        `changed` is called when settings came, the same ones as before or others.
        """
        self._ask = ask
        self._folders = folders
        self._pushed = WorkspaceSettings()
        self._options = read_settings(options)
        self._pulled: dict[str | None, WorkspaceSettings] = {}
        self._pulling: asyncio.Task[None] | None = None
        self._stale = ask is not None
        self._told: set[Notice] = set()
        self._changed = changed

    def push(self, settings: object) -> None:
        """Take what `workspace/didChangeConfiguration` brought, and ask again."""
        pushed = read_pushed(settings)
        if pushed is not None:
            self._pushed = pushed
            self._changed()
        self.refresh()

    def refresh(self) -> None:
        """Ask the client again: it said that something changed. What is on its way is out of date."""
        if self._ask is not None:
            self._stale = True
            if self._pulling is not None:
                self._pulling.cancel()
            self._pulling = asyncio.ensure_future(self._pull())

    async def aclose(self) -> None:
        """Wait no longer for an answer."""
        if self._pulling is not None:
            self._pulling.cancel()
            await asyncio.gather(self._pulling, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until the client has sent its settings, if it was asked; not longer than 3 s."""
        if self._stale and self._pulling is None:
            self.refresh()
        while self._pulling is not None and not self._pulling.done():
            pulling = self._pulling
            await asyncio.wait((pulling,))

    def settings_for(self, document_uri: str | None) -> WorkspaceSettings:
        """Return what holds for a document; without one, what holds for the first folder."""
        folder = folder_holding(document_uri, self._folders())
        pulled = self._pulled.get(folder, WorkspaceSettings())
        return pulled.over(self._pushed.over(self._options))

    @property
    def selections(self) -> tuple[object, ...]:
        """What the settings select, folder by folder: of documents in it, and of those in none."""
        scopes: list[str | None] = [*self._folders(), None]
        found = ((scope, self._pulled.get(scope, WorkspaceSettings())) for scope in scopes)
        weaker = self._pushed.over(self._options)
        settings = ((scope, own.over(weaker)) for scope, own in found)
        return tuple((scope, all_.profile, all_.local_only) for scope, all_ in settings)

    def new_notices(self, settings: WorkspaceSettings) -> tuple[Notice, ...]:
        """Return the notices about `settings` that no turn has shown yet: each is shown once."""
        new = tuple(notice for notice in settings.notices if notice not in self._told)
        self._told.update(new)
        return new

    async def _pull(self) -> None:
        assert self._ask is not None
        scopes: list[str | None] = [*self._folders(), None]
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                answer = await self._ask([_item(scope) for scope in scopes])
        except TimeoutError:
            logger.warning("the client did not answer workspace/configuration")
            self._pulled = dict.fromkeys(scopes, WorkspaceSettings(notices=(_UNANSWERED,)))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # whatever the client's error reply is raised as
            logger.warning("the client refused workspace/configuration (%s)", type(error).__name__)
            self._pulled = {}
        else:
            self._pulled = _read_answer(scopes, answer)
        self._stale = False
        self._changed()


_UNANSWERED = Notice(
    "timedOut",
    f"The editor did not send its settings within {ANSWER_TIMEOUT_S:.0f} s; config.toml's are"
    " used.",
)


def _item(scope: str | None) -> Item:
    item = {"section": SETTINGS_SECTION}
    return item if scope is None else {"scopeUri": scope, **item}


def _read_answer(
    scopes: Iterable[str | None], answer: object
) -> dict[str | None, WorkspaceSettings]:
    values = answer if isinstance(answer, list) else []
    return {scope: read_settings(value) for scope, value in zip(scopes, values, strict=False)}
