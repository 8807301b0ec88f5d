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


def cut_off() -> Notice:
    """The notice of a stream that ended before its model said that it was done."""
    return Notice(
        "streamBroken",
        "The stream ended before the model was done; there may have been more.",
        "Look at the model server's own log, or ask again.",
    )
