"""What functions need to make metrics out of others."""

from typing import Any, Literal

from otx.ottl.errors import ExecutionError
from otx.ottl.records import MetricRecord

Temporality = Literal["delta", "cumulative"]
TEMPORALITIES: dict[str, int] = {"delta": 1, "cumulative": 2}
UNSPECIFIED = 0


def derived(record: MetricRecord, suffix: str) -> Any:
    """A metric without data that is called like another, with a suffix."""
    record.flush()  # its points are copied next, with the attributes that statements gave them
    source = record.item
    return type(source)(
        name=source.name + suffix.encode("utf-8", "surrogateescape"),
        description=source.description,
        unit=source.unit,
    )


def add_number(points: Any, source: Any, **value: float) -> Any:
    """Append a number at the time and with the attributes of another data point."""
    point = points.add(
        start_time_unix_nano=source.start_time_unix_nano,
        time_unix_nano=source.time_unix_nano,
        **value,
    )
    point.attributes.extend(source.attributes)
    return point


def add_if_any(record: MetricRecord, made: Any, points: Any) -> None:
    """Append a new metric to the scope, where it has data points."""
    if points:
        record.scope.add(made)


def temporality_of(record: MetricRecord, function: str) -> int:
    """The temporality of what counts and sums: a summary is cumulative, says OpenMetrics.

    Raises:
        ExecutionError: The metric is of another kind, or does not say.
    """
    if record.kind == "summary":
        return TEMPORALITIES["cumulative"]
    if record.kind in ("histogram", "exponential_histogram"):
        temporality: int = record.data.aggregation_temporality
        if temporality != UNSPECIFIED:
            return temporality
        raise ExecutionError(f"{function}: the aggregation temporality is unspecified")
    kind = record.kind.replace("_", " ") or "metric without data"
    raise ExecutionError(f"{function} takes a histogram or a summary, not a {kind}")
