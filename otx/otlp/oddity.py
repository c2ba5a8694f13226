"""Spans that break a rule and are accepted all the same, as the Collector does.

OTLP asks for ids of 16 and 8 bytes that are not all zero (trace.proto, `Span`), for a start, and
for an end that is no earlier; what breaks this is kept as it came and named to its sender. Looking
at a span costs nearly as much as parsing it, and a broken sender breaks every request, so of a
large request only `MAX_LOOKED_AT` spans are looked at before it is acknowledged, evenly spread.
All spans are counted where they become columns (`otx.otlp.odd_columns`).
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import filterfalse

from google.protobuf.unknown_fields import UnknownFieldSet

from otx.model.units import format_count
from otx.otlp.caution import Caution
from otx.otlp.doubled_keys import span_name
from otx.otlp.evenly import evenly
from otx.otlp.wire import Generated

MAX_LOOKED_AT = 50
MAX_UNIX_NANO = 2**63 - 2
"""The last moment that a column can hold, in April 2262: one more is how DuckDB writes infinity."""

_NO_TRACE_ID = bytes(16)
_NO_SPAN_ID = bytes(8)
_OLD_FIELD = 1000
"""`instrumentation_library_spans` and its like, gone since OTLP 1.0 (trace.proto, `reserved`)."""


class Oddity(StrEnum):
    """A rule that a span breaks, in words that follow `spans that`."""

    NO_TRACE_ID = "have no valid trace id"
    NO_SPAN_ID = "have no valid span id"
    NO_TIMES = "have no times at all"
    NO_START = "have no start time"
    NO_END = "have no end time"
    ENDS_EARLY = "end before they start"
    BEYOND_TIME = "have a time beyond 2262"
    DOUBLED_KEY = "have an attribute key twice"
    """What such a key means is undefined (common.proto, `attributes`); here looked for by SQL."""


def span_cautions(groups: Sequence[Sequence[Generated]]) -> list[Caution]:
    """What is odd about the spans of a request, one caution for each rule that is broken.

    Args:
        groups: The spans of each scope.
    """
    looked_at = evenly(groups, MAX_LOOKED_AT)
    odd: dict[Oddity, list[Generated]] = {}
    for span in filterfalse(_is_sound, looked_at):
        for oddity in oddities_of(span):
            odd.setdefault(oddity, []).append(span)
    if not odd:
        return []
    records = sum(map(len, groups))
    among = f"{format_count(records)} spans"
    if len(looked_at) < records:
        among = f"the {format_count(len(looked_at))} spans looked at, of {format_count(records)},"
    return [_caution(oddity, odd[oddity], among) for oddity in Oddity if oddity in odd]


def old_form_cautions(request: Generated, resources_field: str, scopes_field: str) -> list[Caution]:
    """Whether resources of a request hold the form before OTLP 1.0, which nothing reads.

    Such a resource has none of the scopes that took its place, so the others need no look.
    """
    resources = getattr(request, resources_field)
    without_scopes = [it for it in resources if not getattr(it, scopes_field)]
    old = sum(map(_has_old_field, without_scopes))
    if not old:
        return []
    return [
        Caution(
            "requests in the form before OTLP 1.0, which is not read",
            f"{format_count(old)} of {format_count(len(resources))} {resources_field} hold field "
            f"{_OLD_FIELD}, the form before OTLP 1.0, which is not read: update the sender",
        )
    ]


def oddities_of(span: Generated) -> Iterator[Oddity]:
    """The rules that a span breaks."""
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    if len(span.trace_id) != 16 or span.trace_id == _NO_TRACE_ID:
        yield Oddity.NO_TRACE_ID
    if len(span.span_id) != 8 or span.span_id == _NO_SPAN_ID:
        yield Oddity.NO_SPAN_ID
    if not start:
        yield Oddity.NO_START if end else Oddity.NO_TIMES
    elif end < start:
        yield Oddity.ENDS_EARLY if end else Oddity.NO_END
    if max(start, end) > MAX_UNIX_NANO:
        yield Oddity.BEYOND_TIME


def _caution(oddity: Oddity, spans: Sequence[Generated], among: str) -> Caution:
    text = f"{format_count(len(spans))} of {among} {oddity} (first: {span_name(spans[0])})"
    return Caution(f"requests with spans that {oddity}", text)


def _is_sound(span: Generated) -> bool:
    """Whether no rule is broken, in as few steps as that takes."""
    trace_id, span_id = span.trace_id, span.span_id
    return (
        len(trace_id) == 16
        and len(span_id) == 8
        and 0 < span.start_time_unix_nano <= span.end_time_unix_nano <= MAX_UNIX_NANO
        and trace_id != _NO_TRACE_ID
        and span_id != _NO_SPAN_ID
    )


def _has_old_field(resource: Generated) -> bool:
    fields = UnknownFieldSet(resource)
    return any(fields[place].field_number == _OLD_FIELD for place in range(len(fields)))
