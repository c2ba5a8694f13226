"""Telemetry from files and pipes, whatever form it is in: pieces, understood as requests.

What a file may be stands in `otx.otlp.pieces`; each document may be of any signal.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.pieces import Piece, not_otlp, read_pieces
from otx.otlp.wire import WIRE, Generated, count_records

if TYPE_CHECKING:
    from otx.otlp.decode import Request

_RESOURCES = {
    "resourceSpans": Signal.TRACES,
    "resourceMetrics": Signal.METRICS,
    "resourceLogs": Signal.LOGS,
    "resourceProfiles": Signal.PROFILES,
}


def read_file(path: Path) -> "Iterator[Request]":
    """The requests of a file.

    Raises:
        UsageError: The file cannot be read, or holds no OTLP; the place is named.
    """
    try:
        with path.open("rb") as file:
            yield from read_stream(file, str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def read_stream(stream: BinaryIO, name: str) -> "Iterator[Request]":
    """The requests of a stream, as they come.

    Args:
        stream: Where to read.
        name: What errors call it.

    Raises:
        UsageError: The stream holds no OTLP; the place is named.
    """
    for piece in read_pieces(stream, name):
        yield understand(piece)


def understand(piece: Piece) -> "Request":
    """A piece as a request.

    Raises:
        UsageError: It is no OTLP; its place is named.
    """
    from otx.otlp.decode import Request  # 5 ms, and pieces are often worked on as they are

    if piece.encoding == "json":
        return _request_of(parse_json(piece), piece.place)
    signal, message = parse_protobuf_piece(piece)
    return Request(signal, piece.data, count_records(signal, message))


def parse_json(piece: Piece) -> object:
    """What a JSON parser makes of a piece.

    Raises:
        UsageError: It is no JSON.
    """
    import orjson  # 1 ms

    try:
        document: object = orjson.loads(piece.data)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"{piece.place} is no JSON: {error}", hint=not_otlp(piece.place).hint
        ) from None
    return document


def signal_of_document(document: object, place: str) -> Signal:
    """The signal of an OTLP/JSON document.

    Raises:
        UsageError: It is none.
    """
    keys = document.keys() & _RESOURCES.keys() if isinstance(document, dict) else set()
    if len(keys) != 1:
        wanted = ", ".join(_RESOURCES)
        raise UsageError(f"{place} is no OTLP: it needs one of {wanted}", not_otlp(place).hint)
    return _RESOURCES[keys.pop()]


def parse_protobuf_piece(piece: Piece) -> tuple[Signal, Message]:
    """A bare message and its signal, which is the one in which it makes sense.

    All requests begin with field 1, a resource with scopes with records; the records differ.

    Raises:
        UsageError: It is of none.
    """
    for signal, wire in WIRE.items():
        if piece.signal not in (None, signal):
            continue
        try:
            message = wire.request_class.FromString(piece.data)
        except DecodeError:
            continue
        if piece.signal is signal or _makes_sense(signal, message):
            return signal, message
    raise not_otlp(piece.place)


def _request_of(document: object, place: str) -> "Request":
    from otx.otlp.caution import Caution
    from otx.otlp.decode import Request
    from otx.otlp.json_codec import InvalidJson, read_message

    signal = signal_of_document(document, place)
    message = WIRE[signal].request_class()
    warnings: Counter[str] = Counter()
    try:
        read_message(message, document, warnings)
    except InvalidJson as error:
        raise UsageError(f"{place}: {error}") from None
    body = message.SerializeToString()
    cautions = tuple(Caution(text, text) for text in warnings)
    return Request(signal, body, count_records(signal, message), cautions)


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
