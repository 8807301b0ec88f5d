"""What LM Studio's native API is asked, and how a conversation goes on there.

The API takes no messages of the assistant. It keeps each conversation itself and gives a `response_id`
for every answer; `previous_response_id` goes on from it, with everything that was said until then. So
the newest answer that came from there is gone on from, and whatever was said since (by another provider,
or in an answer that was cancelled and so has no id) stands as marked text in front of the question.
Without any id all earlier turns are such text. Nothing of a conversation is ever left out.

Fields as in lmstudio.ai/docs/developer/rest/chat; the server refuses those it does not know. A text
in `input` is of the type `text`, which the server takes, and not `message`, which its page says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from codex_ls.errors import BadRequest, InvalidParams, NotFound, ProviderError, ServerError
from codex_ls.events import ReasoningEcho
from codex_ls.wire.model_call import Message, ModelCall, sampling_fields
from codex_ls.wire.quirks import Quirks

_MAX_ID = 256
_OF_HISTORY = ("response", "resp_", "history", "conversation")
_OF_OTHER_THINGS = ("model", "load", "reasoning", "context", "memory")


def lmstudio_body(call: ModelCall, quirks: Quirks) -> dict[str, Any]:
    """The JSON body of `POST /api/v1/chat`.

    Raises InvalidParams for an output schema, for which the API has no field.
    """
    if call.output_schema is not None:
        raise InvalidParams(
            "LM Studio's native API does not support output schemas.",
            hint='Remove wire_api = "lmstudio" from this provider: Chat Completions supports them.',
        )
    response_id, messages = _since_kept(call.messages)
    body: dict[str, Any] = {"model": call.model, "input": _input(messages), "stream": True}
    if response_id is not None:
        body["previous_response_id"] = response_id
    elif system := "\n\n".join(m.text for m in call.messages if m.role == "system"):
        # Only at the beginning: the server keeps it, and many templates refuse a second one.
        body["system_prompt"] = system
    if not call.may_be_kept:
        body["store"] = False
    if call.effort is not None:
        body["reasoning"] = quirks.efforts.get(call.effort, call.effort)
    if call.max_output_tokens is not None:
        body["max_output_tokens"] = call.max_output_tokens
    if call.context_window is not None:
        body["context_length"] = call.context_window
    return body | dict(call.extras) | sampling_fields(call.sampling, "lmstudio", quirks)


def echo_of(response_id: Any, *, field: str | None) -> ReasoningEcho | None:
    """What the next request needs to go on from this answer, and the field its thinking came in."""
    is_id = isinstance(response_id, str) and 0 < len(response_id) <= _MAX_ID
    kept = ({"type": "response", "response_id": response_id},) if is_id else ()
    return ReasoningEcho(field, kept) if field or kept else None


def as_text(call: ModelCall) -> ModelCall | None:
    """The same call with every earlier turn as text; None if it goes on from nothing kept."""
    if all(_kept_id(message) is None for message in call.messages):
        return None
    told = (m if _kept_id(m) is None else replace(m, echo=None) for m in call.messages)
    return replace(call, messages=tuple(told))


def may_have_forgotten(error: ProviderError) -> bool:
    """Whether this may be how the server says that it no longer has a conversation.

    Its words for it are not documented: an error that speaks of nothing else counts too, since a thread
    that could never be gone on with would be worse than one request in vain.
    """
    if not isinstance(error, BadRequest | NotFound | ServerError):
        return False
    text = error.message.lower().removeprefix("the model server")
    return any(word in text for word in _OF_HISTORY) or not any(
        word in text for word in _OF_OTHER_THINGS
    )


def _since_kept(messages: Sequence[Message]) -> tuple[str | None, Sequence[Message]]:
    """The id of the newest answer that the server keeps, and the messages since then."""
    for place in range(len(messages) - 1, -1, -1):
        if (response_id := _kept_id(messages[place])) is not None:
            return response_id, messages[place + 1 :]
    return None, [message for message in messages if message.role != "system"]


def _kept_id(message: Message) -> str | None:
    for detail in message.echo.details if message.echo is not None else ():
        response_id = detail.get("response_id")
        if detail.get("type") == "response" and isinstance(response_id, str):
            return response_id
    return None


def _input(messages: Sequence[Message]) -> str | list[dict[str, str]]:
    """The newest message, behind what was said before it; parts only where there are pictures."""
    parts: list[dict[str, str]] = []
    texts: list[str] = []
    for piece in _pieces(messages):
        if isinstance(piece, str):
            texts.append(piece)
            continue
        parts += _text_part(texts)
        texts.clear()
        parts.append(piece)
    if not parts:
        return "".join(texts)
    return parts + _text_part(texts)


def _pieces(messages: Sequence[Message]) -> Iterator[str | dict[str, str]]:
    *earlier, newest = messages
    if earlier:
        yield "This conversation began before. What was said:\n\n<earlier>\n"
    for message in earlier:
        yield f"<{message.role}>\n{message.text}\n"
        yield from _pictures(message)
        yield f"</{message.role}>\n"
    if earlier:
        yield "</earlier>\n\nGo on from there. The newest message:\n\n"
    yield newest.text
    yield from _pictures(newest)


def _pictures(message: Message) -> Iterator[dict[str, str]]:
    return ({"type": "image", "data_url": image.data_url} for image in message.images)


def _text_part(texts: list[str]) -> list[dict[str, str]]:
    return [{"type": "text", "content": "".join(texts)}] if texts else []
