"""When spans failed, who answered whom, and who was stopped by whom."""

from collections.abc import Mapping

from otx.model.telemetry import Span
from otx.tracing.assembly import NO_PARENT
from otx.tracing.failures import Failure, answer_of, stopped_waiting
from otx.tracing.timing import Timing
from otx.tracing.waits import is_message

_GATEWAYS = frozenset({("http", "502"), ("http", "503"), ("http", "504")})
"""What proxies answer in a server's place."""
_CLOSING_NS = 1_000_000
"""A server's span may be closed this much after its response was received."""
_STOPPING_NS = 5_000_000
"""A client may record its end this much after those below it have heard that it gave up."""


class FailureTimes:
    """When spans failed: an exception's time where it is recorded, else the span's end.

    Within one process the times of events are certain (OpenTelemetry, trace data model, Event).
    """

    def __init__(self, timing: Timing, failed: Mapping[int, Failure]) -> None:
        self._timing = timing
        self._failed = failed
        self._servers: dict[int, int] = {}
        self._at: dict[int, int] = {}
        spans, trace = timing.trace.spans, timing.trace
        for number, failure in failed.items():
            at = timing.ends[number]
            if failure.at_unix_nano is not None:
                at = failure.at_unix_nano - spans[number].start_unix_nano + timing.starts[number]
            self._at[number] = at
        for number in failed:
            client = trace.parents[number]
            is_known = failed[number].at_unix_nano is not None or client not in failed
            if is_known or not self.gave_answer(number, client):
                continue
            margin = timing.margin_ns(number, client)
            if margin is not None:  # it had failed when its client had the answer
                self._at[number] = min(self._at[number], timing.ends[client] + margin)

    def at(self, number: int) -> int:
        """When a span failed, at the latest; when it ended if it did not."""
        return self._at.get(number, self._timing.ends[number])

    def is_recorded(self, number: int) -> bool:
        """Whether the time of its failure is recorded apart from its end."""
        failure = self._failed.get(number)
        return failure is not None and failure.at_unix_nano is not None

    def is_after(self, child: int, parent: int) -> bool | None:
        """Whether a child failed after its parent had ended or failed; None where not known."""
        timing = self._timing
        return _is_later(timing, child, self.at(child), parent, self.at(parent))

    def came_late(self, number: int, parent: int) -> bool:
        """Whether a failed span cannot have caused its parent's failure, by the times."""
        if self.gave_answer(number, parent) or not self.is_after(number, parent):
            return False
        above = self._failed.get(parent)
        spans = self._timing.trace.spans
        if above is None or above.gave_up or not _is_served(spans[parent], spans[number]):
            return True
        # A client that had no status code may have had an answer all the same.
        margin = self._timing.margin_ns(number, parent)
        return margin is None or self.at(number) - self.at(parent) > margin + _CLOSING_NS

    def gave_answer(self, server: int, client: int) -> bool:
        """Whether a client's failure is the answer of this server, however late its span closed."""
        trace, failure = self._timing.trace, self._failed.get(client)
        above, below = trace.spans[client], trace.spans[server]
        if failure is None or not failure.has_answer or not _is_served(above, below):
            return False
        had, gave = answer_of(above), answer_of(below)
        if had is not None and gave is not None and had[0] == gave[0]:
            return had == gave
        return had not in _GATEWAYS and self._servers_of(client) == 1

    def _servers_of(self, client: int) -> int:
        if client not in self._servers:
            spans = self._timing.trace.spans
            children = self._timing.trace.children[client]
            self._servers[client] = sum(spans[child].kind == "SERVER" for child in children)
        return self._servers[client]

    def stoppers(self) -> dict[int, int]:
        """By cancelled span the span above that gave up, and cancelled it thereby."""
        trace, failed = self._timing.trace, self._failed
        cancelled = {one for one, failure in failed.items() if failure.gave_up == "cancelled"}
        if not cancelled:
            return {}
        nearest: dict[int, int] = {NO_PARENT: NO_PARENT}  # failed span above
        found: dict[int, int] = {}
        for number in trace.downward():
            parent = trace.parents[number]
            above = parent if parent in failed else nearest[parent]
            nearest[number] = NO_PARENT if is_message(trace, number) else above
            stopper = found.get(nearest[number], nearest[number])
            if number in cancelled and stopper in failed and self._stops(stopper, number):
                found[number] = stopper
        return found

    def _stops(self, stopper: int, number: int) -> bool:
        failure = self._failed[stopper]
        if not failure.gave_up:
            return False
        is_client = self._timing.trace.spans[stopper].kind == "CLIENT"
        if is_client and failure.has_answer:
            return False
        margin = self._timing.margin_ns(stopper, number)
        return margin is None or self.at(stopper) - self.at(number) <= margin + _STOPPING_NS

    def is_cancelled(self, number: int) -> bool:
        """Whether a span says that its caller stopped waiting, failed or not."""
        return stopped_waiting(self._timing.trace.spans[number]) == "cancelled"


def ended_after(timing: Timing, child: int, parent: int) -> bool | None:
    """Whether a child ended after its parent did; None where that is not known."""
    return _is_later(timing, child, timing.ends[child], parent, timing.ends[parent])


def _is_later(
    timing: Timing, child: int, child_ns: int, parent: int, parent_ns: int
) -> bool | None:
    margin = timing.margin_ns(child, parent)
    if margin is None:
        # Whatever the clocks say, it began after its parent had.
        is_longer = child_ns - timing.starts[child] > parent_ns - timing.starts[parent]
        return True if is_longer else None
    later = child_ns - parent_ns
    if later > margin:
        return True
    return False if later <= -margin else None


def _is_served(above: Span, below: Span) -> bool:
    return above.kind == "CLIENT" and below.kind == "SERVER"
