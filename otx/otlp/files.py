"""Telemetry from files and pipes, whatever form it is in: pieces, understood as requests.

What a file may be stands in `otx.otlp.pieces`; each document may be of any signal.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.json_text import InvalidText, parse_text
from otx.otlp.pieces import Piece, no_json, not_otlp, read_pieces
from otx.otlp.wire import WIRE, Generated, count_records

if TYPE_CHECKING:
    from otx.otlp.decode import Request

_RESOURCES = {wire.json_resources_field: wire.signal for wire in WIRE.values()}


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


def read_stream(
    stream: BinaryIO, name: str, *, takes_any_text: bool = False
) -> "Iterator[Request]":
    """The requests of a stream, as they come.

    Args:
        stream: Where to read.
        name: What errors call it.
        takes_any_text: As `understand`.

    Raises:
        UsageError: The stream holds no OTLP; the place is named.
    """
    for piece in read_pieces(stream, name):
        yield understand(piece, takes_any_text=takes_any_text)


def understand(piece: Piece, *, takes_any_text: bool = False) -> "Request":
    """A piece as a request.

    Args:
        piece: The piece.
        takes_any_text: Whether texts of protobuf may be no UTF-8, as the open view reads them.

    Raises:
        UsageError: It is no OTLP; its place is named.
    """
    from otx.otlp.decode import Request  # 5 ms, and pieces are often worked on as they are

    if piece.encoding == "json":
        return _request_of(parse_json(piece), piece.place)
    signal, message = parse_protobuf_piece(piece, takes_any_text=takes_any_text)
    return Request(signal, piece.data, count_records(signal, message))


def parse_json(piece: Piece) -> object:
    """What a JSON parser makes of a piece.

    Raises:
        UsageError: It is no JSON; line and column are named.
    """
    try:
        return parse_text(piece.data)
    except InvalidText as error:
        raise no_json(piece.place, error) from None


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


def parse_protobuf_piece(piece: Piece, *, takes_any_text: bool = False) -> tuple[Signal, Message]:
    """A bare message and its signal, which is the one in which it makes sense.

    All requests begin with field 1, a resource with scopes with records; the records differ.

    Args:
        piece: The piece.
        takes_any_text: Whether texts may be no UTF-8, which the Collector takes and protobuf's
            own parsers refuse. The message has U+FFFD in their place then.

    Raises:
        UsageError: It is of no signal, or a text is no UTF-8: its field is named.
    """
    found = _of_any_signal(piece, lambda signal: WIRE[signal].request_class.FromString(piece.data))
    if found is not None:
        return found
    mended = _of_any_signal(piece, lambda signal: _mended(signal, piece.data))
    if mended is None:
        raise not_otlp(piece.place)
    if not takes_any_text:
        raise _invalid_text(piece, mended[0])
    return mended


def _of_any_signal(
    piece: Piece, parse: Callable[[Signal], Message]
) -> tuple[Signal, Message] | None:
    nameless: tuple[Signal, Message] | None = None
    for signal in WIRE:
        if piece.signal not in (None, signal):
            continue
        try:
            message = parse(signal)
        except (DecodeError, ValueError):
            continue
        if piece.signal is signal:
            return signal, message
        if not _makes_sense(signal, message):
            continue
        if signal is Signal.METRICS and not _first_record(signal, message).name:
            nameless = signal, message
        elif nameless is None or _says_something(signal, message):
            return signal, message
    return nameless


def _mended(signal: Signal, data: bytes) -> Message:
    """A message whose texts are made valid.

    Raises:
        DecodeError: Something else about it is wrong.
        ValueError: Likewise, within an attribute.
    """
    from otx.otlp.open_view import open_class
    from otx.otlp.valid_text import make_valid

    official: Any = WIRE[signal].request_class
    message = open_class(signal).FromString(data)
    make_valid(message, official.DESCRIPTOR)
    mended: Message = official.FromString(message.SerializeToString())
    return mended


def _invalid_text(piece: Piece, signal: Signal) -> UsageError:
    from otx.otlp.valid_text import first_invalid

    official: Any = WIRE[signal].request_class
    field = first_invalid(piece.data, official.DESCRIPTOR)
    return UsageError(
        f"{piece.place}: {field} is no UTF-8",
        hint="`otx ottl run` reads it, and its sanitize_utf8 mends it",
    )


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


def _says_something(signal: Signal, message: Message) -> bool:
    """Whether a log record is more than a metric without a name that can be read as one.

    A log record with nothing but a body has the fields of such a metric; what is a data point there
    is a text full of control characters here.
    """
    if signal is not Signal.LOGS:
        return False
    text: str = _first_record(signal, message).body.string_value
    return all(c.isprintable() or c.isspace() for c in text)


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
