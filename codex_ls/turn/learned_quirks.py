"""How one server wants to be asked: what is known beforehand, what was learned, what it refused.

A refusal often names the next request: the other name of a parameter, or the same without it, or the
system text in front of the first question. `RequestAdapter.adapt` makes that request, each at most once
in a turn; what worked is remembered for the server and model (`Refusals`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from codex_ls.config.address import is_loopback
from codex_ls.errors import ProviderError
from codex_ls.events import Notice
from codex_ls.turn.thread_store import our_folder
from codex_ls.wire import (
    ModelCall,
    Quirks,
    is_named,
    quirks_for,
    request_for,
    unknown_to,
)
from codex_ls.wire.refusals import (
    nearest_effort,
    refuses,
    refuses_effort,
    refuses_parameter,
    refuses_streaming,
    refuses_system_role,
    refuses_tools,
)

if TYPE_CHECKING:
    from pathlib import Path

    from codex_ls.config.model_settings import Provider

_MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_QUIETLY = {
    "return_progress": ("return_progress",),
    "stream_options": ("stream_options", "include_usage"),
    "store": ("store",),
    "include": ("include", "encrypted_content"),
}
"""Keys that nobody asked for, with the names that a refusal may have; left out without a word."""
_SUMMARY = ("summary", "summaries")


MAX_AGE = timedelta(days=30)
_MAX_ENTRIES = 200
_MAX_BYTES = 256 * 1024
_NAME = "refusals.json"
_FLAGS = frozenset({"merge_system", "tools_as_text", "unstreamed"})
_TEXTS = frozenset({"max_tokens_field"})
_LISTS = frozenset({"left_out"})
_TABLES = frozenset({"efforts"})


def learned_quirks(
    provider: Provider,
    model: str,
    *,
    forced_open: Set[tuple[str, str]] = frozenset(),
    refused: Mapping[str, Any] | None = None,
) -> Quirks:
    """The server's quirks, with what earlier turns found.

    `forced_open` holds (base URL, model) pairs, `refused` what `Refusals.of` gives. A server of this
    machine whose id says nothing may well be llama.cpp; others don't look at `return_progress`.
    """
    quirks = quirks_for(
        provider=provider.id,
        host=urlsplit(provider.base_url).hostname or "",
        model=model,
        wire_api=provider.wire_api,
    )
    if provider.wire_api == "chat" and is_loopback(provider.base_url) and not is_named(provider.id):
        quirks = replace(quirks, prompt_progress=True)
    refused = refused or {}
    return replace(
        quirks,
        forced_open=quirks.forced_open or (provider.base_url, model) in forced_open,
        merge_system=quirks.merge_system or "merge_system" in refused,
        tools_as_text=quirks.tools_as_text or "tools_as_text" in refused,
        streams=quirks.streams and "unstreamed" not in refused,
        max_tokens_field=refused.get("max_tokens_field", quirks.max_tokens_field),
        left_out=quirks.left_out | frozenset(refused.get("left_out", ())),
    )


@dataclass(frozen=True, slots=True)
class Adapted:
    """A next request was made; `notice` is what the user should know of it."""

    notice: Notice | None = None


class RequestAdapter:
    """The requests of one turn, as the server's refusals shape them."""

    def __init__(
        self,
        call: ModelCall,
        quirks: Quirks,
        provider: Provider,
        *,
        refused: Mapping[str, Any] | None = None,
    ) -> None:
        """`refused` is what `Refusals.of` gives; `quirks` have the most of it already."""
        self.call = call
        self.quirks = quirks
        self._efforts: dict[str, str] = dict((refused or {}).get("efforts", {}))
        """What was asked with in place of an effort that was refused; empty for none at all."""
        self.found: dict[str, Any] = {}
        """What this turn found out, for `Refusals.learn`; empty if nothing is new."""
        self._provider = provider
        self._tried: set[str] = set()
        self._tried_efforts: set[str] = set()

    def notices(self) -> Iterable[Notice]:
        """What the user set and the first request does not have."""
        if self.call.effort is not None and self.call.effort in self._efforts:
            yield self._ask_with_effort(self._efforts[self.call.effort])
        sampling = self.call.sampling
        for name in unknown_to(self._provider.wire_api, sampling):
            yield self._left_out(name)
        for name in sorted(self.quirks.left_out):
            if name in sampling or (name == "verbosity" and self.call.verbosity is not None):
                yield self._left_out(name)
        if self._has_no_max_tokens_field:
            yield self._left_out("model_max_output_tokens")
        if not self.quirks.streams:
            yield self._unstreamed()

    def adapt(self, error: ProviderError) -> Adapted | None:
        """Make the next request that a refusal points to; None if it points to none."""
        for attempt in (
            self._without_effort,
            self._with_tools_as_text,
            self._without_extras,
            self._with_other_max_tokens,
            self._without_sampling,
            self._without_style,
            self._without_streaming,
            self._with_merged_system,
            self._with_history_as_text,
        ):
            if (adapted := attempt(error)) is not None:
                return adapted
        return None

    # ---- effort ---------------------------------------------------------------------------------

    def _without_effort(self, error: ProviderError) -> Adapted | None:
        """Ask with the effort that comes nearest, if the refusal lists what there is, else without."""
        effort = self.call.effort
        if effort is None or not refuses_effort(error):
            return None
        # Never back to one that was refused: who refuses what it lists would be asked for ever.
        self._tried_efforts.add(self.quirks.efforts.get(effort, effort))
        other = nearest_effort(error, effort, tried=self._tried_efforts) or ""
        self.found["efforts"] = self._efforts = {**self._efforts, effort: other}
        return Adapted(self._ask_with_effort(other, error))

    def _ask_with_effort(self, other: str, error: ProviderError | None = None) -> Notice:
        """Replace the effort, by none if `other` is empty."""
        effort = self.call.effort
        assert effort is not None
        if other:
            self.quirks = replace(self.quirks, efforts={**self.quirks.efforts, effort: other})
        else:
            self.call = replace(self.call, effort=None)
        return Notice(
            "effortRefused",
            f"{self._provider.name} does not support the effort {effort};"
            f" asked {f'with {other}' if other else 'without it'}.",
            None if error is None else error.message,
        )

    # ---- parameters -----------------------------------------------------------------------------

    def _without_extras(self, error: ProviderError) -> Adapted | None:
        sent = self._sent()
        keys = [
            key
            for key, names in _QUIETLY.items()
            if key in sent and any(refuses_parameter(error, name) for name in names)
        ]
        return self._leave_out(keys) if keys else None

    def _with_other_max_tokens(self, error: ProviderError) -> Adapted | None:
        sent = self._sent()
        named = [name for name in _MAX_TOKENS if name in sent and refuses_parameter(error, name)]
        if not named:
            return None
        refused = named[0]
        other = "max_completion_tokens" if refused == "max_tokens" else "max_tokens"
        is_chat = self._provider.wire_api == "chat"
        if is_chat and other not in self._tried and other not in self.quirks.left_out:
            self._tried.add(refused)
            self.quirks = replace(self.quirks, max_tokens_field=other)
            self.found["max_tokens_field"] = other
            return Adapted()
        self.found.pop("max_tokens_field", None)
        tried = self._tried & set(_MAX_TOKENS)
        return self._leave_out({refused, *tried}, self._left_out("model_max_output_tokens", error))

    @property
    def _has_no_max_tokens_field(self) -> bool:
        call, quirks = self.call, self.quirks
        name = quirks.max_tokens_field if self._provider.wire_api == "chat" else "max_output_tokens"
        return call.max_output_tokens is not None and name in quirks.left_out

    def _without_sampling(self, error: ProviderError) -> Adapted | None:
        sent, penalties = self._sent(), self.quirks.repeat_penalty_fields
        # "`temperature` and `top_p` cannot both be specified": one of them is kept.
        is_both = "both" in error.message and {"temperature", "top_p"} <= sent
        if is_both and refuses_parameter(error, "top_p"):
            return self._leave_out(["top_p"], self._left_out("top_p", error))
        for name in self.call.sampling:
            keys = penalties if name == "repeat_penalty" else (name,)
            refused = [key for key in keys if key in sent and refuses_parameter(error, key)]
            if refused:
                is_known_otherwise = any(key in sent and key not in refused for key in keys)
                notice = None if is_known_otherwise else self._left_out(name, error)
                return self._leave_out(refused, notice)
        return None

    def _without_style(self, error: ProviderError) -> Adapted | None:
        """Leave out the verbosity, or the summary of thinking."""
        call = self.call
        if call.verbosity is not None and refuses_parameter(error, "verbosity"):
            notice = self._left_out("model_verbosity", error)
            return self._leave_out(["verbosity"], notice)
        if call.summary is not None and refuses(error, *_SUMMARY):
            self.call = replace(call, summary=None)
            return Adapted(self._left_out("model_reasoning_summary", error))
        return None

    def _leave_out(self, keys: Iterable[str], notice: Notice | None = None) -> Adapted:
        self.quirks = replace(self.quirks, left_out=self.quirks.left_out | frozenset(keys))
        self.found["left_out"] = sorted(self.quirks.left_out)
        return Adapted(notice)

    def _left_out(self, name: str, error: ProviderError | None = None) -> Notice:
        reason = None if error is None else error.message
        return Notice(
            "parameterRefused",
            f"{self._provider.name} does not support {name} here; the request was sent without it.",
            reason,
        )

    def _sent(self) -> set[str]:
        """The keys of the body that was refused, without those that the user gave: they stay in it."""
        call = replace(self.call, body={})
        body = request_for(self._provider.wire_api, call, self.quirks)[1]
        options = body.get("options")
        return {*body, *(options if isinstance(options, dict) else ())}

    # ---- the conversation -----------------------------------------------------------------------

    def _without_streaming(self, error: ProviderError) -> Adapted | None:
        if not self.quirks.streams or not refuses_streaming(error):
            return None
        self.quirks = replace(self.quirks, streams=False)
        self.found["unstreamed"] = True
        return Adapted(self._unstreamed(error))

    def _unstreamed(self, error: ProviderError | None = None) -> Notice:
        return Notice(
            "parameterRefused",
            f"{self._provider.name} does not stream this model; the answer comes all at once.",
            None if error is None else error.message,
        )

    def _with_tools_as_text(self, error: ProviderError) -> Adapted | None:
        if self.quirks.tools_as_text or not self.call.tools or not refuses_tools(error):
            return None
        self.quirks = replace(self.quirks, tools_as_text=True)
        self.found["tools_as_text"] = True
        return Adapted()

    def _with_merged_system(self, error: ProviderError) -> Adapted | None:
        has_system = any(message.role == "system" for message in self.call.messages)
        if self.quirks.merge_system or not has_system or not refuses_system_role(error):
            return None
        self.quirks = replace(self.quirks, merge_system=True)
        self.found["merge_system"] = True
        return Adapted()

    def _with_history_as_text(self, error: ProviderError) -> Adapted | None:
        """Ask without the conversation that the server was to remember, if that may be at fault."""
        if not any(message.echo is not None for message in self.call.messages):
            return None
        from codex_ls.wire.lmstudio_request import as_text, may_have_forgotten

        whole = as_text(self.call) if may_have_forgotten(error) else None
        if whole is None:
            return None
        self.call = whole
        return Adapted(
            Notice(
                "historyResent",
                f"{self._provider.name} could not continue the conversation it stored;"
                " the earlier turns were sent again as text.",
                error.message,
            )
        )


