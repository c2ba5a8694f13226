"""What each failed span did with failure: began it, passed it on, hid it, or came too late with it.

A parent's failure came from the children that failed before it did, were not made up for by a
later try, and whose answer it waited for. Where the span that would tell is missing, nothing is
said but that.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from otx.tracing.assembly import NO_PARENT
from otx.tracing.calls import call_of, operation_of, peer_of, resent_times, told_of
from otx.tracing.error_rules import (
    ABSORBED,
    AFTER,
    ALONE,
    ANSWER,
    BARE,
    BETWEEN,
    GAVE_UP,
    INCOMPLETE,
    LATE,
    LOST,
    MAYBE_INCOMPLETE,
    ORIGIN,
    ORIGIN_ABOVE,
    OWN,
    PASSED,
    PEER,
    RETRIED,
    STOPPED,
    UNCLEAR,
    UNORDERED,
    UNSEEN,
)
from otx.tracing.error_times import FailureTimes, ended_after
from otx.tracing.failures import Failure, is_same_exception, names
from otx.tracing.finding import Fact, Finding, FindingRule
from otx.tracing.grain import grain_ns
from otx.tracing.timing import Timing
from otx.tracing.waits import is_message

ErrorRole: TypeAlias = Literal["originated", "propagated", "absorbed", "masked", "late", "unknown"]

_ABSORBED = "was not passed on"
_CONSUMED = "was of consumers"


@dataclass(frozen=True, slots=True)
class ErrorHop:
    """What a span did with failure.

    Attributes:
        span: Its number.
        role: `unknown` where the span that would tell is missing.
        sources: The spans that its failure came from: children, or a caller that gave up.
        because: The statement, with its evidence.
    """

    span: int
    role: ErrorRole
    sources: tuple[int, ...]
    because: Finding


def error_hops(
    timing: Timing, failed: Mapping[int, Failure], services: Collection[str] = ()
) -> list[ErrorHop]:
    """The hops of all failed spans and of those that absorbed a failure, causes before effects.

    Args:
        timing: The trace with its times.
        failed: Which spans failed.
        services: Those that are known to record spans, beside those of the trace.
    """
    return _Hops(timing, failed, services).all()


class _Hops:
    def __init__(
        self, timing: Timing, failed: Mapping[int, Failure], services: Collection[str]
    ) -> None:
        self._timing = timing
        self._trace = timing.trace
        self._failed = failed
        self._services = {span.service for span in self._trace.spans}.union(services) - {""}
        self._margins: dict[str, int | None] = {}
        self._times = FailureTimes(timing, failed)
        self._stopped = self._times.stoppers()
        self._late: set[int] = set()
        self._first_below = self._first_failures_below()

    def all(self) -> list[ErrorHop]:
        parents = self._trace.parents
        concerned = {*self._failed, *(parents[number] for number in self._failed)}
        order = [number for number in self._trace.downward() if number in concerned]
        for number in self._failed:
            if self._came_late(number):
                self._late.add(number)
        hops = [hop for number in reversed(order) if (hop := self._hop(number)) is not None]
        ends = self._timing.ends
        return sorted(hops, key=lambda hop: ends[hop.span])  # stable: children before parents

    def _hop(self, number: int) -> ErrorHop | None:
        failures = [child for child in self._trace.children[number] if child in self._failed]
        if number not in self._failed:
            return self._absorbed(number, failures) if failures else None
        parent = self._trace.parents[number]
        below = self._sources(number, failures)
        if number in self._stopped:
            stopper = self._stopped[number]
            above = self._name(stopper)
            return self._said(number, "propagated", STOPPED, (stopper,), above=above)
        if number in self._late:
            rule = AFTER if ended_after(self._timing, number, parent) is not True else LATE
            rule = AFTER if self._times.is_recorded(parent) else rule
            above = self._name(parent)
            return self._said(number, "late", rule, below, (parent,), above=above)
        if below:
            named = self._names(below)
            if self._is_another(number, below) or self._had_no_answer_of(number, below):
                return self._said(number, "unknown", OWN, below, below=named)
            return self._said(number, "propagated", PASSED, below, below=named)
        return self._origin(number)

    def _absorbed(self, number: int, failures: Sequence[int]) -> ErrorHop | None:
        """Only what it could know of: neither what consumers did, nor what came later."""
        seen = [
            child
            for child in failures
            if not is_message(self._trace, child)
            and child not in self._late
            and child not in self._stopped
        ]
        if not seen:
            return None
        recovered = self._recovered(number, seen)
        rule = RETRIED if len(recovered) == len(seen) else ABSORBED
        return self._said(number, "absorbed", rule, tuple(seen), below=self._names(seen))

    def _sources(self, number: int, failures: Sequence[int]) -> tuple[int, ...]:
        """The failed children that its failure may have come from."""
        had_no_answer = self._failed[number].is_own_timeout
        is_after = self._times.is_after
        seen = [
            child
            for child in failures
            if child not in self._stopped
            and child not in self._late
            and not is_message(self._trace, child)
            and not (
                had_no_answer
                and self._is_server_of(child, number)
                and is_after(child, number) is not False
            )
        ]
        recovered = self._recovered(number, seen)
        return tuple([child for child in seen if child not in recovered])

    def _is_another(self, number: int, below: Sequence[int]) -> bool:
        """Whether an exception was recorded that no failed child had, nor is said to come of it."""
        if not self._failed[number].has_exception:
            return False
        span = self._trace.spans[number]
        for child in below:
            theirs = self._failed[child]
            is_same = is_same_exception(span, self._trace.spans[child])
            if is_same or (theirs.says_why and names(span, theirs.what)):
                return False
        return True

    def _had_no_answer_of(self, number: int, below: Sequence[int]) -> bool:
        """Whether a client stopped waiting although its server had failed by then."""
        mine = self._failed[number]
        return mine.is_own_timeout and all(
            self._is_server_of(child, number) and self._failed[child].what != mine.what
            for child in below
        )

    def _is_server_of(self, child: int, number: int) -> bool:
        spans = self._trace.spans
        return spans[child].kind == "SERVER" and spans[number].kind == "CLIENT"

    def _recovered(self, number: int, failures: Sequence[int]) -> set[int]:
        """The failed children whose call was made again, as far as is recorded, and went well."""
        children = self._trace.children[number]
        if len(failures) == len(children):
            return set()
        spans, starts = self._trace.spans, self._timing.starts
        tried: dict[object, list[int]] = defaultdict(list)
        for child in sorted(failures, key=lambda one: self._timing.ends[one]):
            tried[call_of(spans[child]), told_of(spans[child])].append(child)
        recovered: set[int] = set()
        for child in sorted(children, key=lambda one: -starts[one]):
            if child in self._failed or not tried:
                continue
            told = told_of(spans[child])
            key = call_of(spans[child]), told
            earlier = [one for one in tried.get(key, ()) if self._ended_by(one, child)]
            if not told:  # nothing but its own word says that it asked the same
                earlier = earlier[max(len(earlier) - resent_times(spans[child]), 0) :]
            if earlier:
                recovered.update(earlier)
                tried[key] = [one for one in tried[key] if one not in recovered]
        return recovered

    def _ended_by(self, one: int, later: int) -> bool:
        """Whether a span had ended when another began, as far as their times are exact."""
        exact = self._timing.grains[one] + self._timing.grains[later] - 2
        is_after = self._timing.starts[later] > self._timing.starts[one]
        return is_after and self._timing.ends[one] <= self._timing.starts[later] + exact

    def _first_failures_below(self) -> dict[int, int]:
        """By span the time of the first failure below it, if there is one."""
        first: dict[int, int] = {}
        parents = self._trace.parents
        for number in reversed(list(self._trace.downward()) if self._failed else []):
            at = first.get(number)
            if number in self._failed:
                mine = self._times.at(number)
                at = mine if at is None else min(at, mine)
            parent = parents[number]
            if at is not None and parent != NO_PARENT:
                first[parent] = min(at, first.get(parent, at))
        return first

    def _ways(self, number: int) -> list[str]:
        """What became of the failures below a span that it did not come from."""
        children = self._trace.children[number]
        failures = [child for child in children if child in self._failed]
        recovered = self._recovered(number, failures)
        found = set()
        for child in children:
            if child not in self._failed and child not in self._first_below:
                continue
            found.add(self._way(number, child, child in recovered))
        return sorted(found)

    def _way(self, number: int, child: int, is_recovered: bool) -> str:
        if is_message(self._trace, child):
            return _CONSUMED
        if child in self._stopped:
            return "was stopped"
        if child in self._late:
            return "failed or ended later"
        if is_recovered:
            return "was made up for"
        margin = self._timing.margin_ns(number, child)
        if margin is not None and self._first_below[child] > self._times.at(number) + margin:
            return "failed or ended later"
        return _ABSORBED

    def _origin(self, number: int) -> ErrorHop:
        if self._trace.spans[number].kind == "CLIENT":
            children = self._trace.children[number]
            servers = [child for child in children if self._is_server_of(child, number)]
            return self._at_client(number, servers) if servers else self._at_call(number)
        missing, is_certain = self._may_be_missing(number)
        if missing:
            rule = INCOMPLETE if is_certain else MAYBE_INCOMPLETE
            return self._said(number, "unknown", rule, missing=missing)
        failure, ways = self._failed[number], self._ways(number)
        if ways:
            is_clear = failure.has_own_type or (failure.says_why and _ABSORBED not in ways)
            told = " or ".join("was made up for" if way == _ABSORBED else way for way in ways)
            if is_clear:
                return self._said(number, "originated", ORIGIN_ABOVE, ways=told)
            return self._said(number, "unknown", UNCLEAR, ways=" or ".join(ways))
        if not failure.says_why:
            return self._said(number, "unknown", BARE)
        return self._said(number, "originated", ORIGIN)

    def _at_call(self, number: int) -> ErrorHop:
        """A client that failed and has no server."""
        span = self._trace.spans[number]
        peer = peer_of(span)
        if self._failed[number].is_own_timeout:
            return self._gave_up(number, "originated", peer or "the other side")
        if peer in self._answering or re.split(r"[.:]", peer)[0] in self._services:
            return self._said(number, "unknown", UNSEEN, peer=peer)
        # Databases and brokers make no spans: what is known of them is what their clients say.
        is_known = any(key.startswith(("db.", "messaging.")) for key in span.attributes)
        role: ErrorRole = "originated" if is_known else "unknown"
        if peer:
            return self._said(number, role, PEER, peer=peer)
        return self._said(number, role, ORIGIN if is_known else ALONE)

    @cached_property
    def _answering(self) -> set[str]:
        """The peers that left a span for some call of this trace."""
        spans, parents = self._trace.spans, self._trace.parents
        clients = (parents[n] for n, span in enumerate(spans) if span.kind == "SERVER")
        return {peer_of(spans[one]) for one in clients if one != NO_PARENT} - {""}

    def _at_client(self, number: int, servers: Sequence[int]) -> ErrorHop:
        """A client that failed, with servers that did not or that failed too late."""
        failure = self._failed[number]
        answered = [one for one in servers if self._times.gave_answer(one, number)]
        last = max(answered or servers, key=lambda one: (self._timing.ends[one], one))
        later = ended_after(self._timing, last, number)
        server = self._name(last)
        if answered:
            return self._said(number, "originated", ANSWER, spans=(last,), server=server)
        if failure.has_answer:
            role: ErrorRole = "masked" if later else "originated"
            return self._said(number, role, BETWEEN, spans=(last,), server=server)
        is_cut = later is None or self._times.is_cancelled(last)
        if (later and failure.says_why) or (is_cut and failure.is_own_timeout):
            return self._gave_up(number, "masked", server, last)
        if later is not False:
            return self._said(number, "unknown", UNORDERED, spans=(last,), server=server)
        return self._said(number, "originated", LOST, spans=(last,), server=server)

    def _gave_up(self, number: int, role: ErrorRole, server: str, *spans: int) -> ErrorHop:
        client_ns = self._timing.ends[number] - self._timing.starts[number]
        return self._said(number, role, GAVE_UP, spans=spans, server=server, client_ns=client_ns)

    def _came_late(self, number: int) -> bool:
        """Whether its parent had ended for certain when it failed."""
        parent = self._trace.parents[number]
        if parent == NO_PARENT or is_message(self._trace, number):
            return False
        return self._times.came_late(number, parent)

    def _may_be_missing(self, number: int) -> tuple[str, bool]:
        """The id of a missing span that may lie below this one; "" where none can.

        And whether times say so: where clocks do not compare, any may.
        """
        if not self._trace.missing:
            return "", False
        clock = self._trace.domains[number].clock
        if clock not in self._margins:
            self._margins[clock] = self._widest_margin(number)
        margin = self._margins[clock]
        if margin is None:
            return self._trace.missing[0].span_id, False
        margin += grain_ns(self._trace.spans[number])
        # Its children began after this one did, and before this one ended.
        starts, places = self._starts_below_missing
        place = bisect_left(starts, self._timing.starts[number] - margin)
        is_within = place < len(starts) and starts[place] <= self._timing.ends[number] + margin
        return (self._trace.missing[places[place]].span_id, True) if is_within else ("", False)

    @cached_property
    def _starts_below_missing(self) -> tuple[list[int], list[int]]:
        """When the children of missing spans began, sorted, and the places of these spans."""
        starts = self._timing.starts
        found = sorted(
            (starts[child], place)
            for place, missing in enumerate(self._trace.missing)
            for child in missing.children
        )
        return [start for start, _ in found], [place for _, place in found]

    @cached_property
    def _clocks_below_missing(self) -> list[int]:
        """For each clock of a missing span's child the child whose times are the coarsest."""
        coarsest: dict[str, tuple[int, int]] = {}
        for missing in self._trace.missing:
            for child in missing.children:
                clock = self._trace.domains[child].clock
                mine = (grain_ns(self._trace.spans[child]), child)
                coarsest[clock] = max(mine, coarsest.get(clock, mine))
        return [child for _, child in coarsest.values()]

    def _widest_margin(self, number: int) -> int | None:
        """How far those children's starts may be from the truth; None if some do not compare."""
        margins = [self._timing.margin_ns(number, one) for one in self._clocks_below_missing]
        known = [margin for margin in margins if margin is not None]
        return max(known) if len(known) == len(margins) else None

    def _said(
        self,
        number: int,
        role: ErrorRole,
        rule: FindingRule,
        sources: tuple[int, ...] = (),
        spans: tuple[int, ...] = (),
        **facts: Fact,
    ) -> ErrorHop:
        failure = self._failed.get(number)
        facts["operation"] = self._name(number)
        if failure is not None:
            facts["what"] = failure.what
        weight = self._timing.ends[number] - self._timing.starts[number]
        evidence = tuple(dict.fromkeys((number, *sources, *spans)))
        return ErrorHop(number, role, sources, Finding(rule, weight, evidence, facts))

    def _name(self, number: int) -> str:
        return operation_of(self._trace.spans[number])

    def _names(self, numbers: Sequence[int]) -> str:
        first = self._name(numbers[0])
        return first if len(numbers) == 1 else f"{first} and {len(numbers) - 1} more"
