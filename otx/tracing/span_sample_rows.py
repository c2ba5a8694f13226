"""Reads of a store what may belong to the spans of a trace: samples, and the spans around them."""

from collections.abc import Sequence
from dataclasses import dataclass

from otx.errors import UsageError
from otx.model.telemetry import Span
from otx.store.reader import Store
from otx.store.rows import SPAN_FIELDS, span_of
from otx.store.sources import Wanted
from otx.tracing.span_samples import HOST, PID, THREAD_NAME, SpanCode, StoredSample, join_samples

MOST_SAMPLES = 200_000
MOST_SPANS = 100_000
_MARGIN_NS = 1_000_000_000
"""Samples of a span's thread that are read before and after it: their times are as exact."""

_UNRECEIVED_NS = 60_000_000_000
"""Samples with the trace's id are read so long before and after it: of its spans some may not have
been received."""

_SAMPLE_FIELDS = f"""
    epoch_ns(time), if(unit = 'nanoseconds', value, value * period), stack,
    coalesce(pid, 0), coalesce(tid, 0), coalesce(attr(attributes, '{THREAD_NAME}'), ''),
    coalesce(attr(resource, '{HOST}'), ''), trace_id, span_id"""
_IS_CPU = """
    (event = 'cpu' OR (event = 'samples' AND period > 0))"""
_PUBLISHED = f"""
    SELECT {_SAMPLE_FIELDS}, event FROM wanted
    WHERE {_IS_CPU} AND starts_with(trace_id, ?) AND length(span_id) = 16
    LIMIT {2 * MOST_SAMPLES}"""  # noqa: S608 - constants
_SILENT = f"""
    SELECT {_SAMPLE_FIELDS}, event FROM wanted
    WHERE {_IS_CPU} AND span_id = '' AND epoch_ns(time) BETWEEN ? AND ?
      AND pid IN (SELECT unnest(?::BIGINT[]))
      AND pid NOT IN (SELECT pid FROM wanted WHERE span_id <> '' AND pid IS NOT NULL)
    LIMIT {2 * MOST_SAMPLES}"""  # noqa: S608 - constants
_AROUND = f"""
    SELECT {SPAN_FIELDS} FROM wanted
    WHERE epoch_ns(start_time) <= ? AND epoch_ns(end_time) >= ?
      AND TRY_CAST(attr(resource, '{PID}') AS BIGINT) IN (SELECT unnest(?::BIGINT[]))
    LIMIT {MOST_SPANS + 1}"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class TraceCode:
    """What the code of a trace did.

    Attributes:
        trace_id: The whole id.
        spans: By span id, those that have samples; of them some may not have been received.
        has_samples: Whether the store holds any samples of the time of the trace.
    """

    trace_id: str
    spans: dict[str, SpanCode]
    has_samples: bool


def read_trace_code(store: Store, asked: str, spans: Sequence[Span]) -> TraceCode:
    """What the code of a trace did.

    Args:
        store: What was kept.
        asked: The trace's id, or its first 8 or more digits.
        spans: Its spans; none where none was received.

    Raises:
        UsageError: No span was received, and the id begins several traces of samples.
    """
    trace_id = spans[0].trace_id if spans else asked.strip().lower()
    begin = min((span.start_unix_nano for span in spans), default=0)
    end = max((span.end_unix_nano for span in spans), default=None)
    whole = Wanted(
        "samples",
        since_unix_nano=max(begin - _UNRECEIVED_NS, 0),
        until_unix_nano=None if end is None else end + _UNRECEIVED_NS,
    )
    published = _samples(store, _PUBLISHED, (trace_id,), whole)
    ids = sorted({it.trace_id for it in published}) or [trace_id]
    if len(ids) > 1:
        raise UsageError(f"{asked!r} begins {len(ids)} traces", f"for example {', '.join(ids[:3])}")
    if end is None:
        return TraceCode(ids[0], join_samples(ids[0], published, (), ()), bool(published))
    begin, end = max(begin - _MARGIN_NS, 0), end + _MARGIN_NS
    wanted = Wanted("samples", since_unix_nano=begin, until_unix_nano=end)
    pids = sorted({pid for span in spans if isinstance(pid := span.resource.get(PID), int)})
    silent = _samples(store, _SILENT, (begin, end, pids), wanted) if pids else []
    around = _spans_around(store, begin, end, pids) if silent else []
    [(kept,)] = store.rows("SELECT count(*) FROM (FROM wanted LIMIT 1)", (), wanted)
    return TraceCode(trace_id, join_samples(trace_id, published, silent, around), bool(kept))


def _samples(
    store: Store, sql: str, parameters: Sequence[object], wanted: Wanted
) -> list[StoredSample]:
    """Samples by one measure: a profile of processor time has them as time and as a count."""
    rows = store.rows(sql, parameters, wanted)
    event = "cpu" if any(row[-1] == "cpu" for row in rows) else "samples"
    return [
        StoredSample(row[0], int(row[1]), tuple(row[2]), *row[3:9])
        for row in rows
        if row[-1] == event
    ][:MOST_SAMPLES]


def _spans_around(store: Store, begin: int, end: int, pids: Sequence[int]) -> list[Span]:
    """Spans of any trace that these processes had open then; none where they are too many.

    With some of them missing a sample could seem to belong to one span alone.
    """
    rows = store.rows(_AROUND, (end, begin, pids), Wanted("spans"))
    return list(map(span_of, rows)) if len(rows) <= MOST_SPANS else []