class Refusals:
    """What each server and model refused, by the names that `RequestAdapter.found` has for it.

    Kept in the process, and in `$CODEX_HOME/codex-ls/refusals.json` for the next one: each turn of a
    shell is a process, and a local model may read its prompt before it refuses. The file has no
    addresses: a server and model are one hash. An entry counts for `MAX_AGE`, since servers are updated.
    A file that can't be read or written is no reason to bother anybody.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._folder = our_folder(env)
        self._entries: dict[str, dict[str, Any]] | None = None

    def of(self, base_url: str, model: str) -> Mapping[str, Any]:
        """What is known of this server and model."""
        if self._entries is None:
            self._entries = self._read()
        return self._entries.get(_key(base_url, model), {}) if self._entries else {}

    def learn(self, base_url: str, model: str, found: Mapping[str, Any], *, keep: bool) -> None:
        """Remember what was found; `keep`: for other processes too."""
        key, entry = _key(base_url, model), dict(found)
        entry["at"] = datetime.now(UTC).date().isoformat()
        if self._entries is None:
            self._entries = self._read()
        self._entries[key] = entry
        if keep and self._folder is not None:
            with suppress(OSError):
                _write(self._folder, {**self._read(), key: entry})

    def _read(self) -> dict[str, dict[str, Any]]:
        if self._folder is None:
            return {}
        try:
            with (self._folder / _NAME).open("rb") as file:
                value = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        entries = value.items() if isinstance(value, dict) else ()
        return {key: kept for key, entry in entries if (kept := _checked(entry)) is not None}


def _key(base_url: str, model: str) -> str:
    from hashlib import sha256  # 1 ms that a turn without a file of refusals does not need

    return sha256(f"{base_url}\n{model}".encode()).hexdigest()[:32]


def _checked(entry: Any) -> dict[str, Any] | None:
    """What of an entry makes sense; None for one that is too old."""
    if not isinstance(entry, dict):
        return None
    try:
        at = datetime.fromisoformat(str(entry.get("at"))).replace(tzinfo=UTC)
    except ValueError:
        return None
    if datetime.now(UTC) - at > MAX_AGE:
        return None
    return {name: entry[name] for name in entry if name == "at" or _is_known(name, entry[name])}


def _is_known(name: str, value: Any) -> bool:
    return (
        (name in _FLAGS and value is True)
        or (name in _TEXTS and isinstance(value, str))
        or (name in _LISTS and isinstance(value, list) and _are_texts(value))
        or (name in _TABLES and isinstance(value, dict) and _are_texts(value.values()))
    )


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _write(folder: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the file by the newest entries. Raises OSError."""
    from codex_ls.turn.journal import make_private_folder

    make_private_folder(folder)
    newest = sorted(entries.items(), key=lambda item: str(item[1].get("at")))[-_MAX_ENTRIES:]
    path = folder / _NAME
    fresh = folder / f".{_NAME}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(newest), file)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
