"""Times that are wrong in themselves, whatever other clocks say.

Each is told with the spans that show it. What is certain by the numbers alone (an end before its
start) is told as such; what only looks so (a unit mixed up, a machine that slept) says what it is
compared with, and wants more than one sign.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Literal, TypeAlias

from otx.model.telemetry import Span
from otx.model.units import NS_PER_S
from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.domains import Domain

FaultKind: TypeAlias = Literal[
    "no time",
    "ends before it starts",
    "unit mistake",
    "before 2000",
    "in the future",
    "no duration",
    "duration in another unit",
    "slept",
    "browser clock",
]
WHY: dict[FaultKind, str] = {
    "no time": "start or end is 0",
    "ends before it starts": "the clock was set back meanwhile, or the two come from two clocks",
    "unit mistake": "10^3, 10^6 or 10^9 times off the trace's other times: s, ms or us as ns",
    "before 2000": "the clock was never set",
    "in the future": "it starts later than it was received: the clock is ahead",
    "no duration": "it starts and ends in the same moment: a coarse clock, or nothing was timed",
    "duration in another unit": "it does not fit into its parent, and is 10^3, 10^6 or 10^9 times"
    " as long as others of its operation: its end may have been computed in another unit",
    "slept": "it does not fit into its parent, and is over 1000 times as long as others of its"
    " operation: its machine may have been suspended, or its clock set forward",
    "browser clock": "a user's device: its clock may be anything, and stand still while it sleeps",
}
UNTIMED: frozenset[FaultKind] = frozenset(
    ("no time", "ends before it starts", "unit mistake", "duration in another unit")
)
"""What makes a span's times say nothing about clocks."""

_FACTORS = (10**3, 10**6, 10**9)
_DAY_NS = 86_400 * NS_PER_S
_YEAR_2000_NS = 946_684_800 * NS_PER_S
_YEAR_2200_NS = 7_258_118_400 * NS_PER_S
_RECEIVED_LATE_NS = NS_PER_S
_LONG_NS = 60 * NS_PER_S
_ENOUGH_ALIKE = 4
_MUCH_LONGER = 1000
_NEAR = 0.25


@dataclass(frozen=True, slots=True)
class ClockFault:
    """Something that no good clock says.

    Attributes:
        clock: Whose it is.
        spans: The numbers of the spans that show it.
    """

    kind: FaultKind
    clock: str
    spans: tuple[int, ...]


def clock_faults(trace: Trace, received_unix_nano: int | None = None) -> list[ClockFault]:
    """What is wrong with the times of a trace, by kind and clock.

    Args:
        trace: The trace.
        received_unix_nano: When the last of it was received, where that is known.
    """
    found: dict[tuple[FaultKind, str], list[int]] = defaultdict(list)
    usual = _usual_time(trace.spans, received_unix_nano)
    browsers = _browsers(trace)
    for number, span in enumerate(trace.spans):
        kind = _fault_of(span, usual, received_unix_nano)
        if kind is not None:
            found[kind, trace.domains[number].clock].append(number)
        if browsers and trace.domains[number] in browsers:
            found["browser clock", trace.domains[number].clock].append(number)
    for number, kind in _too_long(trace):
        found[kind, trace.domains[number].clock].append(number)
    order = list(WHY)
    return [
        ClockFault(kind, clock, tuple(numbers))
        for (kind, clock), numbers in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]


def untimed_spans(faults: Sequence[ClockFault]) -> frozenset[int]:
    """The numbers of spans whose times say nothing about clocks."""
    return frozenset(number for fault in faults if fault.kind in UNTIMED for number in fault.spans)


def _fault_of(span: Span, usual: int | None, received: int | None) -> FaultKind | None:
    start, end = span.start_unix_nano, span.end_unix_nano
    if not start or not end:
        return "no time"
    is_of_this_era = start >= _YEAR_2000_NS and _YEAR_2000_NS <= end < _YEAR_2200_NS
    if not is_of_this_era and any(_is_other_unit(one, usual) for one in (start, end)):
        return "unit mistake"
    if end < start:
        return "ends before it starts"
    if start < _YEAR_2000_NS:
        return "before 2000"
    if received is not None and start > received + _RECEIVED_LATE_NS:
        return "in the future"
    return "no duration" if end == start else None


def _usual_time(spans: Sequence[Span], received: int | None) -> int | None:
    """When the trace was, by most of its spans that lie in this era."""
    starts = [
        span.start_unix_nano
        for span in spans
        if _YEAR_2000_NS <= span.start_unix_nano < _YEAR_2200_NS
    ]
    return median_low(starts) if starts else received


def _is_other_unit(time: int, usual: int | None) -> bool:
    if usual is None or _YEAR_2000_NS <= time < _YEAR_2200_NS:
        return False
    return any(abs(one - usual) < _DAY_NS for by in _FACTORS for one in (time * by, time // by))


def _browsers(trace: Trace) -> set[Domain]:
    one_each = {id(domain): number for number, domain in enumerate(trace.domains)}
    return {trace.domains[one] for one in one_each.values() if _is_browser(trace.spans[one])}


def _is_browser(span: Span) -> bool:
    return span.resource.get("telemetry.sdk.language") == "webjs" or any(
        key in span.resource for key in ("browser.brands", "browser.platform", "browser.language")
    )


def _too_long(trace: Trace) -> Iterator[tuple[int, FaultKind]]:
    """Spans that are much longer than others of their operation, and than their parent."""
    by_operation: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, span in enumerate(trace.spans):
        by_operation[span.service, span.name, span.kind].append(number)
    lengths = [span.duration_ns for span in trace.spans]
    for numbers in by_operation.values():
        if len(numbers) < _ENOUGH_ALIKE:
            continue
        usual = max(median_low([lengths[number] for number in numbers]), 1)
        for number in numbers:
            parent = trace.parents[number]
            if lengths[number] * 2 < usual * _MUCH_LONGER or parent == NO_PARENT:
                continue
            if lengths[number] > lengths[parent] and (kind := _too_long_as(lengths[number], usual)):
                yield number, kind


def _too_long_as(length: int, usual: int) -> FaultKind | None:
    if any(abs(length / usual / by - 1) < _NEAR for by in _FACTORS):
        return "duration in another unit"
    return "slept" if length > max(usual * _MUCH_LONGER, _LONG_NS) else None
