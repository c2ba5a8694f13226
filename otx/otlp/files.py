"""Telemetry from files and pipes, whatever form it is in: the form is found from the content.

Read are OTLP JSON (one document, an array of them, or one a line as the file exporter writes),
protobuf (one message, or messages behind a 4-byte big-endian length as the file exporter writes),
and either of these inside gzip or zstd. Each document may be of any signal.
"""

import io
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.caution import Caution
from otx.otlp.compression import decompress
from otx.otlp.decode import Request
from otx.otlp.refusal import Refusal
from otx.otlp.wire import WIRE, Generated, count_records

MAX_FILE_BYTES = 1 << 30
"""The most that a file may hold, also after decompression: it is read as a whole."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LENGTH = struct.Struct(">I")
_RESOURCES = {
    "resourceSpans": Signal.TRACES,
    "resourceMetrics": Signal.METRICS,
    "resourceLogs": Signal.LOGS,
    "resourceProfiles": Signal.PROFILES,
}
_FORMS = "OTLP protobuf, OTLP JSON or OTLP JSON lines, as they are or in gzip or zstd"


def read_file(path: Path) -> Iterator[Request]:
    """The requests of a file.

    Raises:
        UsageError: The file cannot be read, or holds no OTLP; the place is named.
    """
    try:
        with path.open("rb") as file:
            yield from read_stream(file, str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def read_stream(stream: BinaryIO, name: str) -> Iterator[Request]:
    """The requests of a stream, which is read to its end first.

    Args:
        stream: Where to read.
        name: What errors call it.

    Raises:
        UsageError: The stream holds no OTLP; the place is named.
    """
    content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise UsageError(f"{name} is larger than {MAX_FILE_BYTES >> 30} GiB")
    try:
        yield from _read(_opened(content), name)
    except (Refusal, zlib.error) as error:
        raise UsageError(f"{name}: {error}") from None


def _opened(content: bytes) -> bytes:
    """The content with compression taken off."""
    for magic, encoding in ((_GZIP, "gzip"), (_ZSTD, "zstd")):
        if content.startswith(magic):
            return decompress(content, encoding, MAX_FILE_BYTES)
    return content


def _read(content: bytes, name: str) -> Iterator[Request]:
    start = content[:64].lstrip()[:1]
    if not content:
        return
    if start in (b"{", b"["):
        yield from _read_json(content, name)
    elif records := _split_lengths(content):
        for number, record in enumerate(records, 1):
            yield _protobuf_or_json(_opened(record), f"{name}, record {number}")
    else:
        yield _read_protobuf(content, name)


def _protobuf_or_json(record: bytes, place: str) -> Request:
    if record.startswith(b"{"):
        return _read_json_text(record, place)
    return _read_protobuf(record, place)


def _split_lengths(content: bytes) -> list[bytes] | None:
    """The records behind 4-byte lengths; None where the content is not so made."""
    records = []
    at = 0
    while at + _LENGTH.size <= len(content):
        (size,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        if size == 0 or at + size > len(content):
            return None
        records.append(content[at : at + size])
        at += size
    return records if at == len(content) else None


def _read_json(content: bytes, name: str) -> Iterator[Request]:
    """One document, an array, or lines: tried in the order of what a first line can tell."""
    import orjson  # 1 ms

    first, _, _ = content.partition(b"\n")
    try:
        is_lines = isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        is_lines = False
    if not is_lines:
        yield from _read_documents(content, name)
        return
    for number, line in enumerate(io.BytesIO(content), 1):
        if line.strip():
            yield _read_json_text(line, f"{name}:{number}")


def _read_documents(content: bytes, name: str) -> Iterator[Request]:
    document = _parse(content, name)
    if not isinstance(document, list):
        yield _request_of(document, name)
        return
    for number, item in enumerate(document):
        yield _request_of(item, f"{name}[{number}]")


def _read_json_text(text: bytes, place: str) -> Request:
    return _request_of(_parse(text, place), place)


def _parse(text: bytes, place: str) -> object:
    import orjson  # 1 ms

    try:
        document: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{place} is no JSON: {error}", hint=f"otx reads {_FORMS}") from None
    return document


def _request_of(document: object, place: str) -> Request:
    from otx.otlp.json_codec import InvalidJson, read_message

    keys = document.keys() & _RESOURCES.keys() if isinstance(document, dict) else set()
    if len(keys) != 1:
        wanted = ", ".join(_RESOURCES)
        raise UsageError(
            f"{place} is no OTLP: it needs one of {wanted}", hint=f"otx reads {_FORMS}"
        )
    signal = _RESOURCES[keys.pop()]
    message = WIRE[signal].request_class()
    warnings: Counter[str] = Counter()
    try:
        read_message(message, document, warnings)
    except InvalidJson as error:
        raise UsageError(f"{place}: {error}") from None
    body = message.SerializeToString()
    cautions = tuple(Caution(text, text) for text in warnings)
    return Request(signal, body, count_records(signal, message), cautions)


def _read_protobuf(body: bytes, place: str) -> Request:
    """A bare message, whose signal is the one in which it makes sense.

    All requests begin with field 1, a resource with scopes with records; the records differ.
    """
    for signal, wire in WIRE.items():
        try:
            message = wire.request_class.FromString(body)
        except DecodeError:
            continue
        if _makes_sense(signal, message):
            return Request(signal, body, count_records(signal, message))
    raise UsageError(f"{place} is no OTLP", hint=f"otx reads {_FORMS}")


def _makes_sense(signal: Signal, message: Message) -> bool:
    if len(UnknownFieldSet(message)):
        return False
    record = _first_record(signal, message)
    if record is None or len(UnknownFieldSet(record)):
        return False
    if signal is Signal.TRACES:
        # A metric's name and description would pass for ids, but for their lengths.
        return len(record.trace_id) == 16 and len(record.span_id) == 8
    return bool(record.ListFields())


def _first_record(signal: Signal, message: Message) -> Generated:
    """The first record of a request; None where there is none."""
    levels = {
        Signal.TRACES: ("resource_spans", "scope_spans", "spans"),
        Signal.METRICS: ("resource_metrics", "scope_metrics", "metrics"),
        Signal.LOGS: ("resource_logs", "scope_logs", "log_records"),
        Signal.PROFILES: ("resource_profiles", "scope_profiles", "profiles"),
    }[signal]
    messages: list[Generated] = [message]
    for level in levels:
        messages = [child for parent in messages for child in getattr(parent, level)]
    return messages[0] if messages else None
