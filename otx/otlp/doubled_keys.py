"""Records that have an attribute key twice, which OTLP leaves without a meaning.

"Attribute keys MUST be unique" (common.proto and trace.proto, `attributes`); what a reader makes
of two is undefined, so the sender is told which key and where. To compare the keys of a record
costs as much as to parse a third of it, so that `MAX_LOOKED_AT` records of a request are looked
at; a sender that doubles a key does so in every request.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from otx.model.signal import Signal
from otx.model.units import format_count
from otx.otlp.caution import Caution
from otx.otlp.evenly import evenly
from otx.otlp.wire import WIRE, Generated

MAX_LOOKED_AT = 5
MAX_KEYS = 1_000
"""Of a record or resource with more attributes, which nobody means, the first are looked at."""
_QUOTED_CHARACTERS = 60


def doubled_key_cautions(
    signal: Signal, groups: Sequence[Sequence[Generated]], records: int
) -> list[Caution]:
    """Whether records of a request have an attribute key twice: one caution, or none.

    Of a metric, the first data point is looked at; profiles have their attributes elsewhere.

    Args:
        signal: The request's.
        groups: What each scope of it lists.
        records: How many spans, log records or data points it holds.
    """
    if signal not in _HOLDERS:
        return []
    holder_of, name_of = _HOLDERS[signal]
    looked_at = evenly(groups, MAX_LOOKED_AT)
    doubled = [one for one in looked_at if _has_doubled_key(holder_of(one))]
    if not doubled:
        return []
    noun, first = WIRE[signal].record_noun, doubled[0]
    among = f"{format_count(records)} {noun}"
    if len(looked_at) < records:
        among = f"the {format_count(len(looked_at))} {noun} looked at, of {format_count(records)},"
    key = quoted(doubled_key([it.key for it in holder_of(first).attributes[:MAX_KEYS]]))
    text = f"{format_count(len(doubled))} of {among} have an attribute key twice"
    return [
        Caution(
            f"requests with {noun} that have an attribute key twice",
            f"{text} (first: {key} of {name_of(first)}): readers take either",
        )
    ]


def doubled_key(keys: Sequence[str]) -> str:
    """The key that is there most often."""
    return Counter(keys).most_common(1)[0][0]


def quoted(text: str) -> str:
    """Text of a sender in quotes, short enough for a line."""
    return repr(text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "…")


def span_name(span: Generated) -> str:
    """What a sender's developer can search for."""
    return f"span {span.span_id.hex() or 'without id'} {quoted(span.name)}"


def _log_name(record: Generated) -> str:
    if record.body.WhichOneof("value") == "string_value":
        return f"log record {quoted(record.body.string_value)}"
    return f"the log record at {record.time_unix_nano or record.observed_time_unix_nano}"


def _metric_name(metric: Generated) -> str:
    return f"metric {quoted(metric.name)}"


def _itself(record: Generated) -> Generated:
    return record


def _first_point(metric: Generated) -> Generated:
    form = metric.WhichOneof("data")
    points = getattr(metric, form).data_points if form else ()
    return points[0] if points else None


_HOLDERS: dict[Signal, tuple[Callable[[Generated], Generated], Callable[[Generated], str]]] = {
    Signal.TRACES: (_itself, span_name),
    Signal.LOGS: (_itself, _log_name),
    Signal.METRICS: (_first_point, _metric_name),
}
"""Of each signal, what of a record has attributes (None for nothing), and its name."""


def _has_doubled_key(holder: Generated) -> bool:
    if holder is None:
        return False
    attributes = holder.attributes
    if len(attributes) > MAX_KEYS:
        attributes = attributes[:MAX_KEYS]
    return len({attribute.key for attribute in attributes}) != len(attributes)
