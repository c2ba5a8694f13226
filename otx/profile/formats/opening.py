"""A profile of a file in any form: what it is says its content and not its name.

gzip and zstd are taken off first. JSON is told by its keys, protobuf by the fields it has, pictures
by their first tag, text by its first line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otx.errors import OtxError
from otx.model.profile import Profile
from otx.otlp.compression import decompress
from otx.otlp.json_text import BYTE_ORDER_MARK, InvalidText, other_encoding, parse_text
from otx.otlp.pieces import no_json
from otx.otlp.refusal import Reason, Refusal
from otx.profile.formats.markup import markup_of
from otx.profile.formats.reading import Warn, bad_profile, no_whole_stacks, protobuf_fields

MAX_BYTES = 256 << 20
"""Of a file without its compression: some kilobytes of gzip can stand for all of memory."""
_MAX_PROTOBUF_BYTES = 128 << 20
"""Messages take several times their bytes."""
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_MOST_LAYERS = 2
"""pprof is gzip already, and may be packed again."""
_OTHERS = {
    b"PERFILE2": ("data of perf record", "perf script -i FILE | otx flame -"),
    b"\x7fELF": ("a program", "otx profile -- PROGRAM samples it"),
    b"PK\x03\x04": ("a zip archive", "unpack it first"),
    b"%PDF": ("a document", ""),
}
_FORMS = (
    "folded, pprof, speedscope, perf script, OTLP profiles, or otx's own json, text, html and svg"
)
_HINT = f"otx opens {_FORMS}, as they are or in gzip or zstd"
_OTLP_FIELDS = frozenset((1, 2))
_HEAD_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Opened:
    """A profile, and the form it was in."""

    form: str
    profile: Profile


def open_profile(data: bytes, place: str, warn: Warn) -> Opened:
    """The profile in a file's bytes.

    Args:
        data: The file.
        place: What errors call it.
        warn: Told of what is not as it should be.

    Raises:
        UsageError: It is in no form that is known, or breaks the one it is in.
    """
    for _ in range(_MOST_LAYERS):
        data = unpacked(data, place)
    if encoding := other_encoding(data[:64]):
        raise bad_profile(place, f"is {encoding} text", f"iconv -f {encoding} -t UTF-8")
    data = data.removeprefix(BYTE_ORDER_MARK)
    if not data.strip():
        raise bad_profile(place, "is empty", _HINT)
    for head, (what, hint) in _OTHERS.items():
        if data.startswith(head):
            raise bad_profile(place, f"is {what}, no profile", hint or _HINT)
    if data.lstrip()[:1] in (b"{", b"[") and not (_is_message(data) or _is_perf_script(data)):
        return _open_json(data, place, warn)
    if form := markup_of(data[:_HEAD_BYTES]):
        from otx.profile.formats.picture_read import read_picture

        return Opened(form, read_picture(data, form, place))
    if _is_text(data):
        return _open_text(data, place, warn)
    return _open_protobuf(data, place, warn)


def unpacked(data: bytes, place: str) -> bytes:
    """A file's bytes with compression taken off, at most `MAX_BYTES`.

    Raises:
        UsageError: It is larger, or the compression is corrupt.
    """
    encoding = next((name for head, name in _COMPRESSIONS.items() if data.startswith(head)), "")
    try:
        return decompress(data, encoding, MAX_BYTES)
    except Refusal as refusal:
        if refusal.reason is Reason.TOO_LARGE:
            what = f"is larger than {MAX_BYTES >> 20} MiB"
            raise bad_profile(place, what, "sample for a shorter time") from None
        raise bad_profile(place, refusal.message) from None


def _open_json(data: bytes, place: str, warn: Warn) -> Opened:
    from otx.profile.formats.json import read_json
    from otx.profile.formats.speedscope import read_speedscope

    first_line = data.lstrip().partition(b"\n")[0]
    is_lines = data.count(b"\n") > 1 and first_line.rstrip().endswith(b"}")
    document: Any = None
    try:
        document = parse_text(first_line if is_lines else data)
    except InvalidText as error:
        raise no_json(place, error) from None
    if not isinstance(document, Mapping) or "resourceProfiles" in document:
        return _open_otlp(data, place, warn)
    if "shared" in document or "speedscope" in str(document.get("$schema", "")):
        return Opened("speedscope", read_speedscope(document, place, warn))
    if "stacks" in document:
        return Opened("json", read_json(document, place, warn))
    if "caller_stacks" in document:
        raise no_whole_stacks(place)
    if any(str(key).startswith("resource") for key in document):
        return _open_otlp(data, place, warn)
    keys = ", ".join(sorted(map(str, document))[:5]) or "none"
    raise bad_profile(place, f"is JSON, but no profile (its keys: {keys})", _HINT)


def _open_text(data: bytes, place: str, warn: Warn) -> Opened:
    from otx.profile.formats.folded import read_folded
    from otx.profile.formats.perf_script import read_perf_script
    from otx.profile.formats.text_read import read_text, summary_in

    if _is_perf_script(data):
        return Opened("perf-script", read_perf_script(data, place, warn))
    if summary_in(data):
        return Opened("text", read_text(data, place, warn))
    try:
        return Opened("folded", read_folded(data, place, warn))
    except OtxError as error:
        if error.message.startswith(f"{place}:1:"):
            raise bad_profile(place, "is in no form of a profile", _HINT) from None
        raise


def _open_protobuf(data: bytes, place: str, warn: Warn) -> Opened:
    from otx.profile.formats.pprof import read_pprof  # 12 ms

    if len(data) > _MAX_PROTOBUF_BYTES:
        raise bad_profile(place, f"is larger than {_MAX_PROTOBUF_BYTES >> 20} MiB")
    try:
        numbers = {number for number, _ in protobuf_fields(data)}
    except ValueError as error:
        if data[0] == 0:  # the length before a record, as the Collector writes it
            return _open_otlp(data, place, warn)
        raise bad_profile(place, f"is in no form of a profile: {error}", _HINT) from None
    if numbers <= _OTLP_FIELDS:
        return _open_otlp(data, place, warn)
    return Opened("pprof", read_pprof(data, place, warn))


def _open_otlp(data: bytes, place: str, warn: Warn) -> Opened:
    from otx.profile.formats.otlp_read import read_otlp  # 22 ms

    is_json = data.lstrip()[:1] in (b"{", b"[") and not _is_message(data)
    return Opened("otlp-json" if is_json else "otlp", read_otlp(data, place, warn))


def _is_message(data: bytes) -> bool:
    """Whether what begins like JSON behind an empty line is a message whose length is a bracket."""
    if data[:1] != b"\n":
        return False
    try:
        return {number for number, _ in protobuf_fields(data)} <= _OTLP_FIELDS
    except ValueError:
        return False


def _is_perf_script(data: bytes) -> bool:
    """Whether the first line is the head of a sample, whose program may be called `[` or `{`."""
    from otx.profile.formats.perf_script import is_head

    first = next(
        (line for line in data[:_HEAD_BYTES].splitlines() if line.strip() and line[:1] != b"#"), b""
    )
    return is_head(first.decode("utf-8", "replace"))


def _is_text(data: bytes) -> bool:
    """Whether bytes are text: UTF-8 without the control characters that no name has."""
    head = data[:_HEAD_BYTES]
    if b"\0" in head:
        return False
    text = head.decode("utf-8", "ignore")
    odd = sum(c < " " and c not in "\t\r\n\x1b" for c in text)
    return odd * 50 <= len(text) and len(text.encode()) > len(head) * 0.9
