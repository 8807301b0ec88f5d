"""What a decoder has to say about a stream that is no error."""

from codex_ls.events import Notice


def thinking_unclosed() -> Notice:
    """The notice of thinking that never ended."""
    return Notice(
        "thinkingUnclosed",
        "The model stopped while it was still thinking, so there is no answer.",
        "Ask it to answer now, lower the effort, or allow more tokens.",
    )


def bad_utf8() -> Notice:
    """The notice of bytes that were not text."""
    return Notice(
        "streamBroken", "The model server sent bytes that are not UTF-8; they are shown as U+FFFD."
    )


def unreadable(event: str) -> Notice:
    """The notice of an event that held text and is not JSON; `event` is its beginning, safe to show."""
    return Notice(
        "streamBroken",
        f"One event of the answer could not be read, and its text is missing; it begins with: {event}",
        "Look at the model server's own log, or ask again.",
    )


def cut_off() -> Notice:
    """The notice of a stream that ended before its model said that it was done."""
    return Notice(
        "streamBroken",
        "The stream ended before the model finished; the answer may be incomplete.",
        "Look at the model server's own log, or ask again.",
    )


def stopped(reason: str) -> Notice:
    """The notice of an answer that the model server broke off, with its own word for why."""
    return Notice(
        "streamBroken",
        f"The model server ended the answer early ({reason}); it may be incomplete.",
        "Look at the model server's own log, or ask again.",
    )


def tool_ran(name: str) -> Notice:
    """The notice of a tool that the model server itself ran."""
    return Notice(
        "toolCallIgnored",
        f"The model server ran a tool of its own for this answer: {name or 'no name'}.",
        "Its result is not shown here; the tools are configured on the server.",
    )


def tool_failed(reason: str) -> Notice:
    """The notice of a tool that the model server could not run."""
    return Notice(
        "toolCallIgnored",
        f"A tool call on the model server failed: {reason or 'no reason given'}.",
        "Ask it to answer from the context it has.",
    )
