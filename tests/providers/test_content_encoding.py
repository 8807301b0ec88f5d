"""A body that was compressed though nobody asked: the same text for every cut, each word as it comes."""

import gzip
import zlib
from collections.abc import Callable, Iterable

import pytest

from codex_ls.providers.content_encoding import Decoder
from codex_ls.providers.transport_errors import UndecodableContent

EVENTS = [b'data: {"n": %d}\n\n' % n for n in range(5)]
WHOLE = b"".join(EVENTS)


def raw_deflate(data: bytes) -> bytes:
    """As some servers send what they call deflate: without the head of zlib."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def flushed(wbits: int) -> list[bytes]:
    """One stream, flushed behind each event."""
    packer = zlib.compressobj(wbits=wbits)
    pieces = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in EVENTS]
    return [*pieces, packer.flush()]


def cut_everywhere(data: bytes) -> list[tuple[bytes, ...]]:
    """Each way to cut once, and the way to cut everywhere."""
    once = [(data[:at], data[at:]) for at in range(len(data))]
    return [*once, tuple(data[at : at + 1] for at in range(len(data)))]


def decoded(coding: str, pieces: Iterable[bytes]) -> tuple[bytes, str]:
    """What comes out, and what is then wrong with the rest."""
    out = b""
    try:
        decoder = Decoder(coding)
        for piece in pieces:
            for data in decoder.decode(piece):
                out += data
        decoder.finish()
    except UndecodableContent as error:
        return out, str(error)
    return out, ""


FORMS = {
    "gzip, whole": ("gzip", gzip.compress(WHOLE)),
    "gzip by its old name": ("x-gzip", gzip.compress(WHOLE)),
    "gzip, flushed": ("gzip", b"".join(flushed(zlib.MAX_WBITS | 16))),
    "gzip, a member an event": ("gzip", b"".join(map(gzip.compress, EVENTS))),
    "gzip, with an empty member": ("GZIP", gzip.compress(b"") + gzip.compress(WHOLE)),
    "deflate, whole": ("deflate", zlib.compress(WHOLE)),
    "deflate, flushed": ("deflate", b"".join(flushed(zlib.MAX_WBITS))),
    "deflate, a stream an event": ("deflate", b"".join(map(zlib.compress, EVENTS))),
    "deflate without its head": ("deflate", raw_deflate(WHOLE)),
    "deflate without heads, a stream an event": ("deflate", b"".join(map(raw_deflate, EVENTS))),
    "identity": ("identity", WHOLE),
    "none": ("none", WHOLE),
    "no coding at all": ("", WHOLE),
    "a character set": ("UTF-8", WHOLE),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_decoded_whatever_the_cut(name: str) -> None:
    coding, body = FORMS[name]
    for pieces in cut_everywhere(body):
        assert decoded(coding, pieces) == (WHOLE, ""), pieces


@pytest.mark.parametrize(
    ("coding", "pieces"),
    [
        ("gzip", [gzip.compress(event) for event in EVENTS]),
        ("deflate", [zlib.compress(event) for event in EVENTS]),
        ("deflate", [raw_deflate(event) for event in EVENTS]),
        ("gzip", flushed(zlib.MAX_WBITS | 16)[:-1]),
        ("deflate", flushed(-zlib.MAX_WBITS)[:-1]),
    ],
)
def test_each_event_comes_out_with_its_own_bytes(coding: str, pieces: list[bytes]) -> None:
    decoder = Decoder(coding)
    assert [b"".join(decoder.decode(piece)) for piece in pieces] == EVENTS


@pytest.mark.parametrize("name", [name for name in FORMS if FORMS[name][1] is not WHOLE])
def test_what_breaks_off_is_told_behind_what_had_come(name: str) -> None:
    coding, body = FORMS[name]
    for at in range(1, len(body)):
        out, error = decoded(coding, [body[:at]])
        assert WHOLE.startswith(out)
        is_between_members = not error
        assert is_between_members or error.startswith("truncated ")
        if is_between_members:
            assert "member" in name or "stream" in name, at
            assert out in [b"".join(EVENTS[:n]) for n in range(len(EVENTS))], at


def test_nothing_at_all_is_an_empty_body() -> None:
    assert decoded("gzip", []) == (b"", "")


@pytest.mark.parametrize(
    ("coding", "pack", "reason"),
    [
        ("gzip", gzip.compress, "invalid"),
        ("deflate", zlib.compress, "invalid"),
        ("deflate", raw_deflate, "invalid"),
    ],
)
def test_garbage_is_told_behind_what_was_good(
    coding: str, pack: Callable[[bytes], bytes], reason: str
) -> None:
    good = pack(WHOLE)
    packer = zlib.compressobj(wbits={"gzip": 31}.get(coding, 15 if pack is zlib.compress else -15))
    begun = packer.compress(WHOLE) + packer.flush(zlib.Z_SYNC_FLUSH)
    for pieces in cut_everywhere(begun + b"\xff" * 8):
        out, error = decoded(coding, pieces)
        assert out == WHOLE
        assert error.startswith(f"{coding} data that cannot be decoded ({reason}")
    assert decoded(coding, [good]) == (WHOLE, "")


def test_a_checksum_that_differs_is_told_and_the_text_kept() -> None:
    body = bytearray(gzip.compress(WHOLE))
    body[-6] ^= 1
    assert decoded("gzip", [bytes(body)]) == (
        WHOLE,
        "gzip data that cannot be decoded (incorrect data check)",
    )


def test_what_was_never_compressed_is_told() -> None:
    out, error = decoded("gzip", [WHOLE])
    assert (out, error) == (b"", "gzip data that cannot be decoded (incorrect header check)")


@pytest.mark.parametrize("coding", ["br", "zstd", "BR", "x-compress", "deflate, gzip", "gzip, br"])
def test_what_nothing_here_decodes_is_named(coding: str) -> None:
    named = coding.lower().replace("x-", "")
    assert decoded(coding, [b"\x8b\x01"]) == (b"", f"an unrequested Content-Encoding: {named}")


@pytest.mark.parametrize(
    ("coding", "body"), [("gzip", gzip.compress(WHOLE)), ("deflate", zlib.compress(WHOLE))]
)
def test_what_comes_behind_the_last_member_is_dropped_and_not_kept(
    coding: str, body: bytes
) -> None:
    decoder = Decoder(coding)
    assert b"".join(decoder.decode(body)) == WHOLE
    assert [b"".join(decoder.decode(b"tail" * 100)) for _ in range(3)] == [b"", b"", b""]
    decoder.finish()


def test_what_a_read_holds_is_handed_on_in_bounded_pieces() -> None:
    bomb = gzip.compress(b"x" * (64 << 20))
    pieces = [len(piece) for piece in Decoder("gzip").decode(bomb)]
    assert sum(pieces) == 64 << 20
    assert max(pieces) <= 1 << 20
