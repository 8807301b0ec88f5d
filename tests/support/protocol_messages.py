"""Holds recorded messages against the models of `codex_ls/protocol.py`: no key more, none less, no null."""

from collections.abc import Iterable, Mapping
from typing import Any

from codex_ls.json_model import Shape
from codex_ls.protocol import (
    CLIENT_REQUESTS,
    COMMANDS,
    NOTIFICATIONS,
    REQUEST_FAILED,
    REQUESTS,
    CommandResult,
    ErrorData,
    ProgressValue,
    ServerCapability,
)

Message = Mapping[str, Any]


def check_shape(value: Any, shape: type[Shape]) -> None:
    """Raise ValidationError or AssertionError for what the protocol does not define."""
    shape.model_validate(value, extra="forbid", by_alias=True, by_name=False)
    assert not _has_null(value), value


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return value is None or (isinstance(value, list) and any(map(_has_null, value)))


def check_messages(sent: Iterable[Message], received: Iterable[Message]) -> None:
    """Check what was sent and what came back: params, results, progress, errors and notifications."""
    asked: dict[str | int, list[Message]] = {}
    for message in sent:
        if isinstance(message, dict) and "method" in message and _is_id(message.get("id")):
            asked.setdefault(message["id"], []).append(message)
    for message in received:
        method = str(message.get("method", ""))
        if method == "$/progress" and "codex" in message["params"]["value"]:
            check_shape(message["params"]["value"], ProgressValue)
        elif method in CLIENT_REQUESTS:
            check_shape(message["params"], CLIENT_REQUESTS[method].params)
        elif method in NOTIFICATIONS:
            check_shape(message["params"], NOTIFICATIONS[method])
        elif not method and _is_id(message.get("id")):
            match asked.get(message["id"]):
                case [request]:  # else it is not known which one is answered
                    _check_reply(request, message)


def _check_reply(request: Message, reply: Message) -> None:
    method, error = request["method"], reply.get("error")
    if method == "initialize" and error is None:
        check_shape(reply["result"]["capabilities"]["experimental"]["codex"], ServerCapability)
    elif method == "workspace/executeCommand" and error is None:
        assert request["params"]["command"] in COMMANDS
        check_shape(reply["result"], CommandResult)
    elif method not in REQUESTS:
        return
    elif error is None:
        REQUESTS[method].params.model_validate(
            request.get("params") or {}, by_alias=True, by_name=False
        )
        check_shape(reply["result"], REQUESTS[method].result)
    elif error["code"] == REQUEST_FAILED:
        check_shape(error["data"], ErrorData)
    else:
        assert "data" not in error


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
