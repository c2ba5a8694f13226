"""Content encodings, opened under a running limit.

A few kilobytes can inflate to gigabytes, so the limit holds while inflating and not after it
(OTLP specification, "request size": limits apply to what was decompressed as well). gzip is what
OTLP asks for; deflate and zstd are what Collectors send besides.
"""

import zlib
from types import ModuleType

from otx.errors import missing_extra
from otx.otlp.refusal import Reason, Refusal

ACCEPTED = ("gzip", "deflate", "zstd")
_NO_CODING = ("", "identity", "none")
_GZIP = 16 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_MAX_ZSTD_WINDOW = 128 << 20
"""What `zstd --long` uses; a larger window is memory that the sender makes us spend."""
_ZSTD_SLICE = 1024
_DEFLATE_SLICE = 16384
"""A body may be millions of empty members."""


def decompress(body: bytes, content_encoding: str, limit: int) -> bytes:
    """A body with its Content-Encoding taken off.

    Args:
        body: As it came.
        content_encoding: The header's value, "" for none; one coding at most changes the body.
        limit: The most bytes that may come out.

    Raises:
        Refusal: The encoding is unknown, the body is corrupt or longer than `limit`.
    """
    codings = [coding.strip() for coding in content_encoding.lower().split(",")]
    encoding = ", ".join(coding for coding in codings if coding not in _NO_CODING)
    if not encoding:
        if len(body) > limit:
            raise too_large(limit)
        return body
    if encoding in ("gzip", "x-gzip"):
        return _inflate(body, _GZIP, limit, "gzip")
    if encoding in ("deflate", "zlib"):
        # "deflate" means zlib's format (RFC 9110, 8.4.1.2), but some send the bare stream.
        is_zlib = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return _inflate(body, zlib.MAX_WBITS if is_zlib else _RAW_DEFLATE, limit, "deflate")
    if encoding == "zstd":
        return _unzstd(body, limit)
    raise Refusal(
        Reason.UNSUPPORTED_ENCODING,
        f"Content-Encoding {content_encoding!r} is not supported; send {', '.join(ACCEPTED)}",
    )


def compress(body: bytes, content_encoding: str) -> bytes:
    """A body compressed with gzip or zstd, or as it is for "" and "none"."""
    if content_encoding == "gzip":
        packer = zlib.compressobj(6, wbits=_GZIP)
        return packer.compress(body) + packer.flush()
    if content_encoding == "zstd":
        return bytes(_zstandard().ZstdCompressor().compress(body))
    return body


def too_large(limit: int) -> Refusal:
    """The refusal of a body above the limit."""
    return Refusal(
        Reason.TOO_LARGE,
        f"the request is larger than {limit} bytes; send smaller ones, or raise --max-request",
    )


def _inflate(body: bytes, window_bits: int, limit: int, name: str) -> bytes:
    view = memoryview(body)
    parts: list[bytes] = []
    room = limit + 1
    at = 0
    while at < len(view):
        member = zlib.decompressobj(window_bits)
        while not member.eof and at < len(view):
            # What is behind a member's end is copied: of a whole body that is its square.
            piece = view[at : at + _DEFLATE_SLICE]
            try:
                part = member.decompress(piece, room)
            except zlib.error as error:
                raise _corrupt(name, str(error)) from None
            at += len(piece) - len(member.unused_data)
            room -= len(part)
            if room <= 0:
                raise too_large(limit)
            parts.append(part)
        if not member.eof:
            raise _corrupt(name, "it ends too early")
    if not parts:
        raise _corrupt(name, "it is empty")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unzstd(body: bytes, limit: int) -> bytes:
    zstandard = _zstandard()
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
    parts: list[bytes] = []
    room = limit + 1
    frame = None
    rest = memoryview(body)
    try:
        while rest:
            if frame is None or frame.eof:
                frame = unpacker.decompressobj()
            # Slices bound what one call can give: four bytes can stand for a block of 128 KiB.
            part = frame.decompress(rest[:_ZSTD_SLICE])
            rest = rest[min(_ZSTD_SLICE, len(rest)) - len(frame.unused_data) :]
            room -= len(part)
            if room <= 0:
                raise too_large(limit)
            parts.append(part)
    except zstandard.ZstdError as error:
        raise _corrupt("zstd", str(error)) from None
    if frame is None or not frame.eof:
        raise _corrupt("zstd", "it ends too early")
    return b"".join(parts)


def _zstandard() -> ModuleType:
    try:
        import zstandard  # 6 ms, and few send it
    except ImportError:
        raise missing_extra("zstandard", "receive") from None
    return zstandard


def _corrupt(name: str, why: str) -> Refusal:
    return Refusal(Reason.UNDECODABLE, f"the body is no {name}: {why}")
