"""The types of messages: lsprotocol's converter, and what is done with values that do not fit them."""

import contextlib
from collections.abc import Callable
from functools import cache
from typing import Any

from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    IterableValidationNote,
)
from lsprotocol import types
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    default_converter,
)

from codex_ls.json_model import Shape, camel_case

Path = tuple[str | int, ...]
"""Keys and indices that lead to a value in a message."""


@cache
def converter() -> Converter:
    """Return lsprotocol's converter; params of `codex/*` come as plain dicts, results are its models.

    pygls makes named tuples of params. It knows no client, and making it takes 20 ms: all share one.
    """
    made: Converter = default_converter()  # type: ignore[no-untyped-call]
    for message, field in (
        (JsonRPCRequestMessage, "params"),
        (JsonRPCNotification, "params"),
        (JsonRPCResponseMessage, "result"),
    ):
        made.register_structure_hook(message, _plain(field))
    made.register_structure_hook(types.ClientCodeActionLiteralOptions, _announced)
    made.register_unstructure_hook(Shape, Shape.dump)
    return made


def _announced(value: Any, support: type[Any]) -> Any:
    """Take a client's code actions for announced, whether it names their kinds or leaves that out."""
    if not isinstance(value, dict):
        raise TypeError(type(value).__name__)
    return support(types.ClientCodeActionKindOptions(value_set=[]))


def _plain(field: str) -> Callable[[dict[str, Any], type[Any]], Any]:
    def structure(message: dict[str, Any], message_type: type[Any]) -> Any:
        names = (attribute.name for attribute in message_type.__attrs_attrs__)
        fields = {name: message.get(name) for name in names}
        return message_type(**{**fields, field: message.get(field)})

    return structure


# ---- what does not fit ---------------------------------------------------------------------------

_LEAST_DEPTH = 2
"""Params can't be left out, but what is in them."""


def leave_out_misfits(message: dict[str, Any], error: BaseException | None) -> bool:
    """Delete the values that an error of cattrs names; false if that can't help.

    Of a list it is an item that goes; of an object that lacks something, the object itself.
    """
    misfits: list[Path] = []
    for path in _paths(error):
        while not _is_there(message, path):
            path = path[:-1]
        if path not in misfits:
            misfits.append(path)
    if any(len(path) < _LEAST_DEPTH for path in misfits):
        return False
    for path in reversed(misfits):  # of a list the last items first: their numbers are still right
        with contextlib.suppress(KeyError, IndexError):  # gone with what held it
            del _at(message, path[:-1])[path[-1]]
    return True


def _paths(error: BaseException | None) -> list[Path]:
    """Return the paths to the values that caused an error."""
    if not isinstance(error, BaseValidationError):
        return [()]
    found: list[Path] = []
    for inner in error.exceptions:
        step: Path = ()
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                step = (camel_case(note.name),)
            elif isinstance(note, IterableValidationNote):
                step = (note.index,)
        found += [(*step, *path) for path in _paths(inner)]
    return found


def _at(value: Any, path: Path) -> Any:
    for step in path:
        place: Any = step
        if not isinstance(value, dict if isinstance(step, str) else list):
            raise TypeError(type(value).__name__)
        value = value[place]
    return value


def _is_there(message: Any, path: Path) -> bool:
    try:
        _at(message, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True
