"""Undoing a Content-Encoding that nobody asked for, as it arrives: gzip and deflate (RFC 9110, 8.4.1).

Requests ask for `identity`, and some gateways compress all the same: the whole stream, or each event as
a gzip member of its own, which RFC 1952 (2.2) allows and httpx's decoder drops from the second on. What
one read brings is decoded at once, so that no word waits for the next one.
"""

import zlib
from collections.abc import Iterator

from codex_ls.providers.transport_errors import UndecodableContent

_MAX_PIECE_BYTES = 1024 * 1024
"""Compression multiplies by up to a thousand: what one read holds is handed on in pieces."""
_KNOWN = ("gzip", "deflate")
_OTHERS = ("br", "zstd", "compress", "dcb", "dcz")
"""Those of the HTTP Content Coding Registry that Python's library does not decode."""
_GZIP_MAGIC = b"\x1f\x8b"
_HEAD_BYTES = 2


class Decoder:
    """Decodes one body. What is behind its last member, and is no member, is dropped."""

    def __init__(self, content_encoding: str) -> None:
        """Take the value of the header. Raises UndecodableContent for what nothing here decodes."""
        codings = _codings(content_encoding)
        if len(codings) > 1 or any(coding in _OTHERS for coding in codings):
            raise UndecodableContent(f"an unrequested Content-Encoding: {', '.join(codings)}")
        self._coding = codings[0] if codings else ""
        self._inflater: zlib._Decompress | None = None
        self._window_bits = 0
        self._head = b""
        """The beginning of a member, until it is long enough to be told apart."""
        self._members = 0
        self._has_ended = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What `data` brings. Raises UndecodableContent behind what could still be decoded."""
        if not self._coding:
            yield data
            return
        while data and not self._has_ended:
            if self._inflater is None:
                data, self._head = self._head + data, b""
                if len(data) < _HEAD_BYTES:
                    self._head = data
                    return
                if not self._begin_member(data):
                    self._has_ended = True
                    return
            yield from self._inflate(data)
            data = self._end_member()

    def finish(self) -> None:
        """Note that the body is over. Raises UndecodableContent if that is in the middle of it."""
        if self._inflater is not None or (self._head and not self._members):
            raise UndecodableContent(f"truncated {self._coding} data")

    def _begin_member(self, head: bytes) -> bool:
        """Prepare for a member that begins so; False if this is none."""
        is_first = not self._members
        if self._coding == "gzip":
            if not (is_first or head.startswith(_GZIP_MAGIC)):
                return False
            self._window_bits = zlib.MAX_WBITS | 16
        elif head[0] & 15 == 8 and int.from_bytes(head[:2], "big") % 31 == 0:  # RFC 1950
            self._window_bits = zlib.MAX_WBITS
        elif is_first or self._window_bits < 0:  # many send deflate without zlib's head
            self._window_bits = -zlib.MAX_WBITS
        else:
            return False
        self._inflater = zlib.decompressobj(self._window_bits)
        return True

    def _end_member(self) -> bytes:
        """What is behind the member, if it has ended."""
        assert self._inflater is not None
        if not self._inflater.eof:
            return b""
        rest, self._inflater = self._inflater.unused_data, None
        self._members += 1
        return rest

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        assert self._inflater is not None
        is_full = False
        while data or is_full:
            before = self._inflater.copy()
            try:
                piece = self._inflater.decompress(data, _MAX_PIECE_BYTES)
            except zlib.error as error:
                yield from _good_part(before, data)
                reason = str(error).rpartition(": ")[2]  # without zlib's number
                raise UndecodableContent(
                    f"{self._coding} data that cannot be decoded ({reason})"
                ) from None
            if piece:
                yield piece
            data = self._inflater.unconsumed_tail
            is_full = len(piece) == _MAX_PIECE_BYTES  # then there may be more without more data


def _good_part(inflater: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """What came out before the byte that makes no sense: zlib keeps it to itself."""
    for at in range(len(data)):
        try:
            piece = inflater.decompress(data[at : at + 1])
        except zlib.error:
            return
        if piece:
            yield piece


def _codings(content_encoding: str) -> list[str]:
    """The codings that the header names, in their order.

    Others are none, though servers send them: `identity`, `none` (against buffering), `utf-8`.
    """
    names = (name.strip().lower().removeprefix("x-") for name in content_encoding.split(","))
    return [name for name in names if name in (*_KNOWN, *_OTHERS)]
