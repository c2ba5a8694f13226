"""What became of the failures below a span: passed on, made up for, stopped, or too late.

A failure came from the children that failed before it did, were not made up for by a later try, and
whose answer was waited for.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from otx.tracing.assembly import NO_PARENT
from otx.tracing.calls import call_of, resent_times, told_of
from otx.tracing.error_times import FailureTimes
from otx.tracing.failures import Failure
from otx.tracing.timing import Timing
from otx.tracing.waits import is_message

ABSORBED = "was not passed on"
MADE_UP_FOR = "was made up for"
_CONSUMED = "was of consumers"
_STOPPED = "was stopped"
_LATER = "failed or ended later"
_COARSEST_NS = 2_000_000
"""By so much rounding may show an end behind the start that it came before, at most."""


class FailuresBelow:
    """The failures below each span of a trace.

    Attributes:
        times: When spans failed.
        stopped: By cancelled span the span above that gave up.
        late: The spans that failed when their parent had ended for certain.
    """

    def __init__(self, timing: Timing, failed: Mapping[int, Failure]) -> None:
        self._timing = timing
        self._trace = timing.trace
        self._failed = failed
        self.times = FailureTimes(timing, failed)
        self.stopped: Mapping[int, int] = self.times.stoppers()
        self.late: Collection[int] = {number for number in failed if self._came_late(number)}

    def _came_late(self, number: int) -> bool:
        parent = self._trace.parents[number]
        if parent == NO_PARENT or is_message(self._trace, number):
            return False
        return self.times.came_late(number, parent)

    def known_to(self, number: int) -> list[int]:
        """The failed children that a span could know of.

        Neither what consumers did, nor what it stopped itself, nor what came later.
        """
        return [
            child
            for child in self._trace.children[number]
            if child in self._failed
            and child not in self.stopped
            and child not in self.late
            and not is_message(self._trace, child)
        ]

    def sources(self, number: int) -> tuple[int, ...]:
        """The failed children that a failed span's failure may have come from."""
        known = self.known_to(number)
        if known and self._failed[number].is_own_timeout:
            known = [child for child in known if not self._came_after_giving_up(child, number)]
        recovered = self.recovered(number, known)
        return tuple([child for child in known if child not in recovered])

    def _came_after_giving_up(self, server: int, client: int) -> bool:
        """Whether a client that stopped waiting may not have had its server's answer."""
        return self.is_server_of(server, client) and (
            self.times.is_after(server, client) is not False
        )

    def is_server_of(self, child: int, number: int) -> bool:
        """Whether a child is the other side of a call."""
        spans = self._trace.spans
        return spans[child].kind == "SERVER" and spans[number].kind == "CLIENT"

    def recovered(self, number: int, failures: Sequence[int]) -> set[int]:
        """The failed children whose call was made again, as far as is recorded, and went well."""
        children = self._trace.children[number]
        if not failures or len(failures) == len(children):
            return set()
        spans, starts = self._trace.spans, self._timing.starts
        tries = self._tries(failures)
        recovered: set[int] = set()
        for child in sorted(children, key=lambda one: -starts[one]):
            if child in self._failed:
                continue
            told = told_of(spans[child])
            # Where a call does not tell what it asks for, only its own word makes it the same.
            most = len(failures) if told else resent_times(spans[child])
            if most > 0 and (earlier := tries.get((call_of(spans[child]), told))):
                recovered.update(self._taken(earlier, child, most))
        return recovered

    def _tries(self, failures: Sequence[int]) -> Mapping[object, list[int]]:
        """Failed calls by what they ask for, by end."""
        spans = self._trace.spans
        tries: dict[object, list[int]] = defaultdict(list)
        for one in sorted(failures, key=self._timing.ends.__getitem__):
            tries[call_of(spans[one]), told_of(spans[one])].append(one)
        return tries

    def _taken(self, tries: list[int], later: int, most: int) -> Iterator[int]:
        """Take out the last of some calls, by end, that had ended when a later one began."""
        place = bisect_right(
            tries, self._timing.starts[later] + _COARSEST_NS, key=self._timing.ends.__getitem__
        )
        while place and most > 0:
            place -= 1
            if self._ended_by(tries[place], later):
                most -= 1
                yield tries.pop(place)

    def _ended_by(self, one: int, later: int) -> bool:
        """Whether a span had ended when another began, as far as their times are exact."""
        exact = self._timing.grains[one] + self._timing.grains[later] - 2
        is_after = self._timing.starts[later] > self._timing.starts[one]
        return is_after and self._timing.ends[one] <= self._timing.starts[later] + exact

    def ways(self, number: int) -> list[str]:
        """What became of the failures below a span that its own did not come from, in words."""
        return sorted(set(self._ways(number)))

    def _ways(self, number: int) -> Iterator[str]:
        children = [one for one in self._trace.children[number] if one in self._first_at]
        if children:
            failures = [child for child in children if child in self._failed]
            recovered = self.recovered(number, failures)
            for child in children:
                yield self._way(number, child, is_recovered=child in recovered)

    def _way(self, number: int, child: int, *, is_recovered: bool) -> str:
        if is_message(self._trace, child):
            return _CONSUMED
        if child in self.stopped:
            return _STOPPED
        if child in self.late:
            return _LATER
        if is_recovered:
            return MADE_UP_FOR
        margin = self._timing.margin_ns(number, child)
        if margin is not None and self._first_at[child] > self.times.at(number) + margin:
            return _LATER
        return ABSORBED

    @cached_property
    def _first_at(self) -> Mapping[int, int]:
        """By span the time of the first failure of itself and of those below, if there is one."""
        first: dict[int, int] = {}
        parents = self._trace.parents
        for number in reversed(list(self._trace.downward())):
            at = first.get(number)
            if number in self._failed:
                mine = self.times.at(number)
                at = first[number] = mine if at is None else min(at, mine)
            parent = parents[number]
            if at is not None and parent != NO_PARENT:
                first[parent] = min(at, first.get(parent, at))
        return first
