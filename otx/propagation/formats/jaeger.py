"""Jaeger: `uber-trace-id: {trace}:{span}:{parent}:{flags}`, and `uberctx-*` for baggage."""

import re

from otx.propagation.carrier import Carrier
from otx.propagation.formats import percent
from otx.propagation.ids import ANY_HEX, check_digits, span_id, trace_id
from otx.propagation.model import BaggageEntry, Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part

SAMPLED, DEBUG, FIREHOSE = 0x01, 0x02, 0x08
BAGGAGE_PREFIX = "uberctx-"

_KEPT = "!#$&'()*+-./0123456789:<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
_COLON = re.compile(":|%3A", re.IGNORECASE)
_LABELS = ("trace id", "span id", "parent (deprecated)", "flags")


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context; a debug id without ids asks for a trace that is kept.

    Raises:
        Malformed: `uber-trace-id` is missing or not valid.
    """
    baggage = decode_baggage(carrier)
    debug = carrier.first("jaeger-debug-id")
    debug_id = debug.value if debug else None
    field = carrier.first("uber-trace-id")
    if field is None:
        if debug_id:
            return SpanContext(sampled=True, debug=True, debug_id=debug_id, baggage=baggage)
        lonely = next(iter(carrier.fields), None)
        raise Malformed(Problem("missing_trace_id", lonely, 0, 0, "uber-trace-id is missing"))
    places = _places(field.value)
    if len(places) != len(_LABELS):
        detail = f"{len(places)} fields between colons, not 4"
        raise Malformed(Problem("jaeger_bad_fields", field, 0, len(field.value), detail))
    trace = trace_id(field, *places[0], widths=range(1, 33), digits=ANY_HEX)
    span = span_id(field, *places[1], widths=range(1, 17), digits=ANY_HEX)
    flags = _flags(field, *places[3])
    return SpanContext(
        trace,
        span,
        bool(flags & SAMPLED),
        baggage=baggage,
        debug=bool(flags & DEBUG),
        firehose=bool(flags & FIREHOSE),
        debug_id=debug_id,
    )


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The headers; a decision that is left open becomes "not sampled"."""
    headers = []
    if context.trace_id is not None and context.parent_id is not None:
        flags = SAMPLED if context.sampled else 0
        flags |= (DEBUG if context.debug else 0) | (FIREHOSE if context.firehose else 0)
        value = f"{context.trace_id}:{context.parent_id}:0:{flags:x}"
        headers.append(("uber-trace-id", value))
    if context.debug_id:
        headers.append(("jaeger-debug-id", context.debug_id))
    entries = context.baggage or ()
    return headers + [
        (BAGGAGE_PREFIX + one.key, percent.encode(one.value, _KEPT)) for one in entries
    ]


def decode_baggage(carrier: Carrier) -> tuple[BaggageEntry, ...] | None:
    """What `uberctx-*` and `jaeger-baggage` carry; None where there is neither."""
    entries = [
        BaggageEntry(key, percent.decode(field.value))
        for key, field in carrier.prefixed(BAGGAGE_PREFIX)
    ]
    for field in carrier.all("jaeger-baggage"):
        for pair in field.value.split(","):
            key, equals, value = pair.partition("=")
            if equals:
                entries.append(BaggageEntry(key.strip(), value.strip()))
    return tuple(entries) or None


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    if field.name.lower().replace("_", "-") != "uber-trace-id":
        return [Part(0, len(field.value), "baggage")]
    return [
        Part(start, end, label)
        for (start, end), label in zip(_places(field.value), _LABELS, strict=False)
    ]


def _places(value: str) -> list[tuple[int, int]]:
    """The columns between colons, which some clients send as `%3A`."""
    places = []
    start = 0
    for colon in _COLON.finditer(value):
        places.append((start, colon.start()))
        start = colon.end()
    return [*places, (start, len(value))]


def _flags(field: Field, start: int, end: int) -> int:
    check_digits("bad_flags", field, start, end, ANY_HEX)
    if end - start > 2:
        detail = f"the flags have {end - start} characters, not 1 or 2"
        raise Malformed(Problem("bad_flags", field, start, end, detail))
    return int(field.value[start:end], 16)
