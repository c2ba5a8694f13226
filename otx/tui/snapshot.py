"""What the screens ask for and what they get: the only words between them and the feed.

A screen says what it looks at (an interest); the feed answers with immutable snapshots, whenever
there is something new to see. Screens hold what a person chose, never telemetry of their own, so
that one snapshot can replace another at any time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from textual.message import Message

from otx.flame.search import Matches
from otx.flame.tree import FlameNode, FunctionShare
from otx.logs.patterns import Pattern, Template
from otx.logs.rates import SeverityRates
from otx.model.profile import SAMPLES, ValueType
from otx.model.stack import Frame, ProfileStats, Stack
from otx.model.telemetry import LogRecord, Span, TraceSummary
from otx.model.units import NS_PER_S
from otx.tracing.causality import Causality
from otx.tracing.critical_path import CriticalPath
from otx.tracing.span_samples import SpanCode
from otx.tracing.tree import TraceTree

Part: TypeAlias = Literal["", "cpu", "offcpu"]
"""Which part of wall time; "" is all of it."""
RecordKind: TypeAlias = Literal["spans", "logs"]
"""What a search expression looks through."""


@dataclass(frozen=True, slots=True)
class TracesInterest:
    """The list of traces that match a search, and one of them opened.

    Attributes:
        search: A search expression; "" for everything.
        trace_id: The opened trace; "" for the newest.
        window_s: How far back the list goes, in seconds; 0 for all time.
    """

    search: str = ""
    trace_id: str = ""
    window_s: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """A moment in one service's log."""

    time_unix_nano: int
    service: str


@dataclass(frozen=True, slots=True)
class LogsInterest:
    """Log records that match a search.

    Attributes:
        search: A search expression; "" for everything.
        trace_id: The trace they belong to; "" for any.
        least_severity: Least severity number (logs data model); 0 for all.
        template: The pattern they are of; None for any.
        window_s: How far back they go, in seconds; 0 for all time.
        around: The neighbours of this moment instead of all else; None for what matches.
    """

    search: str = ""
    trace_id: str = ""
    least_severity: int = 0
    template: Template | None = None
    window_s: int = 0
    around: Around | None = None


@dataclass(frozen=True, slots=True)
class FlameInterest:
    """The profile.

    Attributes:
        callers: Whether the tree begins at the leaves and shows who called them.
        since_start: Whether it holds all samples, and not only those of the last minute.
        pid: The process whose samples are wanted; 0 for all.
        by_thread: Whether each thread has a level of its own below its process.
        focus: Only the stacks this function is on; None for all.
        sandwich: The function the tree begins at, all its places together; None for none.
        least_permille: Frames with a smaller share of the whole are left out.
        baseline_unix_nano: When the baseline was set that changes are measured from; 0 for none.
        reset_unix_nano: What was sampled before this is left out; 0 for nothing.
        part: Of wall time, the time on processors or off them alone; "" for both.
    """

    callers: bool = False
    since_start: bool = False
    pid: int = 0
    by_thread: bool = False
    focus: Frame | None = None
    sandwich: Frame | None = None
    least_permille: int = 0
    baseline_unix_nano: int = 0
    reset_unix_nano: int = 0
    part: Part = ""


Interest: TypeAlias = TracesInterest | LogsInterest | FlameInterest


def window_start(window_s: int, now_unix_nano: int) -> int | None:
    """When a window of time begins; None where it is all time."""
    return now_unix_nano - window_s * NS_PER_S if window_s else None


