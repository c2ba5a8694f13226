"""Statements about a trace beside others of its kind."""

from collections.abc import Iterator

from otx.model.units import format_duration
from otx.tracing.assembly import Trace
from otx.tracing.calls import operation_of
from otx.tracing.finding import Finding, FindingRule
from otx.tracing.peers import FEWEST, Deviation, Peers

RANK = FindingRule(
    "peers-rank",
    "peers",
    "It took longer than {faster_share} of {count} others of its kind (half of them {p50_ns}, "
    "one in a hundred over {p99_ns}).",
    "durations of the traces with the same root operation, within an hour",
    "quantiles",
)
DEVIATION = FindingRule(
    "peers-deviation",
    "peers",
    "{operation} took {excess_ns} {direction} than usual ({usual_ns}){whose}.",
    "spans of the same operation below the same one, by median and median absolute deviation; "
    "without what such spans below explain",
    "Iglewicz and Hoaglin 1993, modified z-score over 3.5",
)
FEW = FindingRule(
    "peers-few",
    "peers",
    "Only {count} others of its kind are kept: too few to tell what is usual.",
    f"under {FEWEST} traces with the same root operation, within an hour",
    "otx",
)
COMPARED_RULES = (RANK, DEVIATION, FEW)
MOST = 5


def compared(trace: Trace, peers: Peers) -> Iterator[Finding]:
    """How a trace stands beside others."""
    roots = tuple(trace.roots[:1])
    if not peers.count:
        return
    if peers.count < FEWEST:
        yield Finding(FEW, 0, roots, {"count": peers.count})
        return
    yield Finding(
        RANK,
        0,
        roots,
        {
            "faster_share": peers.share_faster,
            "count": peers.count,
            "p50_ns": peers.p50_ns,
            "p99_ns": peers.p99_ns,
        },
    )
    for deviation in peers.deviations[:MOST]:
        yield Finding(
            DEVIATION,
            abs(deviation.own_ns),
            deviation.spans,
            {
                "operation": operation_of(trace.spans[deviation.spans[0]]),
                "excess_ns": abs(deviation.excess_ns),
                "direction": "more" if deviation.excess_ns > 0 else "less",
                "usual_ns": deviation.usual_ns,
                "own_ns": abs(deviation.own_ns),
                "whose": _whose(deviation),
            },
        )


def _whose(deviation: Deviation) -> str:
    """What of an excess is not that of spans below, where some is."""
    own, whole = format_duration(abs(deviation.own_ns)), format_duration(abs(deviation.excess_ns))
    return "" if own == whole else f", {own} of that not in what it called"
