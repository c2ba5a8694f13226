"""Spans and log records as the rooms pass them round, one at a time.

These are for what a person looks at: a trace on the screen, a row that is printed. Bulk work
stays in columns (`otx.otlp.columns`) and never makes one of these a record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

AttributeValue: TypeAlias = (
    "str | bool | int | float | bytes | Sequence[AttributeValue]"
    " | Mapping[str, AttributeValue] | None"
)
Attributes: TypeAlias = Mapping[str, AttributeValue]

SpanKind: TypeAlias = Literal["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
StatusCode: TypeAlias = Literal["UNSET", "OK", "ERROR"]

SPAN_KINDS: tuple[SpanKind, ...] = (
    "UNSPECIFIED",
    "INTERNAL",
    "SERVER",
    "CLIENT",
    "PRODUCER",
    "CONSUMER",
)
"""Span kinds by their OTLP number."""

STATUS_CODES: tuple[StatusCode, ...] = ("UNSET", "OK", "ERROR")
"""Status codes by their OTLP number."""

METRIC_TYPES = ("gauge", "sum", "histogram", "exponential_histogram", "summary")
"""What a metric is, as OTLP names the fields of which it has one."""

TEMPORALITIES = ("UNSPECIFIED", "DELTA", "CUMULATIVE")
"""What values of a sum or histogram count from, by their OTLP number."""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened in a span, at one moment."""

    time_unix_nano: int
    name: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanLink:
    """A reference from a span to another, of the same or another trace.

    Attributes:
        trace_state: W3C trace state of the span that is referred to.
        flags: Its W3C trace flags in the low byte, and whether it is remote (trace.proto).
    """

    trace_id: str
    span_id: str
    attributes: Attributes = field(default_factory=dict)
    trace_state: str = ""
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """One operation of a trace. Ids are lower-case hex; `parent_span_id` is "" for a root.

    Attributes:
        flags: W3C trace flags in the low byte, and whether the parent is remote (trace.proto).
    """

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: SpanKind
    service: str
    start_unix_nano: int
    end_unix_nano: int
    status: StatusCode = "UNSET"
    status_message: str = ""
    trace_state: str = ""
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    scope: str = ""
    scope_version: str = ""
    events: Sequence[SpanEvent] = ()
    links: Sequence[SpanLink] = ()
    flags: int = 0

    @property
    def is_parent_remote(self) -> bool | None:
        """Whether its parent ran in another process; None where the sender does not say.

        Bit 8 of `flags` says that bit 9 is set on purpose (trace.proto, SpanFlags).
        """
        return bool(self.flags & 0x200) if self.flags & 0x100 else None

    @property
    def duration_ns(self) -> int:
        """End less start; negative where the sender's clock ran backwards."""
        return self.end_unix_nano - self.start_unix_nano

    @property
    def is_error(self) -> bool:
        """Whether the span's status says that it failed."""
        return self.status == "ERROR"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One log record. Ids are "" where the record belongs to no span.

    Attributes:
        flags: W3C trace flags in the low byte (logs.proto, LogRecordFlags).
    """

    time_unix_nano: int
    severity_number: int
    severity_text: str
    service: str
    body: AttributeValue
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""
    observed_unix_nano: int = 0
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    scope: str = ""
    flags: int = 0

    @property
    def severity_letter(self) -> str:
        """T, D, I, W, E or F by severity number (logs data model, SeverityNumber); "?" for none."""
        number = self.severity_number
        return "TDIWEF"[(number - 1) // 4] if 1 <= number <= 24 else "?"


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One row of a list of traces. A missing root is stood for by the earliest span."""

    trace_id: str
    start_unix_nano: int
    duration_ns: int
    span_count: int
    service_count: int
    error_count: int
    root_service: str
    root_name: str
    root_missing: bool = False