@dataclass(frozen=True, slots=True, eq=False)
class OpenTrace:
    """One trace with all that has arrived of it, and the log records that belong to it.

    Attributes:
        tree: The spans in their places.
        critical: Its critical path.
        causality: What happened before each span and after it.
        flame: The same spans as a flame graph.
        more_spans: Spans beyond those that are shown.
        matching: Ids of the spans that match the search; empty without one.
        code: What the code of each span did, by span id, where the store has samples of it.
    """

    trace_id: str
    spans: Sequence[Span]
    tree: TraceTree
    critical: CriticalPath
    causality: Causality
    flame: FlameNode
    logs: Sequence[LogRecord] = ()
    more_spans: int = 0
    matching: frozenset[str] = frozenset()
    code: Mapping[str, SpanCode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TracesView:
    """Answer to `TracesInterest`.

    Attributes:
        rows: Newest first.
        held: Traces the store holds in all.
        trace: The opened trace; None where there is none.
    """

    interest: TracesInterest
    rows: Sequence[TraceSummary]
    held: int
    trace: OpenTrace | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LogsView:
    """Answer to `LogsInterest`.

    Attributes:
        records: Newest last.
        held: Records the store holds in all.
        patterns: What the records have in common, the most frequent first.
        rates: What came in the seconds before the newest.
    """

    interest: LogsInterest
    records: Sequence[LogRecord]
    held: int
    patterns: Sequence[Pattern] = ()
    rates: SeverityRates = field(default_factory=SeverityRates)


@dataclass(frozen=True, slots=True, eq=False)
class FlameView:
    """Answer to `FlameInterest`.

    Attributes:
        tree: The stacks that were asked for, merged.
        counts: The same stacks one by one, root first and whole.
        duration_ns: How long they were sampled.
        functions: All places of each function of the tree.
        unknown: Samples whose innermost function has no name.
        hottest: Functions by own value.
        frequency_hz: Looks a second and core.
        pids: The processes that are sampled.
        kind: What the values are.
        began_unix_nano: When sampling began.
        ended_unix_nano: When it ended; 0 while it goes on.
        own_share: The share of a processor that otx took meanwhile, this screen in it.
        hidden: Frames left out because their share is too small.
        changes: Points by which the share of a function grew since the baseline, largest first.
        missing: Why nothing is sampled; "" where something is.
        hint: What to do about that.
    """

    interest: FlameInterest
    tree: FlameNode
    counts: Mapping[Stack, int] = field(default_factory=dict)
    duration_ns: int = 0
    functions: Mapping[Frame, Matches] = field(default_factory=dict)
    unknown: int = 0
    hottest: Sequence[FunctionShare] = ()
    stats: ProfileStats = field(default_factory=ProfileStats)
    frequency_hz: int = 0
    pids: Sequence[int] = ()
    kind: ValueType = SAMPLES
    began_unix_nano: int = 0
    ended_unix_nano: int = 0
    own_share: float = 0.0
    hidden: int = 0
    changes: Mapping[Frame, float] = field(default_factory=dict)
    missing: str = ""
    hint: str = ""


View: TypeAlias = TracesView | LogsView | FlameView
"""Views are told apart as objects, never by value: a tree may be deep and is never compared."""


@dataclass(frozen=True, slots=True)
class ProcessSamples:
    """How much was sampled of one process since the start."""

    pid: int
    samples: int
    threads: int


@dataclass(frozen=True, slots=True)
class Status:
    """How receiving goes.

    Attributes:
        grpc: HOST:PORT at which OTLP is taken over gRPC; "" for nowhere.
        http: HOST:PORT at which OTLP is taken over HTTP; "" for nowhere.
        spans: Spans that can be read.
        logs: Log records that can be read.
        per_s: Spans and log records that became readable in the last seconds, a second.
        hidden_bytes: What is acknowledged and cannot be read yet, because more arrives than is
            converted.
        unreadable_requests: Requests that were taken and could not be decoded.
        damaged_rows: Rows of segments that are damaged or gone.
        fault: Why the store cannot be read; "" where it can.
        sampled_since_unix_nano: When sampling began; 0 where nothing is sampled.
        processes: The processes that are or were sampled.
        warnings: What was said of sampling so far.
    """

    grpc: str = ""
    http: str = ""
    spans: int = 0
    logs: int = 0
    per_s: float = 0.0
    hidden_bytes: int = 0
    unreadable_requests: int = 0
    damaged_rows: int = 0
    fault: str = ""
    sampled_since_unix_nano: int = 0
    processes: Sequence[ProcessSamples] = ()
    warnings: Sequence[str] = ()

    @property
    def receives(self) -> bool:
        """Whether anything can arrive."""
        return bool(self.grpc or self.http)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to see at one moment; `view` is None until the feed has looked."""

    status: Status = field(default_factory=Status)
    view: View | None = None


@dataclass(frozen=True, slots=True)
class SearchFault:
    """What is wrong with a search expression, and at which character (from 0)."""

    message: str
    position: int


class Changed(Message):
    """There is something new to see. A later one makes an earlier one superfluous."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Whether this makes a message that still waits superfluous: any other of its kind."""
        return isinstance(message, Changed)


class Feed(Protocol):
    """Where snapshots come from."""

    @property
    def screens(self) -> Sequence[str]:
        """The screens it has something for, by name."""

    def open(self, listener: Callable[[Changed], object]) -> None:
        """Begin to look; `listener` is called from any thread."""

    def close(self) -> None:
        """Stop looking; returns when nothing will be said any more."""

    def ask(self, interest: Interest) -> None:
        """Look at this from now on, and soon."""

    def check_search(self, text: str, kind: RecordKind) -> SearchFault | None:
        """What is wrong with a search expression; None where nothing is."""
