"""Critical paths of many traces, added up by call path (CRISP, USENIX ATC 2022).

What one trace waited for may be chance; what a thousand waited for is where work pays. The slow
traces have a profile of their own: what makes the slowest hundredth slow is seldom what the others
wait for.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.calls import Operation, operation_at
from otx.tracing.critical_path import critical_path
from otx.tracing.quantiles import quantile
from otx.tracing.timing import Timing
from otx.tracing.waits import waits_of

CallPath: TypeAlias = tuple[Operation, ...]
"""Service and name of each span from the operation that was asked for down."""

SLOW_SHARE = 0.95
"""Traces above this quantile of durations are the slow ones."""


@dataclass(frozen=True, slots=True)
class PathShare:
    """A call path and its own time on the critical paths.

    Attributes:
        traces: In how many it was on the path.
        mean_ns: Its own time a trace, over all of them.
        slow_mean_ns: The same over the slow ones.
        example: The trace in which it took the most.
    """

    path: CallPath
    traces: int
    mean_ns: float
    slow_mean_ns: float
    example: str


@dataclass(frozen=True, slots=True)
class PathProfile:
    """What an operation waits for.

    Attributes:
        traces: How many calls of it were looked at.
        quantiles_ns: Its durations at 50, 95 and 99 of a hundred.
        shares: By mean own time, the largest first.
    """

    traces: int
    quantiles_ns: tuple[int, int, int]
    shares: Sequence[PathShare]


def path_profile(calls: Iterable[tuple[Timing, int]]) -> PathProfile:
    """The profile of an operation's calls: of each its trace's times and its span's number."""
    durations: list[int] = []
    owns: dict[CallPath, dict[int, int]] = defaultdict(dict)
    ids: list[str] = []
    for timing, number in calls:
        waits = waits_of(timing)
        path = critical_path(waits, number)
        names = _paths(timing.trace, number, [step.number for step in path.steps])
        for step, name in zip(path.steps, names, strict=True):
            of_call = owns[name]
            of_call[len(ids)] = of_call.get(len(ids), 0) + step.own_ns
        durations.append(path.duration_ns)
        ids.append(timing.trace.spans[number].trace_id)
    if not ids:
        return PathProfile(0, (0, 0, 0), ())
    ordered = sorted(durations)
    bound = quantile(ordered, SLOW_SHARE)
    slow = [call for call, duration in enumerate(durations) if duration >= bound]
    shares = [
        PathShare(
            path,
            len(of_call),
            sum(of_call.values()) / len(ids),
            sum(of_call.get(call, 0) for call in slow) / len(slow),
            ids[max(of_call, key=lambda call: (of_call[call], -call))],
        )
        for path, of_call in owns.items()
    ]
    shares.sort(key=lambda share: (-share.mean_ns, share.path))
    quantiles = (quantile(ordered, 0.5), quantile(ordered, 0.95), quantile(ordered, 0.99))
    return PathProfile(len(ids), quantiles, shares)


def _paths(trace: Trace, root: int, numbers: Sequence[int]) -> list[CallPath]:
    """The call path of each span on a critical path, from the root of it down."""
    known: dict[int, CallPath] = {root: (operation_at(trace.spans[root]),)}
    for number in numbers:
        chain = []
        here = number
        while here not in known and here != NO_PARENT:
            chain.append(here)
            here = trace.parents[here]
        for below in reversed(chain):
            known[below] = (*known[trace.parents[below]], operation_at(trace.spans[below]))
    return [known[number] for number in numbers]
