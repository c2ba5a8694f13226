"""Request bytes in, a checked request out: nothing here knows sockets.

Protobuf is looked at once, by `otx.otlp.quick_check` or where that is in doubt by the official
messages, to check it and to count it; what is kept is the sender's bytes, untouched, so that fields
this version does not know survive. JSON becomes
protobuf here, so that there is one encoding behind this door.
"""

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, TypeAlias

from google.protobuf.message import DecodeError, Message

from otx.model.signal import Signal
from otx.model.units import format_count
from otx.otlp.caution import Caution
from otx.otlp.density import UNSUSPECTED_BYTES, check_density, check_json_density
from otx.otlp.doubled_keys import doubled_key_cautions
from otx.otlp.oddity import old_form_cautions, span_cautions
from otx.otlp.quick_check import quick_check
from otx.otlp.refusal import Reason, Refusal
from otx.otlp.sender_habits import elsewhere_cautions, habit_cautions
from otx.otlp.wire import JSON, PROTOBUF, WIRE, Generated, count_records, records_by_scope

Encoding: TypeAlias = Literal["protobuf", "json"]

_ENCODINGS: dict[str, Encoding] = {
    PROTOBUF: "protobuf",
    "application/protobuf": "protobuf",
    JSON: "json",
}
_MAX_WARNINGS = 10
MAX_GROUPS = 65_536
"""Resources and scopes of a request: all are looked at. A Collector's batches have thousands."""
_MIN_RECORD_BYTES = 8
"""The smallest record that says something is a data point of eleven; a row takes a hundred."""
_FEW_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """An export request that was understood.

    Attributes:
        body: Protobuf bytes of the `Export…ServiceRequest`.
        records: Spans, log records, data points or samples in it.
        cautions: What the sender should know though the request is accepted.
    """

    signal: Signal
    body: bytes
    records: int
    cautions: tuple[Caution, ...] = ()


def encoding_of(content_type: str) -> Encoding:
    """The encoding that a Content-Type names, its parameters aside.

    Raises:
        Refusal: It names none that OTLP has.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in _ENCODINGS:
        what = f"Content-Type {media_type!r} is not supported" if media_type else "no Content-Type"
        raise Refusal(Reason.UNSUPPORTED_TYPE, f"{what}; send {PROTOBUF} or {JSON}")
    return _ENCODINGS[media_type]


def decode_request(signal: Signal, body: bytes, encoding: Encoding) -> Request:
    """Check a request body and bring it to protobuf.

    Raises:
        Refusal: `Reason.UNDECODABLE`, naming the place where the encoding allows it;
            `Reason.TOO_LARGE` where it is made of more messages than any sender's.
    """
    if encoding == "json":
        return _decode_json(signal, body)
    sound = quick_check(signal, body)
    if sound is not None and sound.groups <= MAX_GROUPS:
        _check_records(signal, sound.records, len(body))
        return Request(signal, body, sound.records, sound.cautions)
    return parse_request(signal, body)


def parse_request(signal: Signal, body: bytes) -> Request:
    """Check protobuf bytes by parsing them: what is not beyond doubt (`otx.otlp.quick_check`).

    Raises:
        Refusal: As of `decode_request`.
    """
    if len(body) > UNSUSPECTED_BYTES:
        official: Any = WIRE[signal].request_class
        check_density(body, official.DESCRIPTOR, Random())
    return _request(signal, parse_protobuf(signal, body), body)


def parse_protobuf(signal: Signal, body: bytes) -> Message:
    """The parsed message of protobuf bytes.

    Raises:
        Refusal: The bytes are no such message.
    """
    wire = WIRE[signal]
    try:
        return wire.request_class.FromString(body)
    except DecodeError as error:
        raise Refusal(
            Reason.UNDECODABLE,
            f"the body is no protobuf {wire.request_name}: {_why(signal, body, error)}",
        ) from None


def _decode_json(signal: Signal, body: bytes) -> Request:
    from otx.otlp.json_codec import InvalidJson, read_message  # most senders speak protobuf
    from otx.otlp.json_text import InvalidText, parse_text

    if len(body) > UNSUSPECTED_BYTES:
        check_json_density(body)
    try:
        document = parse_text(body)
    except InvalidText as error:
        raise Refusal(Reason.UNDECODABLE, f"the body is no JSON: {error}") from None
    message = WIRE[signal].request_class()
    warnings: Counter[str] = Counter()
    try:
        read_message(message, document, warnings)
    except InvalidJson as error:
        raise Refusal(Reason.UNDECODABLE, str(error)) from None
    cautions = (*elsewhere_cautions(signal, document), *_json_cautions(warnings))
    return _request(signal, message, message.SerializeToString(), cautions)


def _request(
    signal: Signal, message: Message, body: bytes, cautions: tuple[Caution, ...] = ()
) -> Request:
    """A request that was understood, with what is odd about its content."""
    wire = WIRE[signal]
    _check_groups(signal, message)
    odd = old_form_cautions(message, wire.resources_field, wire.scopes_field)
    odd += habit_cautions(signal, message)
    groups = records_by_scope(signal, message)
    if signal in (Signal.TRACES, Signal.LOGS):
        records = sum(map(len, groups))
    else:
        records = count_records(signal, message)
    if signal is Signal.TRACES:
        odd += span_cautions(groups)
    _check_records(signal, records, len(body))
    odd += doubled_key_cautions(signal, groups, records)
    return Request(signal, body, records, (*cautions, *odd) if odd else cautions)


def _check_groups(signal: Signal, message: Generated) -> None:
    """Refuse what has more resources and scopes than can be looked at one by one."""
    wire = WIRE[signal]
    resources, scopes = getattr(message, wire.resources_field), wire.scopes_field
    groups = len(resources)
    if groups <= MAX_GROUPS:
        groups += sum([len(getattr(one, scopes)) for one in resources])
    if groups > MAX_GROUPS:
        raise Refusal(
            Reason.TOO_LARGE,
            f"more than {format_count(MAX_GROUPS)} {wire.resources_field} and {scopes}",
        )


def _check_records(signal: Signal, records: int, size: int) -> None:
    """Refuse records that say nothing: each would be a row, much larger than what was sent."""
    if signal is Signal.PROFILES or records <= _FEW_RECORDS + size // _MIN_RECORD_BYTES:
        return
    counted = WIRE[signal].counted(records)
    raise Refusal(Reason.TOO_LARGE, f"{counted} in {format_count(size)} bytes: most are empty")


def _json_cautions(warnings: Counter[str]) -> tuple[Caution, ...]:
    return tuple(
        Caution(text, text if count == 1 else f"{text} ({count} times)")
        for text, count in warnings.most_common(_MAX_WARNINGS)
    )


def _why(signal: Signal, body: bytes, error: DecodeError) -> str:
    if body[:1] in (b"{", b"["):
        return f"it looks like JSON, whose Content-Type is {JSON}"
    if body[:2] == b"\x1f\x8b":
        return "it looks like gzip, which has to be said in Content-Encoding"
    from otx.otlp.valid_text import first_invalid  # for the error alone

    official: Any = WIRE[signal].request_class
    try:
        field = first_invalid(body, official.DESCRIPTOR)
    except ValueError:
        field = ""
    if field:
        return f"{field} is no UTF-8"
    return str(error) or "it is truncated or malformed"
