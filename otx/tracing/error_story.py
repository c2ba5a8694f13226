"""Where the errors of a trace began, and what became of them.

Several causes may be independent of one another; they are ranked, each with the reasons that speak
for it. A cause whose evidence is missing is told as a place where to look.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from otx.tracing.assembly import Trace
from otx.tracing.critical_path import CriticalPath
from otx.tracing.error_hops import error_hops
from otx.tracing.error_statements import ErrorHop
from otx.tracing.failures import Failure, failures
from otx.tracing.timing import Timing

Reason: TypeAlias = Literal[
    "reaches-root", "exception", "first", "critical-path", "other-service", "own-decision"
]
REASONS: Mapping[Reason, str] = {
    "reaches-root": "every span between it and the root failed after it",
    "exception": "an exception is recorded on it",
    "first": "it ended before all others that may have caused the same failure",
    "critical-path": "it lies on the critical path",
    "other-service": "it is of another service than what failed in the end",
    "own-decision": "it was neither a timeout nor a cancellation",
}
"""What speaks for a cause, most telling first."""


@dataclass(frozen=True, slots=True)
class ErrorCause:
    """Where a failure may have begun.

    Attributes:
        hop: Its span, with the statement.
        top: The number of the highest span that failed because of it.
        reasons: What speaks for it.
    """

    hop: ErrorHop
    top: int
    reasons: tuple[Reason, ...]

    @property
    def is_known(self) -> bool:
        """Whether what would tell the cause is there; else it is a place where to look."""
        return self.hop.role != "unknown"


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Causes of which the same is said: one service and name, one failure, one top.

    Attributes:
        causes: The likeliest first.
    """

    causes: tuple[ErrorCause, ...]

    @property
    def first(self) -> ErrorCause:
        """The one that stands for all."""
        return self.causes[0]


@dataclass(frozen=True, eq=False)
class ErrorStory:
    """The failures of a trace.

    Attributes:
        failed: Which spans failed, by number.
        hops: What each of them did with failure, and those that absorbed one; in order of time.
        causes: Likely ones first.
    """

    failed: Mapping[int, Failure]
    hops: Sequence[ErrorHop]
    causes: Sequence[ErrorCause]

    @cached_property
    def groups(self) -> Sequence[CauseGroup]:
        """The causes, those alike together, likely ones first."""
        alike: dict[object, list[ErrorCause]] = defaultdict(list)
        for cause in self.causes:
            alike[cause.top, self._sayings[cause.hop.span]].append(cause)
        return [CauseGroup(tuple(causes)) for causes in alike.values()]

    def others(self, told: Container[int] = ()) -> list[tuple[ErrorHop, ...]]:
        """The hops of spans that are not told, those of which the same is said together."""
        sayings = self._sayings
        alike: dict[object, list[ErrorHop]] = defaultdict(list)
        for hop in self.hops:
            if hop.span not in told:
                alike[sayings[hop.span]].append(hop)
        return [tuple(group) for group in alike.values()]

    @cached_property
    def _sayings(self) -> Mapping[int, int]:
        """By span the number of what is said of it, figures left out."""
        numbers: dict[object, int] = {}
        return {hop.span: numbers.setdefault(_saying(hop), len(numbers)) for hop in self.hops}

    def chain(self, cause: ErrorCause, trace: Trace) -> list[ErrorHop]:
        """The hops from a cause to the highest span that failed because of it."""
        by_span = {hop.span: hop for hop in self.hops}
        chain = [cause.hop]
        while chain[-1].span != cause.top:
            chain.append(by_span[trace.parents[chain[-1].span]])
        return chain


def _saying(hop: ErrorHop) -> object:
    """What is said of a hop but for its figures; a rule names its facts in one order."""
    words = tuple([value for value in hop.because.facts.values() if isinstance(value, str)])
    return hop.role, hop.because.rule.id, words


def error_story(timing: Timing, path: CriticalPath, services: Collection[str] = ()) -> ErrorStory:
    """Where the errors of a trace began.

    Args:
        timing: The trace with its times.
        path: Its critical path.
        services: Those that are known to record spans, beside those of the trace.
    """
    failed = failures(timing.trace.spans)
    hops = error_hops(timing, failed, services)
    return ErrorStory(failed, hops, _causes(timing, path, failed, hops))


def _causes(
    timing: Timing, path: CriticalPath, failed: Mapping[int, Failure], hops: Sequence[ErrorHop]
) -> list[ErrorCause]:
    tops = _tops(timing.trace, hops)
    by_span = {hop.span: hop for hop in hops}
    first = _first_of_each(timing, hops, tops)
    on_path = {step.number for step in path.steps}
    causes = []
    for hop in hops:
        if not _begins(hop, by_span):
            continue
        top = tops[hop.span]
        span, failure = timing.trace.spans[hop.span], failed[hop.span]
        speaks: dict[Reason, bool] = {
            "reaches-root": timing.trace.parents[top] < 0 and timing.trace.orphans[top] < 0,
            "exception": failure.has_exception,
            "first": first.get(top) == hop.span,
            "critical-path": hop.span in on_path,
            "other-service": span.service != timing.trace.spans[top].service,
            "own-decision": not failure.gave_up,
        }
        causes.append(ErrorCause(hop, top, tuple(one for one in REASONS if speaks[one])))
    return sorted(causes, key=lambda one: _rank(one, timing))


def _begins(hop: ErrorHop, by_span: Mapping[int, ErrorHop]) -> bool:
    """Whether a failure began there; of what came late, when it came from nowhere else."""
    if hop.role == "late":
        return not any(by_span[one].role != "absorbed" for one in hop.sources)
    return hop.role in ("originated", "masked", "unknown")


def _rank(cause: ErrorCause, timing: Timing) -> tuple[int, int, int, int, int]:
    """What reached the root, has nothing that may have caused it, and most reasons, comes first."""
    number = cause.hop.span
    return (
        -("reaches-root" in cause.reasons),
        cause.hop.role == "late" or bool(cause.hop.sources),
        -len(cause.reasons),
        timing.ends[number],
        number,
    )


def _tops(trace: Trace, hops: Sequence[ErrorHop]) -> dict[int, int]:
    """For each failed span the highest one that failed because of it."""
    passed_on = {
        source: hop.span
        for hop in hops
        if hop.role in ("propagated", "late", "unknown")
        for source in hop.sources
        if trace.parents[source] == hop.span
    }
    tops: dict[int, int] = {}
    for number in trace.downward():  # parents first
        above = passed_on.get(number)
        tops[number] = number if above is None else tops[above]
    return tops


def _first_of_each(
    timing: Timing, hops: Sequence[ErrorHop], tops: Mapping[int, int]
) -> dict[int, int]:
    """For each top the one beginning that ended before all others for certain."""
    rivals: dict[int, list[int]] = defaultdict(list)
    for hop in hops:  # by end
        if hop.role in ("originated", "masked", "unknown") and not hop.sources:
            rivals[tops[hop.span]].append(hop.span)
    return {
        top: numbers[0]
        for top, numbers in rivals.items()
        if numbers[1:] and all(_is_before(timing, numbers[0], other) for other in numbers[1:])
    }


def _is_before(timing: Timing, one: int, other: int) -> bool:
    margin = timing.margin_ns(one, other)
    return margin is not None and timing.ends[one] + margin < timing.ends[other]
