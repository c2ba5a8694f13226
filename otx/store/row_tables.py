"""The tables that signals become, and what segments of each are like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from otx.model.signal import Signal
from otx.otlp.column_groups import Batch
from otx.otlp.columns import LOG_SCHEMA, SPAN_SCHEMA, log_columns, span_columns
from otx.otlp.metric_columns import METRIC_SCHEMA, metric_columns
from otx.otlp.sample_columns import SAMPLE_SCHEMA, sample_columns

RowKind: TypeAlias = Literal["spans", "logs", "metrics", "samples"]
"""A table of rows, by the name that it has in queries."""
ROW_KINDS: tuple[RowKind, ...] = get_args(RowKind)

Schema: TypeAlias = Any
"""A pyarrow Schema; pyarrow carries no types."""


@dataclass(frozen=True, slots=True)
class RowTable:
    """What rows of one kind are made of and how they are kept.

    Attributes:
        signal: Whose requests become these rows.
        columns: Makes rows of request bodies and the times at which they were received.
        time: The column that segments are sorted by.
        keeps_requests: Whether the requests stay beside their rows, which hold less.
    """

    signal: Signal
    schema: Schema
    columns: Callable[[Sequence[bytes], Sequence[int]], Batch]
    time: str = "time"
    keeps_requests: bool = False


ROW_TABLES: Mapping[RowKind, RowTable] = {
    "spans": RowTable(Signal.TRACES, SPAN_SCHEMA, span_columns, time="start_time"),
    "logs": RowTable(Signal.LOGS, LOG_SCHEMA, log_columns),
    "metrics": RowTable(Signal.METRICS, METRIC_SCHEMA, metric_columns),
    # Rows of samples hold neither mappings nor addresses nor lines.
    "samples": RowTable(Signal.PROFILES, SAMPLE_SCHEMA, sample_columns, keeps_requests=True),
}
