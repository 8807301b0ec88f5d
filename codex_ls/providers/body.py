"""The bytes of one HTTP answer's body, out of the frames and the packing they travel in.

Pure like a decoder in `wire/`: `feed` and `end`, no I/O, and any cut of the same bytes gives the same
body. h11 could take frames apart too, at 4.5 µs for each; a model server sends one a word, and a chunk
is cut out here in 1.3 µs. Framing: RFC 9112, sections 6 and 7; packing: RFC 9110, section 8.4.
"""

import re
import zlib
from collections.abc import Mapping

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")
_MAX_LINE_BYTES = 8 * 1024
_GARBLED = "its chunked answer is garbled"
_PACKINGS = ("gzip", "deflate")
_STRANGE_PACKINGS = ("br", "zstd", "compress", "dcb", "dcz")
"""Those of the HTTP Content Coding Registry that nothing here unpacks."""


class Body:
    """One body. What is wrong with it is told by `trouble`, behind the bytes that were still good."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        """`headers` have their names in lower case."""
        self.trouble: str | None = None
        """What is wrong with the body; None while all is well."""
        self.is_unpackable = False
        """Whether that is how it was packed."""
        self.ended = status in (204, 304)
        """True once the whole body came."""
        self.surplus = False
        """True if bytes came behind the end: nothing else may be read from that connection."""
        self._is_chunked = "transfer-encoding" in headers
        length = None if self._is_chunked else headers.get("content-length")
        self._left = int(length) if length is not None else None
        """Bytes to the end of the body or chunk; None between chunks, and where nobody knows."""
        self._line = self._size_line
        self._torn = b""  # a line between chunks that is not whole
        coding = headers.get("content-encoding", "")
        packings = packings_of(coding) if coding else []
        self._unpacker = _Unpacker(packings[0]) if packings else None
        if trouble := packing_trouble(packings) if packings else None:
            self._cannot_unpack(trouble)
        if self._left == 0 and not self._is_chunked:
            self.ended = True

    def feed(self, data: bytes) -> bytes:
        """The part of the body that `data` brings."""
        if self.ended or self.trouble:
            self.surplus = self.surplus or bool(data)
            return b""
        return self._unpacked(self._chunks(data) if self._is_chunked else self._counted(data))

    def end(self) -> bytes:
        """The rest of the body, now that the connection has ended."""
        if not (self.ended or self.trouble):
            if self._is_chunked or self._left is not None:
                self.trouble = "it closed the connection before the end of its answer"
                return b""
            self.ended = True
            return self._unpacked(b"")
        return b""

    def _counted(self, data: bytes) -> bytes:
        if self._left is None:  # until the connection ends
            return data
        taken = data[: self._left]
        self._left -= len(taken)
        self.ended = not self._left
        self.surplus = len(taken) < len(data)
        return taken

    def _chunks(self, data: bytes) -> bytes:
        """What `data` holds of chunks; what came of a long one is handed on at once."""
        data, self._torn = self._torn + data, b""
        pieces: list[bytes] = []
        at, end = 0, len(data)
        while at < end and not (self.ended or self.trouble):
            if self._left is not None:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left = self._left - len(piece) or None
            elif after := data.find(b"\n", at) + 1:
                self._line(data[at:after])
                at = after
            else:
                self._torn = data[at:]
                if len(self._torn) > _MAX_LINE_BYTES:
                    self.trouble = _GARBLED
                break
        self.surplus = at < end and not self._torn
        return b"".join(pieces)

    def _size_line(self, line: bytes) -> None:
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            self.trouble = _GARBLED
        elif length := int(size[1], 16):
            self._left = length
            self._line = self._line_behind_chunk
        else:
            self._line = self._trailer_line

    def _line_behind_chunk(self, line: bytes) -> None:
        if line in _LINE_ENDS:
            self._line = self._size_line
        else:
            self.trouble = _GARBLED

    def _trailer_line(self, line: bytes) -> None:
        self.ended = line in _LINE_ENDS

    def _unpacked(self, data: bytes) -> bytes:
        if self._unpacker is None:
            return data
        try:
            return self._unpacker.feed(data, last=self.ended)
        except zlib.error as error:
            self._cannot_unpack(f"a packed answer that can't be unpacked ({plain_zlib(error)})")
            return b""

    def _cannot_unpack(self, trouble: str) -> None:
        self.trouble, self.is_unpackable = trouble, True


class _Unpacker:
    """gzip or deflate; the latter also without the zlib head that it should have (RFC 1950)."""

    def __init__(self, packing: str) -> None:
        self._packing = packing
        self._head = b""
        self._zlib: zlib._Decompress | None = None

    def feed(self, data: bytes, *, last: bool) -> bytes:
        """What `data` unpacks to. Raises zlib.error."""
        if self._zlib is None:
            data = self._head = self._head + data
            if len(data) < 2 and not last:
                return b""
            self._zlib, self._head = zlib.decompressobj(self._window_bits(data)), b""
        if self._zlib.eof:
            return b""  # behind the packed bytes' own end: kept, they would grow without end
        out = self._zlib.decompress(data)
        return out + self._zlib.flush() if last else out

    def _window_bits(self, head: bytes) -> int:
        if self._packing == "gzip":
            return zlib.MAX_WBITS | 16
        has_head = head[:1] and head[0] & 15 == 8 and int.from_bytes(head[:2], "big") % 31 == 0
        return zlib.MAX_WBITS if has_head else -zlib.MAX_WBITS


def packing_trouble(packings: list[str]) -> str | None:
    """Why an answer with these packings can't be read, as the end of a sentence; None if it can.

    Each packing multiplies by up to a thousand: 16 KiB packed twice may be 16 GiB.
    """
    if len(packings) > 1:
        return "an answer that is packed more than once"
    strange = next((name for name in packings if name in _STRANGE_PACKINGS), None)
    return None if strange is None else f"an answer packed as {strange}"


def plain_zlib(error: zlib.error) -> str:
    """zlib's words without its number: "Error -3 while decompressing data: incorrect header check"."""
    return str(error).rpartition(": ")[2]


def packings_of(coding: str) -> list[str]:
    """The packings that a `Content-Encoding` names, in their order.

    Others are none, though servers send them: `identity`, `none` (against buffering), `utf-8`.
    """
    names = (name.strip().lower().removeprefix("x-") for name in coding.split(","))
    return [name for name in names if name in (*_PACKINGS, *_STRANGE_PACKINGS)]
