"""What arrives of a request: spans by their hosts' clocks, some lost, some twice, in any order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from otx.model.telemetry import AttributeValue, Span, SpanEvent, SpanLink
from tests.simulation.records import Record

TRACE_ID = "5" * 32
LOSS = 0.05
REMOTE_KNOWN, REMOTE = 0x100, 0x200


@dataclass(frozen=True, eq=False)
class Observation:
    """What otx is given of a request.

    Attributes:
        spans: As they arrive.
        records: The truth of each span that has arrived, by id.
        lost: What has not.
    """

    spans: Sequence[Span]
    records: dict[str, Record]
    lost: Sequence[Record]


def observe(
    random: Random, records: Sequence[Record], *, loses: bool, names_threads: bool
) -> Observation:
    """What arrives of what happened.

    Args:
        random: Of what chance decides.
        records: All that happened.
        loses: Whether spans are lost: `LOSS` of them, each by itself, in batches of one process,
            or a whole process's.
        names_threads: Whether processes with several threads say `thread.id`.
    """
    lost = _lost(random, records) if loses else set()
    kept = [one for one in records if one not in lost]
    spans = [_span(one, names_threads) for one in kept]
    spans += [one for one in spans if random.random() < 0.02]
    random.shuffle(spans)
    return Observation(spans, {one.span_id: one for one in kept}, [*lost])


def _lost(random: Random, records: Sequence[Record]) -> set[Record]:
    by_process = sorted(records, key=lambda one: (one.process.instance, one.end_ns))
    processes = [list(them) for _, them in groupby(by_process, key=lambda one: one.process)]
    how = random.choice(("singly", "batch", "process"))
    if how == "singly":
        groups = [[one] for one in records]
    elif how == "batch":
        size = random.randint(2, 5)
        groups = [them[at : at + size] for them in processes for at in range(0, len(them), size)]
    else:
        groups = processes
    return {one for group in groups if random.random() < LOSS for one in group}


def _span(record: Record, names_threads: bool) -> Span:
    process, thread = record.process, record.thread
    attributes = dict(record.attributes)
    if names_threads and process.runtime != "loop":
        attributes |= {"thread.id": thread.thread_id, "thread.name": thread.name}
    start_ns, end_ns = process.reads_ns(record.start_ns, record.end_ns)
    flags = 1
    if process.says_remote:
        is_remote = record.parent is not None and record.parent.process is not process
        flags |= REMOTE_KNOWN | (REMOTE if is_remote else 0)
    if record.error_type:
        attributes["error.type"] = record.error_type
    return Span(
        trace_id=TRACE_ID,
        span_id=record.span_id,
        parent_span_id=record.parent.span_id if record.parent else "",
        name=record.name,
        kind=record.kind,
        service=process.service,
        start_unix_nano=start_ns,
        end_unix_nano=end_ns,
        status="ERROR" if record.failed else "UNSET",
        attributes=attributes,
        resource=process.resource,
        events=_events(record, start_ns, end_ns),
        links=[SpanLink(TRACE_ID, one.span_id) for one in record.links],
        flags=flags,
    )


def _events(record: Record, start_ns: int, end_ns: int) -> list[SpanEvent]:
    if not record.error_type:
        return []
    fields: dict[str, AttributeValue] = {"exception.type": record.error_type}
    at_ns = end_ns
    if record.failed_ns:
        _, raised_ns = record.process.reads_ns(record.start_ns, record.failed_ns)
        at_ns = min(max(raised_ns, start_ns), end_ns)
    return [SpanEvent(at_ns, "exception", fields)]
