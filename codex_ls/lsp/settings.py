"""What the editor's settings may say, and nothing else of what they say.

LSP hands over merged values and not who set them: a stranger's repository may have. So only keys that
are harmless from there are read (`profile` names what the user defined, `localOnly` can only be turned
on, `thinking.show` is about display); any other key, and any value of a wrong type, is ignored with a
notice. Values may come nested or dotted: `{"thinking": {"show": ...}}` or `{"thinking.show": ...}`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from codex_ls.events import Notice
from codex_ls.lsp.protocol import SETTINGS_SECTION, THINKING_SHOW

ThinkingShow = Literal["full", "summary", "hidden"]

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
            case "thinking.show", str() if entry in THINKING_SHOW:
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
        "A workspace may name a profile. Addresses, keys, headers and commands belong in config.toml.",
    )
