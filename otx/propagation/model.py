"""What headers say: the context they carry, and what is wrong with them.

Identifiers are lower-case hex text of their full width: 32 characters for a trace, 16 for a span. A
format that has shorter ones is padded with zeros on the left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

Level: TypeAlias = Literal[1, 2]
"""A level of W3C Trace Context: 1 is the recommendation of 2021, 2 what came after it."""


class Field(NamedTuple):
    """One header field as it came.

    Attributes:
        name: As it was spelt.
        value: Without the space and tab around it, which are HTTP's and not the value's.
    """

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong or odd, and where it stands.

    Attributes:
        code: A short stable name: `bad_trace_id`.
        field: The header; None where one is missing.
        start: The first column that is meant, from 0, in the field's value.
        end: The column behind it; the same as `start` where something is missing.
        detail: What stands there and what should, in a few words.
    """

    code: str
    field: Field | None = None
    start: int = 0
    end: int = 0
    detail: str = ""


class Malformed(Exception):
    """A header cannot be read; never leaves this room."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class BaggageEntry:
    """One member of baggage: its key, its value decoded, its properties as they came."""

    key: str
    value: str
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtState:
    """The `ot` member of tracestate (OpenTelemetry, tracestate handling and probability sampling).

    Attributes:
        threshold: `th` as it came, without the zeros that may follow; None where there is none.
        randomness: `rv` as it came: 14 digits, or None.
        other: The keys that have no meaning here.
        is_consistent: Whether a sampled context could have been kept: its randomness is not below
            its threshold. None where that cannot be said.
    """

    threshold: str | None = None
    randomness: str | None = None
    other: Mapping[str, str] = field(default_factory=dict)
    is_consistent: bool | None = None


@dataclass(frozen=True, slots=True)
class DatadogState:
    """What Datadog's tracers add to ids: in `dd` of tracestate, or in headers of their own.

    Attributes:
        priority: Of sampling: -1 user reject, 0 reject, 1 keep, 2 user keep.
        origin: Where the trace began: `synthetics`, `rum`.
        last_parent: The last span of Datadog's on the way, 16 hex digits.
        tags: Trace tags by name: `_dd.p.dm`.
    """

    priority: int | None = None
    origin: str | None = None
    last_parent: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanContext:
    """What crosses a process boundary, whatever the format.

    Attributes:
        trace_id: None where only a decision was sent, as B3 can.
        parent_id: The caller's span; None where there is none, as load balancers of AWS do.
        sampled: None where the decision is left to the receiver.
        random: Whether the last seven bytes of the trace id are random; None where the format
            cannot say it.
        debug: Keep it whatever happens (B3, Jaeger).
        firehose: Do not index it (Jaeger).
        debug_id: What to find a forced trace by (Jaeger).
        grandparent_id: The parent of the caller's span (B3).
        datadog: From `dd` of tracestate or from Datadog's own headers.
        baggage: None where there is no baggage.
    """

    trace_id: str | None = None
    parent_id: str | None = None
    sampled: bool | None = None
    random: bool | None = None
    tracestate: tuple[tuple[str, str], ...] = ()
    baggage: tuple[BaggageEntry, ...] | None = None
    ot: OtState | None = None
    datadog: DatadogState | None = None
    debug: bool = False
    firehose: bool = False
    debug_id: str | None = None
    grandparent_id: str | None = None


@dataclass(slots=True)
class Findings:
    """What a decoder notices beside what it returns.

    Attributes:
        level: The level of W3C Trace Context that the reader holds to.
        warnings: What is odd and does not make the header invalid.
        tracestate: Why tracestate is dropped.
        level1: Why a reader of level 1 would drop the tracestate that one of level 2 takes.
        baggage: Why baggage is dropped.
    """

    level: Level = 2
    warnings: list[Problem] = field(default_factory=list)
    tracestate: Problem | None = None
    level1: Problem | None = None
    baggage: Problem | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the headers of one format say.

    Attributes:
        format: Its name: `w3c`, `b3-single`.
        context: None where it is invalid.
        problem: Why it is invalid; None where it is not.
    """

    format: str
    context: SpanContext | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two formats in one request that do not say the same.

    Attributes:
        what: `trace_id`, `parent_id` or `sampled`.
        formats: The one that counts, and the other.
        values: What each of them says.
    """

    what: str
    formats: tuple[str, str]
    values: tuple[str | bool, str | bool]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a set of headers says as a whole.

    Attributes:
        reading: The format that counts: the first valid one; else the first that was seen.
        others: The other formats that were seen, in the order in which they count.
        context: What `reading` says, with the baggage of all headers; None where it is invalid.
        is_environment: Whether the names are those of environment variables.
        problem: Why there is no context; also where there is no header that could carry one.
        baggage: Of all headers; None where none carries any.
        warnings: What is odd, the reason why each other format is invalid among it.
        conflicts: Where the formats do not agree.
        found: What the decoders noticed.
        fields: The headers that were read.
    """

    reading: Reading | None
    others: tuple[Reading, ...]
    context: SpanContext | None
    is_environment: bool
    problem: Problem | None
    baggage: tuple[BaggageEntry, ...] | None
    warnings: tuple[Problem, ...]
    conflicts: tuple[Conflict, ...]
    found: Findings
    fields: tuple[Field, ...]

    @property
    def format(self) -> str | None:
        """The name of the format that counts."""
        return None if self.reading is None else self.reading.format
