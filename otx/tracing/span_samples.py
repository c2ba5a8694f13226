"""What the code of each span did: samples joined to spans, as published or else as inferred.

A sample that carries a span's id belongs to it; that was said by the thread itself (published). Of
processes that say nothing, a sample belongs to the innermost span that its thread was working for
then (inferred), if there is just one: spans name their thread by `thread.id` or `thread.name`
(OpenTelemetry semantic conventions, "Thread") and their process by `process.pid`. Where two spans
that are not within one another would both do, as with tasks that take turns in a thread, it belongs
to none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal, TypeAlias

from otx.model.telemetry import Attributes, Span

PID, HOST = "process.pid", "host.name"
THREAD_ID, THREAD_NAME = "thread.id", "thread.name"
_COMM_BYTES = 15
"""What the kernel keeps of a thread's name (TASK_COMM_LEN less its end)."""

How: TypeAlias = Literal["published", "inferred"]


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A sample as it was kept.

    Attributes:
        cpu_ns: Processor time that it stands for.
        stack: Names of frames, root first.
        host: The machine's name; "" where that is not known.
    """

    time_unix_nano: int
    cpu_ns: int
    stack: tuple[str, ...]
    pid: int
    tid: int
    thread: str = ""
    host: str = ""
    trace_id: str = ""
    span_id: str = ""


@dataclass(slots=True)
class SpanCode:
    """What the code of one span did, its children's not included.

    Attributes:
        how: How its samples were joined; inferred where any of them was.
    """

    how: How = "published"
    samples: int = 0
    cpu_ns: int = 0
    stacks: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, sample: StoredSample, how: How) -> None:
        """Count a sample."""
        if how == "inferred":
            self.how = how
        self.samples += 1
        self.cpu_ns += sample.cpu_ns
        self.stacks[sample.stack] = self.stacks.get(sample.stack, 0) + sample.cpu_ns

    def top_stacks(self, count: int) -> list[tuple[tuple[str, ...], int]]:
        """The stacks with most time, and their time."""
        return sorted(self.stacks.items(), key=lambda it: (-it[1], it[0]))[:count]

    def top_functions(self, count: int) -> list[tuple[str, int]]:
        """The functions that ran most themselves, and their time."""
        own: dict[str, int] = defaultdict(int)
        for stack, cpu_ns in self.stacks.items():
            own[stack[-1] if stack else "[unknown]"] += cpu_ns
        return sorted(own.items(), key=lambda it: (-it[1], it[0]))[:count]


def join_samples(
    trace_id: str,
    published: Iterable[StoredSample],
    silent: Iterable[StoredSample],
    spans: Sequence[Span],
) -> dict[str, SpanCode]:
    """What the code of each span of a trace did, by span id; only spans that have samples.

    Args:
        trace_id: The trace.
        published: Samples that carry its id.
        silent: Samples without ids, of processes that publish none.
        spans: Every span that the threads of those may have worked for, of whichever trace.
    """
    found: dict[str, SpanCode] = defaultdict(SpanCode)
    for sample in published:
        found[sample.span_id].add(sample, "published")
    for sample, span in infer(list(silent), spans):
        if span.trace_id == trace_id:
            found[span.span_id].add(sample, "inferred")
    return dict(found)


def infer(
    samples: Sequence[StoredSample], spans: Iterable[Span]
) -> Iterator[tuple[StoredSample, Span]]:
    """Each sample with the one span that its thread was working for; others are left out."""
    of_thread: dict[tuple[int, int], list[StoredSample]] = defaultdict(list)
    tids_by_name: dict[tuple[int, str], set[int]] = defaultdict(set)
    for sample in samples:
        of_thread[sample.pid, sample.tid].append(sample)
        tids_by_name[sample.pid, sample.thread].add(sample.tid)
    spans_of: dict[tuple[int, int], list[Span]] = defaultdict(list)
    for span in spans:
        key = _thread_of(span, of_thread.keys(), tids_by_name)
        if key is not None:
            spans_of[key].append(span)
    for key, worked_for in spans_of.items():
        yield from _sweep(of_thread[key], worked_for)


def _thread_of(
    span: Span,
    threads: Iterable[tuple[int, int]],
    tids_by_name: dict[tuple[int, str], set[int]],
) -> tuple[int, int] | None:
    """The sampled thread that a span ran on: by its id, or by a name that one thread has.

    Some languages number their threads themselves, so an id counts where a thread has it.
    """
    pid, tid = span.resource.get(PID), span.attributes.get(THREAD_ID)
    if not isinstance(pid, int) or span.end_unix_nano <= span.start_unix_nano:
        return None
    if isinstance(tid, int) and (pid, tid) in threads:
        return pid, tid
    name = span.attributes.get(THREAD_NAME)
    if not isinstance(name, str) or not name:
        return None
    tids = tids_by_name.get((pid, comm_of(name)), set())
    return (pid, next(iter(tids))) if len(tids) == 1 else None


def comm_of(thread_name: str) -> str:
    """What the kernel keeps of a thread's name."""
    return thread_name.encode("utf-8", "replace")[:_COMM_BYTES].decode("utf-8", "replace")


def _sweep(samples: list[StoredSample], spans: list[Span]) -> Iterator[tuple[StoredSample, Span]]:
    """Walk along the time of one thread with the spans that are open at each moment."""
    spans.sort(key=lambda span: span.start_unix_nano)
    open_spans: dict[int, Span] = {}
    ends: list[tuple[int, int]] = []
    following = 0
    for sample in sorted(samples, key=lambda it: it.time_unix_nano):
        now = sample.time_unix_nano
        while following < len(spans) and spans[following].start_unix_nano <= now:
            open_spans[following] = spans[following]
            heappush(ends, (spans[following].end_unix_nano, following))
            following += 1
        while ends and ends[0][0] <= now:
            del open_spans[heappop(ends)[1]]
        candidates = [span for span in open_spans.values() if _is_one_host(sample, span.resource)]
        innermost = _innermost(candidates)
        if innermost is not None:
            yield sample, innermost


def _is_one_host(sample: StoredSample, resource: Attributes) -> bool:
    host = resource.get(HOST)
    return not host or not sample.host or host == sample.host


def _innermost(spans: list[Span]) -> Span | None:
    """The one that all others are around, each within the next; None where they are not."""
    if len(spans) < 2:  # noqa: PLR2004, RUF100 - nearly always
        return spans[0] if spans else None
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    parents = {(span.trace_id, span.parent_span_id) for span in spans}
    leaves = [span for key, span in by_id.items() if key not in parents]
    if len(leaves) != 1:
        return None
    at: Span | None = leaves[0]
    met = 0
    while at is not None and met <= len(by_id):
        met += 1
        at = by_id.get((at.trace_id, at.parent_span_id))
    return leaves[0] if met == len(by_id) else None
