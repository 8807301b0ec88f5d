"""What a prompt's blocks come to: the words that are sent, and the pictures that go with them.

A client names files (`resource_link`) or sends their text (`resource`, unsaved changes included). A
named file is read by the rules for tools: inside of the workspace, and never one that holds keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from acp.schema import (
    AudioContentBlock,
    EmbeddedResourceContentBlock,
    ImageContentBlock,
    ResourceContentBlock,
    TextContentBlock,
    TextResourceContents,
)

from codex_ls.agent.workspace import ToolError, Workspace
from codex_ls.errors import InvalidParams
from codex_ls.sanitize import is_blank
from codex_ls.wire import Image

Block = (
    TextContentBlock
    | ImageContentBlock
    | AudioContentBlock
    | ResourceContentBlock
    | EmbeddedResourceContentBlock
)

MAX_FILE_CHARS: Final = 256 * 1024
"""A larger file is only named: no local model has room for it."""


@dataclass(frozen=True, slots=True)
class PromptContent:
    """A prompt in its parts."""

    text: str
    """The user's own words."""
    files: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()

    @property
    def words(self) -> str:
        """The prompt as a turn takes it: the files follow the user's words."""
        return "\n\n".join(filter(None, [self.text, *self.files]))


def read_prompt_content(blocks: Iterable[Block], workspace: Workspace) -> PromptContent:
    """Return the words, files and pictures of a prompt. Raises InvalidParams."""
    words: list[str] = []
    files: list[str] = []
    images: list[Image] = []
    for block in blocks:
        match block:
            case TextContentBlock():
                words.append(block.text)
            case ImageContentBlock():
                if not block.mime_type.startswith("image/") or not block.data:
                    raise InvalidParams(f"The type {block.mime_type} is not an image type.")
                images.append(Image(block.mime_type, block.data))
            case ResourceContentBlock():
                words.append(f"`{block.name}`")
                files.append(_linked(block, workspace))
            case EmbeddedResourceContentBlock(resource=TextResourceContents() as resource):
                files.append(_file(_path(resource.uri) or resource.uri, resource.text))
            case EmbeddedResourceContentBlock():
                raise InvalidParams("A resource that is not text can't be sent to the model.")
            case _:
                raise InvalidParams("Audio can't be sent to the model.")
    text = "".join(words)
    if is_blank(text) and not files and not images:
        raise InvalidParams("The prompt is blank.", hint="Write a question.")
    return PromptContent(text, tuple(files), tuple(images))


def _linked(block: ResourceContentBlock, workspace: Workspace) -> str:
    """Return a linked file with its text, or only its name where the text can't be had."""
    path = _path(block.uri)
    if path is None:
        return f'<file path="{_name(block.uri)}" />'
    try:
        text = workspace.read_text(workspace.readable(path))
    except ToolError as error:
        raise InvalidParams(
            f"The linked file can't be read: {error}.", hint="Remove the link from the prompt."
        ) from None
    if len(text) > MAX_FILE_CHARS:
        return f'<file path="{_name(path)}" />'
    return _file(path, text)


def _file(path: str, text: str) -> str:
    end = "" if text.endswith("\n") or not text else "\n"
    return f'<file path="{_name(path)}">\n{text}{end}</file>'


def _name(path: str) -> str:
    return path.replace('"', "%22").replace("\n", "%0A")


def _path(uri: str) -> str | None:
    """Return the path of a `file:` URI, or of a plain absolute path; None for everything else."""
    if uri.startswith("/"):
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = url2pathname(parts.path)
    return path if Path(path).is_absolute() else unquote(parts.path)
