"""What each failed span did with failure: began it, passed it on, hid it, or came too late with it.

A parent's failure came from the children that failed before it did, were not made up for by a
later try, and whose answer it waited for. Where the span that would tell is missing, nothing is
said but that.
"""

from collections.abc import Collection, Mapping, Sequence

from otx.tracing.error_below import FailuresBelow
from otx.tracing.error_origins import ErrorOrigins
from otx.tracing.error_rules import ABSORBED, AFTER, LATE, OWN, PASSED, RETRIED, STOPPED
from otx.tracing.error_statements import ErrorHop, ErrorRole, ErrorStatements
from otx.tracing.error_times import ended_after
from otx.tracing.failures import Failure, is_same_exception, names
from otx.tracing.timing import Timing


def error_hops(
    timing: Timing, failed: Mapping[int, Failure], services: Collection[str] = ()
) -> list[ErrorHop]:
    """The hops of all failed spans and of those that absorbed a failure, causes before effects.

    Args:
        timing: The trace with its times.
        failed: Which spans failed.
        services: Those that are known to record spans, beside those of the trace.
    """
    if not failed:
        return []
    trace, ends = timing.trace, timing.ends
    concerned = {*failed, *(trace.parents[number] for number in failed)}
    order = [number for number in trace.downward() if number in concerned]
    hops = _Hops(timing, failed, services)
    found = [hop for number in reversed(order) if (hop := hops.hop(number)) is not None]
    return sorted(found, key=lambda hop: ends[hop.span])  # stable: children before parents


class _Hops:
    def __init__(
        self, timing: Timing, failed: Mapping[int, Failure], services: Collection[str]
    ) -> None:
        self._timing = timing
        self._trace = timing.trace
        self._failed = failed
        self._below = FailuresBelow(timing, failed)
        self._origins = ErrorOrigins(timing, failed, self._below, services)
        self._statements = ErrorStatements(timing, failed)

    def hop(self, number: int) -> ErrorHop | None:
        if number not in self._failed:
            return self._absorbed(number)
        stopper = self._below.stopped.get(number)
        if stopper is not None:
            above = self._statements.name(stopper)
            return self._statements.hop(number, "propagated", STOPPED, (stopper,), above=above)
        sources = self._below.sources(number)
        if number in self._below.late:
            return self._late(number, sources)
        if sources:
            return self._passed(number, sources)
        return self._origins.origin(number)

    def _absorbed(self, number: int) -> ErrorHop | None:
        """What a span that went well did with the failures below that it could know of."""
        known = self._below.known_to(number)
        if not known:
            return None
        is_made_up_for = len(self._below.recovered(number, known)) == len(known)
        rule = RETRIED if is_made_up_for else ABSORBED
        named = self._statements.names(known)
        return self._statements.hop(number, "absorbed", rule, tuple(known), below=named)

    def _late(self, number: int, sources: tuple[int, ...]) -> ErrorHop:
        parent = self._trace.parents[number]
        has_outlived = ended_after(self._timing, number, parent) is True
        rule = LATE if has_outlived and not self._below.times.is_recorded(parent) else AFTER
        above = self._statements.name(parent)
        return self._statements.hop(number, "late", rule, sources, (parent,), above=above)

    def _passed(self, number: int, sources: tuple[int, ...]) -> ErrorHop:
        is_own = self._is_another(number, sources) or self._had_no_answer_of(number, sources)
        role: ErrorRole = "unknown" if is_own else "propagated"
        named = self._statements.names(sources)
        return self._statements.hop(number, role, OWN if is_own else PASSED, sources, below=named)

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
            self._below.is_server_of(child, number) and self._failed[child].what != mine.what
            for child in below
        )
