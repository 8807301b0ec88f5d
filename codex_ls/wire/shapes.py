"""Texts inside the values that servers put where a string was meant: objects, lists, content parts."""

from typing import Any


def plain(value: Any) -> str:
    """The text of a string, of an object around one, or of a list of either."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for key in ("text", "content", "reasoning", "summary"):
            if isinstance(text := value.get(key), str) and text:
                return text
    if isinstance(value, list):
        return "".join(plain(item) for item in value)
    return ""


def detail_text(detail: Any) -> str:
    """The readable part of one entry of `reasoning_details` (OpenRouter)."""
    if not isinstance(detail, dict):
        return ""
    for key in ("text", "summary"):
        if isinstance(text := detail.get(key), str):
            return text
    return ""


def is_flagged(delta: dict[str, Any]) -> bool:
    """Whether a delta says of itself that its content is thinking (Gemini)."""
    extra = delta.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    return isinstance(google, dict) and google.get("thought") is True


def part_texts(part: dict[str, Any]) -> tuple[str, str]:
    """The (thinking, text) of one content part."""
    kind = part.get("type")
    if kind in ("thinking", "reasoning", "reasoning_text", "thought"):
        texts = (part.get(key) for key in ("thinking", "text", "reasoning", "summary"))
        return plain(next(filter(None, texts), "")), ""
    if part.get("thought") is True:
        return plain(part.get("text") or ""), ""
    return "", plain(part.get("text") or "")
