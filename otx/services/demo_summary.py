"""What the demo found, as text: for logs, pipes and people without a full screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from otx.flame.attribution import without_interpreter_leaves
from otx.flame.tree import FunctionShare, hottest
from otx.model.frame_names import frame_label
from otx.model.stack import ProfileStats
from otx.model.telemetry import TraceSummary
from otx.model.units import format_count, format_duration
from otx.services.profiler import ProfileSnapshot
from otx.store.reader import ServiceSummary, Store
from otx.store.search import parse_search
from otx.tracing.draw import draw_tree
from otx.tracing.tree import build_tree

HOTTEST = 5
TREE_WIDTH = 100
TRACES_LOOKED_AT = 10_000


@dataclass(frozen=True)
class DemoFindings:
    """What was seen while the demo ran.

    Attributes:
        slowest: The slowest whole trace as lines of text; empty where none arrived.
        hottest: The functions with the largest own share; empty where nothing was sampled.
        profile_missing: Why nothing was sampled; "" where something was.
    """

    services: Sequence[ServiceSummary]
    log_records: int
    traces: int
    failed_traces: int
    slowest: Sequence[str]
    hottest: Sequence[FunctionShare]
    stats: ProfileStats
    profile_missing: str


def gather(store: Store, snapshot: ProfileSnapshot | None, profile_missing: str) -> DemoFindings:
    """Ask the store and the profiler what the demo produced."""
    traces = store.traces(limit=TRACES_LOOKED_AT)
    failed = store.traces(parse_search("status:error"), limit=TRACES_LOOKED_AT)
    return DemoFindings(
        services=store.services(),
        log_records=store.totals().logs,
        traces=len(traces),
        failed_traces=len(failed),
        slowest=_draw_slowest(store, traces),
        hottest=_hottest(snapshot) if snapshot else (),
        stats=snapshot.stats if snapshot else ProfileStats(),
        profile_missing=profile_missing,
    )


def lines(findings: DemoFindings) -> list[str]:
    """The summary, a line each."""
    return [
        *_service_lines(findings),
        "",
        "Slowest trace",
        *[f"  {line}" for line in findings.slowest or ["none arrived"]],
        "",
        *_profile_lines(findings),
    ]


def _draw_slowest(store: Store, traces: Sequence[TraceSummary]) -> list[str]:
    whole = [trace for trace in traces if not trace.root_missing]
    if not whole:
        return []
    slowest = max(whole, key=lambda trace: trace.duration_ns)
    head = f"{slowest.trace_id}  {format_duration(slowest.duration_ns)}"
    return [head, *draw_tree(build_tree(store.trace(slowest.trace_id)), TREE_WIDTH)]


def _hottest(snapshot: ProfileSnapshot) -> list[FunctionShare]:
    return hottest(without_interpreter_leaves(snapshot.counts), HOTTEST)


def _service_lines(findings: DemoFindings) -> list[str]:
    spans = sum(service.spans for service in findings.services)
    errors = sum(service.errors for service in findings.services)
    head = (
        f"{len(findings.services)} services, {format_count(findings.traces)} traces "
        f"({format_count(findings.failed_traces)} with errors), {format_count(spans)} spans "
        f"({format_count(errors)} errors), {format_count(findings.log_records)} log records"
    )
    width = max([len("service"), *(len(service.name) for service in findings.services)])
    table = [f"  {'service'.ljust(width)}   spans  errors       p50       p99"]
    for service in findings.services:
        mark = f"✗ {service.errors}" if service.errors else "0"
        table.append(
            f"  {service.name.ljust(width)}  {service.spans:6d}  {mark:>6}"
            f"  {format_duration(service.p50_ns):>8}  {format_duration(service.p99_ns):>8}"
        )
    return [head, "", *table]


def _profile_lines(findings: DemoFindings) -> list[str]:
    if findings.profile_missing:
        return ["Hottest functions", f"  not sampled: {findings.profile_missing}"]
    stats = findings.stats
    head = (
        f"Hottest functions ({format_count(stats.samples)} samples, "
        f"{format_count(stats.lost)} lost, {format_count(stats.not_found)} not found)"
    )
    whole = max(stats.samples, 1)
    return [
        head,
        *[
            f"  {share.own / whole:6.1%} own  {share.total / whole:6.1%} total  "
            f"{frame_label(share.frame)}"
            for share in findings.hottest
        ],
    ]
